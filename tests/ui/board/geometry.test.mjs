import assert from "node:assert/strict";
import { test } from "node:test";

import {
  chartPath,
  chartScales,
  curve,
  curves,
  deepest,
  hiddenSides,
  spread,
  tone,
} from "../../../components/ui/compare/board/script/geometry.mjs";

const span = (y1, y2) => ({ id: `${y1}-${y2}`, x1: 0, y1, x2: 100, y2 });

test("numbers are spread evenly, ends included", () => {
  assert.deepEqual(spread(3, 0, 1), [0, 0.5, 1]);
  assert.deepEqual(spread(2, 1, 0), [1, 0]);
  assert.deepEqual(spread(1, 0.8, 0.2), [0.5]);
  assert.deepEqual(spread(0, 0, 1), []);
});

test("a curve leaves and arrives level and turns where it is told", () => {
  assert.equal(curve({ id: "a", x1: 10, y1: 20, x2: 50, y2: 80 }, 0.25), "M10 20C20 20 20 80 50 80");
});

test("falling lines turn from right to left, rising ones from left to right, level ones midway", () => {
  const spans = [span(0, 40), span(10, 70), span(20, 80), span(30, 30), span(40, 20), span(50, 0)];
  const turns = curves(spans).map((path) => Math.round(Number(path.match(/C([\d.]+)/)[1])));
  assert.deepEqual(turns, [80, 50, 20, 50, 20, 80]);
});

test("a single line turns midway", () => {
  assert.deepEqual(curves([span(0, 40)]), ["M0 0C50 0 50 40 100 40"]);
});

test("the deepest position ignores columns that lack the document", () => {
  assert.equal(deepest([{ heights: [1, null, 11.5] }, { heights: [null, 3] }]), 11.5);
});

test("a wide chart leaves room for titles", () => {
  const { named, plotWidth, x, y } = chartScales(1000, 3);
  assert.equal(named, true);
  assert.equal(plotWidth, 720); // 28 % of the width are for titles
  assert.deepEqual([x(0), x(1), x(2)], [18, 360, 702]);
  assert.deepEqual([y(0.5), y(1), y(2)], [30, 42.5, 67.5]);
  assert.equal(chartScales(2000, 3).plotWidth, 1670); // and at most 330 pixels
});

test("a narrow chart has no titles, and a single column lies at the left", () => {
  const { named, plotWidth, x } = chartScales(700, 1);
  assert.equal(named, false);
  assert.equal(plotWidth, 700);
  assert.equal(x(0), 18);
});

test("a document's line is broken where a column lacks it", () => {
  const point = (column, y) => ({ x: 100 * column, y, column });
  assert.equal(chartPath([point(0, 10), point(1, 30)]), "M0 10C50 10 50 30 100 30");
  assert.equal(chartPath([point(0, 10), point(2, 30)]), "M0 10M200 30");
  assert.equal(chartPath([]), "");
});

test("a scrolled strip has more on the sides beyond its edges", () => {
  const sides = (scrollLeft) => hiddenSides({ scrollLeft, scrollWidth: 500, clientWidth: 300 });
  assert.deepEqual(sides(0), ["on"]);
  assert.deepEqual(sides(8), ["on"]);
  assert.deepEqual(sides(9), ["back", "on"]);
  assert.deepEqual(sides(200), ["back"]);
  assert.deepEqual(hiddenSides({ scrollLeft: 0, scrollWidth: 308, clientWidth: 300 }), []);
});

test("a page is dark or light by its background's luminance", () => {
  assert.equal(tone("rgb(255, 255, 255)"), "light");
  assert.equal(tone("rgb(14, 17, 23)"), "dark");
  assert.equal(tone("rgb(0, 0, 255)"), "dark"); // blue carries 7 % of the luminance
  assert.equal(tone("rgb(0, 255, 0)"), "light"); // green carries 72 %
  assert.equal(tone("none"), "light");
});
