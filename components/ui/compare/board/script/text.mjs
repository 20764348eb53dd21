// @ts-check
/** The board's texts: plain functions of the data, without the page. */

/** @import { BoardSettings, CardView, ColumnView, State } from "./types.mjs" */

const STATE_TEXT = { loading: "loading", waiting: "waiting", failed: "failed", stopped: "stopped" };
const AT_WORK = new Set(["loading", "waiting", "running"]);
export const NO_CANDIDATES = "The first stage found nothing to order.";
export const NOT_A_CANDIDATE = "not among the first stage's candidates";
export const ITSELF = "the query itself";
export const ITSELF_MEANS =
  "a document with the id and the text of this query: an evaluation leaves it out";
const NO_REASON = "No reason was given.";
const PARTIAL = "Part of the scores is not a ranking, so none is shown.";

/**
 * Return a number with its noun: 1 rank, 1,250 tokens.
 *
 * @param {number} count
 * @param {string} noun
 */
export const plural = (count, noun) =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/**
 * Tell whether a column is at work.
 *
 * @param {{ state: State }} view
 */
export const isAtWork = ({ state }) => AT_WORK.has(state);

/**
 * Return how far a column's work is, beside what it does; empty where that is not known.
 *
 * @param {Pick<ColumnView, "state" | "done" | "total">} view
 */
export function workCount({ state, done, total }) {
  if (state === "running" && total > 0) return `${done} / ${total}`;
  if (state !== "waiting" || !done) return "";
  return done === 1 ? "1 search before it" : `${done} searches before it`;
}

/**
 * Return how far a column without a ranking is, short enough for its header.
 *
 * @param {Pick<ColumnView, "state" | "done" | "total">} view
 */
export function progress({ state, done, total }) {
  if (state !== "running") return /** @type {Record<string, string>} */ (STATE_TEXT)[state] ?? state;
  return total > 0 ? `${done} of ${total}` : "running";
}

/**
 * Return why a column ended without a ranking.
 *
 * @param {Pick<ColumnView, "state" | "reason" | "done" | "total">} view
 */
export function endReason({ state, reason, done, total }) {
  if (reason) return reason;
  if (state === "failed") return NO_REASON;
  return total > 0 ? `${done} of ${total} were scored. ${PARTIAL}` : PARTIAL;
}

/**
 * Return a card's judgment in full.
 *
 * @param {Pick<CardView, "grade">} view
 * @param {number} maxGrade
 */
export const graded = (view, maxGrade) =>
  view.grade === null ? "unjudged" : `grade ${view.grade} of ${maxGrade}`;

/**
 * Return how many of a document's tokens the model did not read.
 *
 * @param {Pick<CardView, "cut" | "cut_estimated">} view
 */
export const unread = (view) =>
  `${view.cut_estimated ? "about " : ""}${plural(view.cut, "token")} at the end not read by this model`;

/**
 * Return a document's movement from the first stage in full.
 *
 * @param {Pick<CardView, "origin" | "first_rank" | "delta">} view
 * @param {Pick<BoardSettings, "cutoff">} settings
 */
export function moved(view, settings) {
  if (view.origin === "new") return NOT_A_CANDIDATE;
  if (view.origin === "same") return "same rank as in the first stage";
  const origin = `rank ${view.first_rank} in the first stage`;
  if (view.origin === "from") return `from ${origin}, below the cut-off of ${settings.cutoff}`;
  return `${view.origin} ${plural(Math.abs(view.delta), "rank")}, ${origin}`;
}

/**
 * Return a card's accessible name: rank, title, details, movement, grade, score, tokens not read.
 *
 * @param {CardView} view
 * @param {BoardSettings} settings
 * @param {string} scale what the column's scores are
 */
export function describe(view, settings, scale) {
  const parts = [`Rank ${view.rank}`, view.title.trim() || view.text.slice(0, 120) || view.id];
  if (view.details) parts.push(view.details);
  if (view.origin !== "first") parts.push(moved(view, settings));
  if (view.itself) parts.push(ITSELF);
  if (settings.maxGrade > 0) parts.push(graded(view, settings.maxGrade));
  if (view.score) parts.push(`score ${view.score} ${scale}`.trim());
  if (view.cut > 0) parts.push(unread(view));
  return parts.join("; ");
}

/**
 * Split a measure such as "nDCG@10 0.71" into its name, its value and what follows.
 *
 * @param {string} text
 * @returns {[string, string, string]} the value is empty where the text holds none
 */
export function measureParts(text) {
  const match = text.match(/^(\S+\s+)?([+−-]?[\d.,]+%?)(.*)$/s);
  return match ? [match[1] ?? "", match[2], match[3]] : [text, "", ""];
}

/**
 * Return what a column's header says of a document: its rank, or that it is not among the cards.
 *
 * The first stage ranks every candidate, so its rank below the cut-off is read from another
 * column's card.
 *
 * @param {string} id
 * @param {number} at number of the column
 * @param {CardView[][]} columns the cards of all columns, the first stage's first
 * @returns {{ text: string, absent: boolean }}
 */
export function position(id, at, columns) {
  const cards = columns[at];
  if (!cards.length) return { text: "", absent: false };
  const card = cards.find((view) => view.id === id);
  if (card) return { text: `rank ${card.rank}`, absent: false };
  if (at > 0) return { text: `not in top ${cards.length}`, absent: true };
  const elsewhere = columns.flat().find((view) => view.id === id);
  if (!elsewhere) return { text: "", absent: true };
  const text = elsewhere.first_rank ? `rank ${elsewhere.first_rank}` : "not found";
  return { text, absent: true };
}

/**
 * Return the movement chart's alternative text.
 *
 * @param {number} count number of documents
 * @param {Pick<ColumnView, "letter" | "label">[]} columns
 */
export function chartText(count, columns) {
  const systems = columns.map((view) => `${view.letter} ${view.label}`).join(", ");
  return `Ranks of ${plural(count, "document")} in ${systems}`;
}
