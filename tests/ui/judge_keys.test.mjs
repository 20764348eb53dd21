import assert from "node:assert/strict";
import { test } from "node:test";

import { commandOf } from "../../components/ui/judge/card/script/keys.mjs";

const command = (key, code, highest = 3) => commandOf({ key, code }, highest);
const grade = (key, code, highest) => command(key, code, highest)?.grade;

test("digits grade, of the upper row and of the keypad", () => {
  assert.equal(grade("2", "Digit2"), 2);
  assert.equal(grade("0", "Numpad0"), 0);
});

test("digits grade on a layout whose upper row writes them with the shift key", () => {
  assert.equal(grade("é", "Digit2"), 2); // French
  assert.equal(grade("2", "Digit2"), 2);
});

test("a key counts by the digit that it writes, wherever it is", () => {
  assert.equal(grade("1", "KeyQ"), 1);
  assert.equal(grade("3", "Digit5"), 3);
});

test("what the scale lacks, a keypad that moves and other keys do nothing", () => {
  assert.equal(command("4", "Digit4"), null);
  assert.equal(command("2", "Digit2", 1), null);
  assert.equal(command("End", "Numpad1"), null);
  assert.equal(command("Enter", "Enter"), null);
  assert.equal(command("Dead", "Digit2"), null);
  assert.equal(command("F2", "F2"), null);
});

test("letters count by what they write, or by their place on other scripts", () => {
  assert.deepEqual(command("s", "KeyS"), { kind: "skip" });
  assert.deepEqual(command("U", "KeyF"), { kind: "undo" }); // Dvorak
  assert.deepEqual(command("г", "KeyU"), { kind: "undo" }); // Russian
  assert.equal(command("o", "KeyS"), null); // Dvorak
});

test("a question mark says that one cannot say", () => {
  assert.deepEqual(command("?", "Minus"), { kind: "cannot say" }); // German
  assert.deepEqual(command("/", "Slash"), { kind: "cannot say" });
  assert.equal(command("/", "NumpadDivide"), null);
});
