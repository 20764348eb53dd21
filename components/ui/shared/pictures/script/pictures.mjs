// @ts-check
/** Two buttons under a chart that save it as PNG and as SVG, and the chart itself where it is SVG. */

import { barsOf, chartOf, parsed } from "./charts.mjs";
import { pngFile, save, svgFile } from "./files.mjs";

/** @import { Data } from "./types.mjs" */

/** @type {WeakMap<ShadowRoot, Pictures>} */
const rows = new WeakMap();

/**
 * Show the buttons; Streamlit calls this for every change of data, with the same parent.
 *
 * @param {object} component
 * @param {ShadowRoot} component.parentElement
 * @param {Data | null} component.data
 * @returns {(() => void) | undefined} what removes them
 */
export default function render({ parentElement, data }) {
  if (!data) return undefined;
  const pictures = rows.get(parentElement) ?? new Pictures(parentElement, data);
  rows.set(parentElement, pictures);
  pictures.show(data);
  // Streamlit may run the cleanup of a call that a newer one has overtaken.
  return () => {
    setTimeout(() => {
      if (!parentElement.isConnected) pictures.close();
    });
  };
}

class Pictures {
  /**
   * @param {ShadowRoot} root
   * @param {Data} data
   */
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.node = document.createElement("div");
    this.node.className = "pictures";
    this.plot = document.createElement("div");
    this.svg = "";
    this.said = document.createElement("span");
    this.said.setAttribute("role", "status");
    this.buttons = /** @type {const} */ (["PNG", "SVG"]).map((format) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = format;
      button.addEventListener("click", () => this.take(format));
      return button;
    });
    this.node.append(this.said, ...this.buttons);
    root.append(this.plot, this.node);
  }

  /** @param {Data} data */
  show(data) {
    this.data = data;
    if (data.svg !== this.svg) this.plot.replaceChildren(...parsed((this.svg = data.svg)));
    for (const button of this.buttons) {
      button.setAttribute("aria-label", `Save the chart “${data.title}” as ${button.textContent}`);
    }
  }

  /** @param {"PNG" | "SVG"} format */
  async take(format) {
    for (const button of this.buttons) button.disabled = true;
    this.said.textContent = "";
    try {
      const svg = await svgFile(await (this.svg ? barsOf(this.plot) : chartOf(this.data.of)), this.data);
      save(format === "SVG" ? svg : await pngFile(svg), `${this.data.name}.${format.toLowerCase()}`);
    } catch (fault) {
      this.said.textContent = "The picture could not be made.";
      console.warn(fault);
    } finally {
      for (const button of this.buttons) button.disabled = false;
    }
  }

  close() {
    rows.delete(this.root);
    this.plot.remove();
    this.node.remove();
  }
}
