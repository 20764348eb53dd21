// @ts-check
/** One document in one column: its ranks, its text, its movement, its grade and its score. */

import { closest, make, textElement, toggleMarks } from "./dom.mjs";
import { ITSELF, ITSELF_MEANS, NOT_A_CANDIDATE, describe, graded, moved, unread } from "./text.mjs";

/** @import { BoardSettings, CardView } from "./types.mjs" */

/** The highest scale that is drawn as dots; a longer one is written. */
const MAX_DOTS = 5;
/** @type {WeakMap<Element, Card>} */
const cardsByNode = new WeakMap();

/**
 * Return the card in which an event happened, or null outside of cards.
 *
 * @param {Event} event
 */
export function eventCard(event) {
  const node = closest(event, ".card");
  return (node && cardsByNode.get(node)) ?? null;
}

export class Card {
  /** @param {CardView} view */
  constructor(view) {
    this.view = view;
    this.signature = "";
    this.slot = make("li");
    this.node = make("div", "card");
    this.node.setAttribute("role", "button");
    this.node.tabIndex = -1;
    this.slot.append(this.node);
    cardsByNode.set(this.node, this);
  }

  /** The document's id. */
  get id() {
    return this.view.id;
  }

  /**
   * Show new data; an unchanged card keeps its elements.
   *
   * @param {CardView} view
   * @param {BoardSettings} settings
   * @param {string} scale what the column's scores are
   */
  update(view, settings, scale) {
    const signature = JSON.stringify([view, settings, scale]);
    if (signature === this.signature) return;
    this.signature = signature;
    this.view = view;
    this.node.setAttribute("aria-label", describe(view, settings, scale));
    this.node.replaceChildren(gutter(view, settings), content(view, settings));
  }

  /**
   * @param {string | null} highlighted
   * @param {string | null} selected
   * @param {boolean} opened whether the panel shows what this column made of the document
   */
  mark(highlighted, selected, opened) {
    toggleMarks(this.node, this.id, highlighted, selected);
    this.node.classList.toggle("opened", opened && this.id === selected);
    this.node.setAttribute("aria-pressed", String(this.id === selected));
  }
}

/**
 * Return the ranks at the card's left: here, in the first stage, and whether tokens were cut.
 *
 * @param {CardView} view
 * @param {BoardSettings} settings
 */
function gutter(view, settings) {
  const node = make("span", "gutter");
  node.append(make("span", "rank", String(view.rank)));
  if (view.origin !== "first") {
    const before = make("span", "was", `${settings.first} ${view.first_rank || "–"}`);
    before.title = view.first_rank
      ? `rank ${view.first_rank} in ${settings.first}, the first stage`
      : NOT_A_CANDIDATE;
    node.append(before);
  }
  if (view.cut > 0) {
    const cut = make("span", "cut", "cut");
    cut.title = unread(view);
    node.append(cut);
  }
  return node;
}

/**
 * @param {CardView} view
 * @param {BoardSettings} settings
 */
function content(view, settings) {
  const node = make("span", "content");
  const title = view.title.trim();
  if (title) node.append(textElement("span", "title", view.title));
  const empty = !title && !view.text.trim();
  const text = make("span", "text", empty ? `${view.id}: no text` : view.text);
  text.classList.toggle("nothing", empty);
  text.dir = "auto";
  const bar = make("span", "bar");
  const fill = make("i");
  fill.style.width = `${100 * view.bar}%`;
  bar.append(fill);
  bar.title = "where this score lies between the lowest and the highest of this column";
  node.append(text);
  if (view.details) {
    const details = textElement("span", "details", view.details);
    details.title = view.details;
    node.append(details);
  }
  node.append(figures(view, settings), bar);
  return node;
}

/**
 * Return the line of movement, grade and score.
 *
 * @param {CardView} view
 * @param {BoardSettings} settings
 */
function figures(view, settings) {
  const node = make("span", "meta");
  if (view.origin !== "first") node.append(movement(view, settings));
  if (view.itself) {
    const itself = make("span", "itself", ITSELF);
    itself.title = ITSELF_MEANS;
    node.append(itself);
  }
  if (settings.maxGrade > 0) node.append(grade(view, settings.maxGrade));
  if (view.score) {
    const score = make("span", "score", view.score);
    score.title = `score ${view.score}`;
    node.append(score);
  }
  return node;
}

/**
 * @param {CardView} view
 * @param {BoardSettings} settings
 */
function movement(view, settings) {
  const node = make("span", `move ${view.origin}`);
  node.title = moved(view, settings);
  if (view.origin === "same") node.textContent = "=";
  else if (view.origin === "from") node.textContent = `from ${view.first_rank}`;
  else if (view.origin === "new") node.textContent = "not retrieved";
  else {
    const arrow = make("i", "", view.origin === "up" ? "▲" : "▼");
    node.append(arrow, String(Math.abs(view.delta)));
  }
  return node;
}

/**
 * @param {CardView} view
 * @param {number} maxGrade
 */
function grade(view, maxGrade) {
  if (view.grade === null) return make("span", "unjudged", "unjudged");
  const node = make("span", "grade");
  node.title = graded(view, maxGrade);
  if (maxGrade > MAX_DOTS) {
    node.textContent = `${view.grade}/${maxGrade}`;
    return node;
  }
  for (let n = 1; n <= maxGrade; n++) node.append(make("i", n <= view.grade ? "dot full" : "dot"));
  return node;
}
