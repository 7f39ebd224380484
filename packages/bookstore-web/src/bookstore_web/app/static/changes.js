// Shows what changed in each version: requested for visible rows, two at a time.
import { xsrfHeader } from "../front/shared/xsrf.js";

const AT_ONCE = 2;
const seen = new Set();
let asking = 0;

async function showSummary(element) {
  const url = element.dataset.changes;
  delete element.dataset.changes;
  try {
    const headers = { Accept: "application/json", ...xsrfHeader() };
    const answer = await fetch(url, { headers });
    const { summary } = await answer.json();
    element.textContent = summary?.sentence ?? "";
  } catch {
    // The server cannot be reached; the row stays without a summary.
  }
}

function askNext() {
  while (asking < AT_ONCE && seen.size > 0) {
    const [element] = seen;
    seen.delete(element);
    asking += 1;
    showSummary(element).finally(() => {
      asking -= 1;
      askNext();
    });
  }
}

// The row is observed: an element without text never intersects the viewport.
const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    const element = target.querySelector("[data-changes]");
    if (!element) watcher.unobserve(target);
    else if (isIntersecting) seen.add(element);
    else seen.delete(element); // scrolled out of sight
  }
  askNext();
});

function watchChanges() {
  for (const element of document.querySelectorAll("[data-changes]")) {
    watcher.observe(element.parentElement);
  }
}

watchChanges();
document.addEventListener("bookstore:versions", watchChanges);
