// @ts-check
/** What a column shows instead of cards: work in progress, or why there is no ranking. */

import { make } from "./dom.mjs";
import { workCount } from "./text.mjs";

/** @import { ColumnView } from "./types.mjs" */

/** The note of a column at work; it keeps its elements so that its bar moves without a jump. */
export class WorkNote {
  constructor() {
    this.node = make("div", "note busy");
    this.task = make("span");
    this.count = make("span");
    this.track = make("div", "track");
    this.bar = make("i");
    const line = make("p", "lead");
    line.append(this.task, this.count);
    this.track.setAttribute("role", "progressbar");
    this.track.append(this.bar);
    this.node.append(line, this.track);
  }

  /** @param {ColumnView} view */
  update({ state, done, total, label, doing }) {
    const counted = state === "running" && total > 0;
    const task = doing || "at work";
    this.task.textContent = this.task.title = task;
    this.count.textContent = workCount({ state, done, total });
    this.node.toggleAttribute("data-idle", state === "waiting");
    this.bar.style.transform = `scaleX(${counted ? Math.min(1, done / total) : 0})`;
    this.track.setAttribute("aria-label", `${label}: ${task}`);
    this.track.setAttribute("aria-valuemax", String(counted ? total : 1));
    if (counted) this.track.setAttribute("aria-valuenow", String(done));
    else this.track.removeAttribute("aria-valuenow");
  }
}

/**
 * Return the note of a column that ended without a ranking.
 *
 * @param {"failed" | "stopped"} kind
 * @param {string} sign one character, drawn in a circle
 * @param {string} verdict
 * @param {string} reason
 * @param {string} remedy empty where there is nothing to do
 */
export function notice(kind, sign, verdict, reason, remedy) {
  const node = make("div", `note ${kind}`);
  const head = make("p", "verdict");
  const mark = make("span", "sign");
  mark.dataset.sign = sign;
  mark.setAttribute("aria-hidden", "true");
  head.append(mark, make("span", "", verdict));
  node.append(head, explanation(reason));
  if (remedy) node.append(make("p", "todo", "What to do"), explanation(remedy));
  return node;
}

/** @param {string} text */
function explanation(text) {
  const node = make("p", "why", text);
  node.dir = "auto";
  return node;
}

/**
 * Return empty cards, which stand where cards will come.
 *
 * @param {number} rows
 */
export function placeholders(rows) {
  const node = make("div", "cards blanks");
  node.setAttribute("aria-hidden", "true");
  for (let n = 0; n < rows; n++) {
    const blank = make("div", "blank");
    blank.append(make("i"), make("i"), make("i"));
    node.append(blank);
  }
  return node;
}
