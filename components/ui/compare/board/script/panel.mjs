// @ts-check
/**
 * The panel that shows the selected document beside the columns, and the keys of the whole page.
 *
 * Streamlit draws the panel; this part closes it, changes its system and keeps the card that it
 * belongs to in view. In presenter view keys press the page's own buttons.
 */

import { closest } from "./dom.mjs";

/** @import { Card } from "./card.mjs" */
/** @import { Columns } from "./columns.mjs" */
/** @import { Selection } from "./types.mjs" */

/** Where the panel stands beside the columns; on narrower windows it is a sheet over their foot. */
const BESIDE = "(min-width: 62.5rem)";
/** The share of a narrow window above the sheet, as in panel.css. */
const ABOVE_SHEET = 0.42;
/** What closes itself on Escape, before the panel does. */
const OVERLAYS = '[data-testid="stPopoverBody"], [role="dialog"], [role="listbox"]';
const STEPS = new Map([
  ["ArrowRight", "next_query"],
  ["PageDown", "next_query"],
  ["ArrowLeft", "previous_query"],
  ["PageUp", "previous_query"],
]);
/** Milliseconds for which a card stays where it was clicked while the page makes room. */
const SETTLING = 1000;

/**
 * What the panel calls when another document or system is selected, and asks.
 *
 * @typedef {object} PanelEvents
 * @property {(selection: Selection | null) => void} onSelect
 * @property {() => boolean} isPresenting
 */

/** The element in which Streamlit draws the panel, while there is one. */
const drawnPanel = () => /** @type {HTMLElement | null} */ (document.querySelector(".st-key-detail"));
const pageScroller = () => document.querySelector('[data-testid="stMain"]');

/**
 * Return the key of the button that a key of presenter view presses, empty for other keys.
 *
 * @param {string} key
 */
export const pressedButton = (key) =>
  key === "Escape" ? "leave_presenter" : (STEPS.get(key) ?? "");

/**
 * Return by how many pixels to scroll so that a stretch comes to lie inside another.
 *
 * @param {number} start of the stretch
 * @param {number} end
 * @param {number} low start of what is in view
 * @param {number} high
 */
export function overhang(start, end, low, high) {
  if (start < low) return start - low;
  return end > high ? Math.min(end - high, start - low) : 0;
}

export class Panel {
  /**
   * @param {Selection | null} selection what is selected at first
   * @param {Columns} columns
   * @param {HTMLElement} scroller element in which the columns scroll sideways
   * @param {PanelEvents} events
   */
  constructor(selection, columns, scroller, events) {
    this.selection = selection;
    this.columns = columns;
    this.scroller = scroller;
    this.events = events;
    this.timer = 0;
    /** @type {{ node: HTMLElement, top: number } | null} */
    this.anchor = null;
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    document.addEventListener("click", (event) => this.clicked(event), { signal });
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
  }

  /** The selected document's id, or null. */
  get selected() {
    return this.selection?.document ?? null;
  }

  /** The key of the column in which it was opened, or null. */
  get system() {
    if (!this.selection) return null;
    return this.selection.system || this.columns.selectionIn(this.selection.document).system;
  }

  /** @param {Event} event */
  clicked(event) {
    if (closest(event, "[data-panel-close]")) this.leave();
    const button = closest(event, "[data-panel-system]");
    if (this.selection && button instanceof HTMLElement) {
      this.select({ ...this.selection, system: button.dataset.panelSystem ?? "" });
      if (button === document.activeElement) refocus(button);
    }
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector(OVERLAYS)) return;
    if (event.key === "Escape" && this.selection && this.columns.cardOf(this.selection)) this.leave();
    else if (!this.events.isPresenting() || event.repeat || closest(event, "input, textarea")) return;
    else if (!pressButton(pressedButton(event.key))) return;
    event.preventDefault();
  }

  /**
   * Open a card's document, or close it.
   *
   * @param {Card} card
   */
  toggle(card) {
    const selection = this.columns.selectionOf(card);
    this.select(isSame(selection, this.selection) ? null : selection);
  }

  /**
   * Open a document in the movement chart, or close it.
   *
   * @param {string} id
   * @param {string} letter of the column whose dot was clicked, empty beside the dots
   */
  toggleDocument(id, letter) {
    if (!letter && id === this.selected) return this.select(null);
    const column = this.columns.all.find(({ view }) => view.letter === letter);
    this.select(this.columns.selectionIn(id, column?.view.key ?? this.selection?.system));
  }

  /**
   * Let an open panel follow the keyboard; not to every card that a key held down passes.
   *
   * @param {Card} card
   * @param {boolean} repeated
   */
  follow(card, repeated) {
    clearTimeout(this.timer);
    if (!this.selection) return;
    this.timer = setTimeout(() => this.select(this.columns.selectionOf(card)), repeated ? 150 : 0);
  }

  /** Close the panel; the focus goes back to its card, in presenter view to the page. */
  leave() {
    const node = this.selection && this.columns.cardOf(this.selection)?.node;
    this.select(null);
    if (this.events.isPresenting()) node?.blur();
    else node?.focus({ preventScroll: true });
  }

  /** @param {Selection | null} selection */
  select(selection) {
    clearTimeout(this.timer);
    if (isSame(selection, this.selection)) return;
    this.selection = selection;
    const card = selection && this.columns.cardOf(selection);
    if (card) this.hold(card.node);
    this.events.onSelect(selection);
  }

  /**
   * Keep a card that the panel is opened for where it is while the page makes room.
   *
   * @param {HTMLElement} node
   */
  hold(node) {
    const anchor = { node, top: node.getBoundingClientRect().top };
    this.anchor = anchor;
    setTimeout(() => {
      if (this.anchor === anchor) this.anchor = null;
    }, SETTLING);
    drawnPanel()?.scrollTo({ top: 0 });
    this.settle();
  }

  /** Scroll back by what the page has moved, and bring the card out from under the panel. */
  settle() {
    if (!this.anchor) return;
    const { node, top } = this.anchor;
    const card = node.getBoundingClientRect();
    const page = pageScroller();
    page?.scrollBy({ top: card.top - top, behavior: "instant" });
    const view = this.scroller.getBoundingClientRect();
    this.scroller.scrollBy({ left: overhang(card.left, card.right, view.left, view.right), behavior: "instant" });
    if (matchMedia(BESIDE).matches) return;
    const foot = window.innerHeight * ABOVE_SHEET;
    const { bottom } = node.getBoundingClientRect();
    if (bottom <= foot - 8) return;
    page?.scrollBy({ top: bottom - foot + 8, behavior: "instant" });
    this.anchor.top = node.getBoundingClientRect().top;
  }

  close() {
    this.listeners.abort();
  }
}

/**
 * Press one of Streamlit's buttons; tell whether there is one.
 *
 * @param {string} key the button's key, empty for none
 */
function pressButton(key) {
  const button = key ? document.querySelector(`.st-key-${key} button`) : null;
  if (!(button instanceof HTMLButtonElement) || button.disabled) return false;
  button.click();
  return true;
}

/**
 * @param {Selection | null} one
 * @param {Selection | null} other
 */
const isSame = (one, other) => one?.document === other?.document && one?.system === other?.system;

/**
 * Keep the focus on a button of the panel that Streamlit is about to draw anew.
 *
 * @param {HTMLElement} button
 */
function refocus(button) {
  const panel = drawnPanel();
  if (!panel) return;
  const { panelSystem } = button.dataset;
  const changes = new MutationObserver(() => {
    if (button.isConnected) return;
    changes.disconnect();
    const buttons = /** @type {NodeListOf<HTMLElement>} */ (panel.querySelectorAll("[data-panel-system]"));
    [...buttons].find((other) => other.dataset.panelSystem === panelSystem)?.focus({ preventScroll: true });
  });
  changes.observe(panel, { childList: true, subtree: true });
  setTimeout(() => changes.disconnect(), SETTLING);
}
