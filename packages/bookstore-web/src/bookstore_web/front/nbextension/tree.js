// The entry of our extension for the file lists of classic Notebook 6 and nbclassic, an
// AMD module. It loads the rest from our own routes.
"use strict";

define(["base/js/namespace"], (Jupyter) => ({
  load_ipython_extension() {
    const { baseUrl } = document.body.dataset;
    import(`${baseUrl}bookstore/front/classic/tree.js`)
      .then(({ start }) => start(Jupyter, baseUrl))
      .catch((error) => console.warn("bookstore is not available:", error));
  },
}));
