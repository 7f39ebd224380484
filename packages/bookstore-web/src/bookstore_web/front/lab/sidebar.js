// The place of the history at the right side. What is in it is loaded when it is shown.

import { button, element } from "../shared/page.js";
import { CLOCK_ICON } from "../shared/tools.js";
import { NOT_LOADED } from "../shared/words.js";
import { makeRoom } from "./modules.js";

/** @typedef {import("./panel.js").HistoryPanel} HistoryPanel */

export class Sidebar {
  /**
   * @param {import("./modules.js").Front} front
   * @param {import("./documents.js").Documents} documents
   */
  constructor(front, documents) {
    this.front = front;
    this.documents = documents;
    /** @type {Promise<HistoryPanel> | null} */
    this.panel = null;
    this.widget = makeWidget(front, () => this.follow());
    front.app.shell.add(this.widget, "right", { rank: 900, type: "History" });
  }

  /** Show the history and give it the focus; if it is shown, ask again. */
  show() {
    const { shell } = this.front.app;
    const isShown = this.widget.isVisible;
    makeRoom(this.front);
    // Notebook 7 has to be told to show its right side.
    if ("expandRight" in shell) /** @type {any} */ (shell).expandRight(this.widget.id);
    shell.activateById(this.widget.id);
    if (isShown) this.follow();
    this.panel?.then(({ node }) => node.focus({ preventScroll: true })).catch(() => {}); // said by follow
  }

  /** Show the notebook in front. If the history is hidden, that is done when it is shown. */
  async follow() {
    const { isVisible } = this.widget;
    if (isVisible) this.panel ??= this.load();
    try {
      const panel = await this.panel;
      if (isVisible) panel?.follow();
      else panel?.leave();
    } catch (error) {
      this.panel = null; // tried again when it is shown again
      console.debug("bookstore:", error);
      this.fail();
    }
  }

  /** Say in the place of the history that it could not be loaded. */
  fail() {
    const place = element("div", "bookstore-history");
    const said = element("p", "bookstore-status", `${NOT_LOADED} `);
    said.setAttribute("role", "alert");
    said.append(button("Try again", () => this.follow()));
    place.append(said);
    this.widget.node.replaceChildren(place);
  }

  async load() {
    const { HistoryPanel } = await import("./panel.js");
    const panel = new HistoryPanel(this.front, this.documents);
    this.widget.node.replaceChildren(panel.node);
    return panel;
  }
}

/**
 * @param {import("./modules.js").Front} front
 * @param {() => void} shown called when people show it, also by its icon
 */
function makeWidget({ widgets, uiComponents }, shown) {
  class Side extends widgets.Widget {
    onAfterShow() {
      shown();
    }
  }
  const widget = new Side();
  widget.id = "bookstore-history";
  widget.title.caption = "History of this notebook";
  const { LabIcon } = uiComponents ?? {};
  if (LabIcon) widget.title.icon = new LabIcon({ name: "bookstore:history", svgstr: CLOCK_ICON });
  return widget;
}
