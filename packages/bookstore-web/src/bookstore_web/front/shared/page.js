// What both extensions add to the page of a front end.

/** @param {string} url that of a style sheet */
export function addStyle(url) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = url;
  document.head.append(link);
}

/**
 * @param {string} tag
 * @param {string} name the class
 * @param {string} [text]
 */
export function element(tag, name, text = "") {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.textContent = text;
  return node;
}

/**
 * @param {string} text
 * @param {() => void} click
 */
export function button(text, click) {
  const node = document.createElement("button");
  node.type = "button";
  node.textContent = text;
  node.addEventListener("click", click);
  return node;
}

/**
 * Fill a part of the page. If the focus was on what goes away, the part gets it.
 * @param {HTMLElement} part
 * @param {(string | Node)[]} content
 */
export function fill(part, ...content) {
  fillIn(part, part, ...content);
}

/**
 * Fill a part of the page. If the focus was on what goes away, `home` gets it.
 * @param {HTMLElement} home
 * @param {HTMLElement} part
 * @param {(string | Node)[]} content
 */
export function fillIn(home, part, ...content) {
  const hadFocus = part.contains(document.activeElement);
  part.replaceChildren(...content);
  if (!hadFocus) return;
  home.tabIndex = -1;
  home.focus({ preventScroll: true });
}

/**
 * Mark a button as one that does nothing while something is done.
 * @param {HTMLButtonElement} made
 * @param {boolean} isBusy whether something is done now
 */
export function running(made, isBusy) {
  made.classList.add("bookstore-runs");
  made.setAttribute("aria-disabled", String(isBusy));
  return made;
}

/**
 * Show whether such buttons do something now. They keep the focus.
 * @param {HTMLElement} node what contains them
 * @param {boolean} isBusy
 */
export function disableRunning(node, isBusy) {
  for (const made of node.querySelectorAll(".bookstore-runs")) {
    made.setAttribute("aria-disabled", String(isBusy));
  }
}

/**
 * Return a dialog whose keys are not commands of the notebook below it.
 * @param {string} label
 */
export function makeDialog(label) {
  const node = /** @type {HTMLDialogElement} */ (element("dialog", "bookstore-dialog"));
  node.setAttribute("aria-label", label);
  node.addEventListener("keydown", (event) => event.stopPropagation());
  return node;
}

/** Close all of our dialogs, so that people can answer what the front end asks. */
export function closeDialogs() {
  /** @type {NodeListOf<HTMLDialogElement>} */
  const open = document.querySelectorAll("dialog.bookstore-dialog[open]");
  for (const dialog of open) dialog.close();
}

/**
 * Show a dialog. When the button with the focus goes away, keys belong to the page.
 * @param {HTMLDialogElement} dialog
 */
export function showDialog(dialog) {
  const guard = (/** @type {KeyboardEvent} */ event) => {
    if (!dialog.contains(/** @type {Node} */ (event.target))) event.stopImmediatePropagation();
  };
  window.addEventListener("keydown", guard, true);
  dialog.addEventListener("close", () => window.removeEventListener("keydown", guard, true), { once: true });
  dialog.showModal();
}
