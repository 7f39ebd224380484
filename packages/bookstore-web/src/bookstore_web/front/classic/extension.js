// Bookstore in classic Notebook 6 and nbclassic: the mark, the history and the menu.

import { BookstoreApi } from "../shared/api.js";
import { SaveMark } from "../shared/mark.js";
import { addStyle, button } from "../shared/page.js";
import { nameTools } from "../shared/tools.js";
import { NOT_LOADED } from "../shared/words.js";
import { correctCheckpoints } from "./checkpoints.js";
import { LazyDialog } from "./lazy_dialog.js";
import { saveNotebook } from "./saving.js";

/**
 * Add everything to the page of a notebook.
 * @param {any} Jupyter the namespace of the page
 * @param {any} events its events
 * @param {string} baseUrl
 */
export function start(Jupyter, events, baseUrl) {
  addStyle(new URL("../shared/style.css", import.meta.url).href);
  const api = new BookstoreApi(baseUrl);
  const { notebook } = Jupyter;
  const fail = () => warn(events, NOT_LOADED);
  const dialog = new LazyDialog(api, notebook, () => mark.saved(), fail);
  const mark = addMark(api, notebook, events, dialog);
  const show = { history: () => dialog.show(), publish: () => publish(api, notebook, fail) };
  nameTools(addButtons(Jupyter, show), mark);
  correctCheckpoints(Jupyter, events);
  addMenuEntries([
    ["bookstore_history", "History…", show.history],
    ["bookstore_publish", "Publish and Share…", show.publish],
    ["bookstore_deleted", "Deleted and Moved Here…", () => open(folderPage(api, notebook))],
    ["bookstore_library", "Open Published…", () => open(api.page("", { shelf: "published" }))],
  ]);
}

/**
 * @param {BookstoreApi} api
 * @param {any} notebook
 * @param {() => void} fail called when the dialog cannot be loaded
 */
async function publish(api, notebook, fail) {
  const loaded = await import("../shared/publish.js").catch(() => null);
  if (!loaded) return fail();
  return loaded.showPublish(api, {
    path: notebook.notebook_path,
    save: () => saveNotebook(notebook),
    content: () => notebook.toJSON(),
  });
}

/**
 * Return the page of the folder that contains the notebook.
 * @param {BookstoreApi} api
 * @param {any} notebook
 */
function folderPage(api, notebook) {
  const prefix = notebook.notebook_path.split("/").slice(0, -1).join("/");
  return api.page("", { shelf: "workspace", prefix });
}

/** @param {string} url */
function open(url) {
  window.open(url, "_blank", "noopener");
}

/**
 * @param {BookstoreApi} api
 * @param {any} notebook
 * @param {any} events
 * @param {LazyDialog} dialog
 */
function addMark(api, notebook, events, dialog) {
  const mark = new SaveMark(api, () => notebook.notebook_path, {
    open: () => dialog.show(),
    notify: (sentence, tryNow) => warn(events, sentence, tryNow),
    arrived: () => dialog.refresh(),
  });
  document.querySelector("#save_widget")?.append(mark.node);
  events.on("notebook_saved.Notebook", () => mark.saved());
  events.on("notebook_renamed.Notebook", () => mark.saved());
  mark.ask();
  return mark;
}

/**
 * Show a warning above the notebook until it is closed; return what removes it.
 * @param {any} events
 * @param {string} sentence
 * @param {() => Promise<void>} [tryNow]
 */
function warn(events, sentence, tryNow) {
  // The notebook has the room that the header leaves.
  const resize = () => events.trigger("resize-header.Page");
  const close = () => {
    bar.remove();
    resize();
  };
  const bar = document.createElement("div");
  bar.className = "bookstore-warning";
  bar.setAttribute("role", "alert");
  bar.append(sentence);
  if (tryNow) bar.append(button("Try now", tryNow));
  bar.append(button("Close", close));
  document.querySelector("#header")?.append(bar);
  resize();
  return close;
}

/**
 * Add our buttons to the toolbar, and a shortcut for the history.
 * @param {any} Jupyter
 * @param {{history: () => void, publish: () => void}} calls
 */
function addButtons(Jupyter, { history, publish }) {
  const { actions } = Jupyter.keyboard_manager;
  const names = [
    actions.register({ icon: "fa-history", help: "history", handler: history }, "history", "bookstore"),
    actions.register({ icon: "fa-share-alt", help: "publish", handler: publish }, "publish", "bookstore"),
  ];
  Jupyter.toolbar.add_buttons_group(names);
  for (const shortcuts of ["command_shortcuts", "edit_shortcuts"]) {
    Jupyter.keyboard_manager[shortcuts].add_shortcut("cmdtrl-alt-h", names[0]);
  }
  const [first, second] = names.map(
    (name) => /** @type {HTMLElement} */ (document.querySelector(`[data-jupyter-action="${name}"]`)),
  );
  return { history: first, publish: second };
}

/** @param {[string, string, () => void][]} entries each an id, a text and what to do */
function addMenuEntries(entries) {
  const before = document.querySelector("#file_menu #restore_checkpoint");
  for (const [id, text, click] of entries) {
    const item = document.createElement("li");
    item.id = id;
    const link = document.createElement("a");
    link.href = "#";
    link.textContent = text;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      click();
    });
    item.append(link);
    before?.before(item);
  }
}
