// What changed in a version: asked for those that are seen, two at a time.
"use strict";

const AT_ONCE = 2;
const seen = new Set();
let asking = 0;

async function tell(element) {
  const url = element.dataset.changes;
  delete element.dataset.changes;
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    const { summary } = await answer.json();
    element.textContent = summary?.sentence ?? "";
  } catch {
    // The server is gone; the line stays as it is.
  }
}

function askNext() {
  while (asking < AT_ONCE && seen.size > 0) {
    const [element] = seen;
    seen.delete(element);
    asking += 1;
    tell(element).finally(() => {
      asking -= 1;
      askNext();
    });
  }
}

// The line around it is watched: what is empty is never in sight.
const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    const element = target.querySelector("[data-changes]");
    if (!element) watcher.unobserve(target);
    else if (isIntersecting) seen.add(element);
    else seen.delete(element); // scrolled past: what is in sight comes first
  }
  askNext();
});

function watchChanges(root) {
  for (const element of root.querySelectorAll("[data-changes]")) {
    watcher.observe(element.parentElement);
  }
}

watchChanges(document);
