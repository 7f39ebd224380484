// The strip of the last weeks, by the reader's days, and jumps to days that are on the page.
import { dateName, dayKey } from "../front/shared/times.js";

const strip = document.querySelector(".strip");
const HIGHEST = 5;

function recount() {
  const list = strip.querySelector("ol");
  const urls = new Map(
    [...list.querySelectorAll("a")].map((a) => [a.parentElement.dataset.day, a.getAttribute("href")]),
  );
  const days = new Map();
  for (const text of strip.dataset.saves.split(",")) {
    const save = new Date(Number(text) * 1000);
    const key = dayKey(save);
    // The newest save of a day comes first; its page is that of its day in UTC.
    if (!days.has(key)) days.set(key, { saves: 0, url: urls.get(save.toISOString().slice(0, 10)) });
    days.get(key).saves += 1;
  }
  const count = list.children.length;
  const today = new Date();
  const items = [...Array(count).keys()].map((number) => {
    const back = count - 1 - number;
    const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() - back);
    return itemOf(day, days.get(dayKey(day)));
  });
  list.replaceChildren(...items);
}

function itemOf(day, active) {
  const item = document.createElement("li");
  item.dataset.day = dayKey(day);
  if (day.getDate() === 1) item.dataset.month = day.toDateString().slice(4, 7);
  if (!active?.url) {
    item.setAttribute("aria-hidden", "true");
    return item;
  }
  item.className = `of-${Math.min(Math.floor(Math.log2(active.saves)) + 1, HIGHEST)}`;
  const link = document.createElement("a");
  link.href = active.url.replace(/#.*/, `#day-${item.dataset.day}`);
  link.title = `${dateName(day)}: ${active.saves} save${active.saves === 1 ? "" : "s"}`;
  const name = document.createElement("span");
  name.className = "unseen";
  name.textContent = link.title;
  link.append(name);
  item.append(link);
  return item;
}

function jump(event) {
  const link = event.target.closest("a");
  const day = link && document.getElementById(`day-${link.parentElement.dataset.day}`);
  if (!day) return;
  event.preventDefault();
  day.scrollIntoView();
  day.querySelector("a.when, summary")?.focus({ preventScroll: true });
}

if (strip) {
  recount();
  strip.addEventListener("click", jump);
}
