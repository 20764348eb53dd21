// @ts-check
/**
 * Elements of the page.
 *
 * Texts of a corpus are untrusted: they reach the page through textContent and attributes only,
 * never as HTML.
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Return a new HTML element.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/**
 * Return a text in whatever direction it is written, in full in its tooltip.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {string} text
 */
export function textElement(tag, className, text) {
  const node = make(tag, className, text);
  node.dir = "auto";
  node.title = text;
  return node;
}

/**
 * Return a new SVG element with these attributes.
 *
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElementTagNameMap[K]}
 */
export function makeSvg(tag, attributes = {}, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (text) node.textContent = text;
  return node;
}

/**
 * Make `nodes` the children of `parent`, moving only those that are out of place.
 *
 * @param {Element} parent
 * @param {Element[]} nodes
 */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, at) => {
    if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
  });
}

/**
 * Return the closest element around an event's target that matches, or null.
 *
 * @param {Event} event
 * @param {string} selector
 */
export function closest(event, selector) {
  return event.target instanceof Element ? event.target.closest(selector) : null;
}

/**
 * Mark the elements of a document: highlighted ones are "lit", selected ones "chosen".
 *
 * @param {Element} node
 * @param {string} id the element's document
 * @param {string | null} highlighted
 * @param {string | null} selected
 */
export function toggleMarks(node, id, highlighted, selected) {
  node.classList.toggle("lit", id === highlighted);
  node.classList.toggle("chosen", id === selected);
}

/**
 * Return how the page scrolls for this visitor.
 *
 * @returns {ScrollBehavior}
 */
export const scrollBehavior = () =>
  matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
