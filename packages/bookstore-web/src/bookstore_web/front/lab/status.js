// The save mark of the notebook in front, in the status bar, which is never too narrow.

import { addTip } from "../shared/tip.js";

/** @typedef {import("./documents.js").Documents} Documents */

export class StatusMark {
  /**
   * @param {import("./modules.js").Front} front
   * @param {import("@jupyterlab/statusbar").IStatusBar} bar
   * @param {() => void} open called for a click
   */
  constructor({ widgets }, bar, open) {
    this.node = document.createElement("button");
    this.node.type = "button";
    this.node.className = "bookstore-mark";
    this.node.addEventListener("click", open);
    this.sentence = "";
    addTip(this.node, () => this.sentence);
    this.show(undefined);
    const item = new widgets.Widget({ node: document.createElement("div") });
    item.node.append(this.node);
    // Shown also in narrow windows, as the state of the kernel is.
    const place = { item, align: /** @type {"left"} */ ("left"), rank: 90, priority: 1 };
    bar.registerStatusItem("bookstore:mark", { ...place, isActive: () => true });
  }

  /**
   * Show what a mark shows; nothing without one.
   * @param {import("../shared/mark.js").SaveMark | undefined} mark
   */
  show(mark) {
    this.node.dataset.kind = mark?.kind ?? "none";
    this.node.textContent = mark?.node.textContent ?? "";
    this.node.setAttribute("aria-label", mark?.node.getAttribute("aria-label") ?? "");
    this.sentence = mark?.sentence ?? "";
  }
}
