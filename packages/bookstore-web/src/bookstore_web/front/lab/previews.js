// Where a version is previewed: in a tab beside the notebook, or in a dialog.

import { makeDialog, showDialog } from "../shared/page.js";
import { makeRoom } from "./modules.js";

/** @typedef {import("./modules.js").Front} Front */
/** @typedef {import("../shared/preview.js").Preview} Preview */

/** JupyterLab: a tab beside the notebook, the same for all versions. */
export class PreviewTab {
  /**
   * @param {Front} front
   * @param {Preview} preview
   * @param {() => void} closed
   */
  constructor(front, preview, closed) {
    this.front = front;
    this.preview = preview;
    this.closed = closed;
    /** @type {import("@lumino/widgets").Widget | null} */
    this.widget = null;
    preview.node.addEventListener("keydown", (event) => {
      if (event.key === "Escape") preview.calls.close();
    });
  }

  /** @param {string} [beside] the id of the widget to show it beside */
  open(beside) {
    if (this.widget?.isAttached) return;
    const { app, widgets } = this.front;
    this.widget = new widgets.Widget({ node: this.preview.node });
    this.widget.id = "bookstore-preview";
    this.widget.title.label = "Version";
    this.widget.title.closable = true;
    this.widget.disposed.connect(() => this.closed());
    // The keyboard's focus stays in the list, unless the preview covers the notebook.
    const isNarrow = makeRoom(this.front);
    const mode = isNarrow ? "tab-after" : "split-right";
    app.shell.add(this.widget, "main", { mode, ref: beside, activate: isNarrow });
  }

  /** Stay: what is restored is beside it. */
  leave() {}

  close() {
    this.widget?.dispose();
  }
}

/** Notebook 7, which shows one document on a page: a dialog over it. */
export class PreviewDialog {
  /**
   * @param {Front} _front
   * @param {Preview} preview
   * @param {() => void} closed
   */
  constructor(_front, preview, closed) {
    this.node = makeDialog("Preview of a version");
    this.node.classList.add("bookstore-wide");
    this.node.append(preview.node);
    this.node.addEventListener("close", closed);
    this.node.addEventListener("keydown", (event) => {
      const by = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by) preview.calls.step(by);
    });
    document.body.append(this.node);
  }

  open() {
    if (!this.node.open) showDialog(this.node);
  }

  leave() {
    this.node.close();
  }

  close() {
    this.node.close();
  }
}
