// The open notebooks: their save marks, and changing their content.

import { SaveMark } from "../shared/mark.js";
import { closeDialogs } from "../shared/page.js";
import { makeTools, nameTools } from "../shared/tools.js";
import { failUnsaved } from "../shared/words.js";

/** @typedef {import("./modules.js").Front} Front */
/** @typedef {import("@jupyterlab/notebook").NotebookPanel} NotebookPanel */

/** Where our part of the toolbar is: before the name of the kernel. */
const BEFORE = ["spacer", "kernelName"];

/** Saves one after the other: a kernel that is ready by then, or a person, changes it. */
const TRIES = 3;

/** Where our buttons are: after that which saves, as the end is cut off when it is narrow. */
const EARLY = ["insert", ...BEFORE];

export class Documents {
  /** @param {Front} front */
  constructor(front) {
    this.front = front;
    this.tracker = front.tracker;
    /** @type {WeakMap<NotebookPanel, SaveMark>} */
    this.marks = new WeakMap();
    /** @type {import("./status.js").StatusMark | null} */
    this.status = null;
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
   * Add a save mark and our buttons to each notebook that is open, or opened later.
   * @param {{history: () => void, publish: () => void}} tools called for clicks
   * @param {() => void} changed called after a save or a rename, and for another notebook
   */
  watch(tools, changed) {
    this.tracker.currentChanged.connect(() => this.showStatus());
    const add = (/** @type {NotebookPanel} */ panel) => this.addTools(panel, tools, changed);
    this.tracker.forEach(add);
    this.tracker.widgetAdded.connect((_, panel) => {
      add(panel);
    });
    this.tracker.currentChanged.connect(changed);
    changed();
  }

  /** Show the mark of the notebook in front in the status bar, where there is one. */
  showStatus() {
    this.status?.show(this.current ? this.marks.get(this.current) : undefined);
  }

  /**
   * @param {NotebookPanel} panel
   * @param {{history: () => void, publish: () => void}} tools
   * @param {() => void} changed
   */
  async addTools(panel, tools, changed) {
    await panel.context.ready;
    if (panel.isDisposed) return;
    /** @type {import("../shared/mark.js").Notify} */
    const notify = (sentence, tryNow) => this.notify(sentence, tryNow);
    const arrived = () => panel === this.current && changed();
    const path = () => this.pathOf(panel);
    const mark = new SaveMark(this.front.api, path, { open: tools.history, notify, arrived });
    this.marks.set(panel, mark);
    mark.changed = () => panel === this.current && this.showStatus();
    const buttons = makeTools(tools);
    nameTools(buttons, mark);
    this.insert(panel.toolbar, "bookstore-mark", mark.node);
    this.insert(panel.toolbar, "bookstore-history", buttons.history, EARLY);
    this.insert(panel.toolbar, "bookstore-publish", buttons.publish, EARLY);
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
   * Return a notebook, or if it was closed, what has been opened of the same path since;
   * fail if there is none.
   * @param {NotebookPanel | null} panel
   */
  again(panel) {
    if (panel && !panel.isDisposed) return panel;
    const path = panel && this.pathOf(panel);
    const found = this.tracker.find((open) => this.pathOf(open) === path);
    if (!found) throw new Error(`${path || "The notebook"} is no longer open. Open it, and try again.`);
    return found;
  }

  /**
   * Save a notebook if it has changes that are not saved; throw if it still has some.
   * @param {NotebookPanel} panel
   */
  async save({ context }) {
    const { model } = context;
    for (let tried = 0; model.dirty && tried < TRIES; tried += 1) {
      if (!(await this.saveOnce(context)) || model.collaborative) break;
    }
    // Shared documents are saved by the server, a moment later.
    if (model.dirty && !model.collaborative) failUnsaved();
  }

  /**
   * Save a notebook; return whether it was.
   * @param {NotebookPanel["context"]} context
   */
  async saveOnce(context) {
    const { widgetAdded } = this.front.apputils.Dialog.tracker;
    widgetAdded.connect(closeDialogs); // the front end's questions are below them
    try {
      await context.save();
      return true;
    } catch (error) {
      console.debug("bookstore:", error); // the front end has shown it, or asked about it
      return false;
    } finally {
      widgetAdded.disconnect(closeDialogs);
    }
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

  /**
   * Show a warning until it is closed; return what removes it.
   * @param {string} sentence
   * @param {() => Promise<void>} tryNow
   */
  notify(sentence, tryNow) {
    const { Dialog, Notification, showDialog } = this.front.apputils;
    const buttons = [Dialog.okButton({ label: "Close" })];
    const title = "Saves do not reach the store";
    // The front end cuts off what is long.
    const details = () => void showDialog({ title, body: sentence, buttons });
    const stay = (/** @type {() => void} */ act) => (/** @type {MouseEvent} */ event) => {
      event.preventDefault(); // it goes away when the saves have arrived
      act();
    };
    const actions = [
      { label: "Try now", callback: stay(tryNow) },
      { label: "Details", callback: stay(details) },
    ];
    const id = Notification.warning(sentence, { autoClose: false, actions });
    return () => Notification.dismiss(id);
  }

  /**
   * Insert a control into a toolbar, before the first of some items that it has.
   * @param {NotebookPanel["toolbar"]} toolbar
   * @param {string} name
   * @param {HTMLElement} control
   * @param {string[]} [items]
   */
  insert(toolbar, name, control, items = BEFORE) {
    const { Widget } = this.front.widgets;
    const widget = new Widget({ node: document.createElement("div") });
    widget.node.append(control);
    const before = items.find((item) => [...toolbar.names()].includes(item));
    if (!before || !toolbar.insertBefore?.(before, name, widget)) toolbar.addItem(name, widget);
  }
}
