// The commands, and where people find them: palette, menus and a shortcut.

import { SHELF_ICON } from "../shared/tools.js";
import { NOT_LOADED } from "../shared/words.js";

const CATEGORY = "Bookstore";

/** The context menu of notebooks in file browsers. */
const NOTEBOOKS = '.jp-DirListing-item[data-file-type="notebook"]';

/** The context menu of the folder that a file browser shows. */
const FOLDER = ".jp-DirListing-content";

/**
 * @typedef {import("./modules.js").Front} Front
 * @typedef {{
 *   palette: import("@jupyterlab/apputils").ICommandPalette | null,
 *   menu: import("@jupyterlab/mainmenu").IMainMenu | null,
 *   launcher: import("@jupyterlab/launcher").ILauncher | null,
 *   sidebar: import("./sidebar.js").Sidebar,
 *   documents: import("./documents.js").Documents,
 * }} Parts
 */

/**
 * @param {Front} front
 * @param {Parts} parts
 */
export function addCommands(front, { palette, menu, launcher, sidebar, documents }) {
  const { app, api } = front;
  const { commands } = app;
  const icon = iconOf(front);
  const hasNotebook = () => documents.current !== null;
  commands.addCommand("bookstore:history", {
    label: "History of This Notebook",
    caption: "Show the versions of the notebook in front",
    isEnabled: hasNotebook,
    execute: () => sidebar.show(),
  });
  commands.addCommand("bookstore:file-history", {
    label: "History",
    caption: "Show the versions of this notebook",
    execute: () => openPage(api.page("history", { path: selectedPath(front) })),
  });
  commands.addCommand("bookstore:deleted", {
    label: "Deleted and Moved Here…",
    caption: "Show the notebooks with versions that are no longer in this folder",
    execute: () => openPage(api.page("", { shelf: "workspace", prefix: folderOf(front) })),
  });
  commands.addCommand("bookstore:library", {
    label: "Open Published…",
    caption: "Browse the notebooks that others have published",
    icon: ({ isLauncher }) => (isLauncher ? icon : undefined),
    execute: () => openPage(api.page("", { shelf: "published" })),
  });
  commands.addCommand("bookstore:publish", {
    label: "Publish and Share…",
    caption: "Publish the notebook in front, and get a link to it",
    isEnabled: hasNotebook,
    execute: async () => {
      const notebook = documents.current;
      if (!notebook) return;
      const loaded = await import("../shared/publish.js").catch(() => null);
      if (!loaded) return void front.apputils.Notification.error(NOT_LOADED, { autoClose: 10_000 });
      return loaded.showPublish(api, {
        path: documents.pathOf(notebook),
        save: () => documents.save(notebook),
        content: () => notebook.context.model.toJSON(),
      });
    },
  });
  commands.addKeyBinding({ command: "bookstore:history", keys: ["Accel Alt H"], selector: "body" });
  const listed = ["bookstore:history", "bookstore:publish", "bookstore:library", "bookstore:deleted"];
  for (const command of listed) palette?.addItem({ command, category: CATEGORY });
  menu?.fileMenu.addGroup(listed.map((command) => ({ command })), 50);
  launcher?.add({ command: "bookstore:library", args: { isLauncher: true }, category: "Other", rank: 10 });
  app.contextMenu.addItem({ command: "bookstore:deleted", selector: FOLDER, rank: 40 });
  app.contextMenu.addItem({ command: "bookstore:file-history", selector: NOTEBOOKS, rank: 40 });
}

/**
 * Return the icon of what others have published.
 * @param {Front} front
 */
function iconOf({ uiComponents }) {
  const { LabIcon } = uiComponents ?? {};
  return LabIcon && new LabIcon({ name: "bookstore:library", svgstr: SHELF_ICON });
}

/**
 * Return the path of the folder that the file browser shows.
 * @param {Front} front
 */
function folderOf(front) {
  const browser = front.files?.tracker.currentWidget;
  return browser ? front.app.serviceManager.contents.localPath(browser.model.path) : "";
}

/** @param {string} url */
function openPage(url) {
  window.open(url, "_blank", "noopener");
}

/**
 * Return the path of the notebook that is selected in the file browser; empty if none.
 * @param {Front} front
 */
function selectedPath(front) {
  const [item] = front.files?.tracker.currentWidget?.selectedItems() ?? [];
  return item ? front.app.serviceManager.contents.localPath(item.path) : "";
}
