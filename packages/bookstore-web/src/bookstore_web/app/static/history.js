// The history page: days in the reader's time zone, and choosing versions to compare.
import { dayKey, dayName, localise } from "../front/shared/times.js";

const timeline = document.getElementById("timeline");

// ---- days: the server groups versions by days in UTC ----

function regroup() {
  const days = [...timeline.querySelectorAll(".day")];
  if (days.length === 0) return;
  const first = days[0];
  let day = null;
  for (const line of days.flatMap((each) => [...each.querySelector(".versions").children])) {
    const at = new Date(line.dataset.at);
    const key = dayKey(at);
    if (day === null || day.dataset.day !== key) {
      day = document.createElement("section");
      day.className = "day";
      day.dataset.day = key;
      const heading = document.createElement("h2");
      heading.textContent = dayName(at);
      const list = document.createElement("ol");
      list.className = "versions";
      day.append(heading, list);
      first.before(day);
    }
    day.querySelector(".versions").append(line);
  }
  days.forEach((each) => each.remove());
}

// ---- choosing two versions to compare ----

const compare = document.getElementById("compare");
const picks = [];

function checkboxes() {
  return [...timeline.querySelectorAll(".pick")];
}

function showPicks() {
  for (const box of checkboxes()) box.checked = picks.includes(box.value);
  compare.hidden = checkboxes().length < 2;
  const say = compare.querySelector("[data-say]");
  say.textContent = [
    "Choose two versions.",
    "Choose one more version.",
    "Two versions are chosen.",
  ][picks.length];
  compare.classList.toggle("is-chosen", picks.length > 0);
  compare.querySelector("button").disabled = picks.length !== 2;
}

function choose(box) {
  const at = picks.indexOf(box.value);
  if (at >= 0) picks.splice(at, 1);
  if (box.checked) picks.push(box.value);
  if (picks.length > 2) picks.shift();
  showPicks();
}

// ---- older versions: added to this page, so that chosen ones stay chosen ----

async function addOlder(link) {
  const answer = await fetch(link.href);
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const days = [...page.querySelectorAll("#timeline > .day")];
  const first = days[0]?.querySelector("a.when");
  timeline.append(...days);
  localise(timeline);
  regroup();
  document.dispatchEvent(new Event("bookstore:versions"));
  showPicks();
  const following = page.getElementById("older");
  if (following) link.href = following.href;
  else link.remove();
  first?.focus();
}

document.getElementById("older")?.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  const link = event.currentTarget;
  addOlder(link).catch(() => location.assign(link.href));
});

// ---- the cards of rows: one is open at a time ----

function closeCards(except) {
  for (const card of timeline.querySelectorAll(".more[open]")) {
    if (card !== except) card.open = false;
  }
}

document.addEventListener("click", (event) => closeCards(event.target.closest(".more")));
document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.(".more[open]");
  if (event.key === "Escape" && card) {
    card.open = false;
    card.querySelector("summary").focus();
  }
});

timeline.addEventListener("change", (event) => {
  if (event.target.matches(".pick")) choose(event.target);
});

regroup();
for (const box of checkboxes()) if (box.checked && !picks.includes(box.value)) picks.push(box.value);
picks.splice(2);
showPicks();
