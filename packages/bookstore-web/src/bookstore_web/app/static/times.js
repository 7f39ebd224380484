// Shows times in the reader's time zone; the tooltip has the exact time in UTC.
"use strict";

const LANGUAGE = navigator.language.startsWith("en") ? navigator.language : "en-GB";

const FORMS = {
  day: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  moment: {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  },
};

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

function dayName(date) {
  const today = startOfDay(new Date());
  const days = Math.round((today - startOfDay(date)) / 86400000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return new Intl.DateTimeFormat(LANGUAGE, FORMS.day).format(date);
}

function format(date, form) {
  // Times of day contain no words, so they use the reader's own format.
  if (form === "time") return date.toLocaleTimeString([], { timeStyle: "short" });
  return new Intl.DateTimeFormat(LANGUAGE, FORMS[form]).format(date);
}

function localise(root) {
  for (const element of root.querySelectorAll("time[data-form]")) {
    const date = new Date(element.dateTime);
    if (!Number.isNaN(date.getTime())) {
      element.textContent = format(date, element.dataset.form);
    }
  }
}

function localiseSpans(root) {
  const clock = new Intl.DateTimeFormat([], { timeStyle: "short" });
  for (const element of root.querySelectorAll("[data-since]")) {
    const { since, until } = element.dataset;
    element.textContent = clock.formatRange(new Date(since), new Date(until));
  }
}

localise(document);
localiseSpans(document);
