// @ts-check
/** The columns of a board, which keep their elements while their data changes. */

import { Column } from "./column.mjs";
import { boardSettings, keyed } from "./data.mjs";
import { isAtWork } from "./text.mjs";

/** @import { BoardData, ColumnView } from "./types.mjs" */

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
   * Tell whether a column is at work as it was before: no line and no chart depends on it.
   *
   * @param {ColumnView} view
   */
  isProgress(view) {
    return isAtWork(view) && this.byKey.get(view.key)?.view.state === view.state;
  }

  /**
   * Tell whether a column has ended that was at work before.
   *
   * @param {ColumnView} view
   */
  isEnd(view) {
    const before = this.byKey.get(view.key)?.view;
    return before !== undefined && isAtWork(before) && !isAtWork(view);
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
