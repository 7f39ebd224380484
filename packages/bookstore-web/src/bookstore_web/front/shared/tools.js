// The buttons in a notebook's toolbar: its history, and publishing and sharing it.

import { addTip } from "./tip.js";

/** Paths of 24 by 24: a clock that runs backwards, and a tray with an arrow out of it. */
const CLOCK =
  "M13 3a9 9 0 0 0-9 9H1l4 4 4-4H6a7 7 0 1 1 2 5l-1.400 1.400A9 9 0 1 0 13 3zm-1 " +
  "5v5l4.300 2.500.700-1.200-3.500-2.100V8H12z";
const SHARE =
  "M18 16a3 3 0 0 0-2 .770l-7.100-4.150a3 3 0 0 0 0-1.240L16 7.230a3 3 0 1 0-.960-" +
  "1.740L7.800 9.700a3 3 0 1 0 0 4.600l7.200 4.200A3 3 0 1 0 18 16z";

/** @param {string} path of 24 by 24 */
export function svg(path) {
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24" ' +
    `aria-hidden="true"><path class="jp-icon3" fill="#616161" d="${path}"/></svg>`
  );
}

export const CLOCK_ICON = svg(CLOCK);
export const SHELF_ICON = svg("M4 4h4v16H4zM9 4h4v16H9zM14.500 4.500l3.900-1 4.100 15.500-3.900 1z");

const HISTORY = "History of this notebook";
const PUBLISH = "Publish and share this notebook";

/** Return the shortcut of the history, as this platform writes it. */
export function shortcut() {
  return navigator.platform.startsWith("Mac") ? "⌥⌘H" : "Ctrl+Alt+H";
}

/**
 * Return what the button of the history says, with what a mark without a word says.
 * @param {import("./mark.js").SaveMark} mark
 */
export function historyTip(mark) {
  return [`${HISTORY} (${shortcut()})`, mark.kind === "none" ? mark.sentence : ""]
    .filter(Boolean)
    .join("\n");
}

/**
 * Give the buttons of the toolbar their names, and the sentences for pointer and focus.
 * @param {{history: HTMLElement, publish: HTMLElement}} buttons
 * @param {import("./mark.js").SaveMark} mark
 */
export function nameTools({ history, publish }, mark) {
  name(history, HISTORY, () => historyTip(mark));
  name(publish, PUBLISH, () => PUBLISH);
  [mark.node, history, publish].forEach(keepReachable);
}

/**
 * Keep a control usable with the keyboard. JupyterLab's toolbar is one stop, with arrow
 * keys between its controls, but they do not lead past the menu "Open in…"; in classic,
 * Enter and the space bar are commands of the notebook.
 * @param {HTMLElement} control
 */
function keepReachable(control) {
  const keep = () => {
    if (control.tabIndex !== 0) control.tabIndex = 0;
  };
  new MutationObserver(keep).observe(control, { attributeFilter: ["tabindex"] });
  control.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") event.stopPropagation();
  });
}

/**
 * @param {HTMLElement} button
 * @param {string} label
 * @param {() => string} tip
 */
function name(button, label, tip) {
  button.removeAttribute("title");
  button.setAttribute("aria-label", label);
  addTip(button, tip);
}

/**
 * Return buttons for a toolbar that has none of its own kind.
 * @param {{history: () => void, publish: () => void}} calls
 */
export function makeTools({ history, publish }) {
  return { history: tool(CLOCK_ICON, history), publish: tool(svg(SHARE), publish) };
}

/**
 * @param {string} icon
 * @param {() => void} click
 */
function tool(icon, click) {
  const node = document.createElement("button");
  node.type = "button";
  node.className = "bookstore-tool";
  node.innerHTML = icon;
  node.addEventListener("click", click);
  return node;
}
