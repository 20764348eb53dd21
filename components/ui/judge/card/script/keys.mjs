// @ts-check
/** Which key does what, on any layout and on the keypad. */

/** @typedef {{ kind: "grade", grade: number } | { kind: "cannot say" | "skip" | "undo" }} Command */

const LETTERS = { s: "skip", u: "undo" };

/**
 * Return what a key asks for; null where it is none of the judge's.
 *
 * A digit counts by what it writes, or else by its place: the upper row of some layouts writes
 * digits only with the shift key. A keypad without its lock moves, and does not grade. Letters
 * count by what they write, or by their place where the layout has no Latin ones.
 *
 * @param {Pick<KeyboardEvent, "key" | "code">} event
 * @param {number} highest the highest grade
 * @returns {Command | null}
 */
export function commandOf({ key, code }, highest) {
  const place = /^Digit([0-9])$/.exec(code);
  const digit = /^[0-9]$/.test(key) ? key : place && key.length === 1 ? place[1] : null;
  if (key === "?" || (key === "/" && !code.startsWith("Numpad"))) return { kind: "cannot say" };
  if (digit !== null) {
    return Number(digit) <= highest ? { kind: "grade", grade: Number(digit) } : null;
  }
  const latin = /^[a-z]$/i.test(key) ? key : key.length === 1 && /^Key[A-Z]$/.test(code) ? code[3] : "";
  const kind = /** @type {Record<string, "skip" | "undo">} */ (LETTERS)[latin.toLowerCase()];
  return kind ? { kind } : null;
}

/**
 * Tell whether somebody types into an element.
 *
 * @param {EventTarget | undefined} target
 */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("input, textarea, select, [role=combobox]");
}
