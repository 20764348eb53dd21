// @ts-check
/** The card of one pair. All texts are other people's: they are set as text, never as markup. */

import { commandOf, isTyping } from "./keys.mjs";

/** @import { Command } from "./keys.mjs" */

/** A piece of a text, and whether the query has the word too. */
/** @typedef {[string, boolean]} Part */

/** @typedef {{ id: string, query: string, title: Part[], text: Part[] }} Question */

/** @typedef {{ questions: Question[], labels: string[], kept: string[], last: string, progress: string, share: number }} Data */

/** @typedef {{ token: string, kind: string, question: string, grade: number | null, note: string }} Act */

const OVERLAYS = '[data-testid="stPopoverBody"], [role="dialog"], [role="listbox"]';
const MAX_NOTE = 2000;

/** @type {WeakMap<ShadowRoot, Card>} */
const cards = new WeakMap();

/**
 * Draw the card; Streamlit calls this for every change of data, with the same parent.
 *
 * @param {object} component
 * @param {ShadowRoot} component.parentElement
 * @param {Data | null} component.data
 * @param {(name: "acts", acts: Act[]) => void} component.setStateValue
 * @returns {(() => void) | undefined} what removes the card
 */
export default function render({ parentElement, data, setStateValue }) {
  if (!data) return undefined;
  const card = cards.get(parentElement) ?? new Card(parentElement);
  cards.set(parentElement, card);
  card.send = (acts) => setStateValue("acts", acts);
  card.update(data);
  // Streamlit may run the cleanup of a call that a newer one has overtaken.
  return () => {
    setTimeout(() => {
      if (!parentElement.isConnected) card.close();
    });
  };
}

/**
 * Return a new element with a class and a text.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} name
 * @param {string} [text]
 */
function element(tag, name, text = "") {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
}

/**
 * Put a text with its marked words into an element.
 *
 * @param {HTMLElement} node
 * @param {Part[]} parts
 */
function fill(node, parts) {
  node.replaceChildren(
    ...parts.map(([text, marked]) => (marked ? element("mark", "", text) : new Text(text))),
  );
}

class Card {
  /** @param {ShadowRoot} root */
  constructor(root) {
    this.root = root;
    /** @type {Data} */
    this.data = { questions: [], labels: [], kept: [], last: "", progress: "", share: 0 };
    /** @type {Act[]} acts that the server has not yet said to be kept */
    this.pending = [];
    /** @type {(acts: Act[]) => void} */
    this.send = () => {};
    this.node = element("section", "desk");
    this.node.setAttribute("aria-label", "The pair to be judged");
    this.track = element("div", "track");
    this.track.setAttribute("role", "progressbar");
    this.track.setAttribute("aria-valuemax", "100");
    this.bar = element("i", "");
    this.track.append(this.bar);
    this.progress = element("p", "progress");
    this.progress.setAttribute("role", "status");
    this.article = element("article", "pair");
    this.query = element("h3", "query");
    this.title = element("h4", "title");
    this.text = element("div", "text");
    for (const node of [this.query, this.title, this.text]) node.dir = "auto";
    this.text.tabIndex = 0;
    this.article.append(this.query, this.title, this.text);
    this.last = element("p", "last");
    this.note = element("input", "note");
    this.note.type = "text";
    this.note.maxLength = MAX_NOTE;
    this.note.placeholder = "Tab: a note on the pair just judged; Enter keeps it";
    this.note.setAttribute("aria-label", "Note on the pair just judged");
    this.grades = element("div", "grades");
    this.others = element("div", "others");
    this.undo = this.button("Undo", "U", { kind: "undo" });
    this.others.append(
      this.button("Cannot say", "?", { kind: "cannot say" }),
      this.button("Skip", "S", { kind: "skip" }),
      this.undo,
    );
    const after = element("div", "after");
    after.append(this.last, this.note);
    // Tab leads from the text to the note; the buttons stand between them, by the style sheet.
    this.node.append(this.track, this.progress, this.article, after, this.grades, this.others);
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    document.addEventListener("keydown", (event) => this.pressed(event), { signal });
    this.note.addEventListener("keydown", (event) => this.noted(event));
    root.append(this.node);
  }

  /**
   * @param {string} label
   * @param {string} key
   * @param {Command} command
   */
  button(label, key, command) {
    const button = element("button", "act");
    button.type = "button";
    button.append(element("kbd", "", key), element("span", "", label));
    button.addEventListener("click", () => this.act(command));
    return button;
  }

  /** @param {Data} data */
  update(data) {
    const labels = data.labels.join("\n");
    if (labels !== this.data.labels.join("\n")) {
      const buttons = data.labels.map((label, grade) =>
        this.button(label, String(grade), { kind: "grade", grade }),
      );
      this.grades.replaceChildren(...buttons);
    }
    const kept = new Set(data.kept);
    this.pending = this.pending.filter((act) => !kept.has(act.token));
    this.data = data;
    this.draw();
  }

  /** The pairs that are still to be judged, of those that lie ready. */
  get questions() {
    const done = new Set(this.pending.map((act) => act.question));
    return this.data.questions.filter((question) => !done.has(question.id));
  }

  draw() {
    const [question] = this.questions;
    const waiting = this.pending.length;
    const undoing = this.pending.some((act) => act.kind === "undo");
    const percent = Math.round(100 * this.data.share);
    this.bar.style.transform = `scaleX(${this.data.share})`;
    this.track.setAttribute("aria-valuenow", String(percent));
    this.track.setAttribute("aria-label", this.data.progress);
    this.progress.textContent = this.data.progress;
    this.last.textContent = waiting ? "Saving …" : this.data.last;
    this.note.disabled = !waiting && !this.data.last;
    this.undo.disabled = this.note.disabled || undoing;
    const ready = question && !undoing;
    this.article.hidden = !question;
    for (const button of this.grades.querySelectorAll("button")) button.disabled = !ready;
    if (question && question.id !== this.article.dataset.question) {
      this.article.dataset.question = question.id;
      this.query.textContent = question.query;
      fill(this.title, question.title);
      this.title.hidden = !question.title.length;
      fill(this.text, question.text);
      this.text.scrollTop = 0;
    }
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.repeat || event.isComposing || !this.root.isConnected) return;
    if (isTyping(event.composedPath()[0]) || document.querySelector(OVERLAYS)) return;
    const command = commandOf(event, this.data.labels.length - 1);
    if (!command) return;
    event.preventDefault();
    this.act(command);
  }

  /** @param {KeyboardEvent} event */
  noted(event) {
    event.stopPropagation();
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    event.preventDefault();
    const note = this.note.value.trim();
    if (event.key === "Enter" && note) this.push({ kind: "note", note });
    this.note.value = "";
    this.text.focus({ preventScroll: true });
  }

  /** @param {Command} command */
  act(command) {
    if (this.pending.some((act) => act.kind === "undo")) return;
    if (command.kind === "undo") {
      if (!this.undo.disabled) this.push({ kind: "undo" });
    } else {
      const [question] = this.questions;
      if (!question) return;
      const grade = command.kind === "grade" ? command.grade : null;
      this.push({ kind: command.kind, question: question.id, grade });
    }
    this.text.focus({ preventScroll: true });
  }

  /** @param {Partial<Act>} act */
  push(act) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const token = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.pending.push({ token, kind: "", question: "", grade: null, note: "", ...act });
    this.send(this.pending.slice());
    this.draw();
  }

  close() {
    this.listeners.abort();
    cards.delete(this.root);
    this.node.remove();
  }
}
