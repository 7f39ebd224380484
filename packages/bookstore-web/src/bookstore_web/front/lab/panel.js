// The side panel with the history of the notebook in front.

import { HistoryList } from "../shared/history.js";
import { Preview } from "../shared/preview.js";
import { element } from "../shared/page.js";
import { PreviewDialog, PreviewTab } from "./previews.js";

/** @typedef {import("../shared/api.js").Version} Version */

export class HistoryPanel {
  /**
   * @param {import("./modules.js").Front} front
   * @param {import("./documents.js").Documents} documents
   */
  constructor(front, documents) {
    this.front = front;
    this.documents = documents;
    this.path = "";
    this.list = new HistoryList(front.api, {
      show: (version, isCompared) => this.preview(version, isCompared),
      restore: (version) => this.restore(version),
      copy: (version) => this.copy(version),
      busy: (isBusy) => this.shown.setBusy(isBusy),
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

  /** Show the notebook in front. */
  follow() {
    const panel = this.documents.current;
    this.path = panel ? this.documents.pathOf(panel) : "";
    this.heading.textContent = this.path;
    this.list.show(this.path);
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
        if (this.documents.current) await this.documents.save(this.documents.current);
      },
      step: (by) => this.list.step(by),
      restore: then((version) => this.restore(version)),
      copy: then((version) => this.copy(version)),
      close: () => this.place.close(),
    });
  }

  /**
   * Show a version beside the notebook, or over it.
   * @param {Version} version
   * @param {boolean} isCompared
   */
  preview(version, isCompared) {
    this.place.open(this.documents.current?.id);
    this.shown.show(version, isCompared);
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
    const panel = this.documents.current;
    if (panel) await this.documents.save(panel);
    const restored = await this.front.api.restore(wish);
    if (panel) await this.documents.reload(panel);
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
