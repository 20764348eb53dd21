// @ts-check
/** Cards by keyboard: one tab stop for all of them, arrows from card to card. */

import { eventCard } from "./card.mjs";
import { scrollBehavior } from "./dom.mjs";

/** @import { Card } from "./card.mjs" */

const MOVE_KEYS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"];

/**
 * Return the card that a key leads to; undefined at an edge.
 *
 * Left and right lead to the same document in the next column that has cards, or else to the card
 * of the same rank.
 *
 * @template {{ id: string }} T
 * @param {string} key one of the six that move
 * @param {T} card where the focus is
 * @param {T[][]} columns the cards of all columns
 * @returns {T | undefined}
 */
export function keyTarget(key, card, columns) {
  const at = columns.findIndex((cards) => cards.includes(card));
  const row = columns[at].indexOf(card);
  if (key === "Home") return columns[at][0];
  if (key === "End") return columns[at].at(-1);
  if (key === "ArrowUp") return columns[at][row - 1];
  if (key === "ArrowDown") return columns[at][row + 1];
  const side = key === "ArrowLeft" ? columns.slice(0, at).reverse() : columns.slice(at + 1);
  const cards = side.find((other) => other.length > 0);
  return cards?.find((other) => other.id === card.id) ?? cards?.[Math.min(row, cards.length - 1)];
}

/**
 * What the keyboard calls when the focus or the selection is to change.
 *
 * @typedef {object} KeyboardEvents
 * @property {() => Card[][]} cards return the cards of all columns
 * @property {(id: string | null) => void} onFocus
 * @property {(card: Card) => void} onToggle
 * @property {(card: Card, repeated: boolean) => void} onMove a key has led to a card
 */

export class Keyboard {
  /**
   * @param {HTMLElement} stage element that the cards lie in
   * @param {KeyboardEvents} events
   */
  constructor(stage, events) {
    this.events = events;
    /** @type {Card | undefined} */
    this.tabStop = undefined;
    stage.addEventListener("focusin", (event) => this.focused(eventCard(event)));
    stage.addEventListener("focusout", () => events.onFocus(null));
    stage.addEventListener("keydown", (event) => this.pressed(event, eventCard(event)));
  }

  /**
   * Keep exactly one card in the page's tab order: the last one visited, else the first.
   *
   * @param {Card} [card] the one just visited
   */
  updateTabStop(card) {
    const cards = this.events.cards().flat();
    const last = this.tabStop && cards.includes(this.tabStop) ? this.tabStop : cards[0];
    this.tabStop = card ?? last;
    for (const other of cards) other.node.tabIndex = other === this.tabStop ? 0 : -1;
  }

  /** @param {Card | null} card */
  focused(card) {
    if (!card) return;
    this.updateTabStop(card);
    this.events.onFocus(card.node.matches(":focus-visible") ? card.id : null);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Card | null} card
   */
  pressed(event, card) {
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    if (MOVE_KEYS.includes(event.key)) {
      const target = keyTarget(event.key, card, this.events.cards());
      if (target) this.move(target, event.repeat);
    } else if (event.key === "Enter" || event.key === " ") {
      if (!event.repeat) this.events.onToggle(card);
    } else return;
    event.preventDefault();
  }

  /**
   * @param {Card} card
   * @param {boolean} repeated whether the key is held down
   */
  move(card, repeated) {
    card.node.focus({ preventScroll: true });
    this.events.onFocus(card.id);
    card.node.scrollIntoView({ block: "nearest", inline: "nearest", behavior: scrollBehavior() });
    this.events.onMove(card, repeated);
  }
}
