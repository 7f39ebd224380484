// The dialog that publishes a notebook, and gives the links by which others open it.

import { linkLine, reachOf } from "./links.js";
import { button, element, fill, makeDialog, showDialog } from "./page.js";
import { exactTime, titleOf } from "./words.js";

/** @typedef {import("./api.js").BookstoreApi} BookstoreApi */

/**
 * The notebook that is open.
 * @typedef {{path: string, save: () => Promise<void>, content: () => any}} OpenNotebook
 *   `path` is suggested as that of the publication; `save` saves it if it has changes,
 *   and throws if it still has some; `content` returns its JSON
 */

/** Milliseconds between questions whether the save has arrived, and how many. */
const PAUSE = 500;
const TRIES = 20;

const NO_NOTEBOOK = "Only notebooks are published: end the path with .ipynb.";

const UNPUBLISHING =
  "This takes the notebook off the published shelf. Its versions are kept: links to one of " +
  "them still open, links to the newest say that it was unpublished, and publishing again " +
  "brings it back. If somebody else had published a notebook here before, that one is on the " +
  "shelf again.";

/** Whether a dialog is open, or about to be. */
let isOpen = false;

/**
 * Save the notebook, and show the dialog.
 * @param {BookstoreApi} api
 * @param {OpenNotebook} notebook
 */
export async function showPublish(api, notebook) {
  if (isOpen) return;
  isOpen = true;
  await new PublishDialog(api, notebook).fill();
}

class PublishDialog {
  /**
   * @param {BookstoreApi} api
   * @param {OpenNotebook} notebook
   */
  constructor(api, notebook) {
    this.api = api;
    this.notebook = notebook;
    this.asked = 0;
    this.linked = 0;
    /** Whether what is open is saved: once, as nothing can be typed meanwhile. */
    this.saved = false;
    /** @type {string | null} the path for which is shown what is published there */
    this.seen = null;
    this.isPublished = false;
    /** What the fields were filled with. */
    this.suggested = { title: "", note: "" };
    this.node = makeDialog("Publish this notebook");
    // The front end may move the focus while it saves.
    const opener = /** @type {HTMLElement | null} */ (document.activeElement);
    this.closed = () => {
      this.node.remove();
      isOpen = false;
      opener?.focus();
    };
    this.links = status();
    this.links.classList.add("bookstore-room");
    this.there = status();
    this.there.classList.add("bookstore-room");
    this.title = document.createElement("input");
    this.note = document.createElement("textarea");
    this.path = document.createElement("input");
    this.send = button("Publish", () => {});
    this.node.append(
      element("h2", "", "Links to what you see"),
      this.links,
      element("h2", "", "Publish this notebook"),
      this.form(),
      button("Close", () => this.node.close()),
    );
  }

  form() {
    const form = document.createElement("form");
    this.title.maxLength = 120;
    this.note.maxLength = 500;
    this.note.rows = 2;
    this.path.value = this.notebook.path;
    this.path.required = true;
    this.path.addEventListener("input", () => this.leave());
    this.path.addEventListener("change", () => this.run(this.there, () => this.look()));
    this.send.type = "submit";
    // The second half of a double click would press what the first one has changed.
    this.send.addEventListener("click", (event) => {
      if (event.detail > 1) event.preventDefault();
    });
    this.send.classList.add("bookstore-first");
    form.append(
      field("Title", this.title),
      field("Note for readers (optional)", this.note),
      field("Published as", this.path),
      this.there,
      this.send,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run(this.there, () => this.publish());
    });
    return form;
  }

  /** Show the links to the open notebook, and what is published in its place. */
  async fill() {
    await this.run(this.links, () => this.save());
    const look = this.run(this.there, () => this.look());
    if (this.saved) await this.run(this.links, () => this.share());
    await look;
  }

  /** Save what is open, so that the links show it. */
  async share() {
    fill(this.links, "Saving…");
    const { path } = this.notebook;
    const asked = ++this.linked;
    await this.save();
    const arrived = await this.arrived(path);
    const said = arrived ? "" : "The newest save is not in the store yet: this is the version before it. ";
    if (asked !== this.linked) return;
    await this.showLinks(said, { path, version_id: "" });
    if (!arrived) this.links.append(button("Try now", () => this.run(this.links, () => this.tryNow())));
  }

  async tryNow() {
    await this.api.tryNow();
    await this.share();
  }

  /** @param {string} path */
  async arrived(path) {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const { state, reason } = await this.api.saveState(path);
      if (state !== "waiting") return true;
      if (reason) return false;
      await new Promise((done) => setTimeout(done, PAUSE));
    }
    return false;
  }

  /** Save what is open; without the dialog over what the front end may ask about it. */
  async save() {
    if (this.saved) return;
    if (this.node.open) await this.hide();
    try {
      await this.notebook.save();
      this.saved = true;
    } finally {
      this.show();
    }
  }

  show() {
    document.body.append(this.node);
    showDialog(this.node);
    this.node.addEventListener("close", this.closed, { once: true });
    if (!this.suggested.title) this.suggest(null);
  }

  /** Hide the dialog, to show it again. */
  async hide() {
    this.node.removeEventListener("close", this.closed);
    const hidden = new Promise((done) => this.node.addEventListener("close", done, { once: true }));
    this.node.close();
    await hidden;
  }

  /**
   * @param {string} said before them
   * @param {{path: string, version_id: string, shelf?: string}} wanted
   */
  async showLinks(said, wanted) {
    const asked = ++this.linked;
    const links = await this.api.links(wanted);
    if (asked !== this.linked) return;
    fill(
      this.links,
      said + reachOf(links),
      linkLine("Link to this version", links.url),
      linkLine("Link that always opens the newest", links.newest_url),
    );
  }

  /** Publish, if the person has seen what is there. */
  async publish() {
    this.send.disabled = true;
    try {
      const path = this.path.value;
      if (this.seen !== path && ((await this.look()) || this.seen !== path)) return;
      ++this.asked;
      fill(this.there, "Publishing…");
      this.seen = null;
      await this.save();
      const model = { type: "notebook", content: this.notebook.content() };
      const words = { title: this.title.value, note: this.note.value };
      const { versionID } = await this.api.publish(path, { ...model, ...words });
      await this.showLinks("It is published. ", { path, version_id: versionID, shelf: "published" });
      this.isPublished = true;
      await this.look();
    } finally {
      this.send.disabled = false;
    }
  }

  /** Show the links to what is open again: what was published is under another path. */
  leave() {
    if (!this.isPublished) return;
    this.isPublished = false;
    this.run(this.links, () => this.share());
  }

  /**
   * Say what is published under this path, and by whom.
   * @returns {Promise<boolean>} whether something is
   */
  async look() {
    const asked = ++this.asked;
    const path = this.path.value;
    this.seen = null;
    let found;
    try {
      found = await this.find(path);
    } catch (error) {
      if (asked !== this.asked) return false;
      this.send.textContent = "Publish";
      throw error;
    }
    if (asked !== this.asked) return false;
    this.seen = path;
    const there = found && !found.newest.deleted ? found.newest : null;
    this.suggest(there);
    this.send.textContent = there ? "Publish again" : "Publish";
    fill(this.there, found ? whoPublished(found.newest) : "");
    if (found?.mine) this.there.append(button("Unpublish…", () => this.confirm(path)));
    return there !== null;
  }

  /**
   * Return what is published under a path; null if nothing ever was.
   * @param {string} path
   */
  async find(path) {
    if (!path.endsWith(".ipynb")) throw new Error(NO_NOTEBOOK);
    try {
      const { versions } = await this.api.versions(path, { limit: 1, shelf: "published" });
      const [newest] = versions;
      if (!newest) return null;
      if (newest.deleted) return { newest, mine: false };
      const { mine } = await this.api.links({ path, version_id: "", shelf: "published" });
      return { newest, mine };
    } catch (error) {
      if (/** @type {any} */ (error).status === 404) return null;
      throw error;
    }
  }

  /**
   * Fill in the words of what is there, unless the person has written others.
   * @param {import("./api.js").Version | null} there
   */
  suggest(there) {
    const title = there?.title || titleOf(this.notebook.content(), this.notebook.path);
    const note = there?.note ?? "";
    if (this.title.value === this.suggested.title) this.title.value = title;
    if (this.note.value === this.suggested.note) this.note.value = note;
    this.suggested = { title, note };
  }

  /** @param {string} path */
  confirm(path) {
    fill(
      this.there,
      UNPUBLISHING,
      button("Unpublish it", () => this.run(this.there, () => this.unpublish(path))),
      button("Keep it", () => this.run(this.there, () => this.look())),
    );
  }

  /** @param {string} path */
  async unpublish(path) {
    await this.api.unpublish(path);
    await this.look();
    await this.run(this.links, () => this.share());
  }

  /**
   * Do something, and show its failure.
   * @param {HTMLElement} line
   * @param {() => Promise<unknown>} work
   */
  async run(line, work) {
    try {
      await work();
    } catch (error) {
      fill(line, error instanceof Error ? error.message : String(error));
    }
  }
}

/** @param {import("./api.js").Version} newest */
function whoPublished({ author, saved_at, deleted, title }) {
  const by = author ? ` by ${author}` : "";
  const when = exactTime(saved_at);
  if (deleted) return `What was here was unpublished${by} on ${when}. Publishing brings it back. `;
  const what = title ? `“${title}”` : "A notebook";
  return `${what} was published here${by} on ${when}. Publishing again makes a new version of it. `;
}

function status() {
  const node = element("div", "bookstore-notice");
  node.setAttribute("role", "status");
  return node;
}

/**
 * @param {string} text
 * @param {HTMLElement} control
 */
function field(text, control) {
  const label = element("label", "", text);
  label.append(control);
  return label;
}
