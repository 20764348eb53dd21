// @ts-check
/** A file of the lab in a frame of its own: it runs no script, and the browser prints it alone. */

/** @typedef {{ html: string, title: string }} Data */

/** @type {WeakMap<ShadowRoot, Sheet>} */
const sheets = new WeakMap();

/**
 * Show the sheet; Streamlit calls this for every change of data, with the same parent.
 *
 * @param {object} component
 * @param {ShadowRoot} component.parentElement
 * @param {Data | null} component.data
 * @returns {(() => void) | undefined} what removes the sheet
 */
export default function render({ parentElement, data }) {
  if (!data) return undefined;
  const sheet = sheets.get(parentElement) ?? new Sheet(parentElement);
  sheets.set(parentElement, sheet);
  sheet.show(data);
  // Streamlit may run the cleanup of a call that a newer one has overtaken.
  return () => {
    setTimeout(() => {
      if (!parentElement.isConnected) sheet.close();
    });
  };
}

class Sheet {
  /** @param {ShadowRoot} root */
  constructor(root) {
    this.root = root;
    this.html = "";
    this.node = document.createElement("div");
    this.node.className = "sheet";
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.textContent = "Print or save as PDF";
    this.button.addEventListener("click", () => this.frame.contentWindow?.print());
    this.frame = document.createElement("iframe");
    // No scripts: its texts are other people's. The same origin, so that it can be measured and
    // printed; modal, because the browser's print window is.
    this.frame.setAttribute("sandbox", "allow-same-origin allow-modals");
    this.frame.addEventListener("load", () => this.fit());
    this.sizes = new ResizeObserver(() => this.fit());
    this.sizes.observe(this.node);
    this.node.append(this.button, this.frame);
    root.append(this.node);
  }

  /** @param {Data} data */
  show({ html, title }) {
    this.frame.title = title;
    if (html === this.html) return;
    this.html = html;
    this.frame.srcdoc = html;
  }

  /** Make the frame as high as what it shows. */
  fit() {
    const body = this.frame.contentDocument?.body;
    if (body?.firstElementChild) this.frame.style.height = `${body.scrollHeight + 2}px`;
  }

  close() {
    this.sizes.disconnect();
    sheets.delete(this.root);
    this.node.remove();
  }
}
