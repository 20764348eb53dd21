import assert from "node:assert/strict";
import { test } from "node:test";

import { keyTarget } from "../../../components/ui/compare/board/script/keyboard.mjs";

const cards = (...ids) => ids.map((id) => ({ id }));
const FIRST = cards("a", "b", "c");
const SECOND = cards("c", "a");
const COLUMNS = [FIRST, [], SECOND];
const target = (key, card) => keyTarget(key, card, COLUMNS);

test("up and down lead to the neighbours and end at the edges", () => {
  assert.equal(target("ArrowDown", FIRST[0]), FIRST[1]);
  assert.equal(target("ArrowUp", FIRST[2]), FIRST[1]);
  assert.equal(target("ArrowUp", FIRST[0]), undefined);
  assert.equal(target("ArrowDown", SECOND[1]), undefined);
});

test("home and end lead to the column's ends", () => {
  assert.equal(target("Home", FIRST[1]), FIRST[0]);
  assert.equal(target("End", FIRST[1]), FIRST[2]);
});

test("left and right lead to the same document, past columns without cards", () => {
  assert.equal(target("ArrowRight", FIRST[0]), SECOND[1]);
  assert.equal(target("ArrowLeft", SECOND[0]), FIRST[2]);
});

test("without the document, left and right lead to the same rank or the last", () => {
  assert.equal(target("ArrowRight", FIRST[1]), SECOND[1]);
  const short = [cards("a", "b", "c"), cards("x", "y")];
  assert.equal(keyTarget("ArrowRight", short[0][2], short), short[1][1]);
});

test("left and right end at the first and the last column with cards", () => {
  assert.equal(target("ArrowLeft", FIRST[0]), undefined);
  assert.equal(target("ArrowRight", SECOND[0]), undefined);
});
