import assert from "node:assert/strict";
import { test } from "node:test";

import { overhang, pressedButton } from "../../../components/ui/compare/board/script/panel.mjs";

test("the keys of presenter view press its buttons, and no others do", () => {
  assert.equal(pressedButton("Escape"), "leave_presenter");
  for (const key of ["ArrowRight", "PageDown"]) assert.equal(pressedButton(key), "next_query");
  for (const key of ["ArrowLeft", "PageUp"]) assert.equal(pressedButton(key), "previous_query");
  for (const key of ["ArrowDown", "Enter", "a", "constructor"]) assert.equal(pressedButton(key), "");
});

test("what lies within is not scrolled", () => {
  assert.equal(overhang(10, 20, 0, 100), 0);
  assert.equal(overhang(0, 100, 0, 100), 0);
});

test("what hangs over an edge is scrolled back inside by as much", () => {
  assert.equal(overhang(-30, 70, 0, 100), -30);
  assert.equal(overhang(60, 130, 0, 100), 30);
});

test("what is too long begins at the low end", () => {
  assert.equal(overhang(50, 250, 0, 100), 50);
});
