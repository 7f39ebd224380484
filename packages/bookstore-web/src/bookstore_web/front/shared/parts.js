// The parts of a version that its frame asks for when they are scrolled to, as on the pages.
//
// The frame has no origin, and what it shows is of others: it is asked for numbers of cells
// alone, and is known by its window.

/**
 * Answer the frames that show versions inside a node.
 * @param {HTMLElement} body
 */
export function answerParts(body) {
  addEventListener("message", ({ source, data }) => {
    const message = data?.bookstore;
    const frame = body.querySelector("iframe");
    if (message?.kind === "part" && frame?.contentWindow && frame.contentWindow === source) {
      answer(frame, message);
    }
  });
}

/**
 * @param {HTMLIFrameElement} frame
 * @param {{cell?: unknown, from?: unknown}} message
 */
async function answer(frame, { cell, from }) {
  const [name, index] = cell === undefined ? ["from", from] : ["cell", cell];
  if (typeof index !== "number" || !Number.isInteger(index) || index < 0) return;
  const url = new URL(frame.src);
  url.searchParams.set(name, String(index));
  const part = await load(url);
  const found = part === null ? { kind: "miss", sentence: "This part could not be loaded." } : { kind: "part", document: part };
  // Whoever is in the frame has no origin that could be named.
  frame.contentWindow?.postMessage({ bookstore: { ...found, [name]: index } }, "*");
}

/**
 * Return a document; null if it cannot be had.
 * @param {URL} url
 */
async function load(url) {
  try {
    const found = await fetch(url, { redirect: "error" }); // a redirect leads to the login
    return found.ok ? await found.text() : null;
  } catch {
    return null;
  }
}
