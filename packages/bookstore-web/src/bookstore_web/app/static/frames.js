// Frames that show versions: as high as their content, so that the page scrolls as one;
// with the parts that they ask for when these are scrolled to.
//
// A frame has no origin, and what it shows is of others. It is asked for nothing but its
// height, a place to scroll to, and numbers of cells; each message is known by its window.
"use strict";

const HIGHEST = 200_000;
/** Seconds between questions to a frame, and how many it may leave unanswered. */
const PING_SECONDS = 5;
const MOST_PINGS = 6;
/** Changes of height in a second: a document may grow with its frame, without end. */
const MOST_CHANGES = 40;

/** @type {Map<Window, Frame>} */
const frames = new Map();

class Frame {
  constructor(element) {
    this.element = element;
    this.changes = 0;
    this.second = 0;
    this.pings = 0;
    this.hasScripts = false;
  }

  height({ height }) {
    this.hasScripts = true;
    const second = Math.floor(performance.now() / 1000);
    this.changes = second === this.second ? this.changes + 1 : 0;
    this.second = second;
    if (!Number.isFinite(height) || this.changes > MOST_CHANGES) return;
    const most = Number(this.element.dataset.most) || HIGHEST;
    this.element.style.height = `${Math.min(Math.max(height, 40), most)}px`;
  }

  scroll({ top }) {
    if (!Number.isFinite(top)) return;
    const begin = this.element.getBoundingClientRect().top + scrollY;
    scrollTo({ top: begin + Math.min(Math.max(top, 0), HIGHEST) - 12 });
  }

  async part({ cell, from }) {
    const [name, index] = cell === undefined ? ["from", from] : ["cell", cell];
    if (!Number.isInteger(index) || index < 0) return;
    const url = new URL(this.element.src);
    url.searchParams.delete("cell");
    url.searchParams.set(name, String(index));
    try {
      // A redirect leads to the login page.
      const answer = await fetch(url, { redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      this.send({ kind: "part", [name]: index, document: await answer.text() });
    } catch {
      this.send({ kind: "miss", [name]: index, sentence: "This part could not be loaded." });
    }
  }

  pong() {
    this.pings = 0;
  }

  /** Ask whether the document still answers; if not, show it without its scripts. */
  ping() {
    if (!this.hasScripts || document.hidden) return;
    if (this.pings < MOST_PINGS) {
      this.pings += 1;
      this.send({ kind: "ping" });
      return;
    }
    const sandbox = this.element.getAttribute("sandbox") ?? "";
    const plain = this.element.cloneNode();
    plain.setAttribute("sandbox", sandbox.replace("allow-scripts", "").trim());
    plain.style.height = "";
    const note = document.createElement("p");
    note.className = "notice";
    note.setAttribute("role", "status");
    note.textContent = "What is drawn in this notebook takes too long, so it is shown without it.";
    this.element.replaceWith(note, plain);
  }

  get window() {
    return this.element.contentWindow;
  }

  send(message) {
    // Whoever is in the frame has no origin that could be named.
    this.window?.postMessage({ bookstore: message }, "*");
  }
}

const KINDS = new Set(["height", "scroll", "part", "pong"]);

function watchFrame(element) {
  if (element.contentWindow) frames.set(element.contentWindow, new Frame(element));
}

addEventListener("message", ({ source, data }) => {
  const message = data?.bookstore;
  if (!KINDS.has(message?.kind)) return;
  let frame = frames.get(source);
  if (!frame) {
    const element = [...document.querySelectorAll("iframe[sandbox]")].find(
      (known) => known.contentWindow === source,
    );
    if (!element) return;
    watchFrame(element);
    frame = frames.get(source);
  }
  frame[message.kind](message);
});

setInterval(() => {
  for (const [window, frame] of frames) {
    if (frame.element.isConnected) frame.ping();
    else frames.delete(window); // another version is shown in its place
  }
}, PING_SECONDS * 1000);
