// The HTTP API of bookstore, as a front end asks for it. See docs/api.md.

import { xsrfHeader } from "./xsrf.js";

/** An answer with an error; its message is a sentence for people. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status the HTTP status; 0 if the server cannot be reached
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const AWAY = "The notebook server cannot be reached.";
const UNREADABLE = "The server’s answer cannot be read, as after a logout. Reload this page.";

export class BookstoreApi {
  /** @param {string} baseUrl the server's base URL, with its final slash */
  constructor(baseUrl) {
    this.baseUrl = baseUrl;
  }

  /**
   * Return the address of one of bookstore's pages.
   * @param {string} name such as "history"; empty for the home page
   * @param {Record<string, string>} [query]
   */
  page(name, query = {}) {
    return address(`${this.baseUrl}bookstore/${name}`, query);
  }

  /**
   * Return where a notebook's newest save is. Asks no store.
   * @param {string} path
   * @returns {Promise<SaveState>}
   */
  saveState(path) {
    return this.ask("GET", "save-state", { path });
  }

  /**
   * Have saves that wait tried now, instead of after the pause that follows a failure.
   * @returns {Promise<{asked: boolean, waiting: number}>}
   */
  tryNow() {
    return this.ask("POST", "drain");
  }

  /**
   * Return a page of a notebook's versions, newest first.
   * @param {string} path
   * @param {{cursor?: string, limit?: number, shelf?: string}} [wanted]
   * @returns {Promise<VersionsPage>}
   */
  versions(path, { cursor = "", limit = 50, shelf = "workspace" } = {}) {
    const query = { path, shelf, limit: String(limit), ...(cursor ? { cursor } : {}) };
    return this.ask("GET", "versions", query);
  }

  /**
   * Return what changed in a version, in words; empty for the first one.
   * @param {{path: string, version_id: string}} version
   */
  async changes({ path, version_id }) {
    const query = { path, remote: version_id, remote_path: path, summary: "1" };
    try {
      const { summary } = await this.ask("GET", "diff", query);
      return /** @type {string} */ (summary.sentence);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return "";
      throw error;
    }
  }

  /**
   * Restore a version: over the notebook, or as a copy with `target_path`.
   * @param {{path: string, version_id?: string, sha256?: string, version_path?: string,
   *   target_path?: string}} wish `sha256` instead of an id, to undo a restore
   * @returns {Promise<Restored>}
   */
  restore(wish) {
    return this.ask("POST", "restore", {}, wish);
  }

  /**
   * Name a version, or remove its name with an empty one.
   * @param {{path: string, version_id: string, name: string}} wish
   */
  label(wish) {
    return this.ask("PUT", "label", {}, wish);
  }

  /**
   * Return the links by which others open a version.
   * @param {{path: string, version_id: string, shelf?: string}} wanted
   * @returns {Promise<Links>}
   */
  links(wanted) {
    return this.ask("GET", "link", wanted);
  }

  /**
   * Publish a notebook.
   * @param {string} path
   * @param {object} model a model of the contents API, with a title and a note
   * @returns {Promise<Published>}
   */
  publish(path, model) {
    return this.ask("PUT", `published/${encoded(path)}`, {}, model);
  }

  /**
   * Take a notebook off the published shelf.
   * @param {string} path
   */
  unpublish(path) {
    return this.ask("DELETE", `published/${encoded(path)}`);
  }

  /**
   * Wait until a page can be shown, for a few seconds, if the server says that it is busy.
   * @param {string} url
   */
  async settled(url) {
    for (let tried = 0; tried < 3; tried += 1) {
      const answer = await fetch(url, { method: "HEAD" }).catch(() => null);
      const pause = Number(answer?.headers.get("Retry-After"));
      if (answer?.status !== 503 || !pause) return;
      await new Promise((done) => setTimeout(done, Math.min(pause, 3) * 1000));
    }
  }

  /**
   * Send a request; return the JSON of the answer. Throws ApiError.
   * @param {string} method
   * @param {string} route below api/bookstore/
   * @param {Record<string, string>} [query]
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  async ask(method, route, query = {}, body = undefined) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json", ...xsrfHeader() };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const url = address(`${this.baseUrl}api/bookstore/${route}`, query);
    let answer;
    try {
      answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
    } catch {
      throw new ApiError(AWAY, 0);
    }
    const found = await answer.json().catch(() => null);
    if (!answer.ok) {
      throw new ApiError(found?.message || `The server answered ${answer.status}.`, answer.status);
    }
    if (found === null) throw new ApiError(UNREADABLE, answer.status);
    return found;
  }
}

/** @param {string} path */
function encoded(path) {
  return path.split("/").map(encodeURIComponent).join("/");
}

/**
 * @param {string} url
 * @param {Record<string, string>} query
 */
function address(url, query) {
  const text = new URLSearchParams(query).toString();
  return text ? `${url}?${text}` : url;
}

/**
 * @typedef {{state: string, saved_at: string | null, since: string | null,
 *   late: boolean, reason: string}} SaveState
 * @typedef {{name: string, comment: string, author: string}} Label
 * @typedef {{version_id: string, path: string, saved_at: string, author: string, size: number,
 *   is_latest: boolean, deleted: boolean, sha256: string, label: Label | null,
 *   moved_from: string, restored_from: string, title: string, note: string, run: Run | null}} Version
 * @typedef {{outcome: string, error: string, seconds: number, cut: boolean,
 *   parameters: Record<string, any>}} Run
 * @typedef {{path: string, versions: Version[], cursor: string | null, earlier: string | null}} VersionsPage
 * @typedef {{path: string, undo: {sha256: string} | null}} Restored
 * @typedef {{url: string, newest_url: string, public: boolean, mine: boolean}} Links
 * @typedef {{s3_path: string, versionID: string, url: string}} Published
 */
