// @ts-check
/** The movement chart: one line for each document through all ranked columns. */

import { chartColumns } from "./data.mjs";
import { closest, make, makeSvg, textElement, toggleMarks } from "./dom.mjs";
import { ROW_HEIGHT, chartPath, chartScales, deepest } from "./geometry.mjs";
import { chartText } from "./text.mjs";

/** @import { BoardData, ColumnView, PathView } from "./types.mjs" */

/**
 * What the chart calls when the visitor points at a line or clicks on it.
 *
 * @typedef {object} ChartEvents
 * @property {(id: string | null) => void} onHover
 * @property {(id: string, letter: string) => void} onToggle with the letter of the column whose
 *   dot was clicked, empty beside the dots
 */

export class MovementChart {
  /** @param {ChartEvents} events */
  constructor(events) {
    /** @type {PathView[]} */
    this.paths = [];
    /** @type {ColumnView[]} */
    this.columns = [];
    /** @type {SVGGElement[]} */
    this.lines = [];
    /** @type {Map<number, HTMLElement>} */
    this.rows = new Map();
    /** @type {string | null} */
    this.highlighted = null;
    /** @type {string | null} */
    this.selected = null;
    this.cutoff = 0;
    this.drawnWidth = 0;
    this.scales = chartScales(0, 0);
    this.node = make("section", "bump");
    this.node.hidden = true;
    this.reading = make("p", "reading");
    this.plot = make("div", "plot");
    this.svg = makeSvg("svg", { role: "img" });
    this.names = make("ol", "names");
    this.plot.append(this.svg, this.names);
    this.node.append(make("h4", "", "Rank movement"), this.reading, this.plot);
    this.listen(events);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.plot);
  }

  /** @param {ChartEvents} events */
  listen({ onHover, onToggle }) {
    this.plot.addEventListener("pointerover", (event) => onHover(this.eventId(event)));
    this.plot.addEventListener("pointerleave", () => onHover(null));
    this.plot.addEventListener("click", (event) => {
      const id = this.eventId(event);
      const dot = closest(event, "circle");
      if (id !== null) onToggle(id, dot instanceof SVGElement ? (dot.dataset.letter ?? "") : "");
    });
  }

  /**
   * Return the document of the line or the title in which an event happened.
   *
   * @param {Event} event
   */
  eventId(event) {
    const node = closest(event, "[data-at]");
    const at = node instanceof HTMLElement || node instanceof SVGElement ? node.dataset.at : "";
    return this.paths[Number(at || -1)]?.id ?? null;
  }

  /** @param {string} id */
  has(id) {
    return this.paths.some((path) => path.id === id);
  }

  /** @param {BoardData} data */
  update(data) {
    this.paths = data.paths;
    this.columns = chartColumns(data);
    this.cutoff = data.cutoff;
    this.node.hidden = !this.columns.length;
    this.reading.textContent = data.reading;
    this.drawnWidth = 0;
    this.draw();
  }

  /** Draw the chart for the width that it has now, if it is not drawn for it already. */
  draw() {
    const width = this.plot.clientWidth;
    if (this.node.hidden || !width || width === this.drawnWidth) return;
    this.drawnWidth = width;
    this.scales = chartScales(width, this.columns.length);
    const lowest = deepest(this.paths);
    const height = this.scales.y(lowest) + ROW_HEIGHT;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("width", String(width));
    this.svg.setAttribute("height", String(height));
    this.svg.setAttribute("aria-label", chartText(this.paths.length, this.columns));
    this.lines = this.paths.map((path, at) => this.line(path, at));
    const emphasised = this.lines.filter((_, at) => this.paths[at].telling);
    const others = this.lines.filter((_, at) => !this.paths[at].telling);
    this.svg.replaceChildren(...this.letters(), ...this.cutoffLine(lowest), ...others, ...emphasised);
    this.drawNames();
    this.mark(this.highlighted, this.selected);
  }

  letters() {
    return this.columns.map((view, at) => {
      const node = makeSvg("text", { x: this.scales.x(at), y: 14, class: "letter" }, view.letter);
      node.dataset.letter = view.letter;
      node.append(makeSvg("title", {}, view.label));
      return node;
    });
  }

  /**
   * Return the line below the results asked for, none where no document lies below it.
   *
   * @param {number} lowest the deepest position in the chart
   */
  cutoffLine(lowest) {
    if (lowest <= this.cutoff) return [];
    const y = this.scales.y(this.cutoff + 0.75);
    const x2 = this.scales.plotWidth - 4;
    return [makeSvg("line", { x1: 4, x2, y1: y, y2: y, class: "cutoff" })];
  }

  /**
   * Return a document's line, with its rank on a dot in each column.
   *
   * @param {PathView} path
   * @param {number} at
   */
  line(path, at) {
    const group = makeSvg("g", { class: path.telling ? "way telling" : "way" });
    group.dataset.at = String(at);
    const points = path.heights.flatMap((height, column) =>
      height === null ? [] : [{ x: this.scales.x(column), y: this.scales.y(height), column }],
    );
    const d = chartPath(points);
    group.append(makeSvg("path", { d, class: "touch" }), makeSvg("path", { d }));
    for (const { x, y, column } of points) {
      const dot = makeSvg("circle", { cx: x, cy: y, r: 10 });
      dot.dataset.letter = this.columns[column].letter;
      group.append(dot, makeSvg("text", { x, y: y + 3.6 }, String(path.ranks[column])));
    }
    group.append(makeSvg("title", {}, path.title));
    return group;
  }

  /** Write the titles beside the last column; a document that it lacks has none. */
  drawNames() {
    const last = this.columns.length - 1;
    this.names.hidden = !this.scales.named;
    const entries = this.paths.flatMap((path, at) => {
      const height = path.heights[last];
      return height === null ? [] : [{ path, at, height }];
    });
    entries.sort((a, b) => a.height - b.height);
    this.rows = new Map(
      entries.map(({ path, at, height }) => {
        const row = textElement("li", path.telling ? "telling" : "", path.title);
        row.dataset.at = String(at);
        row.style.top = `${this.scales.y(height) - ROW_HEIGHT / 2}px`;
        row.style.left = `${this.scales.plotWidth}px`;
        return [at, row];
      }),
    );
    this.names.replaceChildren(...this.rows.values());
  }

  /**
   * Mark the highlighted and the selected document's line and title, the highlighted line on top.
   *
   * @param {string | null} highlighted
   * @param {string | null} selected
   */
  mark(highlighted, selected) {
    this.highlighted = highlighted;
    this.selected = selected;
    for (const [at, { id }] of this.paths.entries()) {
      const line = this.lines[at];
      for (const node of [line, this.rows.get(at)]) {
        if (node) toggleMarks(node, id, highlighted, selected);
      }
      if (id === highlighted && line?.nextSibling) this.svg.append(line);
    }
  }

  close() {
    this.sizes.disconnect();
  }
}
