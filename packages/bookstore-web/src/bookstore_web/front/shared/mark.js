// The save mark: a button that shows whether a notebook's saves reach the store.

import { addTip, renewTip } from "./tip.js";
import { describeSave, warningOf } from "./words.js";

/** @typedef {import("./api.js").BookstoreApi} BookstoreApi */
/** @typedef {import("./api.js").SaveState} SaveState */

/**
 * Shows a sentence with a button to try again; returns what removes it.
 * @typedef {(sentence: string, tryNow: () => Promise<void>) => () => void} Notify
 */

/** Milliseconds until the state is asked again while a save is on its way. */
const PAUSES = [300, 1000, 2000, 5000, 15_000, 30_000];

/**
 * Reasons that a notification was shown for, on this page; each with what removes it.
 * @type {Map<string, () => void>}
 */
const notified = new Map();

/**
 * The marks of this page whose saves are late: notifications stay while there is one.
 * @type {Set<SaveMark>}
 */
const late = new Set();

export class SaveMark {
  /**
   * @param {BookstoreApi} api
   * @param {() => string} path returns the notebook's present path
   * @param {{open: () => void, notify: Notify, arrived: () => void}} calls `open` is
   *   called for a click, `notify` once for each reason why saves are late, `arrived` when
   *   a save has reached the store
   */
  constructor(api, path, { open, notify, arrived }) {
    this.api = api;
    this.path = path;
    this.notify = notify;
    this.arrived = arrived;
    this.node = document.createElement("button");
    this.node.type = "button";
    this.node.className = "bookstore-mark";
    this.node.addEventListener("click", open);
    addTip(this.node, () => this.sentence);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.attempt = 0;
    this.isDisposed = false;
    this.onVisible = () => {
      if (!document.hidden && this.attempt) this.ask();
    };
    document.addEventListener("visibilitychange", this.onVisible);
    /** Called when it shows something else. */
    this.changed = () => {};
    this.kind = "none";
    this.sentence = "";
    this.show({ state: "unknown", saved_at: null, since: null, late: false, reason: "" });
  }

  /** Ask for the state now, and again until the save has arrived. */
  saved() {
    this.attempt = 0;
    this.later();
  }

  /** Have saves that wait tried now, and look whether they arrive. */
  async tryNow() {
    try {
      await this.api.tryNow();
    } catch (error) {
      console.debug("bookstore:", error); // the sentence stays, which says what is wrong
    }
    this.saved();
  }

  /** Ask for the state once. */
  async ask() {
    clearTimeout(this.timer);
    if (document.hidden) {
      this.attempt = Math.max(1, this.attempt);
      return; // asked when the tab is visible again
    }
    let state;
    try {
      state = await this.api.saveState(this.path());
    } catch {
      this.later(); // the front end itself shows that the server is away
      return;
    }
    if (this.isDisposed) return;
    this.show(state);
    if (state.state === "waiting") {
      this.later();
      return;
    }
    if (this.attempt && state.state === "stored") this.arrived();
    this.attempt = 0;
  }

  /** Stop asking, and leave the page. */
  dispose() {
    this.isDisposed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onVisible);
    late.delete(this);
    this.node.remove();
    renewTip();
  }

  later() {
    clearTimeout(this.timer);
    if (this.isDisposed) return;
    const pause = PAUSES[Math.min(this.attempt, PAUSES.length - 1)];
    this.attempt += 1;
    this.timer = setTimeout(() => this.ask(), pause);
  }

  /** @param {SaveState} state */
  show(state) {
    const { kind, text, sentence } = describeSave(state);
    this.kind = kind;
    this.sentence = sentence;
    this.node.dataset.kind = kind;
    this.node.textContent = text;
    this.node.setAttribute("aria-label", sentence.startsWith(text) ? sentence : `${text}. ${sentence}`);
    this.changed();
    renewTip();
    if (state.late) late.add(this);
    else late.delete(this);
    if (state.late && !notified.has(state.reason)) {
      // One outage may be reported in several ways: the newest message stands for all.
      notified.forEach((remove) => remove());
      notified.set(state.reason, this.notify(warningOf(state), () => this.tryNow()));
    }
    if (state.state === "stored" && !late.size) {
      notified.forEach((remove) => remove());
      notified.clear();
    }
  }
}
