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
