// The list of a notebook's versions, for a side panel or a dialog.

import { Changes } from "./changes.js";
import { copyLine, linkLine, reachOf } from "./links.js";
import { nameForm } from "./naming.js";
import { button, disableRunning, element, fillIn, running } from "./page.js";
import { action, controls, focusAfterClicks, line, notesOf, runLink, runNote } from "./rows.js";
import { byDay, describeSave, dayName, exactTime, timeOfDay } from "./words.js";

/** @typedef {import("./api.js").BookstoreApi} BookstoreApi */
/** @typedef {import("./api.js").Version} Version */

/**
 * What a front end does with a version; `show` compares it with what is open, or not.
 * `busy` is told when an action starts and ends; `leave` is for Escape, where the list is
 * in no dialog; `say` shows what was done while the list is hidden.
 * @typedef {{
 *   show: (version: Version, isCompared: boolean) => void,
 *   restore: (version: Version) => Promise<void>,
 *   copy: (version: Version) => Promise<void>,
 *   busy: (isBusy: boolean) => void,
 *   leave?: () => void,
 *   say?: (sentence: string, undo?: () => void) => void,
 * }} Actions
 */

export class HistoryList {
  /**
   * @param {BookstoreApi} api
   * @param {Actions} actions
   */
  constructor(api, actions) {
    this.api = api;
    this.actions = actions;
    this.path = "";
    this.asked = 0;
    this.isBusy = false;
    this.node = element("div", "bookstore-history");
    this.status = line("bookstore-status");
    this.notice = line("bookstore-notice");
    this.waiting = line("bookstore-waits");
    this.list = element("div", "bookstore-days");
    this.more = button("Older versions", () => this.load(this.cursor));
    this.more.hidden = true;
    this.cursor = "";
    /** @type {Version[]} */
    this.versions = [];
    /** The id of the version in the preview. */
    this.chosen = "";
    this.changes = new Changes(api);
    this.node.tabIndex = -1;
    this.node.addEventListener("keydown", (event) => this.onKey(event));
    focusAfterClicks(this.node);
    // In sight wherever the list is scrolled to.
    const said = element("div", "bookstore-said");
    said.append(this.notice, this.status);
    this.node.append(said, this.waiting, this.list, this.more);
  }

  /**
   * Show the versions of a notebook; nothing for an empty path.
   * @param {string} path
   */
  async show(path) {
    if (path !== this.path) {
      this.path = path;
      this.versions = [];
      this.chosen = "";
      this.list.replaceChildren();
      fillIn(this.node, this.waiting);
      this.more.hidden = true;
      this.notify("");
    }
    if (path) await this.load("");
    else this.say("Open a notebook to see its versions.");
  }

  /** Ask for the versions again, as after a save or a restore. */
  refresh() {
    return this.show(this.path);
  }

  /**
   * Show whether the list is loaded.
   * @param {string} sentence
   */
  say(sentence) {
    fillIn(this.node, this.status, sentence);
  }

  /**
   * Show what was done, or why it failed, until another notebook is shown.
   * @param {string} sentence
   * @param {() => void} [undo]
   */
  notify(sentence, undo) {
    fillIn(this.node, this.notice, sentence);
    if (undo) this.notice.append(" ", this.runs(button("Undo", undo)));
    if (sentence && !this.node.getClientRects().length) this.actions.say?.(sentence, undo);
  }

  /** @param {string} cursor */
  async load(cursor) {
    const asked = ++this.asked;
    const isOlder = document.activeElement === this.more;
    if (!this.versions.length) this.say("Loading the versions…");
    if (!cursor) this.showWaiting(asked);
    let page;
    try {
      page = await this.api.versions(this.path, { cursor });
    } catch (error) {
      if (asked === this.asked) this.fail(error);
      return;
    }
    if (asked !== this.asked) return; // another notebook is shown meanwhile
    const known = cursor ? this.versions : [];
    this.versions = [...known, ...page.versions];
    this.cursor = page.cursor ?? "";
    this.more.hidden = !this.cursor;
    this.say("");
    this.render();
    // Their button may be gone, and they begin where it was.
    if (isOlder && cursor) this.openButton(this.versions[known.length]?.version_id)?.focus();
  }

  /**
   * Say that saves are not in the store yet, so that nobody misses them in the list.
   * @param {number} asked
   */
  async showWaiting(asked) {
    const state = await this.api.saveState(this.path).catch(() => null);
    if (asked !== this.asked) return;
    fillIn(this.node, this.waiting);
    if (state?.state !== "waiting" || describeSave(state).kind !== "bad") return;
    const tryNow = async () => {
      await this.api.tryNow();
      await this.refresh();
    };
    const { sentence } = describeSave(state);
    this.waiting.append(`${sentence} `, this.runs(button("Try now", () => this.run(tryNow))));
  }

  /** @param {any} error */
  fail(error) {
    if (error.status === 404) {
      this.say("There are no versions of this notebook yet. The next save makes the first one.");
      return;
    }
    this.say(`${error.message} `);
    this.status.append(button("Try again", () => this.refresh()));
  }

  /**
   * Show a version in the preview.
   * @param {Version} version
   * @param {boolean} [isCompared]
   */
  choose(version, isCompared = false) {
    this.chosen = version.version_id;
    this.markChosen();
    this.actions.show(version, isCompared);
  }

  /** Forget which version is in the preview, because it is closed. */
  leave() {
    this.chosen = "";
    this.markChosen();
  }

  /**
   * Go to the next version in the list, or to the first one if none is chosen.
   * @param {number} by 1 for an older version, -1 for a newer one
   */
  async step(by) {
    const known = this.versions.filter((version) => !version.deleted);
    const next = known.findIndex((version) => version.version_id === this.chosen) + by;
    if (next >= known.length && this.cursor && this.chosen) {
      await this.load(this.cursor);
      if (this.versions.length > known.length) await this.step(by);
      return;
    }
    if (!known[next]) return;
    const open = this.openButton(known[next].version_id);
    open?.scrollIntoView({ block: "nearest" });
    // Before the preview is shown, which gives the focus back when it is closed.
    if (this.node.contains(document.activeElement)) open?.focus();
    this.choose(known[next]);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target instanceof HTMLInputElement) return;
    if (event.key === "Escape") this.actions.leave?.();
    const by = { ArrowDown: 1, j: 1, J: 1, ArrowUp: -1, k: -1, K: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    this.step(by);
  }

  markChosen() {
    this.list.querySelectorAll("[aria-current]").forEach((node) => node.removeAttribute("aria-current"));
    this.openButton()?.setAttribute("aria-current", "true");
  }

  /** Return the button that opens a version, by default that in the preview. */
  openButton(wanted = this.chosen) {
    const all = /** @type {NodeListOf<HTMLElement>} */ (this.list.querySelectorAll(".bookstore-open"));
    return [...all].find((node) => node.dataset.version === wanted);
  }

  render() {
    if (this.list.querySelector(".bookstore-name")) return; // somebody is writing a name
    const focused = this.focused();
    this.changes.reset();
    this.list.replaceChildren(
      ...byDay(this.versions).map(({ day, versions }) => {
        const section = element("section", "bookstore-day");
        section.append(element("h3", "", dayName(day)));
        const list = element("ul", "");
        list.append(...versions.map((version) => this.row(version)));
        section.append(list);
        return section;
      }),
    );
    this.markChosen();
    if (focused) this.focusAgain(focused);
  }

  /** Return which control of which version has the focus; null if none has it. */
  focused() {
    const control = document.activeElement;
    if (!this.list.contains(control)) return null;
    const row = control?.closest(".bookstore-version");
    const open = /** @type {HTMLElement | null | undefined} */ (row?.querySelector(".bookstore-open"));
    return { version: open?.dataset.version, at: controls(row).findIndex((each) => each === control) };
  }

  /** @param {{version: string | undefined, at: number}} focused */
  focusAgain({ version, at }) {
    const open = version === undefined ? null : this.openButton(version);
    (open ?? this.openButton() ?? this.node).focus();
    // Only now: the other controls of a row are there while it has the focus.
    if (open) controls(open.closest(".bookstore-version"))[at]?.focus();
  }

  /** @param {Version} version */
  row(version) {
    const row = element("li", "bookstore-version");
    if (version.deleted) {
      row.append(element("span", "bookstore-time", `${timeOfDay(version.saved_at)} · deleted`));
      return row;
    }
    const open = button("", () => this.choose(version));
    open.className = "bookstore-open";
    open.dataset.version = version.version_id;
    const time = element("time", "bookstore-time", timeOfDay(version.saved_at));
    time.setAttribute("datetime", version.saved_at);
    time.title = exactTime(version.saved_at);
    open.append(time, element("span", "bookstore-author", version.author));
    if (version.label) open.append(element("span", "bookstore-label", version.label.name));
    const isNewest = version.is_latest && version === this.versions[0];
    for (const note of notesOf(version, isNewest)) open.append(element("span", "bookstore-note", note));
    if (version.run) open.append(runNote(version.run));
    open.append(element("span", "bookstore-changes"));
    row.append(open, this.buttons(version));
    // Nothing is before the first one that it could be compared with.
    if (this.cursor || version !== this.versions.at(-1)) this.changes.add(row, version);
    return row;
  }

  /** @param {Version} version */
  buttons(version) {
    const of = ` the version of ${exactTime(version.saved_at)}`;
    const group = element("div", "bookstore-actions");
    if (version.run) group.append(runLink(this.api, version));
    group.append(
      action("Compare", of, () => this.choose(version, true)),
      this.runs(action("Restore", of, () => this.run(() => this.actions.restore(version)))),
      this.runs(action("As a copy", of, () => this.run(() => this.actions.copy(version)))),
      action("Name", of, () => this.editName(version, group)),
      this.runs(action("Link", of, () => this.run(() => this.showLinks(version)))),
    );
    return group;
  }

  /**
   * Let people write the name of a version, in place of its actions.
   * @param {Version} version
   * @param {HTMLElement} group
   */
  editName(version, group) {
    const leave = () => {
      form.remove();
      this.render();
      this.openButton(version.version_id)?.focus();
    };
    const save = async (/** @type {string} */ name) => {
      await this.api.label({ path: version.path, version_id: version.version_id, name });
      await this.refresh();
      leave();
    };
    const { form, field } = nameForm(version.label?.name ?? "", this.runs(button("Save", () => {})), {
      done: (name) => this.run(() => save(name)),
      cancel: leave,
    });
    group.replaceWith(form);
    field.focus();
  }

  /**
   * Show that a version was restored, with a button to undo that.
   * @param {Version} version
   * @param {() => Promise<void>} undo
   * @param {string} [path] that of the notebook, if another one is shown by now
   */
  showRestored(version, undo, path = "") {
    const work = async () => {
      await undo();
      this.notify(`Undone: ${path || "the notebook"} is as it was before.`);
    };
    const where = path && ` into ${path}`;
    this.notify(`The version of ${exactTime(version.saved_at)} is restored${where}.`, () => this.run(work));
  }

  /** @param {Version} version */
  async showLinks(version) {
    const { path } = this;
    const links = await this.api.links({ path: version.path, version_id: version.version_id });
    if (path !== this.path) return; // the list is that of another notebook by now
    const { line, copy } = copyLine("Link to this version", links.url);
    this.notify(reachOf(links));
    this.notice.append(line, linkLine("Link that always opens the newest", links.newest_url));
    await copy();
  }

  /**
   * Do something and show its failure. What is asked for meanwhile, as by a double click,
   * is not done.
   * @param {() => Promise<void>} work
   */
  async run(work) {
    if (this.isBusy) return;
    const { path } = this;
    this.setBusy(true);
    try {
      await work();
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      // Another notebook may be shown meanwhile.
      this.notify(path === this.path ? sentence : `${path}: ${sentence}`);
    } finally {
      this.setBusy(false);
    }
  }

  /** @param {boolean} isBusy */
  setBusy(isBusy) {
    this.isBusy = isBusy;
    disableRunning(this.node, isBusy);
    this.actions.busy(isBusy);
  }

  /**
   * Mark a button as one that does nothing while something is done.
   * @param {HTMLButtonElement} made
   */
  runs(made) {
    return running(made, this.isBusy);
  }
}
