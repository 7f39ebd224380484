// A form is sent once: with a second click, while the answer is awaited, a restore would
// be done twice, and to undo the second one changes nothing.
"use strict";

const AWAITED = 10000; // milliseconds; whoever stopped the first may send it again
const sent = new WeakMap();

document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (Date.now() - (sent.get(event.target) ?? -AWAITED) < AWAITED) event.preventDefault();
  else sent.set(event.target, Date.now());
});

// The back button may show the page as it was left.
addEventListener("pageshow", () => {
  for (const form of document.forms) sent.delete(form);
});
