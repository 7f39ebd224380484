// The dialog with the history of the notebook.

import { HistoryList } from "../shared/history.js";
import { button, element } from "../shared/page.js";

/** @typedef {import("../shared/api.js").BookstoreApi} BookstoreApi */
/** @typedef {import("../shared/api.js").Version} Version */

export class HistoryDialog {
  /**
   * @param {BookstoreApi} api
   * @param {any} notebook
   * @param {() => void} saved called when a restore has saved the notebook
   */
  constructor(api, notebook, saved) {
    this.api = api;
    this.notebook = notebook;
    this.saved = saved;
    this.list = new HistoryList(api, {
      view: (version) => this.open(version, "view", { version_id: version.version_id }),
      compare: (version) => this.open(version, "diff", { base: version.version_id }),
      restore: (version) => this.restore(version),
      copy: (version) => this.copy(version),
      name: (version) => this.name(version),
    });
    this.node = /** @type {HTMLDialogElement} */ (element("dialog", "bookstore-dialog"));
    this.heading = element("h2", "");
    this.node.append(this.heading, this.list.node, button("Close", () => this.node.close()));
    this.node.setAttribute("aria-label", "History of this notebook");
    // Keys in the dialog are not commands of the notebook.
    this.node.addEventListener("keydown", (event) => event.stopPropagation());
    document.body.append(this.node);
  }

  get path() {
    return this.notebook.notebook_path;
  }

  /** Ask for the versions again, if the dialog is open. */
  refresh() {
    if (this.node.open) this.list.refresh();
  }

  show() {
    this.heading.textContent = this.path;
    if (!this.node.open) this.node.showModal();
    return this.list.show(this.path);
  }

  /**
   * Open one of bookstore's pages in a tab.
   * @param {Version} version
   * @param {string} page
   * @param {Record<string, string>} query
   */
  open(version, page, query) {
    window.open(this.api.page(page, { path: version.path, ...query }), "_blank", "noopener");
  }

  /**
   * @param {Version} version
   * @returns {Promise<void>}
   */
  async restore(version) {
    const { undo } = await this.write(this.wish(version));
    if (!undo) return this.list.notify("The notebook has this content already.");
    const { path } = this;
    this.list.showRestored(version, async () => {
      await this.write({ path, ...undo });
    });
  }

  /**
   * Restore into the open notebook, whose unsaved changes become a version first.
   * @param {{path: string}} wish
   */
  async write(wish) {
    if (this.notebook.dirty) await this.notebook.save_notebook();
    const restored = await this.api.restore(wish);
    await this.notebook.load_notebook(this.path);
    await this.list.refresh();
    this.saved();
    return restored;
  }

  /** @param {Version} version */
  async copy(version) {
    const wish = { ...this.wish(version), target_path: "" };
    const { path } = await this.api.restore(wish);
    this.list.notify(`A copy is at ${path}.`);
  }

  /** @param {Version} version */
  async name(version) {
    const name = window.prompt("Name of this version (empty to remove it):", version.label?.name ?? "");
    if (name === null) return;
    await this.api.label({ path: version.path, version_id: version.version_id, name });
    await this.list.refresh();
  }

  /** @param {Version} version */
  wish(version) {
    return { path: this.path, version_id: version.version_id, version_path: version.path };
  }
}
