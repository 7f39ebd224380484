// The dialog with the history, which is loaded when it is first shown.

/** @typedef {import("./dialog.js").HistoryDialog} HistoryDialog */

export class LazyDialog {
  /**
   * @param {import("../shared/api.js").BookstoreApi} api
   * @param {any} notebook
   * @param {() => void} saved called when a restore has saved the notebook
   * @param {() => void} fail called when the dialog cannot be loaded
   */
  constructor(api, notebook, saved, fail) {
    this.fail = fail;
    this.make = async () => {
      const { HistoryDialog } = await import("./dialog.js");
      this.dialog = new HistoryDialog(api, notebook, saved);
      return this.dialog;
    };
    /** @type {HistoryDialog | null} */
    this.dialog = null;
    /** @type {Promise<HistoryDialog> | null} */
    this.made = null;
  }

  async show() {
    this.made ??= this.make();
    try {
      return (await this.made).show();
    } catch (error) {
      this.made = null; // tried again at the next click
      console.debug("bookstore:", error);
      this.fail();
    }
  }

  /** Ask for the versions again, if the dialog is open. */
  refresh() {
    this.dialog?.refresh();
  }
}
