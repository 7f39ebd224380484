// One version of a notebook, shown without restoring it, or compared with what is open.

import { button, disableRunning, element, running } from "./page.js";
import { answerParts } from "./parts.js";
import { exactTime, sayRun } from "./words.js";

/** @typedef {import("./api.js").BookstoreApi} BookstoreApi */
/** @typedef {import("./api.js").Version} Version */

/**
 * What the frame may do. It never has our origin, so that no script of a notebook has it;
 * the policy that comes with the content decides whether scripts of the product run.
 */
const SANDBOX = "allow-scripts allow-popups allow-popups-to-escape-sandbox";

/**
 * What a front end does for a preview.
 * @typedef {{
 *   path: () => string,
 *   save: () => Promise<void>,
 *   step: (by: number) => void,
 *   restore: (version: Version) => void,
 *   copy: (version: Version) => void,
 *   close: () => void,
 * }} Calls `save` saves what is open if it has changes, `step` goes to the next version
 */

export class Preview {
  /**
   * @param {BookstoreApi} api
   * @param {Calls} calls
   */
  constructor(api, calls) {
    this.api = api;
    this.calls = calls;
    /** @type {Version | null} */
    this.version = null;
    this.isCompared = false;
    this.asked = 0;
    this.node = element("section", "bookstore-preview");
    this.node.setAttribute("aria-label", "Preview of a version");
    this.title = element("h2", "");
    this.title.setAttribute("role", "status");
    this.about = element("p", "bookstore-about");
    this.compare = button("Compare with what is open", () => this.toggle());
    this.body = element("div", "bookstore-frame");
    this.node.append(this.title, this.about, this.bar(), this.body);
    answerParts(this.body);
  }

  bar() {
    const act = (/** @type {(version: Version) => void} */ call) => () => {
      if (this.version) call(this.version);
    };
    const newer = button("Newer", () => this.calls.step(-1));
    const older = button("Older", () => this.calls.step(1));
    newer.title = "Newer version (K or ↑ in the list)";
    older.title = "Older version (J or ↓ in the list)";
    const bar = element("div", "bookstore-bar");
    bar.append(
      newer,
      older,
      this.compare,
      running(button("Restore", act(this.calls.restore)), false),
      running(button("Restore as a copy", act(this.calls.copy)), false),
      button("Close the preview", () => this.calls.close()),
    );
    return bar;
  }

  /**
   * Show a version, or compare it with what is open.
   * @param {Version} version
   * @param {boolean} [isCompared]
   */
  async show(version, isCompared = false) {
    const asked = ++this.asked;
    this.version = version;
    this.isCompared = isCompared;
    this.title.textContent = `${this.calls.path()}: version of ${exactTime(version.saved_at)}`;
    this.about.textContent = [version.author, version.label?.name, version.run && sayRun(version.run, 1000)].filter(Boolean).join(" · ");
    this.compare.textContent = isCompared ? "Show the version" : "Compare with what is open";
    const waiting = element("p", "bookstore-waiting", "Loading…");
    this.body.replaceChildren(waiting);
    try {
      if (isCompared) await this.calls.save();
    } catch (error) {
      if (asked === this.asked) this.fail(error);
      return;
    }
    if (asked !== this.asked) return; // another version is shown meanwhile
    await this.load(isCompared ? this.changes(version) : this.content(version), waiting);
  }

  /** @param {unknown} error */
  fail(error) {
    const said = element("p", "", error instanceof Error ? error.message : String(error));
    said.setAttribute("role", "alert");
    this.body.replaceChildren(said);
  }

  /**
   * @param {{url: string, node: HTMLIFrameElement}} frame
   * @param {HTMLElement} waiting shown until then
   */
  async load({ url, node }, waiting) {
    const { asked } = this;
    node.addEventListener("load", () => waiting.remove());
    await this.api.settled(url);
    if (asked !== this.asked) return;
    node.src = url;
    this.body.append(node);
  }

  /** @param {boolean} isBusy whether a version is being restored, and the like */
  setBusy(isBusy) {
    disableRunning(this.node, isBusy);
  }

  toggle() {
    if (this.version) this.show(this.version, !this.isCompared);
  }

  /** @param {Version} version */
  content({ path, version_id, saved_at }) {
    const url = this.api.page("view/content", { path, version_id });
    const shown = frame(url, `${path}, ${exactTime(saved_at)}`);
    shown.node.setAttribute("sandbox", SANDBOX);
    return shown;
  }

  /**
   * Return a frame with our own page of changes, which confines what notebooks contain.
   * @param {Version} version
   */
  changes({ path: base_path, version_id: base, saved_at }) {
    const query = { path: this.calls.path(), base, base_path, remote: "file" };
    return frame(this.api.page("diff", query), `Changes since ${exactTime(saved_at)}`);
  }
}

/**
 * @param {string} url
 * @param {string} title
 */
function frame(url, title) {
  const node = document.createElement("iframe");
  node.title = title;
  return { url, node };
}
