// @ts-check
/** News of the session's work: one connection for all components of a page. */

/**
 * What a connection tells of some work: what changed, and whether it has ended.
 *
 * @typedef {object} Told
 * @property {string} job
 * @property {number} serial
 * @property {Record<string, unknown>[]} changes
 * @property {boolean} ended
 * @property {boolean} [stalled] nothing came through, though something was sent
 */

/** Where to listen, and to which work. */
/** A silent follower leaves it to another one of the page to ask for the script. */
/** What is `drawn` already are the parts of the work that had ended before. */
/** @typedef {{ address: string, job: string, serial: number, silent?: boolean, drawn?: string[] }} Live */

/** @typedef {{ live: Live, hear: (told: Told) => void }} Listener */

/** Milliseconds without a word after which a connection is taken for one that is kept back. */
const PATIENCE_MS = 5000;

/** @type {Map<string, Source>} */
const sources = ((/** @type {any} */ (globalThis)).rerankLabSources ??= new Map());

/**
 * Call `hear` with what is told of some work, at most once a frame; return what ends that.
 *
 * @param {Live} live
 * @param {(told: Told) => void} hear
 * @returns {() => void}
 */
function listen(live, hear) {
  const source = sources.get(live.address) ?? new Source(live.address);
  sources.set(live.address, source);
  const listener = { live, hear };
  source.add(listener);
  return () => source.remove(listener);
}

/** Asks for the script once a part of the work has ended, unless the whole ends a moment later. */
class News {
  /** @param {(count: number) => void} ask */
  constructor(ask) {
    this.ask = ask;
    this.count = 0;
    this.timer = 0;
  }

  expect() {
    this.timer ||= window.setTimeout(() => {
      this.timer = 0;
      this.ask(++this.count);
    }, 1000);
  }

  forget() {
    clearTimeout(this.timer);
    this.timer = 0;
  }
}

/** Follows one piece of work at a time, until it has ended. */
export class Follower {
  /**
   * @param {(changes: Record<string, unknown>[]) => void} onChanges
   * @param {(serial: number) => void} onEnded called when the script shall run again: once for
   *   each piece of work, and now and then while nothing comes through
   * @param {(count: number) => void} onNews called when parts of the work have ended that were not
   *   drawn as such
   */
  constructor(onChanges, onEnded, onNews = () => {}) {
    this.onChanges = onChanges;
    this.onEnded = onEnded;
    this.news = new News(onNews);
    /** @type {Set<unknown>} */
    this.drawn = new Set();
    this.followed = "";
    this.silent = false;
    this.ended = 0;
    this.leave = () => {};
  }

  /** @param {Live | null} live null where nothing is at work */
  follow(live) {
    this.drawn = new Set(live?.drawn);
    const wanted = live ? JSON.stringify({ ...live, drawn: [] }) : "";
    if (wanted === this.followed) return;
    this.followed = wanted;
    this.silent = live?.silent ?? false;
    this.ended = 0;
    this.leave();
    this.leave = live ? listen(live, (told) => this.hear(told)) : () => {};
  }

  /** @param {Told} told */
  hear(told) {
    this.onChanges(told.changes);
    if (this.silent) return;
    for (const { part } of told.changes) {
      if (part && !this.drawn.has(part)) this.news.expect();
      this.drawn.add(part);
    }
    if (told.stalled) this.onEnded(told.serial); // the script shows what nobody could tell
    if (!told.ended || this.ended === told.serial) return;
    this.ended = told.serial;
    this.news.forget();
    this.onEnded(told.serial);
  }
}

/** Load the page anew, unless that was just done in vain. */
function reload() {
  const now = Date.now();
  const last = Number(sessionStorage.getItem("rerank-lab-reload"));
  if (now - last < 2 * PATIENCE_MS) return;
  sessionStorage.setItem("rerank-lab-reload", String(now));
  location.reload();
}

class Source {
  /** @param {string} address */
  constructor(address) {
    this.address = address;
    /** @type {Set<Listener>} */
    this.listeners = new Set();
    /** @type {Told[]} */
    this.queue = [];
    this.last = 0;
    /** @type {EventSource | null} */
    this.connection = null;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    // Browsers allow few connections to one host: a tab that nobody looks at needs none.
    this.onVisibility = () => (document.hidden ? this.close() : this.open());
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  /** @param {Listener} listener */
  add(listener) {
    this.listeners.add(listener);
    this.last = 0; // who comes late gets how everything stands
    this.close();
    this.open();
  }

  /** @param {Listener} listener */
  remove(listener) {
    this.listeners.delete(listener);
    if (this.listeners.size) return;
    this.close();
    document.removeEventListener("visibilitychange", this.onVisibility);
    if (sources.get(this.address) === this) sources.delete(this.address);
  }

  open() {
    if (this.connection || document.hidden || !this.listeners.size) return;
    this.connection = new EventSource(`${this.address}?after=${this.last}`);
    // The server tells how everything stands at once. Where a proxy keeps that back, ask slowly.
    this.timer = setInterval(() => this.stall(), PATIENCE_MS);
    this.connection.onmessage = (event) => this.take(event);
    this.connection.onerror = () => {
      // Closed for good: the server was begun anew and does not know this page. Its address brings
      // back what it showed.
      if (this.connection?.readyState === EventSource.CLOSED) reload();
    };
  }

  close() {
    clearInterval(this.timer);
    this.connection?.close();
    this.connection = null;
  }

  stall() {
    for (const { live, hear } of [...this.listeners]) {
      hear({ job: live.job, serial: live.serial, changes: [], ended: false, stalled: true });
    }
  }

  /** @param {MessageEvent<string>} event */
  take(event) {
    clearInterval(this.timer);
    this.last = Number(event.lastEventId) || this.last;
    if (!this.queue.length) requestAnimationFrame(() => this.flush());
    this.queue.push(JSON.parse(event.data));
  }

  flush() {
    const queue = this.queue;
    this.queue = [];
    for (const told of queue) {
      for (const { live, hear } of [...this.listeners]) {
        if (live.job === told.job && live.serial === told.serial) hear(told);
      }
    }
  }
}
