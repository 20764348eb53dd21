import assert from "node:assert/strict";
import { test } from "node:test";

import {
  chartText,
  describe,
  endReason,
  graded,
  measureParts,
  moved,
  plural,
  position,
  progress,
  unread,
  workCount,
  isAtWork,
} from "../../../components/ui/compare/board/script/text.mjs";

const SETTINGS = { first: "A", maxGrade: 0, cutoff: 10, rows: 10 };
const CARD = {
  id: "d7",
  rank: 2,
  title: "Harbour",
  text: "Rain.",
  score: "0.71",
  bar: 0.5,
  first_rank: 5,
  origin: "up",
  delta: 3,
  grade: null,
  cut: 0,
  cut_estimated: false,
  details: "",
};
const card = (changes) => ({ ...CARD, ...changes });

test("a count agrees with its noun", () => {
  assert.equal(plural(0, "rank"), "0 ranks");
  assert.equal(plural(1, "rank"), "1 rank");
  assert.equal(plural(1250, "token"), "1,250 tokens");
});

test("only columns at work have something to do", () => {
  for (const state of ["loading", "waiting", "running"]) assert.ok(isAtWork({ state }));
  for (const state of ["done", "failed", "stopped"]) assert.ok(!isAtWork({ state }));
});

test("progress counts what is scored once the total is there", () => {
  assert.equal(progress({ state: "running", done: 3, total: 100 }), "3 of 100");
  assert.equal(progress({ state: "running", done: 0, total: 0 }), "running");
  assert.equal(progress({ state: "waiting", done: 0, total: 100 }), "waiting");
  assert.equal(progress({ state: "stopped", done: 3, total: 100 }), "stopped");
});

test("a column without a ranking says why", () => {
  const partial = "Part of the scores is not a ranking, so none is shown.";
  const column = (state, reason, total) => ({ state, reason, done: 3, total });
  assert.equal(endReason(column("failed", "no key", 9)), "no key");
  assert.equal(endReason(column("failed", "", 9)), "No reason was given.");
  assert.equal(endReason(column("stopped", "", 9)), `3 of 9 were scored. ${partial}`);
  assert.equal(endReason(column("stopped", "", 0)), partial);
  assert.equal(endReason(column("stopped", "by you", 9)), "by you");
});

test("a grade is said with its scale, and a missing one is not a zero", () => {
  assert.equal(graded({ grade: null }, 3), "unjudged");
  assert.equal(graded({ grade: 0 }, 3), "grade 0 of 3");
  assert.equal(graded({ grade: 2 }, 3), "grade 2 of 3");
});

test("tokens that were not read are counted, estimates marked", () => {
  const rest = "at the end not read by this model";
  assert.equal(unread({ cut: 1, cut_estimated: false }), `1 token ${rest}`);
  assert.equal(unread({ cut: 1300, cut_estimated: true }), `about 1,300 tokens ${rest}`);
});

test("movement is told from the first stage", () => {
  const text = (origin, first_rank, delta) => moved({ origin, first_rank, delta }, SETTINGS);
  assert.equal(text("up", 5, 3), "up 3 ranks, rank 5 in the first stage");
  assert.equal(text("down", 1, -1), "down 1 rank, rank 1 in the first stage");
  assert.equal(text("same", 4, 0), "same rank as in the first stage");
  assert.equal(text("from", 40, 38), "from rank 40 in the first stage, below the cut-off of 10");
  assert.equal(text("new", 0, 0), "not among the first stage's candidates");
});

test("a card's name holds everything that the card shows", () => {
  const settings = { ...SETTINGS, maxGrade: 3 };
  assert.equal(
    describe(card({ grade: 2, cut: 12 }), settings, "logit"),
    "Rank 2; Harbour; up 3 ranks, rank 5 in the first stage; grade 2 of 3; score 0.71 logit; " +
      "12 tokens at the end not read by this model",
  );
});

test("a card's name leaves out what there is not", () => {
  assert.equal(describe(card({ origin: "first" }), SETTINGS, ""), "Rank 2; Harbour; score 0.71");
  const placed = card({ origin: "first", details: "a.pdf, page 3" });
  assert.equal(describe(placed, SETTINGS, ""), "Rank 2; Harbour; a.pdf, page 3; score 0.71");
  const untitled = { origin: "first", title: " ", text: "x".repeat(130) };
  assert.equal(describe(card(untitled), SETTINGS, ""), `Rank 2; ${"x".repeat(120)}; score 0.71`);
  const empty = { origin: "first", title: "", text: "" };
  assert.equal(describe(card(empty), SETTINGS, ""), "Rank 2; d7; score 0.71");
});

test("a measure is split into name, value and rest", () => {
  assert.deepEqual(measureParts("nDCG@10 0.71"), ["nDCG@10 ", "0.71", ""]);
  assert.deepEqual(measureParts("RR@10 −0.05 (n = 3)"), ["RR@10 ", "−0.05", " (n = 3)"]);
  assert.deepEqual(measureParts("12.5% better"), ["", "12.5%", " better"]);
  assert.deepEqual(measureParts("not measured"), ["not measured", "", ""]);
});

test("a header says where a document stands", () => {
  const first = [{ id: "a", rank: 1 }, { id: "b", rank: 2 }];
  const second = [{ id: "c", rank: 1, first_rank: 14 }, { id: "a", rank: 2, first_rank: 1 }];
  const third = [{ id: "n", rank: 1, first_rank: 0 }];
  const columns = [first, second, third, []];
  assert.deepEqual(position("a", 1, columns), { text: "rank 2", absent: false });
  assert.deepEqual(position("b", 1, columns), { text: "not in top 2", absent: true });
  assert.deepEqual(position("c", 0, columns), { text: "rank 14", absent: true });
  assert.deepEqual(position("n", 0, columns), { text: "not found", absent: true });
  assert.deepEqual(position("elsewhere", 0, columns), { text: "", absent: true });
  assert.deepEqual(position("a", 3, columns), { text: "", absent: false });
});

test("the chart's alternative text names its systems", () => {
  const columns = [{ letter: "A", label: "bge-small" }, { letter: "C", label: "bm25" }];
  assert.equal(chartText(1, columns), "Ranks of 1 document in A bge-small, C bm25");
  assert.equal(chartText(12, columns), "Ranks of 12 documents in A bge-small, C bm25");
});

test("how far a column's work is stands beside what it does", () => {
  assert.equal(workCount({ state: "running", done: 3, total: 100 }), "3 / 100");
  assert.equal(workCount({ state: "running", done: 0, total: 0 }), "");
  assert.equal(workCount({ state: "waiting", done: 0, total: 0 }), "");
  assert.equal(workCount({ state: "waiting", done: 1, total: 0 }), "1 search before it");
  assert.equal(workCount({ state: "waiting", done: 2, total: 0 }), "2 searches before it");
  assert.equal(workCount({ state: "loading", done: 5, total: 9 }), "");
});
