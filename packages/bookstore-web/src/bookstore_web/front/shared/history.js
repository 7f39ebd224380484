// The list of a notebook's versions, for a side panel or a dialog.

import { linkLine, reachOf } from "./links.js";
import { button, element } from "./page.js";
import { byDay, dayName, exactTime, timeOfDay } from "./words.js";

/** @typedef {import("./api.js").BookstoreApi} BookstoreApi */
/** @typedef {import("./api.js").Version} Version */

/**
 * What a front end does with a version.
 * @typedef {{
 *   view: (version: Version) => void,
 *   compare: (version: Version) => void,
 *   restore: (version: Version) => Promise<void>,
 *   copy: (version: Version) => Promise<void>,
 *   name: (version: Version) => Promise<void>,
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
    this.node = element("div", "bookstore-history");
    this.status = line("bookstore-status");
    this.notice = line("bookstore-notice");
    this.list = element("div", "bookstore-days");
    this.more = button("Older versions", () => this.load(this.cursor));
    this.more.hidden = true;
    this.cursor = "";
    /** @type {Version[]} */
    this.versions = [];
    this.node.append(this.notice, this.status, this.list, this.more);
  }

  /**
   * Show the versions of a notebook; nothing for an empty path.
   * @param {string} path
   */
  async show(path) {
    if (path !== this.path) {
      this.path = path;
      this.versions = [];
      this.list.replaceChildren();
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
    this.status.textContent = sentence;
  }

  /**
   * Show what was done, or why it failed, until another notebook is shown.
   * @param {string} sentence
   */
  notify(sentence) {
    this.notice.textContent = sentence;
  }

  /** @param {string} cursor */
  async load(cursor) {
    const asked = ++this.asked;
    if (!this.versions.length) this.say("Loading the versions…");
    let page;
    try {
      page = await this.api.versions(this.path, { cursor });
    } catch (error) {
      if (asked === this.asked) this.fail(error);
      return;
    }
    if (asked !== this.asked) return; // another notebook is shown meanwhile
    this.versions = [...(cursor ? this.versions : []), ...page.versions];
    this.cursor = page.cursor ?? "";
    this.more.hidden = !this.cursor;
    this.say("");
    this.render();
  }

  /** @param {any} error */
  fail(error) {
    this.say(
      error.status === 404
        ? "There are no versions of this notebook yet. The next save makes the first one."
        : error.message,
    );
  }

  render() {
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
  }

  /** @param {Version} version */
  row(version) {
    const row = element("li", "bookstore-version");
    if (version.deleted) {
      row.append(element("span", "bookstore-time", `${timeOfDay(version.saved_at)} · deleted`));
      return row;
    }
    const open = button("", () => this.actions.view(version));
    open.className = "bookstore-open";
    const time = element("time", "bookstore-time", timeOfDay(version.saved_at));
    time.setAttribute("datetime", version.saved_at);
    time.title = exactTime(version.saved_at);
    open.append(time, element("span", "bookstore-author", version.author));
    if (version.label) open.append(element("span", "bookstore-label", version.label.name));
    const note = noteOf(version);
    if (note) open.append(element("span", "bookstore-note", note));
    row.append(open, this.buttons(version));
    return row;
  }

  /** @param {Version} version */
  buttons(version) {
    const of = ` the version of ${exactTime(version.saved_at)}`;
    const group = element("div", "bookstore-actions");
    group.append(
      action("Compare", of, () => this.actions.compare(version)),
      action("Restore", of, () => this.run(() => this.actions.restore(version))),
      action("As a copy", of, () => this.run(() => this.actions.copy(version))),
      action("Name", of, () => this.run(() => this.actions.name(version))),
      action("Link", of, () => this.run(() => this.showLinks(version))),
    );
    return group;
  }

  /**
   * Show that a version was restored, with a button to undo that.
   * @param {Version} version
   * @param {() => Promise<void>} undo
   */
  showRestored(version, undo) {
    this.notify(`The version of ${exactTime(version.saved_at)} is restored. `);
    this.notice.append(
      button("Undo", () =>
        this.run(async () => {
          await undo();
          this.notify("Undone: the notebook is as it was before.");
        }),
      ),
    );
  }

  /** @param {Version} version */
  async showLinks(version) {
    const links = await this.api.links({ path: version.path, version_id: version.version_id });
    this.notify(reachOf(links));
    this.notice.append(
      linkLine("Link to this version", links.url),
      linkLine("Link that always opens the newest", links.newest_url),
    );
  }

  /**
   * Do something and show its failure.
   * @param {() => Promise<void>} work
   */
  async run(work) {
    try {
      await work();
    } catch (error) {
      this.notify(error instanceof Error ? error.message : String(error));
    }
  }
}

/** @param {Version} version */
function noteOf(version) {
  if (version.is_latest) return "newest";
  if (version.moved_from) return `moved from ${version.moved_from}`;
  return version.restored_from ? "restored" : "";
}

/** @param {string} name the class */
function line(name) {
  const node = element("p", name);
  node.setAttribute("role", "status");
  return node;
}

/**
 * @param {string} verb
 * @param {string} what said to screen readers after the verb
 * @param {() => void} click
 */
function action(verb, what, click) {
  const node = button(verb, click);
  node.setAttribute("aria-label", verb + what);
  return node;
}
