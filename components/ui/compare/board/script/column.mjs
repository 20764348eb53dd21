// @ts-check
/** One system: its header and its list of cards, or what stands in their place. */

import { Card } from "./card.mjs";
import { keyed } from "./data.mjs";
import { arrange, make, textElement } from "./dom.mjs";
import { WorkNote, notice, placeholders } from "./note.mjs";
import { NO_CANDIDATES, endReason, isAtWork, measureParts, progress } from "./text.mjs";

/** @import { BoardSettings, ColumnView } from "./types.mjs" */

export class Column {
  /**
   * @param {ColumnView} view
   * @param {number} serial number that no other column of the board has
   */
  constructor(view, serial) {
    this.view = view;
    this.signature = "";
    this.headingId = `board-system-${serial}`;
    /** @type {Card[]} */
    this.cards = [];
    /** @type {Map<string, Card>} */
    this.cardsByKey = new Map();
    this.head = make("div", "system");
    this.position = make("span", "where");
    this.facts = make("p", "facts");
    this.node = make("section", "column");
    this.list = make("ol", "cards");
    this.list.setAttribute("role", "list");
    this.list.setAttribute("aria-labelledby", this.headingId);
    this.workNote = new WorkNote();
    this.placeholders = placeholders(0);
  }

  /**
   * Show new data; an unchanged column keeps its elements.
   *
   * @param {ColumnView} view
   * @param {BoardSettings} settings
   */
  update(view, settings) {
    const signature = JSON.stringify([view, settings]);
    if (signature === this.signature) return;
    this.signature = signature;
    if (isAtWork(this.view) && isAtWork(view) && this.node.dataset.state === view.state) {
      this.view = view; // only its progress has changed, and its provisional order
      this.facts.replaceWith((this.facts = facts(view)));
      this.updateCards(settings);
      arrange(this.node, this.contents(settings));
      return;
    }
    this.view = view;
    this.node.dataset.state = view.state;
    this.node.dataset.letter = this.head.dataset.letter = view.letter;
    this.node.setAttribute("aria-busy", String(isAtWork(view)));
    this.head.replaceChildren(...this.heading());
    this.updateCards(settings);
    arrange(this.node, this.contents(settings));
  }

  /**
   * Show in the header where the highlighted document stands; an empty text hides it.
   *
   * @param {{ text: string, absent: boolean }} position
   */
  showPosition({ text, absent }) {
    this.position.toggleAttribute("data-absent", absent);
    this.position.textContent = text;
  }

  heading() {
    const { view } = this;
    const name = make("h3");
    name.id = this.headingId;
    name.append(make("span", "tag", view.letter), textElement("span", "name", view.label));
    const kind = textElement("p", "kind", [view.kind, view.scale].filter(Boolean).join(" · "));
    const top = make("div", "top");
    top.append(name, this.position);
    this.facts = facts(view);
    return [top, kind, this.facts];
  }

  /** @param {BoardSettings} settings */
  updateCards(settings) {
    const views = ["done", "running"].includes(this.view.state) ? this.view.cards : [];
    const before = this.cardsByKey;
    this.cardsByKey = new Map(
      keyed(views, (view) => view.id).map(([key, view]) => {
        const card = before.get(key) ?? new Card(view);
        card.update(view, settings, this.view.scale);
        return [key, card];
      }),
    );
    this.cards = [...this.cardsByKey.values()];
    arrange(this.list, this.cards.map((card) => card.slot));
  }

  /**
   * @param {BoardSettings} settings
   * @returns {Element[]}
   */
  contents(settings) {
    const { state, remedy } = this.view;
    if (this.cards.length && state === "done") return [this.list];
    if (state === "done") return [notice("stopped", "0", "No candidates", NO_CANDIDATES, "")];
    if (state === "failed") return [notice("failed", "!", "Failed", endReason(this.view), remedy)];
    if (state === "stopped") return [notice("stopped", "–", "Stopped", endReason(this.view), remedy)];
    this.workNote.update(this.view);
    if (!this.cards.length) {
      this.workNote.node.append(this.workNote.track);
      return [this.workNote.node, this.blankRows(settings.rows - 1)];
    }
    const missing = this.blankRows(Math.max(0, settings.rows - this.cards.length));
    return [this.workNote.track, this.list, missing];
  }

  /**
   * Return placeholders; the same ones while their number stays, so that they pulse evenly.
   *
   * @param {number} rows
   */
  blankRows(rows) {
    if (this.placeholders.childElementCount !== rows) this.placeholders = placeholders(rows);
    return this.placeholders;
  }
}

/**
 * Return the line of latency or progress, cost, quality and notes.
 *
 * @param {ColumnView} view
 */
function facts(view) {
  const node = make("p", "facts");
  const latency = view.state === "done" ? view.latency : progress(view);
  if (latency) node.append(make("b", "", latency));
  if (view.cost) {
    const cost = textElement("span", "cost", view.cost);
    cost.title = view.cost_detail;
    node.append("·", cost);
  }
  if (latency && view.quality) node.append("·");
  if (view.quality) node.append(measure(view.quality));
  node.append(...view.notes.map((note) => textElement("span", "badge", note)));
  if (!node.hasChildNodes()) node.append("\u00a0");
  return node;
}

/**
 * Return a measure and its value, the value emphasised.
 *
 * @param {string} text
 */
function measure(text) {
  const [name, value, rest] = measureParts(text);
  const node = make("span", "quality");
  node.dir = "auto";
  node.title = text;
  node.append(name);
  if (value) node.append(make("b", "", value), rest);
  return node;
}
