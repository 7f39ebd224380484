// Saving a notebook, and knowing whether it is saved.

import { failUnsaved } from "../shared/words.js";

/** Saves one after the other: a kernel that is ready by then, or a person, changes it. */
const TRIES = 3;

/**
 * Save a notebook if it has changes, after people have answered what the page asks about
 * it; throw if it still has some.
 * @param {any} notebook
 * @param {() => void} asked called when the page asks
 */
export async function saveNotebook(notebook, asked = () => {}) {
  for (let tried = 0; notebook.dirty && tried < TRIES; tried += 1) {
    if (!(await saveOnce(notebook, asked))) break;
  }
  if (notebook.dirty) failUnsaved();
}

/**
 * Save a notebook; return whether it was.
 * @param {any} notebook
 * @param {() => void} asked
 */
async function saveOnce(notebook, asked) {
  if (await notebook.save_notebook()) return true;
  // Done already while the page asks whether to write over a file that has changed.
  const question = notebook._changed_on_disk_dialog;
  if (!question?.data("bs.modal")?.isShown) return false;
  asked();
  return answered(notebook, question);
}

/**
 * Wait until a question is answered, and until what the answer starts is done; return
 * whether that was a save.
 * @param {any} notebook
 * @param {any} question
 */
async function answered(notebook, question) {
  let isSaved = Promise.resolve(false);
  const saved = () => {
    isSaved = new Promise((done) => {
      notebook.events.one("notebook_saved.Notebook", () => done(true));
      notebook.events.one("notebook_save_failed.Notebook", () => done(false));
    });
  };
  question.find(".save-confirm-btn").one("click", saved);
  await new Promise((done) => question.one("hidden.bs.modal", done));
  return isSaved;
}
