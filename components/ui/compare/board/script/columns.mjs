// @ts-check
/** The columns of a board, which keep their elements while their data changes. */

import { Column } from "./column.mjs";
import { boardSettings, keyed } from "./data.mjs";
import { isAtWork } from "./text.mjs";

/** @import { Card } from "./card.mjs" */
/** @import { BoardData, ColumnView, Selection } from "./types.mjs" */

export class Columns {
  constructor() {
    /** @type {Column[]} */
    this.all = [];
    /** @type {Map<string, Column>} */
    this.byKey = new Map();
    this.count = 0;
  }

  /**
   * Show new data and return what is to be announced: the columns whose state has changed.
   *
   * @param {BoardData} data
   * @returns {string[]}
   */
  update(data) {
    const settings = boardSettings(data);
    const before = this.byKey;
    /** @type {string[]} */
    const changes = [];
    this.byKey = new Map(
      keyed(data.columns, (view) => view.key).map(([key, view]) => {
        const column = before.get(key) ?? new Column(view, ++this.count);
        if (column.view.state !== view.state) {
          changes.push(`${view.letter} ${view.label}: ${view.state}`);
        }
        column.update(view, settings);
        return [key, column];
      }),
    );
    this.all = [...this.byKey.values()];
    return changes;
  }

  /** Return the cards of each column. */
  cards() {
    return this.all.map((column) => column.cards);
  }

  /**
   * Return a card's document and the key of its column.
   *
   * @param {Card} card
   * @returns {Selection}
   */
  selectionOf(card) {
    const column = this.all.find(({ cards }) => cards.includes(card));
    return { document: card.id, system: column?.view.key ?? "" };
  }

  /**
   * Return a document in a column, or else in the first that ranks it after the first stage.
   *
   * @param {string} document
   * @param {string} [system] key of the column
   * @returns {Selection}
   */
  selectionIn(document, system) {
    const ranking = this.all.filter(({ cards }) => cards.some((card) => card.id === document));
    const own = ranking.find(({ view }) => view.key === system);
    const column = own ?? ranking.find((other) => other !== this.all[0]) ?? ranking[0];
    return { document, system: column?.view.key ?? "" };
  }

  /**
   * Return the card that a selection belongs to, or else another of its document.
   *
   * @param {Selection} selection
   * @returns {Card | undefined}
   */
  cardOf({ document, system }) {
    const own = this.all.find(({ view }) => view.key === system);
    const cards = [...(own?.cards ?? []), ...this.cards().flat()];
    return cards.find((card) => card.id === document);
  }

  /**
   * Tell whether a column is at work as it was before: no line and no chart depends on it.
   *
   * @param {ColumnView} view
   */
  isProgress(view) {
    return isAtWork(view) && this.byKey.get(view.key)?.view.state === view.state;
  }

  /**
   * Show how far the columns are, and leave all else as it is.
   *
   * @param {BoardData} data
   */
  showProgress(data) {
    const settings = boardSettings(data);
    for (const view of data.columns) this.byKey.get(view.key)?.update(view, settings);
  }
}
