// Sets math with MathJax, in pieces that leave the document responsive.
"use strict";

(() => {
  const frame = window.bookstoreFrame;
  /** Characters of one formula, and milliseconds for those of all documents. */
  const MOST = 5_000;
  const LONGEST = 20_000;
  /** Milliseconds until others get their turn. */
  const TURN = 25;
  let spent = 0;
  /** Each call waits for the one before: macros hold for what follows. */
  let last = Promise.resolve();

  window.MathJax = {
    startup: { typeset: false },
    options: { enableMenu: false, enableAssistiveMml: true },
    tex: {
      // Nothing that loads more code; what is undefined is shown in red.
      packages: { "[-]": ["require", "autoload", "noerrors"] },
      tags: "ams",
      maxMacros: 1000,
      maxBuffer: 8 * 1024,
      formatError: (_, error) => {
        throw error;
      },
    },
    svg: { fontCache: "local" },
  };

  /** @type {Promise<void> | undefined} */
  let ready;

  function prepare() {
    return (ready ??= start());
  }

  async function start() {
    await frame.load("mathjax");
    await frame.inTime(window.MathJax.startup.promise).catch(() => {});
    if (!window.MathJax.tex2svg) throw new frame.Unloaded("bookstore’s script for it did not start");
    // Labels of widgets ask an older MathJax: they stay as they are.
    window.MathJax.Hub ??= { Queue() {} };
    document.head.append(window.MathJax.svgStylesheet());
  }

  function texOf(element) {
    const text = element.textContent;
    const cut = Number(element.dataset.cut);
    return { text: cut ? text.slice(cut, -cut) : text, display: cut !== 1 && !("line" in element.dataset) };
  }

  /** Links lead to other sites or within the document. */
  function keepLinks(root) {
    for (const link of root.querySelectorAll("a")) {
      const name = link.hasAttribute("href") ? "href" : "xlink:href";
      if (!/^(https?:|mailto:|#)/i.test(link.getAttribute(name) ?? "")) link.removeAttribute(name);
    }
  }

  function set(element) {
    const { text, display } = texOf(element);
    if (text.length > MOST) throw new Error("it is too long");
    const found = window.MathJax.tex2svg(text, { display });
    keepLinks(found);
    element.replaceChildren(found);
  }

  async function setAll(elements) {
    await prepare();
    let begin = performance.now();
    for (const element of elements) {
      if (spent > LONGEST) {
        element.before(frame.words("The formulas from here on are shown as source: they take too long."));
        return;
      }
      const start = performance.now();
      try {
        set(element);
      } catch (error) {
        if (element.closest(".macros")) continue;
        element.after(frame.words(`This formula cannot be set: ${frame.reason(error)}`, "span"));
      }
      element.classList.add("set");
      const now = performance.now();
      spent += now - start;
      if (now - begin > TURN) {
        await frame.pause();
        begin = performance.now();
      }
    }
  }

  frame.setMath = (elements) => {
    last = last.catch(() => {}).then(() => setAll(elements));
    return last;
  };

  const PARTS = /\$\$([\s\S]+?)\$\$|\$((?:\\\$|[^$])+?)\$/;

  /** A formula that an image stands for: the image stays if it cannot be set. */
  frame.drawers.latex = async (host, { text }) => {
    const [whole, block, line] = PARTS.exec(text) ?? [text, text];
    if (whole.trim() !== text.trim()) throw new Error("it is not one formula");
    await (last = last.catch(() => {}).then(prepare));
    const found = window.MathJax.tex2svg(line ?? block, { display: line === undefined });
    keepLinks(found);
    host.append(found);
  };
})();
