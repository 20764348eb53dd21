// @ts-check
/**
 * The data that crosses from Python, and what the parts of the board share.
 *
 * CardView, ColumnView, PathView, BoardData and Selection have the fields of the dataclasses of the same names
 * in component.py, where they are documented. This file holds types only: it is not sent to the
 * browser.
 */

/** Where a card's document comes from, relative to the first stage. */
/** @typedef {"same" | "up" | "down" | "from" | "first" | "new"} Origin */

/** How far a column is. */
/** @typedef {"done" | "loading" | "waiting" | "running" | "failed" | "stopped"} State */

/**
 * One document in one column.
 *
 * @typedef {object} CardView
 * @property {string} id
 * @property {number} rank
 * @property {string} title
 * @property {string} text
 * @property {string} score
 * @property {number} bar
 * @property {number} first_rank
 * @property {Origin} origin
 * @property {number} delta
 * @property {number | null} grade
 * @property {number} cut
 * @property {boolean} cut_estimated
 * @property {boolean} itself
 * @property {string} details
 */

/**
 * One system.
 *
 * @typedef {object} ColumnView
 * @property {string} key
 * @property {string} letter
 * @property {string} label
 * @property {string} kind
 * @property {string} scale
 * @property {State} state
 * @property {number} done
 * @property {number} total
 * @property {string} latency
 * @property {string} quality
 * @property {string[]} notes
 * @property {string} reason
 * @property {string} remedy
 * @property {CardView[]} cards
 * @property {string} cost
 * @property {string} cost_detail
 * @property {string} doing
 */

/**
 * One document's line in the movement chart.
 *
 * @typedef {object} PathView
 * @property {string} id
 * @property {string} title
 * @property {(number | null)[]} ranks
 * @property {(number | null)[]} heights
 * @property {boolean} telling
 */

/**
 * All columns, first stage first, and the lines of the movement chart.
 *
 * @typedef {object} BoardData
 * @property {ColumnView[]} columns
 * @property {number} max_grade
 * @property {number} cutoff
 * @property {PathView[]} paths
 * @property {string[]} joined
 * @property {string} reading
 */

/**
 * A document, and the key of the column in which it was opened.
 *
 * @typedef {object} Selection
 * @property {string} document
 * @property {string} system
 */

/** What Python sends: the board's data, what is selected at first, and how the board is shown. */
/**
 * @typedef {BoardData & {
 *   selected: Selection | null,
 *   live: import("../../../shared/progress/script/live.mjs").Live | null,
 *   presenting: boolean,
 * }} Payload
 */

/**
 * What the cards of all columns depend on.
 *
 * @typedef {object} BoardSettings
 * @property {string} first letter of the first stage
 * @property {number} maxGrade highest grade, 0 where nothing is judged
 * @property {number} cutoff number of results asked for
 * @property {number} rows number of cards in a column, or of their placeholders
 */

/** A position in an SVG drawing, in its own pixels. */
/** @typedef {{ x: number, y: number }} Point */

/**
 * A line from a card to the same document's card in the next column, in the stage's pixels.
 *
 * @typedef {object} Span
 * @property {string} id document that the two cards show
 * @property {number} x1
 * @property {number} y1
 * @property {number} x2
 * @property {number} y2
 */

export {};
