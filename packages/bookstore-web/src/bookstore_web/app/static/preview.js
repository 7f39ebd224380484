// The version in focus or under the pointer, beside the list, on wide screens only.

const preview = document.getElementById("preview");
const timeline = document.getElementById("timeline");
const REST = 400; // milliseconds for which the pointer rests on a row
let shown = null;
let timer = 0;

function show(link) {
  // Where it is not visible, nothing is requested.
  if (!link?.dataset.content || link === shown || !preview.checkVisibility()) return;
  shown = link;
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", preview.dataset.sandbox);
  frame.title = `Content of the version of ${link.querySelector("[title]")?.title}`;
  frame.src = link.dataset.content;
  const heading = document.createElement("p");
  heading.className = "heading";
  heading.append(link.querySelector("[title]").cloneNode(true));
  const row = link.closest(".entry");
  for (const action of row.querySelectorAll(":scope > .actions > a")) {
    heading.append(action.cloneNode(true));
  }
  preview.replaceChildren(heading, frame);
  for (const each of timeline.querySelectorAll(".is-shown")) each.classList.remove("is-shown");
  row.classList.add("is-shown");
}

function linkAt(target) {
  return target.closest?.(".entry")?.querySelector(":scope > .body a.when");
}

timeline.addEventListener("focusin", (event) => {
  clearTimeout(timer);
  if (event.target.matches(":focus-visible")) timer = setTimeout(() => show(linkAt(event.target)), REST / 2);
});
timeline.addEventListener("pointerover", (event) => {
  clearTimeout(timer);
  if (event.pointerType === "mouse") timer = setTimeout(() => show(linkAt(event.target)), REST);
});
timeline.addEventListener("pointerleave", () => clearTimeout(timer));
