// The open notebooks: their save marks, and changing their content.

import { SaveMark } from "../shared/mark.js";

/** @typedef {import("./modules.js").Front} Front */
/** @typedef {import("@jupyterlab/notebook").NotebookPanel} NotebookPanel */

/** The rank of the mark in the toolbar: before the name of the kernel. */
const BEFORE = ["spacer", "kernelName"];

export class Documents {
  /** @param {Front} front */
  constructor(front) {
    this.front = front;
    this.tracker = front.tracker;
    /** @type {WeakMap<NotebookPanel, SaveMark>} */
    this.marks = new WeakMap();
  }

  /** The open notebook that is in front, or null. */
  get current() {
    return this.tracker.currentWidget;
  }

  /**
   * Return the path of an open notebook, as the server's contents API has it.
   * @param {NotebookPanel} panel
   */
  pathOf(panel) {
    // A drive, as that of collaboration, is in front of the path: "RTC:a.ipynb".
    return this.contents.localPath(panel.context.path);
  }

  /**
   * Add a save mark to each notebook that is open, or opened later.
   * @param {() => void} open called when a mark is clicked
   * @param {() => void} changed called after a save or a rename, and for another notebook
   */
  watch(open, changed) {
    const add = (/** @type {NotebookPanel} */ panel) => this.addMark(panel, open, changed);
    this.tracker.forEach(add);
    this.tracker.widgetAdded.connect((_, panel) => {
      add(panel);
    });
    this.tracker.currentChanged.connect(changed);
    changed();
  }

  /**
   * @param {NotebookPanel} panel
   * @param {() => void} open
   * @param {() => void} changed
   */
  async addMark(panel, open, changed) {
    await panel.context.ready;
    if (panel.isDisposed) return;
    const notify = (/** @type {string} */ sentence) =>
      this.front.apputils.Notification.warning(sentence, { autoClose: false });
    const arrived = () => panel === this.current && changed();
    const path = () => this.pathOf(panel);
    const mark = new SaveMark(this.front.api, path, { open, notify, arrived });
    this.marks.set(panel, mark);
    const { Widget } = this.front.widgets;
    const widget = new Widget({ node: document.createElement("div") });
    widget.node.append(mark.node);
    insert(panel.toolbar, "bookstore-mark", widget);
    panel.context.saveState.connect((_, state) => {
      if (state === "completed") mark.saved();
    });
    // Shared documents are saved by the server, which says so by their state alone.
    panel.context.model.stateChanged.connect((_, { name, newValue }) => {
      if (name === "dirty" && !newValue) mark.saved();
    });
    panel.context.pathChanged.connect(changed);
    panel.disposed.connect(() => mark.dispose());
    mark.ask();
  }

  /**
   * Save a notebook if it has changes that are not saved.
   * @param {NotebookPanel} panel
   */
  async save(panel) {
    if (panel.context.model.dirty) await panel.context.save();
  }

  /**
   * Show what the server has written to the file.
   * @param {NotebookPanel} panel
   */
  async reload(panel) {
    const { context } = panel;
    const isShared = context.model.collaborative;
    if (isShared) await this.share(context);
    await context.revert();
    if (isShared) await this.settle(context);
    this.marks.get(panel)?.saved();
  }

  /**
   * Put what the server has written to the file into the shared document.
   * @param {NotebookPanel["context"]} context
   */
  async share({ model, path }) {
    const wanted = { type: "notebook", format: "json", content: true, hash: true };
    const { content, hash } = await this.contents.get(path, /** @type {any} */ (wanted));
    model.fromJSON(content);
    // So that nobody else is asked what to do about a file that has changed.
    /** @type {any} */ (model.sharedModel).setState("hash", hash);
  }

  /**
   * Let the server find that the file has changed, and is as the shared document. Until
   * it does, it gives up what people type for what is in the file.
   * @param {NotebookPanel["context"]} context
   */
  async settle({ path }) {
    const wanted = { type: "notebook", format: "json", contentProviderId: "rtc" };
    try {
      await this.contents.save(path, /** @type {any} */ (wanted));
    } catch (error) {
      console.debug("bookstore:", error); // it is doing so already
    }
  }

  get contents() {
    return this.front.app.serviceManager.contents;
  }
}

/**
 * Insert a widget into a toolbar, before the kernel's name.
 * @param {NotebookPanel["toolbar"]} toolbar
 * @param {string} name
 * @param {import("@lumino/widgets").Widget} widget
 */
function insert(toolbar, name, widget) {
  const before = BEFORE.find((item) => [...toolbar.names()].includes(item));
  if (!before || !toolbar.insertBefore?.(before, name, widget)) toolbar.addItem(name, widget);
}
