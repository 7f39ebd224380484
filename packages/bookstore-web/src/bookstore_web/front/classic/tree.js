// Bookstore in the file lists of classic Notebook 6 and nbclassic: the history of the
// selected notebook, and what was deleted here or published.

import { BookstoreApi } from "../shared/api.js";
import { button, element } from "../shared/page.js";

/**
 * Add everything to the page of a folder.
 * @param {any} Jupyter the namespace of the page
 * @param {string} baseUrl
 */
export function start(Jupyter, baseUrl) {
  const api = new BookstoreApi(baseUrl);
  const list = Jupyter.notebook_list;
  addHistory(list, (path) => open(api.page("history", { path })));
  addMenu([
    ["Deleted and Moved Here…", () => open(api.page("", { shelf: "workspace", prefix: list.notebook_path }))],
    ["Open Published…", () => open(api.page("", { shelf: "published" }))],
  ]);
}

/**
 * Add a button that is there when one notebook is selected.
 * @param {any} list
 * @param {(path: string) => void} show
 */
function addHistory(list, show) {
  const control = button("History", () => show(list.selected[0].path));
  control.className = "btn btn-default btn-xs bookstore-selected";
  control.title = "Show the versions of the selected notebook";
  document.querySelector(".dynamic-buttons .rename-button")?.before(control, " ");
  const update = () => {
    const { selected } = list;
    control.style.display = selected.length === 1 && selected[0].type === "notebook" ? "inline-block" : "none";
  };
  // The list has updated what is selected when the click has been handled.
  document.addEventListener("click", () => setTimeout(update));
  update();
}

/** @param {[string, () => void][]} entries each a text and what to do */
function addMenu(entries) {
  const group = element("div", "btn-group");
  const toggle = button("Bookstore ", () => {});
  toggle.className = "btn btn-default btn-xs dropdown-toggle";
  toggle.dataset.toggle = "dropdown";
  toggle.setAttribute("aria-haspopup", "true");
  toggle.append(element("span", "caret"));
  const menu = element("ul", "dropdown-menu dropdown-menu-right");
  for (const [text, click] of entries) {
    const link = document.createElement("a");
    link.href = "#";
    link.textContent = text;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      click();
    });
    const item = document.createElement("li");
    item.append(link);
    menu.append(item);
  }
  group.append(toggle, menu);
  document.querySelector("#new-buttons")?.before(group, " ");
}

/** @param {string} url */
function open(url) {
  window.open(url, "_blank", "noopener");
}
