// @ts-check
/** Copies of drawings that need neither the page nor its style sheets. */

export const SVG = "http://www.w3.org/2000/svg";
const LOOKS = [
  ...["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "opacity"],
  ...["font-size", "font-weight", "text-anchor"],
];

/**
 * Return a new SVG element with these attributes.
 *
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElementTagNameMap[K]}
 */
export function drawn(tag, attributes = {}, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text) node.textContent = text;
  return node;
}

const canvas = document.createElement("canvas");
canvas.width = canvas.height = 1;
const pen = canvas.getContext("2d", { willReadFrequently: true });

/**
 * Return a colour of whatever notation as rgb(), which every program reads; others as they are.
 *
 * @param {string} value
 */
export function plainColour(value) {
  if (!pen || !/^(color|oklch|oklab|lab|lch|hsl)/.test(value)) return value;
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = value;
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
  return alpha ? `rgb(${red}, ${green}, ${blue})` : "none";
}

/**
 * Return the width of a text in pixels.
 *
 * @param {string} text
 * @param {string} font as in CSS: weight, size and family
 */
export function textWidth(text, font) {
  if (!pen) return 0;
  pen.font = font;
  return pen.measureText(text).width;
}

/**
 * Return a text, or as much of it as fits and an ellipsis.
 *
 * @param {string} text
 * @param {string} font
 * @param {number} width pixels
 */
export function fitted(text, font, width) {
  if (textWidth(text, font) <= width) return text;
  const letters = [...text.slice(0, 300)];
  while (letters.length && textWidth(`${letters.join("")}…`, font) > width) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}

/**
 * Return a text as lines that fit, three at most.
 *
 * @param {string} text
 * @param {string} font
 * @param {number} width pixels
 */
export function wrapped(text, font, width) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = `${lines.at(-1) ?? ""} ${word}`.trim();
    if (lines.length && textWidth(longer, font) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  const [first, second, ...rest] = lines;
  const three = rest.length > 1 ? [first, second, rest.join(" ")] : lines;
  return three.map((line) => fitted(line, font, width));
}

/**
 * Give the copy of each element the looks that the style sheets gave the original.
 *
 * @param {Element} original
 * @param {Element} copy
 */
export function keepLooks(original, copy) {
  const style = getComputedStyle(original);
  for (const name of LOOKS) {
    const value = style.getPropertyValue(name);
    if (value) copy.setAttribute(name, plainColour(value));
  }
  copy.removeAttribute("class");
  [...original.children].forEach((child, at) => keepLooks(child, copy.children[at]));
}

/**
 * Fix the width of each text, so that another font does not move it out of its place.
 *
 * @param {Element} original
 * @param {Element} copy
 */
export function keepWidths(original, copy) {
  const copies = copy.querySelectorAll("text");
  [...original.querySelectorAll("text")].forEach((text, at) => {
    const length = text.getComputedTextLength();
    if (length && !text.querySelector("tspan[x]")) copies[at].setAttribute("textLength", length.toFixed(1));
  });
}
