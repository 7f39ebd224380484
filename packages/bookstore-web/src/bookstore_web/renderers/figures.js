// Draws diagrams and figures. Their data are of others: nothing in them runs, and nothing
// is loaded for them.
"use strict";

(() => {
  const { create, drawers, words } = window.bookstoreFrame;
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;

  // ---- mermaid ----

  drawers.mermaid = async (host, { text }) => {
    const { mermaid } = window;
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: "strict",
      suppressErrorRendering: true,
      theme: isDark ? "dark" : "default",
      maxTextSize: 20_000,
      maxEdges: 300,
      htmlLabels: false,
      flowchart: { htmlLabels: false },
      secure: [
        ...["secure", "securityLevel", "startOnLoad", "maxTextSize", "maxEdges"],
        ...["suppressErrorRendering", "htmlLabels", "theme", "themeCSS", "fontFamily"],
      ],
    });
    const { svg } = await mermaid.render(`diagram-${Math.random().toString(36).slice(2)}`, text);
    host.append(asPicture(svg, text));
  };

  /** A picture: in it no link, style or script reaches the document. */
  function asPicture(svg, text) {
    const element = new DOMParser().parseFromString(svg, "text/html").querySelector("svg");
    if (!element) throw new Error("it is empty");
    const [, , width, height] = (element.getAttribute("viewBox") ?? "").split(/[\s,]+/);
    if (Number(width) > 0 && Number(height) > 0) {
      element.setAttribute("width", width);
      element.setAttribute("height", height);
    }
    const image = create("img");
    const title = element.querySelector("title")?.textContent;
    image.alt = `Diagram: ${title || text.trim().slice(0, 300)}`;
    image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(element))}`;
    return image;
  }

  // ---- Plotly ----

  const MAPS = /^(choropleth|scattergeo|.*map(box)?$)/;

  /** Give titles the form that Plotly reads: they were text once, with a font beside it. */
  function renewTitles(part, depth = 0) {
    if (!part || typeof part !== "object" || Array.isArray(part) || depth > 3) return;
    const { title, titlefont: font } = part;
    if (typeof title === "string") part.title = font ? { text: title, font } : { text: title };
    for (const [name, inner] of Object.entries(part)) if (name !== "meta") renewTitles(inner, depth + 1);
  }

  drawers.plotly = async (host, { spec }) => {
    const data = Array.isArray(spec.data) ? spec.data : [];
    if (data.some((trace) => MAPS.test(String(trace?.type)) && !/^heatmap$/.test(trace.type))) {
      throw new Error("maps are loaded from other sites");
    }
    [spec.layout, ...data].forEach((part) => renewTitles(part));
    const layout = { ...spec.layout, autosize: !spec.layout?.width };
    const config = {
      responsive: true,
      scrollZoom: false,
      displaylogo: false,
      typesetMath: false,
      showLink: false,
      showSendToCloud: false,
      showEditInChartStudio: false,
      topojsonURL: "data:,",
      plotlyServerURL: "",
    };
    await window.Plotly.newPlot(host, { data, layout, config });
    if (Array.isArray(spec.frames)) await window.Plotly.addFrames(host, spec.frames.slice(0, 500));
  };

  // ---- Vega and Vega-Lite ----

  /** Values that a sequence may have, whatever a specification asks for. */
  const MOST_VALUES = 100_000;

  function refuse() {
    return Promise.reject(new Error("nothing is loaded from other places here"));
  }

  const loader = {
    load: refuse,
    http: refuse,
    file: refuse,
    sanitize: (uri, options) => {
      const url = String(uri);
      const isLink = options?.context === "href";
      const allowed = isLink ? /^https?:\/\//i : /^data:image\//i;
      if (!allowed.test(url)) return refuse();
      return Promise.resolve({ href: url, target: "_blank", rel: "noopener noreferrer" });
    },
  };

  function boundSequences(vega) {
    const { sequence } = vega;
    vega.expressionFunction("sequence", (...bounds) => {
      const [begin, end, step = 1] = bounds.length > 1 ? bounds.map(Number) : [0, Number(bounds[0])];
      if (!(Math.abs((end - begin) / step) <= MOST_VALUES)) throw new Error("a sequence is too long");
      return sequence(begin, end, step);
    });
    const { transform } = vega.transforms.sequence.prototype;
    vega.transforms.sequence.prototype.transform = function (parameters, pulse) {
      const { start, stop, step = 1 } = parameters;
      if (!(Math.abs((stop - start) / step) <= MOST_VALUES)) throw new Error("a sequence is too long");
      return transform.call(this, parameters, pulse);
    };
  }

  let isBound = false;

  async function drawVega(host, spec) {
    const { vega } = window;
    if (!isBound) boundSequences(vega);
    isBound = true;
    const runtime = vega.parse(spec, {}, { ast: true });
    const problems = [];
    const logger = vega.logger(vega.Warn, undefined, (_, level, input) => {
      if (level === "ERROR" || /fail/i.test(String(input[0]))) problems.push([...input].join(" "));
    });
    const view = new vega.View(runtime, {
      expr: window.vega.expressionInterpreter,
      renderer: "svg",
      container: host,
      hover: true,
      loader,
      logger,
    });
    await view.runAsync();
    if (problems.length > 0) host.append(words(`Something is missing in this chart: ${problems[0]}`));
  }

  drawers.vega = (host, { spec }) => drawVega(host, spec);

  drawers["vega-lite"] = async (host, { spec }) => {
    const quiet = { warn() {}, info() {}, debug() {}, error() {}, level() {} };
    for (const name in quiet) if (name !== "level") quiet[name] = () => quiet;
    quiet.level = () => quiet;
    const compiled = window.vegaLite.compile(spec, { logger: quiet });
    await drawVega(host, compiled.spec);
  };
})();
