// @ts-check
/** The lines between neighbouring columns that join the cards of one document. */

import { isRanked, pairs } from "./data.mjs";
import { makeSvg, toggleMarks } from "./dom.mjs";
import { curves } from "./geometry.mjs";

/** @import { Card } from "./card.mjs" */
/** @import { Column } from "./column.mjs" */
/** @import { Span } from "./types.mjs" */

/** @typedef {{ left: number, top: number, zoom: number }} StageFrame the stage in the window */
/** @typedef {{ id: string, node: SVGPathElement }} Link */

export class Links {
  /** @param {HTMLElement} stage element that the lines and the columns lie in */
  constructor(stage) {
    this.stage = stage;
    this.node = makeSvg("svg", { class: "links", "aria-hidden": "true" });
    /** @type {Column[]} */
    this.columns = [];
    /** @type {Map<string, Link>} */
    this.links = new Map();
    /** @type {string | null} */
    this.highlighted = null;
    /** @type {string | null} */
    this.selected = null;
    this.frame = 0;
  }

  /** Draw the lines in the next frame, once however often it is asked for. */
  schedule() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    const { left, top, width } = this.stage.getBoundingClientRect();
    if (!width) return;
    const zoom = width / this.stage.offsetWidth || 1;
    const before = this.links;
    this.links = new Map();
    for (let at = 1; at < this.columns.length; at++) {
      const [from, to] = [this.columns[at - 1], this.columns[at]];
      // an order that is provisional changes too often to be followed
      if (isRanked(from.view) && isRanked(to.view)) this.join(from, to, { left, top, zoom }, before);
    }
    for (const [key, link] of before) if (!this.links.has(key)) link.node.remove();
    this.mark(this.highlighted, this.selected);
  }

  /**
   * Draw the lines between two columns; a line that was there keeps its element.
   *
   * @param {Column} left
   * @param {Column} right
   * @param {StageFrame} stage
   * @param {Map<string, Link>} before
   */
  join(left, right, stage, before) {
    const spans = pairs(left.cards, right.cards).map(([from, to]) => cardSpan(from, to, stage));
    curves(spans).forEach((path, at) => {
      const { id } = spans[at];
      const key = JSON.stringify([left.headingId, right.headingId, id]);
      const node = before.get(key)?.node ?? makeSvg("path");
      node.setAttribute("d", path);
      if (!node.parentNode) this.node.append(node);
      this.links.set(key, { id, node });
    });
  }

  /**
   * Mark the lines of the highlighted and the selected document, the highlighted ones on top.
   *
   * @param {string | null} highlighted
   * @param {string | null} selected
   */
  mark(highlighted, selected) {
    this.highlighted = highlighted;
    this.selected = selected;
    for (const { id, node } of this.links.values()) {
      toggleMarks(node, id, highlighted, selected);
      if (id === highlighted && node.nextSibling) this.node.append(node);
    }
  }
}

/**
 * Return where a line leaves one card and reaches the other, in the stage's own pixels.
 *
 * Rectangles are measured in the window's pixels, which differ where the page is zoomed by CSS.
 *
 * @param {Card} from
 * @param {Card} to
 * @param {StageFrame} stage
 * @returns {Span}
 */
function cardSpan(from, to, { left, top, zoom }) {
  const a = from.node.getBoundingClientRect();
  const b = to.node.getBoundingClientRect();
  return {
    id: from.id,
    x1: (a.right - left) / zoom,
    y1: (a.top + a.height / 2 - top) / zoom,
    x2: (b.left - left) / zoom,
    y2: (b.top + b.height / 2 - top) / zoom,
  };
}
