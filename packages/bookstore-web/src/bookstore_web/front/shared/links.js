// A link with a button that copies it.

import { button, element } from "./page.js";

/**
 * Return a line with a label, the link and a Copy button.
 * @param {string} label
 * @param {string} url
 */
export function linkLine(label, url) {
  return makeLine(label, url).line;
}

/**
 * Return such a line, and copy the link at once if the browser allows it.
 * @param {string} label
 * @param {string} url
 */
export async function copiedLine(label, url) {
  const { line, copy } = makeLine(label, url);
  await copy().catch(() => {});
  return line;
}

/**
 * @param {string} label
 * @param {string} url
 */
function makeLine(label, url) {
  const line = element("div", "bookstore-link");
  const field = document.createElement("input");
  field.value = url;
  field.readOnly = true;
  field.setAttribute("aria-label", label);
  field.addEventListener("focus", () => field.select());
  const copy = async () => {
    await copyText(field);
    control.textContent = "Copied";
  };
  const control = button("Copy", copy);
  control.setAttribute("aria-label", `Copy ${label[0].toLowerCase()}${label.slice(1)}`);
  line.append(element("span", "", label), field, control);
  return { line, copy };
}

/** @param {HTMLInputElement} field */
async function copyText(field) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(field.value);
    return;
  }
  field.select(); // the only way on addresses that are not secure
  document.execCommand("copy");
}

/**
 * Return what to say about who can open the links; empty if everyone can.
 * @param {{public: boolean}} links
 */
export function reachOf(links) {
  return links.public ? "" : "These links work for people who can reach this notebook server.";
}
