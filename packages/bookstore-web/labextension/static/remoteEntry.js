// The entry of our extension for JupyterLab 4 and Notebook 7, written by hand.
//
// The front end calls `init` with the modules that it shares, then `get` for the plugin.
// The plugin loads the rest from our own routes after the front end has started, so that
// it does not delay the start, and the files are those of the running server.
"use strict";

(() => {
  let scope;

  const plugin = {
    id: "bookstore:plugin",
    description: "History, publishing and the state of saves of notebooks.",
    autoStart: true,
    activate(app) {
      const config = document.getElementById("jupyter-config-data").textContent;
      const { baseUrl } = JSON.parse(config);
      app.restored
        .then(() => import(`${baseUrl}bookstore/front/lab/extension.js`))
        .then(({ start }) => start(app, scope, baseUrl))
        .catch((error) => console.warn("bookstore is not available:", error));
    },
  };

  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB.bookstore = {
    init(shared) {
      scope = shared;
    },
    async get() {
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
