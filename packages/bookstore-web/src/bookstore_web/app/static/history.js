// The history page: days in the reader's time zone, rows as targets, and two to compare.
import { dayKey, dayName, localise } from "../front/shared/times.js";
import { xsrfHeader } from "../front/shared/xsrf.js";

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
  // Only now: two days may have had the same id.
  for (const each of timeline.querySelectorAll(".day")) each.id = `day-${each.dataset.day}`;
}

/** Authors are left out while there is only one. */
function showAuthors() {
  const names = new Set([...timeline.querySelectorAll(".author")].map((each) => each.textContent));
  if (names.size < 2) return;
  timeline.classList.remove("is-by-one");
  document.querySelector(".by-all")?.remove();
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
  const what = say.dataset.say; // versions or runs
  say.textContent = [
    `Choose two ${what}.`,
    "Choose one more.",
    `Two ${what} are chosen.`,
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
  const answer = await fetch(link.href, { headers: xsrfHeader() });
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const days = [...page.querySelectorAll("#timeline > .day")];
  const first = days[0]?.querySelector("a.when");
  timeline.append(...days);
  localise(timeline);
  regroup();
  showAuthors();
  document.dispatchEvent(new Event("bookstore:versions"));
  showPicks();
  const following = page.getElementById("older");
  if (following) link.href = following.href;
  else link.remove();
  first?.focus();
}

let isAdding = false;

document.getElementById("older")?.addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  if (isAdding) return; // as by a double click
  isAdding = true;
  const link = event.currentTarget;
  await addOlder(link).catch(() => location.assign(link.href));
  isAdding = false;
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

// ---- a row is one target, apart from what is in it; its text can be selected ----

function linkOf(row) {
  return row?.querySelector(":scope > .body a.when");
}

timeline.addEventListener("click", (event) => {
  const row = event.target.closest(".entry");
  const isTaken = event.target.closest("a, button, input, label, summary, .card, .saves .versions");
  const link = linkOf(row);
  if (!link || (isTaken && row.contains(isTaken)) || !getSelection().isCollapsed) return;
  if (event.ctrlKey || event.metaKey) open(link.href, "_blank", "noopener");
  else location.assign(link.href);
});

// ---- J and K, and arrows in the list ----

function links() {
  return [...timeline.querySelectorAll("a.when")].filter((link) => link.checkVisibility());
}

function step(by) {
  const all = links();
  const row = document.activeElement?.closest?.(".entry");
  const at = all.indexOf(linkOf(row));
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by;
  all[next]?.focus();
  all[next]?.closest(".entry").scrollIntoView({ block: "nearest" });
}

// People who speak to their computer, or press keys by accident, can switch letters off.
const letters = document.getElementById("single-keys");
const LETTERS = "bookstore-single-keys";

/** Storage may be switched off: then the choice holds for this page. */
function stored(choice) {
  try {
    if (choice) localStorage.setItem(LETTERS, choice);
    return localStorage.getItem(LETTERS);
  } catch {
    return null;
  }
}

letters.checked = stored() !== "off";
letters.addEventListener("change", () => stored(letters.checked ? "on" : "off"));

const STEPS = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input:not(.pick), textarea, select, .card")) return;
  const isArrow = event.key.startsWith("Arrow");
  if (!isArrow && !letters.checked) return;
  if (isArrow && !event.target.closest("#timeline")) return; // they scroll
  if (event.key === "x") linkOf(event.target.closest(".entry"))?.closest(".entry").querySelector(".pick").click();
  else if (event.key in STEPS) step(STEPS[event.key]);
  else return;
  event.preventDefault();
});

regroup();
for (const box of checkboxes()) if (box.checked && !picks.includes(box.value)) picks.push(box.value);
picks.splice(2);
showPicks();
