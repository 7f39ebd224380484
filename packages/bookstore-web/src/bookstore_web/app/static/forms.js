// Sends each form once. A second click before the response would restore twice, and
// undoing the second restore would change nothing.
"use strict";

const AWAITED = 10000; // milliseconds until a form can be sent again
const sent = new WeakMap();

document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (Date.now() - (sent.get(event.target) ?? -AWAITED) < AWAITED) event.preventDefault();
  else sent.set(event.target, Date.now());
});

// The back button may show this page again without reloading it.
addEventListener("pageshow", () => {
  for (const form of document.forms) sent.delete(form);
});
