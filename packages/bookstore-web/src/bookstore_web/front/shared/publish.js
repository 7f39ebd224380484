// The dialog that publishes a notebook and shows the link to it.

import { button, element } from "./page.js";
import { linkLine, reachOf } from "./links.js";
import { exactTime } from "./words.js";

/** @typedef {import("./api.js").BookstoreApi} BookstoreApi */

/**
 * Show the dialog.
 * @param {BookstoreApi} api
 * @param {string} path the notebook's path, suggested as that of the publication
 * @param {() => Promise<object>} content saves the notebook and returns its JSON
 */
export async function showPublish(api, path, content) {
  const dialog = /** @type {HTMLDialogElement} */ (element("dialog", "bookstore-dialog"));
  dialog.setAttribute("aria-label", "Publish this notebook");
  // Keys in the dialog are not commands of the notebook.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => dialog.remove());
  const form = document.createElement("form");
  const field = document.createElement("input");
  field.value = path;
  field.required = true;
  const label = element("label", "", "Published as");
  label.append(field);
  const note = element("p", "bookstore-notice");
  note.setAttribute("role", "status");
  const send = button("Publish", () => {});
  send.type = "submit";
  const close = button("Close", () => dialog.close());
  form.append(element("h2", "", "Publish this notebook"), label, note, send, close);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    note.textContent = "Publishing…";
    try {
      await publish(api, field.value, await content(), form, note);
      send.hidden = true;
      field.readOnly = true;
    } catch (error) {
      note.textContent = error instanceof Error ? error.message : String(error);
    }
    send.disabled = false;
  });
  field.addEventListener("change", () => warn(api, field.value, note));
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  await warn(api, path, note);
}

/**
 * @param {BookstoreApi} api
 * @param {string} path
 * @param {object} content
 * @param {HTMLElement} form
 * @param {HTMLElement} note
 */
async function publish(api, path, content, form, note) {
  const { versionID } = await api.publish(path, { type: "notebook", content });
  const links = await api.links({ path, version_id: versionID, shelf: "published" });
  note.textContent = `It is published. ${reachOf(links)}`.trim();
  note.after(
    linkLine("Link to this version", links.url),
    linkLine("Link that always opens the newest", links.newest_url),
  );
}

/**
 * Warn if something is published under this path already.
 * @param {BookstoreApi} api
 * @param {string} path
 * @param {HTMLElement} note
 */
async function warn(api, path, note) {
  note.textContent = "";
  try {
    const { versions } = await api.versions(path, { limit: 1, shelf: "published" });
    const [newest] = versions;
    if (!newest || newest.deleted) return;
    const author = newest.author ? ` by ${newest.author}` : "";
    note.textContent =
      `A notebook was published here${author} on ${exactTime(newest.saved_at)}. ` +
      "Publishing makes a new version of it.";
  } catch (error) {
    // 404: nothing was published here. Other failures are shown when publishing fails.
    if (/** @type {any} */ (error).status !== 404) console.debug("bookstore:", error);
  }
}
