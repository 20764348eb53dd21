// @ts-check
/** A drawing as a file: with its title and a background, as SVG or as PNG. */

import { SVG, drawn, textWidth, wrapped } from "./copying.mjs";

/** @import { Data, Drawing, Entry } from "./types.mjs" */

const PAD = 26;
const FAMILY = '"Source Sans", "Source Sans 3", "Segoe UI", "Helvetica Neue", Arial, sans-serif';
/** Pixels of a PNG for each of the drawing. */
const SHARPNESS = 2;
// Characters that XML cannot hold.
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/**
 * Return a drawing as an SVG file.
 *
 * @param {Drawing} drawing
 * @param {Data} data
 */
export async function svgFile(drawing, data) {
  const width = drawing.width + 2 * PAD;
  const head = drawn("g", { "font-family": FAMILY });
  let y = PAD;
  /** @type {(text: string, size: number, weight: number, fill: string) => void} */
  const write = (text, size, weight, fill) => {
    for (const line of wrapped(text, `${weight} ${size}px ${FAMILY}`, drawing.width)) {
      y += size * 1.2;
      const looks = { x: PAD, y, "font-size": size, "font-weight": weight, fill };
      head.append(drawn("text", looks, line));
    }
  };
  write(data.title, 23, 700, data.colours.text);
  y += 6;
  write(data.note, 15, 400, data.colours.soft);
  y = legend(head, data.legend, y, drawing.width, data.colours.text) + 18;
  const height = y + drawing.height + PAD;
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  svg.append(drawn("title", {}, data.title), drawn("desc", {}, data.alt));
  const style = drawn("style", {}, await fontFace());
  const paper = drawn("rect", { width, height, fill: data.colours.paper });
  const body = drawn("g", { transform: `translate(${PAD} ${y})`, "font-family": FAMILY });
  body.append(drawing.node);
  svg.append(style, paper, head, body);
  svg.setAttribute("xmlns", SVG);
  const text = new XMLSerializer().serializeToString(svg).replace(FORBIDDEN, "\ufffd");
  return new Blob([text], { type: "image/svg+xml" });
}

/**
 * Write what the letters stand for; return where it ends.
 *
 * @param {SVGGElement} head
 * @param {Entry[]} entries
 * @param {number} above
 * @param {number} width
 * @param {string} fill
 */
function legend(head, entries, above, width, fill) {
  let [x, y] = [0, above + 26];
  for (const { letter, label, colour } of entries) {
    const wide = 18 + textWidth(label, `400 16px ${FAMILY}`) + 24;
    if (x && x + wide > width) [x, y] = [0, y + 24];
    const tag = { x: PAD + x, y, "font-size": 16, "font-weight": 700, fill: colour };
    head.append(drawn("text", tag, letter));
    head.append(drawn("text", { x: PAD + x + 18, y, "font-size": 16, fill }, label));
    x += wide;
  }
  return entries.length ? y : above;
}

/**
 * Return an SVG file as a PNG file.
 *
 * @param {Blob} svg
 * @returns {Promise<Blob>}
 */
export async function pngFile(svg) {
  const address = URL.createObjectURL(svg);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * SHARPNESS;
    canvas.height = image.naturalHeight * SHARPNESS;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    if (!blob) throw new Error("the picture is too large");
    return blob;
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** @type {Promise<string> | null} */
let face = null;

/** Return CSS with the page's font in it, so that the file looks like the page everywhere. */
const fontFace = () => (face ??= readFontFace().catch(() => ""));

async function readFontFace() {
  const rules = [...document.styleSheets].flatMap((sheet) => {
    try {
      return [...sheet.cssRules];
    } catch {
      return []; // a style sheet from elsewhere may not be read
    }
  });
  const rule = rules.find(
    (rule) =>
      rule instanceof CSSFontFaceRule &&
      /^"?Source Sans"?$/.test(rule.style.getPropertyValue("font-family")) &&
      rule.style.getPropertyValue("font-style") !== "italic",
  );
  if (!(rule instanceof CSSFontFaceRule)) return "";
  const source = rule.style.getPropertyValue("src").match(/url\(["']?([^"')]+)/)?.[1] ?? "";
  const answer = await fetch(new URL(source, rule.parentStyleSheet?.href ?? location.href));
  if (!answer.ok) return "";
  const bytes = new Uint8Array(await answer.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  const font = `data:font/woff2;base64,${btoa(text)}`;
  return `@font-face { font-family: "Source Sans"; font-weight: 100 900; src: url(${font}); }`;
}

/**
 * Let the browser save a file.
 *
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
