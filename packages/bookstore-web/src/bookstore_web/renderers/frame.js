// Runs in the document of a version, before anything that others wrote is parsed.
//
// It draws what is rich when it is scrolled to, with scripts that it loads when they are
// needed; tells the page around it its height; and asks the page for the parts that are
// not here yet. Elements of others may take the names of a document's methods and of what
// libraries look for, so these are held before and names are taken away.
"use strict";

(() => {
  const own = /** @type {HTMLScriptElement} */ (document.currentScript);
  const { nonce, parentNode: head } = own;
  const addresses = JSON.parse(own.dataset.renderers ?? "{}");
  const create = document.createElement.bind(document);
  const find = document.querySelectorAll.bind(document);
  const byId = document.getElementById.bind(document);
  const walker = document.createTreeWalker.bind(document);
  const fragment = document.createDocumentFragment.bind(document);
  const isFramed = parent !== window;
  document.documentElement.classList.add("scripted");

  // ---- names that others gave ----

  /** Keep what a document has by itself: in Chromium, elements cannot take its place. */
  for (let kind = Object.getPrototypeOf(document); kind !== Object.prototype; ) {
    for (const [name, known] of Object.entries(Object.getOwnPropertyDescriptors(kind))) {
      if (!Object.hasOwn(document, name)) {
        Object.defineProperty(document, name, { ...known, configurable: false });
      }
    }
    kind = Object.getPrototypeOf(kind);
  }

  /** Take the names by which a document and a window show elements as their own. */
  function takeNames(root) {
    const named = "img[name], form[name], embed[name], object[name], iframe[name]";
    for (const element of root.querySelectorAll(named)) element.removeAttribute("name");
    for (const { id } of root.querySelectorAll("[id]")) {
      const isFree = !(id in window) || window[id] instanceof Element || window[id] instanceof HTMLCollection;
      const nothing = { value: undefined, writable: true, configurable: true };
      if (isFree) Reflect.defineProperty(window, id, nothing);
    }
  }

  /** Milliseconds that a figure may take to be drawn. */
  const LONGEST = 30_000;
  /** Characters of the text of one HTML output in which math is looked for. */
  const MOST_TEXT = 200_000;

  /** @type {Map<string, Promise<void>>} */
  const loaded = new Map();

  /** What is there once a script of others has run. */
  const MADE = {
    mermaid: "mermaid.initialize",
    plotly: "Plotly.newPlot",
    vega: "vega.View",
    "vega-lite": "vegaLite.compile",
  };

  /** The reason why a script is not there: said once. */
  class Unloaded extends Error {}
  const said = new Set();

  /** Return whether readers know already why there is no drawing. */
  function isSaid(error) {
    if (!(error instanceof Unloaded)) return false;
    const isKnown = said.has(error);
    said.add(error);
    return isKnown;
  }

  /** Load scripts of ours, one after the other, each once. */
  async function load(...names) {
    for (const name of names) {
      if (!loaded.has(name)) loaded.set(name, loadOne(name));
      await loaded.get(name);
    }
  }

  /** @returns {Promise<void>} */
  function loadOne(name) {
    return new Promise((resolve, reject) => {
      const script = create("script");
      script.nonce = nonce;
      script.src = addresses[name];
      script.onload = () => {
        const made = MADE[name]?.split(".").reduce((value, key) => value?.[key], window);
        if (!(name in MADE) || typeof made === "function") resolve();
        else reject(new Unloaded("bookstore’s script for it did not start"));
      };
      script.onerror = () => reject(new Unloaded("bookstore’s script for it did not load"));
      head?.append(script);
    });
  }

  function words(sentence, name = "p") {
    const element = create(name);
    element.className = "missing";
    element.textContent = `[${sentence}]`;
    return element;
  }

  function reason(error) {
    const text = String(error?.message ?? error).split("\n")[0];
    return text.length > 300 ? `${text.slice(0, 300)}…` : text;
  }

  /** @returns {Promise<void>} */
  const pause = () => new Promise((resolve) => setTimeout(resolve));

  // ---- figures ----

  /** The scripts that each kind needs; the last of them adds to `drawers`. */
  const SCRIPTS = {
    latex: ["math"],
    mermaid: ["mermaid", "figures"],
    plotly: ["plotly", "figures"],
    vega: ["vega", "vega-interpreter", "figures"],
    "vega-lite": ["vega", "vega-lite", "vega-interpreter", "figures"],
    widget: ["embed"],
  };
  const drawers = Object.create(null);
  /** Sentences about data that take long to draw. */
  const weights = Object.create(null);

  function dataOf(element) {
    const json = element.querySelector(":scope > script.data");
    return json ? JSON.parse(json.textContent) : { text: element.querySelector("code")?.textContent ?? "" };
  }

  /** What stands for a figure until it is drawn. */
  function fallbackOf(element) {
    const inside = element.querySelector(":scope > pre");
    if (inside) return inside;
    const next = element.closest(".output_area")?.nextElementSibling;
    return next?.classList.contains("output_area") ? next : null;
  }

  /** One figure after the other, so that messages are answered in between. */
  let last = Promise.resolve();

  async function draw(element) {
    const kind = element.dataset.kind;
    if (!Object.hasOwn(SCRIPTS, kind)) return;
    try {
      const data = dataOf(element);
      const heavy = weights[kind]?.(data);
      if (heavy) await asked(element, heavy);
      last = last.then(() => drawNow(element, kind, data)).then(pause);
    } catch (error) {
      refuse(element, error);
    }
  }

  function refuse(element, error) {
    const noun = element.dataset.noun ?? "diagram";
    if (!isSaid(error)) element.append(words(`This ${noun} cannot be drawn: ${reason(error)}`));
  }

  async function drawNow(element, kind, data) {
    const host = create("div");
    host.className = `drawn ${kind}`;
    try {
      await load(...SCRIPTS[kind]);
      const fallback = fallbackOf(element);
      element.append(host);
      await inTime(drawers[kind](host, data, element));
      if (fallback) fallback.hidden = true;
    } catch (error) {
      host.remove();
      refuse(element, error);
    }
  }

  /** Resolves when the reader wants to see what takes long. */
  function asked(element, sentence) {
    return new Promise((resolve) => {
      const button = create("button");
      button.textContent = `${sentence} Draw it`;
      button.addEventListener("click", () => {
        button.remove();
        resolve(undefined);
      });
      element.append(button);
    });
  }

  function inTime(work) {
    const late = new Promise((_, reject) => {
      setTimeout(() => reject(new Error("it takes too long")), LONGEST);
    });
    return Promise.race([work, late]);
  }

  /** Points in arrays, also in those that Plotly writes as bytes. */
  function points(value, depth = 0) {
    if (Array.isArray(value)) {
      const inner = Array.isArray(value[0]) && depth < 3;
      return inner ? value.reduce((sum, row) => sum + points(row, depth + 1), 0) : value.length;
    }
    return typeof value?.bdata === "string" ? Math.ceil(value.bdata.length / 6) : 0;
  }

  weights.plotly = ({ spec }) => {
    let count = 0;
    for (const trace of Array.isArray(spec.data) ? spec.data : []) {
      count += Math.max(0, ...Object.values(trace ?? {}).map((value) => points(value)));
    }
    if (count <= 100_000) return "";
    return `This figure has ${count.toLocaleString("en")} points and may take long.`;
  };

  const sight = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      if (target.classList.contains("later")) ask(target);
      else draw(target);
    }
  });

  // ---- math ----

  const MATH =
    /\$\$([^$]+?)\$\$|\$((?:\\\$|[^$])+?)\$|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\)|(\\begin\{([a-zA-Z]+\*?)\}[\s\S]+?\\end\{\6\})/g;
  const APART = "script, style, textarea, pre, code, svg, math, .rich, .math";

  /** Mark the math in the text of an output, as Markdown's is marked already. */
  function markMath(root, isLatex) {
    const texts = [];
    const nodes = walker(root, NodeFilter.SHOW_TEXT);
    let size = 0;
    while (nodes.nextNode()) {
      const text = /** @type {Text} */ (nodes.currentNode);
      size += text.data.length;
      if (size > MOST_TEXT) return;
      if (/[$\\]/.test(text.data) && !text.parentElement?.closest(APART)) texts.push(text);
    }
    for (const text of texts) markText(text, isLatex);
  }

  function markText(text, isLatex) {
    const parts = fragment();
    const { data } = text;
    let end = 0;
    for (const match of data.matchAll(MATH)) {
      const [whole, , line] = match;
      // In other HTML, a dollar before a number is money.
      const next = data[match.index + whole.length] ?? "";
      if (line && !isLatex && (/^\s|\s$/.test(line) || /\d/.test(next))) continue;
      const math = create("span");
      math.className = "math";
      math.dataset.cut = match[5] ? "0" : line ? "1" : "2";
      math.textContent = whole;
      if (match[4]) math.dataset.line = "";
      parts.append(data.slice(end, match.index), math);
      end = match.index + whole.length;
    }
    if (end) {
      parts.append(data.slice(end));
      text.replaceWith(parts);
    }
  }

  async function setMath(roots) {
    for (const root of roots) {
      for (const output of root.querySelectorAll(".output_latex")) markMath(output, true);
      for (const output of root.querySelectorAll(".output_html")) markMath(output, false);
    }
    const all = roots.flatMap((root) => [...root.querySelectorAll(".math:not(.set)")]);
    const first = all.find((math) => !math.closest(".macros"));
    if (!first) return; // defined for nothing
    try {
      await load("math");
      await frame.setMath(all);
    } catch (error) {
      if (!isSaid(error)) first.before(words(`Math is shown as source: ${reason(error)}`));
    }
  }

  // ---- parts that are not here yet ----

  /** Parts that were asked for: each once, also if others name it again. */
  const askedFor = new Set();

  function ask(element) {
    const name = element.dataset.cell === undefined ? "from" : "cell";
    const index = Number(element.dataset[name]);
    // Without a page around, its link opens the part.
    if (!isFramed || !Number.isInteger(index) || askedFor.has(name + index)) return false;
    askedFor.add(name + index);
    tell({ kind: "part", [name]: index });
    return true;
  }

  /** Put a part in place: a cell whole, or the cells that follow. */
  function put({ cell, from, document: text }) {
    const found = new DOMParser().parseFromString(text, "text/html");
    const name = cell === undefined ? `data-from="${Number(from)}"` : `data-cell="${Number(cell)}"`;
    const links = [...find(`.later[${name}]`)];
    takeNames(found);
    const parts = [...(found.querySelector("main")?.childNodes ?? [])];
    const place = cell === undefined ? links[0] : links[0]?.closest(".cell");
    if (!place) return;
    place.replaceWith(...parts);
    enliven(parts.filter((part) => part instanceof Element));
  }

  /** Say that a part cannot be had; its link stays. */
  function miss({ cell, from, sentence }) {
    const name = cell === undefined ? "from" : "cell";
    for (const link of find(`.later[data-${name}="${Number(cell ?? from)}"]`)) {
      link.after(words(String(sentence)));
    }
  }

  // ---- links, height, and the page around ----

  /** @type {string | null} */
  let wanted = null;

  function go(name) {
    const named = [...find("a[name]")].find((a) => a.getAttribute("name") === name);
    const target = byId(name) ?? /** @type {HTMLElement | undefined} */ (named);
    if (!target) {
      wanted = [...find(".later[data-from]")].some(ask) ? name : null;
      return;
    }
    wanted = null;
    tellHeight(); // the page must be as high before it scrolls
    target.scrollIntoView();
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    const top = target.getBoundingClientRect().top + scrollY;
    if (isFramed) tell({ kind: "scroll", top: Math.round(top) });
  }

  let height = 0;

  function tellHeight() {
    const root = /** @type {Element} */ (head?.parentNode);
    const bar = innerHeight - root.clientHeight; // of a scroll bar at the bottom
    const now = Math.ceil(find("main")[0].getBoundingClientRect().height) + bar;
    if (now !== height) tell({ kind: "height", height: (height = now) });
  }

  /** Let the keyboard scroll what is wider than the document. */
  function reachWide() {
    for (const area of find(".output_area, .drawn, mjx-container[display]")) {
      if (area.scrollWidth > area.clientWidth) /** @type {HTMLElement} */ (area).tabIndex = 0;
    }
  }

  let reaching = 0;

  function settle() {
    tellHeight();
    clearTimeout(reaching);
    reaching = setTimeout(reachWide, 300);
  }

  function tell(message) {
    if (isFramed) parent.postMessage({ bookstore: message }, "*");
  }

  function enliven(roots) {
    for (const root of roots) {
      const here = [root, ...root.querySelectorAll(".rich, .later")];
      for (const element of here) if (element.matches(".rich, .later")) sight.observe(element);
    }
    setMath(roots);
    if (wanted !== null) go(wanted);
  }

  const frame = { create, find, load, pause, reason, words, inTime, Unloaded, drawers };
  Object.defineProperty(window, "bookstoreFrame", { value: frame });

  addEventListener("message", ({ source, data }) => {
    const message = source === parent && isFramed ? data?.bookstore : null;
    if (message?.kind === "part") put(message);
    if (message?.kind === "miss") miss(message);
    if (message?.kind === "ping") tell({ kind: "pong" });
  });

  addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const href = link?.getAttribute("href") ?? link?.getAttribute("xlink:href") ?? "";
    if (!href.startsWith("#") || event.defaultPrevented) return;
    event.preventDefault();
    try {
      go(decodeURIComponent(href.slice(1)));
    } catch {
      go(href.slice(1));
    }
  });

  addEventListener("DOMContentLoaded", () => {
    takeNames(document);
    const main = find("main")[0];
    new ResizeObserver(settle).observe(main);
    enliven([main]);
    if (location.hash) go(decodeURIComponent(location.hash.slice(1)));
  });
})();
