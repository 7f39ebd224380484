// Bookstore in JupyterLab 4 and Notebook 7: the mark, the history and the commands.

import { BookstoreApi } from "../shared/api.js";
import { addStyle } from "../shared/page.js";
import { addCommands } from "./commands.js";
import { Documents } from "./documents.js";
import { service, sharedModule } from "./modules.js";
import { Sidebar } from "./sidebar.js";
import { StatusMark } from "./status.js";

const MODULES = [
  "@jupyterlab/notebook",
  "@jupyterlab/apputils",
  "@jupyterlab/mainmenu",
  "@jupyterlab/filebrowser",
  "@jupyterlab/launcher",
  "@jupyterlab/ui-components",
  "@lumino/widgets",
  "@jupyterlab/application",
  "@jupyterlab/statusbar",
];

/**
 * Add everything to the front end.
 * @param {import("@jupyterlab/application").JupyterFrontEnd} app
 * @param {any} scope its shared modules
 * @param {string} baseUrl
 */
export async function start(app, scope, baseUrl) {
  addStyle(new URL("../shared/style.css", import.meta.url).href);
  const [notebook, apputils, mainmenu, filebrowser, launchers, uiComponents, widgets, application, statusbar] =
    await Promise.all(MODULES.map((name) => sharedModule(scope, name)));
  const [tracker, palette, menu, files, launcher, labShell, bar] = await Promise.all([
    service(app, notebook, "INotebookTracker"),
    service(app, apputils, "ICommandPalette"),
    service(app, mainmenu, "IMainMenu"),
    service(app, filebrowser, "IFileBrowserFactory"),
    service(app, launchers, "ILauncher"),
    service(app, application, "ILabShell"),
    service(app, statusbar, "IStatusBar"),
  ]);
  if (!tracker) return; // a page without notebooks, such as a console
  const api = new BookstoreApi(baseUrl);
  /** @type {import("./modules.js").Front} */
  const front = { app, api, tracker, files, apputils, uiComponents, widgets, hasTabs: labShell !== null };
  const documents = new Documents(front);
  const sidebar = new Sidebar(front, documents);
  addCommands(front, { palette, menu, launcher, sidebar, documents });
  const tools = {
    history: () => app.commands.execute("bookstore:history"),
    publish: () => app.commands.execute("bookstore:publish"),
  };
  if (bar) documents.status = new StatusMark(front, bar, tools.history);
  documents.watch(tools, () => sidebar.follow());
}
