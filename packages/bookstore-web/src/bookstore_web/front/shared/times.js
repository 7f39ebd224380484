// How times are said on the pages and in the front ends. `bookstore_core/moments.py` says
// them in the same words for pages without JavaScript and for the terminal.
//
// The notebook server serves this file to both; a standalone app serves it itself.

/** Milliseconds. */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const MONTHS = "January February March April May June July August September October November December".split(" ");
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** @param {Date} date */
function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

/**
 * Return how many days before `now` a time is, by the calendar; negative in the future.
 * @param {Date} date
 * @param {Date} now
 */
function daysAgo(date, now) {
  return Math.round((startOfDay(now).getTime() - startOfDay(date).getTime()) / (24 * HOUR));
}

/**
 * @param {number} count
 * @param {string} unit
 */
function ago(count, unit) {
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

/**
 * Return a time as people say it: "5 minutes ago", "yesterday 15:02", "20 Nov 15:02".
 * @param {string | Date} time
 * @param {Date} [now]
 */
export function sayMoment(time, now = new Date()) {
  const date = new Date(time);
  const age = now.getTime() - date.getTime();
  if (Math.abs(age) < MINUTE) return "just now";
  if (age >= MINUTE && age < HOUR) return ago(Math.floor(age / MINUTE), "minute");
  if (age >= HOUR && daysAgo(date, now) === 0) return ago(Math.floor(age / HOUR), "hour");
  return clock(date, now);
}

/**
 * Return a time of day, with the day unless it is today: "15:02", "yesterday 15:02".
 * @param {string | Date} time
 * @param {Date} [now]
 */
export function clock(time, now = new Date()) {
  const date = new Date(time);
  const days = daysAgo(date, now);
  const hour = timeOfDay(date, false);
  if (days === 0) return hour;
  if (days === 1) return `yesterday ${hour}`;
  if (days > 1 && days < 7) return `${WEEKDAYS[date.getDay()]} ${hour}`;
  const year = date.getFullYear() === now.getFullYear() ? "" : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${MONTHS[date.getMonth()].slice(0, 3)}${year} ${hour}`;
}

/**
 * Return the heading of a day: "Today", "Yesterday" or a date.
 * @param {Date} day
 * @param {Date} [now]
 */
export function dayName(day, now = new Date()) {
  const days = daysAgo(day, now);
  if (days === 0) return "Today";
  return days === 1 ? "Yesterday" : dateName(day);
}

/**
 * Return a date: "Friday, 20 November 2026".
 * @param {Date} day
 */
export function dateName(day) {
  return `${WEEKDAYS[day.getDay()]}, ${day.getDate()} ${MONTHS[day.getMonth()]} ${day.getFullYear()}`;
}

/**
 * Return a day as "2026-11-20", in the reader's time zone.
 * @param {Date} day
 */
export function dayKey(day) {
  const parts = [day.getFullYear(), day.getMonth() + 1, day.getDate()];
  return parts.map((part) => String(part).padStart(2, "0")).join("-");
}

/**
 * Return the exact time: "Friday, 20 November 2026, 15:02:07".
 * @param {string | Date} time
 */
export function exactTime(time) {
  const date = new Date(time);
  return `${dateName(date)}, ${timeOfDay(date)}`;
}

/**
 * Return a time of day as the reader's region writes it.
 * @param {string | Date} time
 * @param {boolean} [seconds]
 */
export function timeOfDay(time, seconds = true) {
  return new Date(time).toLocaleTimeString([], { timeStyle: seconds ? "medium" : "short" });
}

/**
 * Return from when to when, within a day or over several; with seconds within a minute.
 * @param {string} since
 * @param {string} until
 */
export function saySpan(since, until) {
  const isShort = timeOfDay(since, false) === timeOfDay(until, false);
  const format = new Intl.DateTimeFormat([], { timeStyle: isShort ? "medium" : "short" });
  return format.formatRange(new Date(since), new Date(until));
}

/**
 * Write the times on a page in the reader's time zone. An element has `data-form`: moment
 * ("3 hours ago"), ago (the same, or nothing for another day), time (of day), seconds or exact.
 * @param {ParentNode} root
 * @param {Date} [now]
 */
export function localise(root, now = new Date()) {
  for (const element of /** @type {NodeListOf<HTMLTimeElement>} */ (root.querySelectorAll("time[data-form]"))) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    element.textContent = inForm(element.dataset.form ?? "", date, now);
    if (element.title) element.title = exactTime(date);
  }
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-since]"))) {
    const { since = "", until = "" } = element.dataset;
    element.textContent = saySpan(since, until);
    if (element.title) element.title = `${exactTime(since)}, to ${timeOfDay(until)}`;
  }
}

/**
 * @param {string} form
 * @param {Date} date
 * @param {Date} now
 */
function inForm(form, date, now) {
  if (form === "time" || form === "seconds") return timeOfDay(date, form === "seconds");
  if (form === "exact") return exactTime(date);
  const said = sayMoment(date, now);
  return form !== "ago" || said.endsWith("ago") || said === "just now" ? said : "";
}
