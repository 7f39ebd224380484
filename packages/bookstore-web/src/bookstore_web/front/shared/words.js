// How saves and versions are said, the same on every front end; times are in times.js.

import { clock, dayKey } from "./times.js";

export { clock, dayName, exactTime, sayMoment, timeOfDay, timesOfDay } from "./times.js";

/** @typedef {import("./api.js").SaveState} SaveState */
/** @typedef {import("./api.js").Version} Version */

/**
 * What a save mark shows: `kind` selects its look, `text` is visible, `sentence` is for
 * hover, focus and screen readers.
 * @typedef {{kind: "good" | "busy" | "bad" | "none", text: string, sentence: string}} Mark
 */

/** Milliseconds after which a save that is not in the store is a problem. */
export const LATE = 60_000;

/**
 * Return what to show for the state of a save.
 * @param {SaveState} state
 * @param {Date} [now]
 * @returns {Mark}
 */
export function describeSave(state, now = new Date()) {
  const saved = state.saved_at ? clock(state.saved_at, now) : "";
  if (state.state === "stored") {
    return { kind: "good", text: "Archived", sentence: `Archived: the save of ${saved} is a version.` };
  }
  if (state.state === "waiting") return describeWaiting(state, now);
  if (state.state === "unprotected") {
    return { kind: "bad", text: "Not archived", sentence: `This notebook is not archived. ${state.reason}` };
  }
  if (state.state === "off") {
    return { kind: "none", text: "", sentence: `Saves are not archived. ${state.reason}`.trim() };
  }
  return { kind: "none", text: "", sentence: "Each save of this notebook becomes a version." };
}

/**
 * @param {SaveState} state
 * @param {Date} now
 * @returns {Mark}
 */
function describeWaiting(state, now) {
  const since = state.since ? clock(state.since, now) : "";
  if (!state.reason && !isLate(state, now)) {
    return { kind: "busy", text: "Archiving", sentence: "The save is kept and on its way to the store." };
  }
  const why = state.reason || "Nothing uploads it: start a notebook server, or run jupyter bookstore drain.";
  return {
    kind: "bad",
    text: "Not in the store",
    sentence: `Saves since ${since} are kept on this server, but do not reach the store. ${why}`,
  };
}

/**
 * Return whether a save has waited for too long.
 * @param {SaveState} state
 * @param {Date} [now]
 */
export function isLate(state, now = new Date()) {
  return state.state === "waiting" && state.since !== null && now.getTime() - Date.parse(state.since) > LATE;
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
