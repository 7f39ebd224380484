// What changed in each version of a list: asked for the rows that are in sight, two at a time.

/** @typedef {import("./api.js").BookstoreApi} BookstoreApi */
/** @typedef {import("./api.js").Version} Version */

const AT_ONCE = 2;

export class Changes {
  /** @param {BookstoreApi} api */
  constructor(api) {
    this.api = api;
    /**
     * The sentence for each id of a version.
     * @type {Map<string, string>}
     */
    this.known = new Map();
    /** @type {Map<Element, Version>} */
    this.rows = new Map();
    /** @type {Set<Element>} */
    this.seen = new Set();
    this.asking = 0;
    this.observer = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting) this.seen.add(target);
        else this.seen.delete(target); // scrolled out of sight, or gone
      }
      this.askNext();
    });
  }

  /** Forget the rows, because they are replaced. */
  reset() {
    this.observer.disconnect();
    this.rows.clear();
    this.seen.clear();
  }

  /**
   * @param {Element} row it has an element of the class bookstore-changes
   * @param {Version} version
   */
  add(row, version) {
    const sentence = this.known.get(version.version_id);
    if (sentence !== undefined) {
      write(row, sentence);
      return;
    }
    this.rows.set(row, version);
    this.observer.observe(row);
  }

  askNext() {
    while (this.asking < AT_ONCE && this.seen.size) {
      const [row] = this.seen;
      this.seen.delete(row);
      this.observer.unobserve(row);
      const version = this.rows.get(row);
      if (!version) continue;
      this.asking += 1;
      this.ask(row, version).finally(() => {
        this.asking -= 1;
        this.askNext();
      });
    }
  }

  /**
   * @param {Element} row
   * @param {Version} version
   */
  async ask(row, version) {
    try {
      const sentence = await this.api.changes(version);
      this.known.set(version.version_id, sentence);
      write(row, sentence);
    } catch {
      // The list itself says when the store cannot be read.
    }
  }
}

/**
 * @param {Element} row
 * @param {string} sentence
 */
function write(row, sentence) {
  const node = row.querySelector(".bookstore-changes");
  if (node) node.textContent = sentence;
}
