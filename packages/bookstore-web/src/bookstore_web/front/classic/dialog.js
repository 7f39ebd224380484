// The dialog with the history of the notebook.

import { HistoryList } from "../shared/history.js";
import { button, element, makeDialog, showDialog } from "../shared/page.js";
import { Preview } from "../shared/preview.js";
import { focusAfterClicks } from "../shared/rows.js";
import { saveNotebook } from "./saving.js";

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
      show: (version, isCompared) => this.preview(version, isCompared),
      restore: (version) => this.restore(version),
      copy: (version) => this.copy(version),
      busy: (isBusy) => this.shown.setBusy(isBusy),
    });
    this.node = makeDialog("History of this notebook");
    focusAfterClicks(this.node); // it stands in the middle, and moves as a row changes
    this.node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || this.shown.node.hidden) return;
      event.preventDefault(); // the dialog stays open without the preview
      this.closePreview();
    });
    this.heading = element("h2", "");
    this.shown = this.makePreview();
    this.shown.node.hidden = true;
    const columns = element("div", "bookstore-columns");
    columns.append(this.list.node, this.shown.node);
    this.node.append(this.heading, columns, button("Close", () => this.node.close()));
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
    if (!this.node.open) showDialog(this.node);
    return this.list.show(this.path);
  }

  makePreview() {
    const run = (/** @type {() => Promise<void>} */ work) => this.list.run(work);
    return new Preview(this.api, {
      path: () => this.path,
      save: () => this.save(),
      step: (by) => this.list.step(by),
      restore: (version) => run(() => this.restore(version)),
      copy: (version) => run(() => this.copy(version)),
      close: () => this.closePreview(),
    });
  }

  /**
   * Show a version beside the list.
   * @param {Version} version
   * @param {boolean} isCompared
   */
  preview(version, isCompared) {
    this.node.classList.add("bookstore-wide");
    this.shown.node.hidden = false;
    this.shown.show(version, isCompared);
  }

  closePreview() {
    this.node.classList.remove("bookstore-wide");
    this.shown.node.hidden = true;
    const open = this.list.openButton();
    this.list.leave();
    (open ?? this.list.node).focus();
  }

  async save() {
    let isAsked = false;
    const ask = () => {
      isAsked = true;
      this.node.close(); // the question is below it
    };
    try {
      await saveNotebook(this.notebook, ask);
    } catch (error) {
      if (!isAsked) this.node.close(); // so is what the page says about the save
      throw error;
    } finally {
      if (isAsked) showDialog(this.node);
    }
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
    await this.save();
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
  wish(version) {
    return { path: this.path, version_id: version.version_id, version_path: version.path };
  }
}
