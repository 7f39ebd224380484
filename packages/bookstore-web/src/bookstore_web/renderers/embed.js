// Draws saved widgets with the widget manager of ipywidgets, all of a document at once.
"use strict";

(() => {
  const { find, create, drawers, load, pause } = window.bookstoreFrame;
  const VIEW = "application/vnd.jupyter.widget-view+json";
  const STATE = "application/vnd.jupyter.widget-state+json";
  /** Milliseconds for the widgets to appear. */
  const LONGEST = 15_000;

  /**
   * The manager makes code to check the state when it is loaded, which is not allowed
   * here. The state has the right shape: the document was made with it.
   */
  async function loadWithoutMadeCode() {
    const original = window.Function;
    const made = () => Object.assign(() => true, { errors: null });
    const replacement = function () {
      return made;
    };
    replacement.prototype = original.prototype;
    window.Function = /** @type {any} */ (replacement);
    try {
      await load("widgets");
    } finally {
      window.Function = original;
    }
  }

  /** The fonts of icons would have to be loaded. */
  function withoutFonts(sheet) {
    for (let index = sheet.cssRules.length - 1; index >= 0; index -= 1) {
      if (sheet.cssRules[index] instanceof CSSFontFaceRule) sheet.deleteRule(index);
    }
  }

  function inert(type, value) {
    const script = create("script");
    script.type = type;
    script.textContent = JSON.stringify(value);
    return script;
  }

  /** @type {Promise<void> | undefined} */
  let manager;

  async function start() {
    // No script of others has this type.
    const [state] = find('script#widget-state[type="application/json"]');
    if (!state) throw new Error("its state is missing or too large");
    // It waits for the document, and would start again when that is complete.
    if (document.readyState !== "complete") {
      await new Promise((resolve) => addEventListener("load", resolve, { once: true }));
    }
    // The manager takes all views of the document when it starts.
    for (const element of document.querySelectorAll('.rich[data-kind="widget"]')) {
      const data = element.querySelector(":scope > script.data");
      const { model } = JSON.parse(data?.textContent ?? "{}");
      const place = create("div");
      place.className = "widget-place";
      place.append(inert(VIEW, { version_major: 2, version_minor: 0, model_id: model }));
      element.append(place);
    }
    const holder = create("div");
    holder.append(inert(STATE, JSON.parse(state.textContent ?? "{}")));
    document.body.append(holder);
    await loadWithoutMadeCode();
    for (const sheet of document.styleSheets) withoutFonts(sheet);
    dispatchEvent(new Event("load"));
  }

  drawers.widget = async (host, _, element) => {
    manager ??= start();
    await manager;
    const place = element.querySelector(":scope > .widget-place");
    const end = performance.now() + LONGEST;
    while (!place?.querySelector(".widget-subarea > *")) {
      if (performance.now() > end) throw new Error("its manager does not show it");
      await pause();
    }
  };
})();
