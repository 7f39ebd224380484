// The dialog that publishes a notebook, and gives the links by which others open it.

import { linkLine, reachOf } from "./links.js";
import { button, element, makeDialog, showDialog } from "./page.js";
import { exactTime, titleOf } from "./words.js";

/** @typedef {import("./api.js").BookstoreApi} BookstoreApi */

/**
 * The notebook that is open.
 * @typedef {{path: string, save: () => Promise<void>, content: () => any}} OpenNotebook
 *   `path` is suggested as that of the publication; `save` saves it if it has changes,
 *   `content` returns its JSON
 */

/** Milliseconds between questions whether the save has arrived, and how many. */
const PAUSE = 500;
const TRIES = 20;

const UNPUBLISHING =
  "This takes the notebook off the published shelf. Its versions are kept: links to one of " +
  "them still open, links to the newest say that it was unpublished, and publishing again " +
  "brings it back.";

/**
 * Show the dialog.
 * @param {BookstoreApi} api
 * @param {OpenNotebook} notebook
 */
export async function showPublish(api, notebook) {
  const dialog = new PublishDialog(api, notebook);
  document.body.append(dialog.node);
  showDialog(dialog.node);
  await dialog.fill();
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
    /**
     * Done when what is open is saved: once, as nothing can be typed meanwhile.
     * @type {Promise<void> | null}
     */
    this.saved = null;
    this.node = makeDialog("Publish this notebook");
    this.node.addEventListener("close", () => this.node.remove());
    this.links = status();
    this.there = status();
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
    this.path.addEventListener("change", () => this.look());
    this.send.type = "submit";
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
    this.title.value = titleOf(this.notebook.content(), this.notebook.path);
    await Promise.all([this.run(this.links, () => this.share()), this.look()]);
  }

  /** Save what is open, so that the links show it. */
  async share() {
    this.links.textContent = "Saving…";
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

  save() {
    this.saved ??= this.notebook.save();
    return this.saved;
  }

  /**
   * @param {string} said before them
   * @param {{path: string, version_id: string, shelf?: string}} wanted
   */
  async showLinks(said, wanted) {
    const asked = ++this.linked;
    const links = await this.api.links(wanted);
    if (asked !== this.linked) return;
    this.links.replaceChildren(
      said + reachOf(links),
      linkLine("Link to this version", links.url),
      linkLine("Link that always opens the newest", links.newest_url),
    );
  }

  async publish() {
    this.send.disabled = true;
    ++this.asked;
    this.there.textContent = "Publishing…";
    try {
      await this.save();
      const path = this.path.value;
      const model = { type: "notebook", content: this.notebook.content() };
      const words = { title: this.title.value, note: this.note.value };
      const { versionID } = await this.api.publish(path, { ...model, ...words });
      await this.showLinks("It is published. ", { path, version_id: versionID, shelf: "published" });
      await this.look();
    } finally {
      this.send.disabled = false;
    }
  }

  /** Say what is published under this path, and by whom. */
  async look() {
    const asked = ++this.asked;
    const path = this.path.value;
    let found;
    try {
      const { versions } = await this.api.versions(path, { limit: 1, shelf: "published" });
      const { mine } = versions[0]?.deleted ? { mine: false } : await this.api.links({ path, version_id: "", shelf: "published" });
      found = { newest: versions[0], mine };
    } catch (error) {
      // 404: nothing was published here. Other failures are shown when publishing fails.
      if (/** @type {any} */ (error).status !== 404) console.debug("bookstore:", error);
    }
    if (asked !== this.asked) return;
    this.send.textContent = found && !found.newest.deleted ? "Publish again" : "Publish";
    this.there.replaceChildren(found ? whoPublished(found.newest) : "");
    if (found?.mine) this.there.append(button("Unpublish…", () => this.confirm(path)));
  }

  /** @param {string} path */
  confirm(path) {
    this.there.replaceChildren(
      UNPUBLISHING,
      button("Unpublish it", () => this.run(this.there, () => this.unpublish(path))),
      button("Keep it", () => this.look()),
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
   * @param {() => Promise<void>} work
   */
  async run(line, work) {
    try {
      await work();
    } catch (error) {
      line.textContent = error instanceof Error ? error.message : String(error);
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
