// The side panel with the history of the notebook in front.

import { HistoryList } from "../shared/history.js";
import { Preview } from "../shared/preview.js";
import { element } from "../shared/page.js";
import { PreviewDialog, PreviewTab } from "./previews.js";

/** @typedef {import("../shared/api.js").Version} Version */
/** @typedef {import("@jupyterlab/notebook").NotebookPanel} NotebookPanel */

export class HistoryPanel {
  /**
   * @param {import("./modules.js").Front} front
   * @param {import("./documents.js").Documents} documents
   */
  constructor(front, documents) {
    this.front = front;
    this.documents = documents;
    /**
     * The notebook whose list is shown. Another one may be in front of it, while the side
     * panel is hidden.
     * @type {NotebookPanel | null}
     */
    this.panel = null;
    this.list = new HistoryList(front.api, {
      show: (version, isCompared) => this.preview(version, isCompared),
      restore: (version) => this.restore(version),
      copy: (version) => this.copy(version),
      busy: (isBusy) => this.shown.setBusy(isBusy),
      leave: () => this.escape(),
      say: (sentence, undo) => this.say(sentence, undo),
    });
    this.shown = this.makePreview();
    const Place = front.hasTabs ? PreviewTab : PreviewDialog;
    this.place = new Place(front, this.shown, () => this.list.leave());
    this.heading = element("h2", "");
    this.list.node.prepend(this.heading);
  }

  get node() {
    return this.list.node;
  }

  /** The path of that notebook, also after a rename; empty if there is none. */
  get path() {
    return this.panel ? this.documents.pathOf(this.panel) : "";
  }

  /** Show the notebook in front. */
  follow() {
    this.leave();
    this.panel = this.documents.current;
    this.heading.textContent = this.path;
    this.list.show(this.path);
  }

  /** Close the preview if another notebook is in front than that of the version. */
  leave() {
    const { current } = this.documents;
    const isRenamed = current !== null && current.context === this.panel?.context;
    if (!isRenamed && this.path !== (current ? this.documents.pathOf(current) : "")) this.place.close();
  }

  makePreview() {
    const then = (/** @type {(version: Version) => Promise<void>} */ work) => {
      return (/** @type {Version} */ version) => {
        if (this.list.isBusy) return;
        this.place.leave();
        this.list.run(() => work(version));
      };
    };
    return new Preview(this.front.api, {
      path: () => this.path,
      save: async () => {
        await this.documents.save(this.documents.again(this.panel));
      },
      step: (by) => this.list.step(by),
      restore: then((version) => this.restore(version)),
      copy: then((version) => this.copy(version)),
      close: () => this.closePreview(),
    });
  }

  /** Close the preview, and give the focus back to its version in the list. */
  closePreview() {
    const open = this.list.openButton();
    this.place.close();
    open?.focus();
  }

  /** Close the preview, or if there is none, go back to the notebook. */
  escape() {
    if (this.list.chosen) this.closePreview();
    else if (this.panel) this.front.app.shell.activateById(this.panel.id);
  }

  /**
   * Say what was done while the list is hidden.
   * @param {string} sentence
   * @param {(() => void) | undefined} undo
   */
  say(sentence, undo) {
    const actions = undo ? [{ label: "Undo", callback: undo }] : [];
    // It stays in the front end's list of notifications.
    this.front.apputils.Notification.emit(sentence, "default", { autoClose: 10_000, actions });
  }

  /**
   * Show a version beside the notebook, or over it.
   * @param {Version} version
   * @param {boolean} isCompared
   */
  preview(version, isCompared) {
    this.place.open(this.panel?.id);
    this.shown.show(version, isCompared);
  }

  /**
   * @param {Version} version
   * @returns {Promise<void>}
   */
  async restore(version) {
    const { panel, path } = this;
    const { undo } = await this.write(panel, this.wish(version));
    const other = path === this.path ? "" : path; // the list may be that of another one by now
    if (!undo) return this.list.notify(`${other || "The notebook"} has this content already.`);
    const work = async () => {
      await this.write(panel, undo);
    };
    this.list.showRestored(version, work, other);
  }

  /**
   * Restore into an open notebook, whose unsaved changes become a version first.
   * @param {NotebookPanel | null} shown
   * @param {object} wish
   */
  async write(shown, wish) {
    const { documents } = this;
    const panel = documents.again(shown);
    await documents.save(panel);
    const restored = await this.front.api.restore({ ...wish, path: documents.pathOf(panel) });
    await documents.reload(panel);
    await this.list.refresh();
    return restored;
  }

  /** @param {Version} version */
  async copy(version) {
    const { path } = await this.front.api.restore({ ...this.wish(version), target_path: "" });
    this.list.notify(`A copy is at ${path}.`);
    await this.front.app.commands.execute("docmanager:open", { path });
  }

  /** @param {Version} version */
  wish(version) {
    return { path: this.path, version_id: version.version_id, version_path: version.path };
  }
}
