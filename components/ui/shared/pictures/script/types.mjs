// @ts-check
/** What the script gets from Python; `component.py` declares the same fields. */

/** A system's letter with its name and colour. */
/** @typedef {{ letter: string, label: string, colour: string }} Entry */

/** @typedef {{ paper: string, text: string, soft: string }} Colours */

/**
 * @typedef {object} Data
 * @property {string} of the key of the element that holds the chart
 * @property {string} name the file's name without its ending
 * @property {string} title
 * @property {string} note
 * @property {string} alt what the chart shows, in words
 * @property {Entry[]} legend
 * @property {string} svg the chart itself; empty where another element draws it
 * @property {Colours} colours
 */

/** A drawing that stands for itself, with its size in pixels. */
/** @typedef {{ node: SVGGElement, width: number, height: number }} Drawing */

export {};
