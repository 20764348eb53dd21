import assert from "node:assert/strict";
import { test } from "node:test";

import { boardSettings, chartColumns, isRanked, keyed, pairs } from "../../../components/ui/compare/board/script/data.mjs";

const column = (letter, state, ...ids) => ({ key: letter, letter, state, cards: ids.map((id) => ({ id })) });
const board = (columns, rest = {}) => ({
  columns,
  max_grade: 0,
  cutoff: 10,
  paths: [],
  joined: [],
  ...rest,
});

test("keys are unique even where the data repeats one", () => {
  const items = ["a", "b", "a", "a"];
  assert.deepEqual(
    keyed(items, (item) => item),
    [["a", "a"], ["b", "b"], ["a\u00001", "a"], ["a\u00002", "a"]],
  );
  assert.deepEqual(keyed([], String), []);
});

test("cards of one document are paired in the order of the left column", () => {
  const left = [{ id: "x", at: 1 }, { id: "y", at: 2 }, { id: "z", at: 3 }];
  const right = [{ id: "z", at: 4 }, { id: "w", at: 5 }, { id: "x", at: 6 }];
  assert.deepEqual(pairs(left, right), [[left[0], right[2]], [left[2], right[0]]]);
});

test("a card is paired once, with the first card of its document", () => {
  const left = [{ id: "x", at: 1 }, { id: "x", at: 2 }];
  const right = [{ id: "x", at: 3 }, { id: "x", at: 4 }];
  assert.deepEqual(pairs(left, right), [[left[0], right[0]]]);
});

test("a column is ranked when it has ended with cards", () => {
  assert.equal(isRanked(column("A", "done", "x")), true);
  assert.equal(isRanked(column("A", "done")), false);
  assert.equal(isRanked(column("A", "running", "x")), false);
});

test("columns have as many rows as the first ranked one", () => {
  const columns = [column("A", "running"), column("B", "done", "1", "2", "3", "4")];
  assert.deepEqual(boardSettings(board(columns, { max_grade: 3 })), {
    first: "A",
    maxGrade: 3,
    cutoff: 10,
    rows: 4,
  });
});

test("rows are at least three, and at most ten before the first ranking", () => {
  const rows = (data) => boardSettings(data).rows;
  assert.equal(rows(board([column("A", "done", "1")])), 3);
  assert.equal(rows(board([column("A", "loading")], { cutoff: 7 })), 7);
  assert.equal(rows(board([column("A", "loading")], { cutoff: 100 })), 10);
  assert.equal(rows(board([column("A", "loading")], { cutoff: 1 })), 3);
  assert.equal(boardSettings(board([])).first, "A");
});

test("the chart joins the ranked columns if the paths fit them", () => {
  const columns = [column("A", "done", "x"), column("B", "failed"), column("C", "done", "x")];
  const paths = (...ranks) => ({ paths: [{ ranks }], joined: ["A", "C"] });
  assert.deepEqual(chartColumns(board(columns, paths(1, 2))), [columns[0], columns[2]]);
  assert.deepEqual(chartColumns(board(columns, paths(1, 2, 3))), []);
  assert.deepEqual(chartColumns(board(columns)), []);
  const later = [...columns, column("D", "done", "x")]; // its paths are still to come
  assert.deepEqual(chartColumns(board(later, paths(1, 2))), [columns[0], columns[2]]);
});
