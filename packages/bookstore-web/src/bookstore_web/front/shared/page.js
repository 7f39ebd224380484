// What both extensions add to the page of a front end.

/** @param {string} url that of a style sheet */
export function addStyle(url) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = url;
  document.head.append(link);
}
