// @ts-check
/** Positions, curves and brightness: plain functions of numbers, without the page. */

/** @import { PathView, Point, Span } from "./types.mjs" */

/** Pixels from one rank to the next in the movement chart. */
export const ROW_HEIGHT = 25;
const CHART_TOP = 30;
const CHART_MARGIN = 18;
const NAMES_FROM_WIDTH = 700;

/**
 * Return `count` evenly spaced numbers from `first` to `last`; a single one lies at 0.5.
 *
 * @param {number} count
 * @param {number} first
 * @param {number} last
 */
export function spread(count, first, last) {
  if (count < 2) return Array(count).fill(0.5);
  return Array.from({ length: count }, (_, at) => first + ((last - first) * at) / (count - 1));
}

/**
 * Return the SVG path of an S-shaped curve that turns at a fraction of its width.
 *
 * @param {Span} span
 * @param {number} turn 0 at the left end, 1 at the right end
 */
export function curve({ x1, y1, x2, y2 }, turn) {
  const x = x1 + (x2 - x1) * turn;
  return `M${x1} ${y1}C${x} ${y1} ${x} ${y2} ${x2} ${y2}`;
}

/**
 * Return the SVG paths of the lines between two columns.
 *
 * Lines that fall turn from right to left and lines that rise from left to right, each at a place
 * of its own, so that lines of one direction do not lie on one another.
 *
 * @param {Span[]} spans from top to bottom of the left column
 * @returns {string[]} one path for each span
 */
export function curves(spans) {
  const falling = spans.filter((span) => span.y2 > span.y1);
  const rising = spans.filter((span) => span.y2 < span.y1);
  const turns = new Map([
    ...zip(falling, spread(falling.length, 0.8, 0.2)),
    ...zip(rising, spread(rising.length, 0.2, 0.8)),
  ]);
  return spans.map((span) => curve(span, turns.get(span) ?? 0.5));
}

/**
 * @param {Span[]} spans
 * @param {number[]} turns
 * @returns {[Span, number][]}
 */
const zip = (spans, turns) => spans.map((span, at) => [span, turns[at]]);

/**
 * Return the deepest position that any path of the movement chart reaches.
 *
 * @param {Pick<PathView, "heights">[]} paths
 */
export const deepest = (paths) =>
  Math.max(...paths.flatMap((path) => path.heights.filter((height) => height !== null)));

/**
 * Return where the movement chart's columns and ranks lie.
 *
 * @param {number} width pixels
 * @param {number} columns number of columns
 */
export function chartScales(width, columns) {
  const named = width > NAMES_FROM_WIDTH;
  const plotWidth = width - (named ? Math.min(330, width * 0.28) : 0);
  const step = (plotWidth - 2 * CHART_MARGIN) / Math.max(1, columns - 1);
  return {
    /** Whether there is room for the documents' titles beside the last column. */
    named,
    /** Pixels from the left edge to those titles. */
    plotWidth,
    /** @param {number} column */
    x: (column) => CHART_MARGIN + (columns > 1 ? column * step : 0),
    /** @param {number} height */
    y: (height) => CHART_TOP + (height - 0.5) * ROW_HEIGHT,
  };
}

/**
 * Return the SVG path of a document's line through the columns, broken where a column lacks it.
 *
 * @param {(Point & { column: number })[]} points
 */
export function chartPath(points) {
  const parts = points.map(({ x, y, column }, at) => {
    const before = points[at - 1];
    if (!before || before.column !== column - 1) return `M${x} ${y}`;
    const middle = (before.x + x) / 2;
    return `C${middle} ${before.y} ${middle} ${y} ${x} ${y}`;
  });
  return parts.join("");
}

/**
 * Return on which sides of a scrolled strip more lies: "back", "on", both or none.
 *
 * @param {{ scrollLeft: number, scrollWidth: number, clientWidth: number }} scroller
 * @returns {string[]}
 */
export function hiddenSides({ scrollLeft, scrollWidth, clientWidth }) {
  const sides = [];
  if (scrollLeft > 8) sides.push("back");
  if (scrollLeft + clientWidth < scrollWidth - 8) sides.push("on");
  return sides;
}

/**
 * Return whether a CSS colour is dark or light, by its relative luminance.
 *
 * @param {string} colour such as "rgb(14, 17, 23)"; white where it names no numbers
 * @returns {"dark" | "light"}
 */
export function tone(colour) {
  const parts = colour.match(/[\d.]+/g) ?? ["255", "255", "255"];
  const [red, green, blue] = parts.map((part) => (Number(part) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.18 ? "dark" : "light";
}
