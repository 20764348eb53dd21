// @ts-check
/** All columns of a comparison, and one document followed through them. */

import { Follower } from "../../../shared/progress/script/live.mjs";
import { eventCard } from "./card.mjs";
import { Columns } from "./columns.mjs";
import { arrange, make } from "./dom.mjs";
import { Header } from "./header.mjs";
import { Keyboard } from "./keyboard.mjs";
import { Links } from "./links.mjs";
import { MovementChart } from "./movement.mjs";
import { Panel } from "./panel.mjs";
import { position } from "./text.mjs";

/** @import { BoardData, ColumnView, Payload, Selection } from "./types.mjs" */

/** @type {WeakMap<ShadowRoot, Board>} */
const boards = new WeakMap();

/**
 * Draw the board; Streamlit calls this for every change of data or theme, with the same parent.
 *
 * @param {object} component
 * @param {ShadowRoot} component.parentElement
 * @param {Payload | null} component.data
 * @param {(name: "selected", selection: Selection | null) => void} component.setStateValue
 * @returns {(() => void) | undefined} what removes the board
 */
export default function render({ parentElement, data, setStateValue }) {
  if (!data) return undefined;
  const board = boards.get(parentElement) ?? new Board(parentElement, data.selected);
  boards.set(parentElement, board);
  board.onSelect = (selection) => setStateValue("selected", selection);
  board.node.toggleAttribute("data-presenting", data.presenting);
  board.update(data);
  board.follower.follow(data.live);
  // Streamlit may run the cleanup of a call that a newer one has overtaken.
  return () => {
    setTimeout(() => {
      if (!parentElement.isConnected) board.close();
    });
  };
}

class Board {
  /**
   * @param {ShadowRoot} root
   * @param {Selection | null} selected what is selected at first
   */
  constructor(root, selected) {
    this.root = root;
    /** @type {string | null} */
    this.hovered = null;
    /** @type {string | null} */
    this.focused = null;
    /** @type {(selection: Selection | null) => void} */
    this.onSelect = () => {};
    // The page's line of progress is what asks for the script at the end.
    this.follower = new Follower((changes) => this.change(changes), () => {});
    /** @type {BoardData | null} */
    this.data = null;
    this.columns = new Columns();
    this.signature = "";
    this.node = make("div", "board");
    this.grid = make("div", "grid");
    this.stage = make("div", "stage");
    this.scroller = make("div", "scroller");
    this.announcer = make("p", "live");
    this.announcer.setAttribute("role", "status");
    this.header = new Header(this.node, this.scroller);
    this.links = new Links(this.stage);
    this.chart = new MovementChart({
      onHover: (id) => this.hover(id),
      onToggle: (id, letter) => this.panel.toggleDocument(id, letter),
    });
    this.keyboard = new Keyboard(this.stage, {
      cards: () => this.columns.cards(),
      onFocus: (id) => this.focus(id),
      onToggle: (card) => this.panel.toggle(card),
      onMove: (card, repeated) => this.panel.follow(card, repeated),
    });
    this.panel = new Panel(selected, this.columns, this.scroller, {
      onSelect: (selection) => {
        this.mark();
        this.onSelect(selection);
      },
      isPresenting: () => this.node.hasAttribute("data-presenting"),
    });
    this.build();
    this.listen();
  }

  build() {
    this.stage.append(this.links.node, this.grid);
    this.scroller.append(this.stage);
    const shell = make("div", "shell"); // the header sticks only as long as its columns last
    shell.append(this.header.sentinel, this.header.node, this.scroller);
    this.node.append(shell, this.chart.node, this.announcer);
    this.root.append(this.node);
  }

  listen() {
    this.stage.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "touch") this.hover(eventCard(event)?.id ?? null);
    });
    this.stage.addEventListener("pointerleave", () => this.hover(null));
    this.stage.addEventListener("click", (event) => {
      const card = eventCard(event);
      if (card) this.panel.toggle(card);
    });
    this.sizes = new ResizeObserver(() => this.measure());
    for (const node of [this.node, this.header.node, this.stage]) this.sizes.observe(node);
    this.onFonts = () => this.links.schedule();
    document.fonts?.addEventListener("loadingdone", this.onFonts);
    this.header.watchTop();
  }

  close() {
    this.follower.leave();
    boards.delete(this.root);
    this.sizes?.disconnect();
    this.chart.close();
    this.header.close();
    this.panel.close();
    if (this.onFonts) document.fonts?.removeEventListener("loadingdone", this.onFonts);
    this.node.remove();
  }

  /**
   * Put columns that the work has told of in the place of theirs.
   *
   * @param {Record<string, unknown>[]} changes
   */
  change(changes) {
    const views = /** @type {{ column?: ColumnView }[]} */ (changes).flatMap(({ column }) => column ?? []);
    if (!this.data || !views.length) return;
    const changed = new Map(views.map((view) => [view.key, view]));
    const columns = this.data.columns.map((view) => changed.get(view.key) ?? view);
    const data = { ...this.data, columns };
    if (!views.every((view) => this.columns.isProgress(view))) return this.update(data);
    this.data = data;
    this.columns.showProgress(data);
    this.keyboard.updateTabStop();
    this.mark();
  }

  /**
   * Show new data; unchanged columns and cards keep their elements, the focus and the highlight.
   *
   * @param {BoardData} data
   */
  update(data) {
    this.data = data;
    this.header.updateTone();
    const signature = JSON.stringify([data.columns, data.max_grade, data.cutoff, data.paths]);
    if (signature === this.signature) return;
    this.signature = signature;
    const active = this.root.activeElement;
    this.updateColumns(data);
    this.chart.update(data);
    if (active instanceof HTMLElement && active.isConnected && this.root.activeElement !== active) {
      active.focus({ preventScroll: true });
    }
    if (!this.has(this.hovered)) this.hovered = null;
    if (!this.has(this.focused)) this.focused = null;
    this.keyboard.updateTabStop();
    this.mark();
    this.measure();
  }

  /** @param {BoardData} data */
  updateColumns(data) {
    const changes = this.columns.update(data);
    const all = (this.links.columns = this.columns.all);
    this.node.style.setProperty("--n", String(Math.max(1, all.length)));
    this.node.toggleAttribute("data-single", all.length === 1);
    this.node.toggleAttribute("data-many", all.length > 5);
    arrange(this.grid, all.map((column) => column.node));
    this.header.update(all);
    if (changes.length) this.announcer.textContent = changes.join(". ");
  }

  /** @param {string | null} id */
  has(id) {
    if (id === null) return false;
    return this.columns.cards().some((cards) => cards.some((card) => card.id === id)) || this.chart.has(id);
  }

  /** @param {string | null} id */
  hover(id) {
    if (this.hovered === id) return;
    this.hovered = id;
    this.mark();
  }

  /** @param {string | null} id */
  focus(id) {
    if (this.focused === id) return;
    this.focused = id;
    this.mark();
  }

  /** Mark the highlighted and the selected document in the columns, the lines and the chart. */
  mark() {
    const highlighted = this.hovered ?? this.focused;
    const { selected, system } = this.panel;
    const followed = highlighted ?? selected;
    const id = this.has(followed) ? followed : null;
    this.node.toggleAttribute("data-lit", id !== null);
    const views = this.columns.cards().map((cards) => cards.map((card) => card.view));
    this.columns.all.forEach((column, at) => {
      const opened = column.view.key === system;
      for (const card of column.cards) card.mark(highlighted, selected, opened);
      column.showPosition(id === null ? { text: "", absent: false } : position(id, at, views));
    });
    this.links.mark(highlighted, selected);
    this.chart.mark(highlighted, selected);
  }

  measure() {
    this.header.measure();
    this.panel.settle();
    this.links.schedule();
  }
}
