// Saving a notebook, and knowing whether it is saved.

import { failUnsaved } from "../shared/words.js";

/**
 * Save a notebook if it has changes, after people have answered what the page asks about
 * it; throw if it still has some.
 * @param {any} notebook
 * @param {() => void} asked called when the page asks
 */
export async function saveNotebook(notebook, asked = () => {}) {
  if (!notebook.dirty) return;
  await notebook.save_notebook();
  // Done already while the page asks whether to write over a file that has changed.
  const question = notebook._changed_on_disk_dialog;
  if (notebook.dirty && question?.data("bs.modal")?.isShown) {
    asked();
    await answered(notebook, question);
  }
  if (notebook.dirty) failUnsaved();
}

/**
 * Wait until a question is answered, and until what the answer starts is done.
 * @param {any} notebook
 * @param {any} question
 */
async function answered(notebook, question) {
  let isDone = Promise.resolve();
  const saved = () => {
    isDone = new Promise((done) => {
      for (const end of ["notebook_saved", "notebook_save_failed"]) {
        notebook.events.one(`${end}.Notebook`, () => done());
      }
    });
  };
  question.find(".save-confirm-btn").one("click", saved);
  await new Promise((done) => question.one("hidden.bs.modal", done));
  await isDone;
}
