// A sentence beside a control, while the pointer is on it or it has the keyboard's focus.
// The browser's own `title` is shown for the pointer only.

import { element } from "./page.js";

/**
 * The control whose sentence is shown.
 * @type {{control: HTMLElement, text: () => string} | null}
 */
let shown = null;

/**
 * @param {HTMLElement} control
 * @param {() => string} text returns the sentence; nothing is shown if it is empty
 */
export function addTip(control, text) {
  const show = () => {
    shown = { control, text };
    renewTip();
  };
  const hide = () => {
    if (shown?.control === control) shown = null;
    renewTip();
  };
  control.addEventListener("mouseenter", show);
  control.addEventListener("focus", () => {
    // Not where a dialog that was closed with the pointer gives the focus back.
    if (control.matches(":focus-visible")) show();
  });
  control.addEventListener("mouseleave", hide);
  control.addEventListener("blur", hide);
  control.addEventListener("click", hide);
  control.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
}

/** Show the present sentence; none if its control has left the page. */
export function renewTip() {
  if (shown?.control.isConnected) place(shown.text(), shown.control);
  else tip().hidden = true;
}

/**
 * @param {string} sentence
 * @param {HTMLElement} control
 */
function place(sentence, control) {
  const node = tip();
  node.textContent = sentence;
  node.hidden = !sentence;
  const { left, top, bottom } = control.getBoundingClientRect();
  const room = document.documentElement.clientWidth - node.offsetWidth - 8;
  node.style.left = `${Math.max(8, Math.min(left, room))}px`;
  const isBelow = bottom + 4 + node.offsetHeight <= document.documentElement.clientHeight;
  node.style.top = `${isBelow ? bottom + 4 : top - 4 - node.offsetHeight}px`;
}

/** Return the one element for the sentences of this page. */
function tip() {
  const known = document.querySelector(".bookstore-tip");
  if (known) return /** @type {HTMLElement} */ (known);
  const node = element("div", "bookstore-tip");
  node.setAttribute("role", "tooltip");
  node.hidden = true;
  document.body.append(node);
  return node;
}
