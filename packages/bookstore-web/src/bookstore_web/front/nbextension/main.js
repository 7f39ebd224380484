// The entry of our extension for classic Notebook 6 and nbclassic, an AMD module. It
// loads the rest from our own routes, so that the files are those of the running server.
"use strict";

define(["base/js/namespace", "base/js/events"], (Jupyter, events) => ({
  load_ipython_extension() {
    const { baseUrl } = document.body.dataset;
    import(`${baseUrl}bookstore/front/classic/extension.js`)
      .then(({ start }) => start(Jupyter, events, baseUrl))
      .catch((error) => console.warn("bookstore is not available:", error));
  },
}));
