// How saves and versions are said, the same on every front end; times are in times.js.

import { clock, dayKey, timeOfDay } from "./times.js";

export { clock, dayName, exactTime, sayMoment, timeOfDay } from "./times.js";

/** @typedef {import("./api.js").SaveState} SaveState */
/** @typedef {import("./api.js").Version} Version */

/**
 * What a save mark shows: `kind` selects its look, `text` is visible, `sentence` is for
 * hover, focus and screen readers.
 * @typedef {{kind: "good" | "busy" | "bad" | "none", text: string, sentence: string}} Mark
 */

const KEPT =
  "Nothing is lost: this server keeps the saves, and sends them as soon as it can. " +
  "If this lasts, tell whoever runs your server.";

/**
 * Return what to show for the state of a save.
 * @param {SaveState} state
 * @param {Date} [now]
 * @returns {Mark}
 */
export function describeSave(state, now = new Date()) {
  const saved = state.saved_at ? clock(state.saved_at, now) : "";
  if (state.state === "stored") {
    const today = state.saved_at && saved === timeOfDay(state.saved_at, false);
    return { kind: "good", text: "Archived", sentence: `Archived ${today ? "at " : ""}${saved}.` };
  }
  if (state.state === "waiting" && (state.reason || state.late)) {
    return { kind: "bad", text: "Not in the store", sentence: `Not ${reaching(state, now)} ${KEPT}` };
  }
  if (state.state === "waiting") {
    return { kind: "busy", text: "Archiving", sentence: `The save of ${saved} is on its way to the store.` };
  }
  if (state.state === "unprotected") {
    return { kind: "bad", text: "Not archived", sentence: `This notebook is not protected. ${state.reason}` };
  }
  if (state.state === "off") {
    return { kind: "none", text: "", sentence: `Saves are not archived. ${state.reason}`.trim() };
  }
  return { kind: "none", text: "", sentence: "Each save of this notebook becomes a version." };
}

/**
 * Return what to say, once, about saves that have not reached the store for long.
 * @param {SaveState} state
 * @param {Date} [now]
 */
export function warningOf(state, now = new Date()) {
  return `Saves are not ${reaching(state, now)} ${KEPT}`;
}

/**
 * @param {SaveState} state
 * @param {Date} now
 */
function reaching(state, now) {
  const since = state.since ? ` since ${clock(state.since, now)}` : "";
  const why = state.reason || "Nothing sends them: start a notebook server, or run jupyter bookstore drain.";
  return `reaching the store${since}: ${why}`;
}

/**
 * Return versions by day, newest first.
 * @param {Version[]} versions
 * @returns {{day: Date, versions: Version[]}[]}
 */
export function byDay(versions) {
  /** @type {{day: Date, versions: Version[]}[]} */
  const days = [];
  for (const version of versions) {
    const day = new Date(version.saved_at);
    const last = days.at(-1);
    if (last && dayKey(last.day) === dayKey(day)) last.versions.push(version);
    else days.push({ day, versions: [version] });
  }
  return days;
}

/** Characters of a run's error and parameters that a row shows. */
const MOST_OF_RUN = 80;
/** A text that is read as a text when it stands there without quotes, as on the pages. */
const PLAIN = /^[\p{L}_][\p{L}\p{N}_./:@ +-]*$/u;

/**
 * Return how a run ended, with its parameters.
 * @param {import("./api.js").Run} run
 * @param {number} [most] characters of its error and parameters
 */
export function sayRun({ outcome, error, seconds, parameters, cut }, most = MOST_OF_RUN) {
  const given = Object.entries(parameters).map(([name, value]) => `${name}=${sayValue(value)}`);
  if (cut) given.push(given.length ? "…" : "many parameters");
  const line = [error, ...given].filter(Boolean).join(", ");
  const more = line.length > most ? `${line.slice(0, most)}…` : line;
  const how = outcome === "completed" ? "completed in" : "failed after";
  return `run ${how} ${saySeconds(seconds)}${error ? ":" : more && ","} ${more}`.trim();
}

/** @param {unknown} value */
function sayValue(value) {
  return typeof value === "string" && PLAIN.test(value) ? value : JSON.stringify(value);
}

/** @param {number} seconds */
function saySeconds(seconds) {
  if (seconds < 119.5) return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ""}`;
}

/** The longest title that is kept. */
const MOST_TITLE = 120;

/**
 * Return a title for a notebook: its first heading, or its name.
 * @param {any} content a notebook of format 4
 * @param {string} path
 */
export function titleOf(content, path) {
  for (const { cell_type, source } of content?.cells ?? []) {
    if (cell_type !== "markdown") continue;
    const text = Array.isArray(source) ? source.join("") : String(source);
    const heading = text.match(/^ {0,3}#{1,6}[ \t]+(.+?)[ \t#]*$/m);
    if (heading) return heading[1].slice(0, MOST_TITLE);
  }
  return path.split("/").at(-1)?.replace(/\.ipynb$/, "").slice(0, MOST_TITLE) ?? "";
}

export const NOT_LOADED = "This part of bookstore could not be loaded from the notebook server.";

/** Throw what to say when a front end could not save a notebook. */
export function failUnsaved() {
  throw new Error("The notebook is not saved: it still has changes. Save it, then try again.");
}
