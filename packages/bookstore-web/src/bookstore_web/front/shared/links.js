// A link with a button that copies it.

import { button, element } from "./page.js";

/**
 * Return a line with a label, the link and a Copy button.
 * @param {string} label
 * @param {string} url
 */
export function linkLine(label, url) {
  return copyLine(label, url).line;
}

/**
 * Return such a line, and what copies the link, once the line is on the page.
 * @param {string} label
 * @param {string} url
 */
export function copyLine(label, url) {
  const line = element("div", "bookstore-link");
  const field = document.createElement("input");
  field.value = url;
  field.readOnly = true;
  field.setAttribute("aria-label", label);
  field.addEventListener("focus", () => field.select());
  const copy = async () => {
    const isCopied = await copyText(field);
    if (isCopied) control.textContent = "Copied";
    return isCopied;
  };
  const control = button("Copy", async () => {
    if (await copy()) return;
    field.focus(); // which selects the link
    control.textContent = navigator.platform.startsWith("Mac") ? "Press ⌘C" : "Press Ctrl+C";
  });
  control.setAttribute("aria-label", `Copy ${label[0].toLowerCase()}${label.slice(1)}`);
  line.append(element("span", "", label), field, control);
  return { line, copy };
}

/**
 * Copy a link; return whether the browser allows it.
 * @param {HTMLInputElement} field it is on the page
 */
async function copyText(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    field.focus(); // the only way on addresses that are not secure
    const isCopied = document.execCommand("copy");
    before?.focus();
    return isCopied;
  }
}

/**
 * Return what to say about who can open the links; empty if everyone can.
 * @param {{public: boolean}} links
 */
export function reachOf(links) {
  return links.public ? "" : "These links work for people who can reach this notebook server.";
}
