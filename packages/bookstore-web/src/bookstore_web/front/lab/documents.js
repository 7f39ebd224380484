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
    return this.front.app.serviceManager.contents.localPath(panel.context.path);
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
    await panel.context.revert();
    this.marks.get(panel)?.saved();
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
