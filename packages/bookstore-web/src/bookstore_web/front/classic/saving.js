// Saving a notebook, and knowing whether it is saved.

import { failUnsaved } from "../shared/words.js";

/**
 * Save a notebook if it has changes; throw if it still has some.
 * @param {any} notebook
 */
export async function saveNotebook(notebook) {
  if (!notebook.dirty) return;
  await notebook.save_notebook();
  if (notebook.dirty) failUnsaved();
}

/**
 * Save a notebook like this, after people have answered what the page asks about it.
 * @param {any} notebook
 */
export async function saveAfterQuestion(notebook) {
  if (!notebook.dirty) return;
  await notebook.save_notebook();
  // Done already while the page asks whether to write over a file that has changed.
  const question = notebook._changed_on_disk_dialog;
  if (notebook.dirty && question?.data("bs.modal")?.isShown) await answered(notebook, question);
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
