// Checkpoints in classic and nbclassic: the last one in the header, and readable times.
//
// The page takes the first checkpoint of the server's list for the last one in its
// header, and the last one of the list elsewhere. Its menu shows no seconds, so that
// several versions read the same.

import { exactTime } from "../shared/words.js";

/** @typedef {{last_modified: string}} Checkpoint */

/**
 * @param {any} Jupyter
 * @param {any} events
 */
export function correctCheckpoints(Jupyter, events) {
  const correct = () => {
    /** @type {Checkpoint[]} */
    const checkpoints = Jupyter.notebook.checkpoints ?? [];
    if (!checkpoints.length) return;
    Jupyter.save_widget._set_last_checkpoint(checkpoints.reduce(later));
    showTimes(checkpoints);
  };
  events.on("checkpoints_listed.Notebook", correct);
  events.on("checkpoint_created.Notebook", correct);
  correct();
}

/**
 * @param {Checkpoint} one
 * @param {Checkpoint} other
 */
function later(one, other) {
  return Date.parse(other.last_modified) > Date.parse(one.last_modified) ? other : one;
}

/** @param {Checkpoint[]} checkpoints as the menu lists them */
function showTimes(checkpoints) {
  const links = document.querySelectorAll("#restore_checkpoint ul a");
  if (links.length !== checkpoints.length) return;
  links.forEach((link, index) => {
    link.textContent = exactTime(checkpoints[index].last_modified);
  });
}
