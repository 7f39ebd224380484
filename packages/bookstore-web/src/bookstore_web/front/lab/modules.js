// The modules of JupyterLab or Notebook that the front end shares with its extensions.

/**
 * The parts of the front end that our modules use, from the modules that it shares.
 * @typedef {{
 *   app: import("@jupyterlab/application").JupyterFrontEnd,
 *   api: import("../shared/api.js").BookstoreApi,
 *   tracker: import("@jupyterlab/notebook").INotebookTracker,
 *   files: import("@jupyterlab/filebrowser").IFileBrowserFactory | null,
 *   apputils: typeof import("@jupyterlab/apputils"),
 *   uiComponents: typeof import("@jupyterlab/ui-components"),
 *   widgets: typeof import("@lumino/widgets"),
 *   hasTabs: boolean,
 * }} Front
 */

/**
 * Return a shared module, such as "@jupyterlab/notebook"; null if the front end has none.
 * @param {any} scope what webpack's module federation shares
 * @param {string} name
 * @returns {Promise<any>}
 */
export async function sharedModule(scope, name) {
  const versions = Object.values(scope[name] ?? {});
  // One that is loaded is the one that the front end itself uses.
  const chosen = versions.find((version) => version.loaded) ?? versions[0];
  if (!chosen) return null;
  const factory = await chosen.get();
  return factory();
}

/**
 * Return a service of the front end; null if it has none of this kind.
 * @param {import("@jupyterlab/application").JupyterFrontEnd} app
 * @param {any} module
 * @param {string} token the name of the token in the module
 * @returns {Promise<any>}
 */
export function service(app, module, token) {
  return module?.[token] ? app.resolveOptionalService(module[token]) : Promise.resolve(null);
}

/** The width of a window, in pixels, below which there is no room for two side by side. */
const NARROW = 700;

/**
 * Return whether the window is narrow. Make room then: JupyterLab's files at the left leave
 * none.
 * @param {Front} front
 */
export function makeRoom({ app }) {
  const isNarrow = window.innerWidth < NARROW;
  if (isNarrow && "collapseLeft" in app.shell) /** @type {any} */ (app.shell).collapseLeft();
  return isNarrow;
}
