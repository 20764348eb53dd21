// @ts-check
/** The charts of the page as drawings: those of Plotly, and the board's movement chart. */

import { drawn, fitted, keepLooks, keepWidths } from "./copying.mjs";

/** @import { Drawing } from "./types.mjs" */

/** Pixels: the width at which a chart is drawn for a slide, so that its text is large enough. */
export const SLIDE_WIDTH = 880;
const PATIENCE_MS = 3000;
const LAYERS_OF_THE_POINTER = ".hoverlayer, .zoomlayer, .draglayer, .touch, title";

/**
 * Return the chart of an element, drawn for a slide; the page's own is as before afterwards.
 *
 * @param {string} key
 * @returns {Promise<Drawing>}
 */
export async function chartOf(key) {
  const host = document.querySelector(`.st-key-${key.replace(/[^\w-]/g, "-")}`); // as Streamlit does
  if (host instanceof HTMLElement && host.querySelector(".js-plotly-plot")) {
    return resized(host, () => host.querySelector(".main-svg"), () => plotlyDrawing(host));
  }
  const root = [...(host?.querySelectorAll("*") ?? [])].find((node) => node.shadowRoot)?.shadowRoot;
  const plot = root?.querySelector(".plot");
  if (!(plot instanceof HTMLElement)) throw new Error(`there is no chart ${key}`);
  return resized(plot, () => plot.querySelector("svg"), () => movementDrawing(plot));
}

/**
 * Make an element as wide as a slide, wait until its chart follows, and take the drawing.
 *
 * @param {HTMLElement} host
 * @param {() => Element | null} svg
 * @param {() => Drawing} take
 */
async function resized(host, svg, take) {
  const before = host.getAttribute("style");
  host.style.setProperty("width", `${SLIDE_WIDTH}px`, "important");
  host.style.setProperty("min-width", `${SLIDE_WIDTH}px`, "important");
  host.style.setProperty("max-width", `${SLIDE_WIDTH}px`, "important");
  try {
    const until = performance.now() + PATIENCE_MS;
    const follows = () => Math.abs((svg()?.getBoundingClientRect().width ?? 0) - SLIDE_WIDTH) < 3;
    while (!follows() && performance.now() < until) await pause(40);
    await pause(150);
    return take();
  } finally {
    if (before === null) host.removeAttribute("style");
    else host.setAttribute("style", before);
  }
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * @param {HTMLElement} host
 * @returns {Drawing}
 */
function plotlyDrawing(host) {
  const layers = [...host.querySelectorAll(".svg-container > .main-svg")];
  const node = drawn("g");
  for (const layer of layers) node.append(...copied(layer).childNodes);
  const { width, height } = layers[0].getBoundingClientRect();
  return { node, width, height };
}

/**
 * Return a copy without what answers to the pointer.
 *
 * @param {Element} original
 */
function copied(original) {
  const copy = /** @type {Element} */ (original.cloneNode(true));
  keepWidths(original, copy);
  for (const layer of copy.querySelectorAll(LAYERS_OF_THE_POINTER)) layer.remove();
  return copy;
}

const PARTS = "svg, defs, pattern, g, rect, path, circle, line, text, tspan, title";

/**
 * Return the nodes of a chart that came as SVG; what no chart has is left out.
 *
 * @param {string} svg
 */
export function parsed(svg) {
  const { body } = new DOMParser().parseFromString(svg, "text/html");
  for (const node of body.querySelectorAll("*")) {
    if (!node.matches(PARTS) || [...node.attributes].some(({ name }) => name.startsWith("on"))) node.remove();
  }
  return [...body.children];
}

/**
 * Return the chart that an element holds as SVG, drawn for a slide.
 *
 * @param {HTMLElement} plot
 */
export function barsOf(plot) {
  const svg = /** @type {Element} */ (plot.firstElementChild);
  return resized(plot, () => plot, () => barsDrawing(svg));
}

/**
 * Return bars with their shares of the width in pixels.
 *
 * @param {Element} svg
 * @returns {Drawing}
 */
function barsDrawing(svg) {
  const copy = copied(svg);
  const copies = [...copy.querySelectorAll("*")];
  [...svg.querySelectorAll(":scope *:not(title)")].forEach((node, at) => {
    for (const name of ["x", "width", "x1", "x2"]) {
      const length = /** @type {any} */ (node)[name]?.baseVal;
      const value = length?.value ?? length?.[0]?.value; // a text's place is a list
      if (value !== undefined) copies[at].setAttribute(name, String(value));
    }
  });
  const { width, height } = svg.getBoundingClientRect();
  const looks = { fill: svg.getAttribute("fill") ?? "", "font-size": 13 };
  const node = drawn("g", { ...looks, transform: `translate(${SLIDE_WIDTH - width} 0)` });
  node.append(...copy.childNodes);
  return { node, width: SLIDE_WIDTH, height };
}

/**
 * @param {HTMLElement} plot
 * @returns {Drawing}
 */
function movementDrawing(plot) {
  const svg = /** @type {SVGSVGElement} */ (plot.querySelector("svg"));
  const copy = /** @type {Element} */ (svg.cloneNode(true));
  const unseen = [...copy.querySelectorAll(LAYERS_OF_THE_POINTER)];
  keepLooks(svg, copy);
  keepWidths(svg, copy);
  for (const node of unseen) node.remove();
  const node = drawn("g");
  node.append(...copy.childNodes);
  for (const name of plot.querySelectorAll(".names:not([hidden]) li")) {
    node.append(nameDrawing(/** @type {HTMLElement} */ (name)));
  }
  const { width, height } = svg.getBoundingClientRect();
  return { node, width, height };
}

/**
 * Return a document's title, which the page writes beside the drawing, as a part of it.
 *
 * @param {HTMLElement} name
 */
function nameDrawing(name) {
  const style = getComputedStyle(name);
  const font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  const copy = drawn("text", {}, fitted(name.textContent ?? "", font, name.clientWidth - 6));
  keepLooks(name, copy);
  copy.setAttribute("fill", style.color);
  copy.removeAttribute("text-anchor");
  const rightToLeft = style.direction === "rtl";
  if (rightToLeft) copy.setAttribute("direction", "rtl");
  copy.setAttribute("x", String(name.offsetLeft + (rightToLeft ? name.offsetWidth : 5)));
  copy.setAttribute("y", String(name.offsetTop + name.offsetHeight / 2 + 4.5));
  return copy;
}
