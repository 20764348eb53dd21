// @ts-check
/** Lines of progress: a text and a bar each, kept up to date by the news of the work. */

import { Follower } from "./live.mjs";

/** @import { Live } from "./live.mjs" */

/** One line: what is done, and the share of it from 0 to 1. */
/** @typedef {{ key: string, text: string, share: number }} Line */

/** @typedef {{ lines: Line[], live: Live | null }} Data */

/** @type {WeakMap<ShadowRoot, Progress>} */
const drawn = new WeakMap();

/**
 * Draw the lines; Streamlit calls this for every change of data, with the same parent.
 *
 * @param {object} component
 * @param {ShadowRoot} component.parentElement
 * @param {Data | null} component.data
 * @param {(name: "ended" | "news", number: number) => void} component.setTriggerValue
 * @returns {(() => void) | undefined} what removes the lines
 */
export default function render({ parentElement, data, setTriggerValue }) {
  if (!data) return undefined;
  const progress = drawn.get(parentElement) ?? new Progress(parentElement);
  drawn.set(parentElement, progress);
  progress.onEnded = (serial) => setTriggerValue("ended", serial);
  progress.onNews = (count) => setTriggerValue("news", count);
  progress.update(data);
  // Streamlit may run the cleanup of a call that a newer one has overtaken.
  return () => {
    setTimeout(() => {
      if (!parentElement.isConnected) progress.close();
    });
  };
}

class Progress {
  /** @param {ShadowRoot} root */
  constructor(root) {
    this.root = root;
    this.node = document.createElement("div");
    this.node.className = "lines";
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** @type {(serial: number) => void} */
    this.onEnded = () => {};
    /** @type {(count: number) => void} */
    this.onNews = () => {};
    this.follower = new Follower(
      (changes) => this.change(changes),
      (serial) => this.onEnded(serial),
      (count) => this.onNews(count),
    );
    root.append(this.node);
  }

  /** @param {Data} data */
  update({ lines, live }) {
    for (const line of lines) this.show(line);
    const keys = new Set(lines.map((line) => line.key));
    for (const [key, row] of this.rows) {
      if (keys.has(key)) continue;
      row.node.remove();
      this.rows.delete(key);
    }
    this.follower.follow(live);
  }

  /** @param {Line} line */
  show(line) {
    const row = this.rows.get(line.key) ?? new Row();
    if (!this.rows.has(line.key)) {
      this.rows.set(line.key, row);
      this.node.append(row.node);
    }
    row.show(line);
  }

  /** @param {Record<string, unknown>[]} changes */
  change(changes) {
    for (const { lines } of /** @type {{ lines?: Line[] }[]} */ (changes)) {
      for (const line of lines ?? []) this.show(line);
    }
  }

  close() {
    this.follower.leave();
    drawn.delete(this.root);
    this.node.remove();
  }
}

class Row {
  constructor() {
    this.node = document.createElement("div");
    this.node.className = "line";
    this.text = document.createElement("p");
    this.bar = document.createElement("i");
    this.track = document.createElement("div");
    this.track.className = "track";
    this.track.setAttribute("role", "progressbar");
    this.track.setAttribute("aria-valuemax", "100");
    this.track.append(this.bar);
    this.node.append(this.text, this.track);
  }

  /** @param {Line} line */
  show({ text, share }) {
    const percent = Math.round(100 * Math.min(1, Math.max(0, share)));
    this.text.textContent = text;
    this.bar.style.transform = `scaleX(${percent / 100})`;
    this.track.setAttribute("aria-label", text);
    this.track.setAttribute("aria-valuenow", String(percent));
  }
}
