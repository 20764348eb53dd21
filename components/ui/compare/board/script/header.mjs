// @ts-check
/** The strip of column headers that sticks to the top, and the letters that lead to columns. */

import { arrange, make, scrollBehavior } from "./dom.mjs";
import { hiddenSides, tone } from "./geometry.mjs";

/** @import { Column } from "./column.mjs" */

/** Milliseconds after which Streamlit has drawn what lies above the board. */
const LAID_OUT = 400;

export class Header {
  /**
   * @param {HTMLElement} board element that carries the states the style sheet asks for
   * @param {HTMLElement} scroller element in which the columns scroll sideways
   */
  constructor(board, scroller) {
    this.board = board;
    this.scroller = scroller;
    /** @type {Column[]} */
    this.columns = [];
    this.letterSignature = "";
    this.timer = 0;
    this.sentinel = make("div"); // out of view exactly while the header sticks
    this.node = make("div", "head");
    this.letters = make("div", "jumps");
    this.grid = make("div", "grid");
    const strip = make("div", "heads");
    strip.append(this.grid);
    this.node.append(this.letters, strip);
    scroller.addEventListener("scroll", () => this.followScroll(), { passive: true });
  }

  /** @param {Column[]} columns */
  update(columns) {
    this.columns = columns;
    arrange(this.grid, columns.map((column) => column.head));
    const signature = JSON.stringify(columns.map(({ view }) => [view.letter, view.label]));
    if (signature === this.letterSignature) return;
    this.letterSignature = signature;
    this.letters.replaceChildren(...columns.map((_, at) => this.letterButton(at)));
  }

  /**
   * Return the button that scrolls to a column.
   *
   * @param {number} at number of the column
   */
  letterButton(at) {
    const { letter, label } = this.columns[at].view;
    const button = make("button", "jump", letter);
    button.type = "button";
    button.tabIndex = -1;
    button.dataset.letter = letter;
    button.title = label;
    button.setAttribute("aria-label", `show ${letter}, ${label}`);
    button.addEventListener("click", () => {
      const left = this.columns[at].node.offsetLeft - this.columns[0].node.offsetLeft;
      this.scroller.scrollTo({ left, behavior: scrollBehavior() });
    });
    return button;
  }

  /** Decide between light and dark by the page's real background. */
  updateTone() {
    this.board.dataset.tone = tone(getComputedStyle(this.node).backgroundColor);
  }

  /** Tell the style sheet how high the header is. */
  measure() {
    this.board.style.setProperty("--head", `${this.node.offsetHeight}px`);
    this.followScroll();
    if (!this.board.hasAttribute("data-presenting")) return;
    this.measureAbove();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.measureAbove(), LAID_OUT); // Streamlit may still be drawing
  }

  /** Tell presenter view's style sheet how much of the window lies above the cards. */
  measureAbove() {
    const scrolled = document.querySelector('[data-testid="stMain"]')?.scrollTop ?? 0;
    const above = Math.round(this.scroller.getBoundingClientRect().top + scrolled);
    this.board.style.setProperty("--taken", `${above}px`);
  }

  /** Keep the headers over their columns, and note on which sides more columns lie. */
  followScroll() {
    const { scrollLeft } = this.scroller;
    this.grid.style.transform = scrollLeft ? `translateX(${-scrollLeft}px)` : "";
    const sides = hiddenSides(this.scroller);
    this.board.dataset.more = sides.join(" ");
    if (sides.length) this.markVisible();
  }

  /** Mark the letters of the columns that are at least half in view. */
  markVisible() {
    const view = this.scroller.getBoundingClientRect();
    this.columns.forEach(({ node }, at) => {
      const { left, right } = node.getBoundingClientRect();
      const middle = (left + right) / 2;
      const visible = middle > view.left && middle < view.right;
      this.letters.children[at]?.setAttribute("aria-current", String(visible));
    });
  }

  /** Stick below Streamlit's own header where that one is opaque, and note when stuck. */
  watchTop() {
    /** @type {HTMLElement | null} */
    const bar = document.querySelector('[data-testid="stHeader"]');
    const opaque = bar && !/(, 0\)|transparent)$/.test(getComputedStyle(bar).backgroundColor);
    const above = opaque ? bar.offsetHeight : 0;
    this.board.style.setProperty("--above", `${above}px`);
    this.observer = new IntersectionObserver(
      ([entry]) => {
        const limit = entry.rootBounds?.top ?? 0;
        this.board.toggleAttribute("data-stuck", entry.boundingClientRect.top < limit);
      },
      {
        root: document.querySelector('[data-testid="stMain"]'),
        rootMargin: `${-above}px 0px 0px 0px`,
        threshold: [0, 1],
      },
    );
    this.observer.observe(this.sentinel);
  }

  close() {
    clearTimeout(this.timer);
    this.observer?.disconnect();
  }
}
