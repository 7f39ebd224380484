// The rows of the list of versions: what they say, and their controls.

import { button, element } from "./page.js";
import { exactTime, sayRun } from "./words.js";

/** @typedef {import("./api.js").BookstoreApi} BookstoreApi */
/** @typedef {import("./api.js").Version} Version */

/**
 * @param {Version} version
 * @param {boolean} isNewest
 */
export function notesOf({ moved_from, restored_from }, isNewest) {
  const notes = [
    isNewest ? "newest" : "",
    moved_from ? `moved from ${moved_from}` : "",
    restored_from ? "restored" : "",
  ];
  return notes.filter(Boolean);
}

/** @param {import("./api.js").Run} run */
export function runNote(run) {
  const failed = run.outcome === "completed" ? "" : " bookstore-failed";
  return element("span", `bookstore-note${failed}`, sayRun(run));
}

/**
 * Return a link to the page of a run: its parameters, what ran, the cell that failed.
 * @param {BookstoreApi} api
 * @param {Version} version
 */
export function runLink(api, { path, version_id, saved_at }) {
  const link = document.createElement("a");
  link.href = api.page("view", { path, version_id });
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = "View";
  link.setAttribute("aria-label", `View the page of the run of ${exactTime(saved_at)}, in a new tab`);
  return link;
}

/**
 * Give controls the focus when they are clicked, not when the pointer goes down: the row
 * that loses it becomes smaller, which would move what is below away from the pointer.
 * @param {HTMLElement} list
 */
export function focusAfterClicks(list) {
  const controlOf = (/** @type {Event} */ event) => {
    const found = /** @type {Element} */ (event.target).closest("button, a");
    return /** @type {HTMLElement | null} */ (found);
  };
  list.addEventListener("mousedown", (event) => {
    if (controlOf(event)) event.preventDefault();
  });
  list.addEventListener("click", (event) => controlOf(event)?.focus(), true);
}

/** @param {string} name the class */
export function line(name) {
  const node = element("p", name);
  node.setAttribute("role", "status");
  return node;
}

/**
 * @param {string} verb
 * @param {string} what said to screen readers after the verb
 * @param {() => void} click
 */
export function action(verb, what, click) {
  const node = button(verb, click);
  node.setAttribute("aria-label", verb + what);
  return node;
}

/**
 * Return the controls of a row, in their order.
 * @param {Element | null | undefined} row
 * @returns {HTMLElement[]}
 */
export function controls(row) {
  return row ? [...row.querySelectorAll("button, a")].map((found) => /** @type {HTMLElement} */ (found)) : [];
}
