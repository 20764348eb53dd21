// @ts-check
/** Functions of the board's data alone: keys, settings, and what changed. */

/** @import { BoardData, BoardSettings, ColumnView } from "./types.mjs" */

/**
 * Pair each item with a key that is unique even when the data repeats one.
 *
 * @template T
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @returns {[string, T][]}
 */
export function keyed(items, keyOf) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  return items.map((item) => {
    const key = keyOf(item);
    const repeats = counts.get(key) ?? 0;
    counts.set(key, repeats + 1);
    return [repeats ? `${key}\u0000${repeats}` : key, item];
  });
}

/**
 * Pair the items of two columns that have the same id; each item is used once.
 *
 * @template {{ id: string }} T
 * @param {T[]} left
 * @param {T[]} right
 * @returns {[T, T][]} pairs in the order of the left column
 */
export function pairs(left, right) {
  /** @type {Map<string, T>} */
  const unpaired = new Map();
  for (const item of right) if (!unpaired.has(item.id)) unpaired.set(item.id, item);
  /** @type {[T, T][]} */
  const result = [];
  for (const item of left) {
    const partner = unpaired.get(item.id);
    if (!partner) continue;
    unpaired.delete(item.id);
    result.push([item, partner]);
  }
  return result;
}

/**
 * Tell whether a column has ended with at least one card.
 *
 * @param {ColumnView} view
 */
export const isRanked = (view) => view.state === "done" && view.cards.length > 0;

/**
 * Return what the cards of all columns depend on.
 *
 * @param {BoardData} data
 * @returns {BoardSettings}
 */
export function boardSettings({ columns, max_grade: maxGrade, cutoff }) {
  const ranked = columns.find(isRanked);
  const rows = Math.max(3, ranked?.cards.length ?? Math.min(cutoff, 10));
  return { first: columns[0]?.letter ?? "A", maxGrade, cutoff, rows };
}

/**
 * Return the columns that the movement chart joins, none where its paths do not fit them.
 *
 * @param {BoardData} data
 * @returns {ColumnView[]}
 */
export function chartColumns({ columns, paths, joined }) {
  const ranked = columns.filter((view) => isRanked(view) && joined.includes(view.key));
  return paths.length && paths[0].ranks.length === ranked.length ? ranked : [];
}
