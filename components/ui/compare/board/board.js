// The board: columns of cards, lines that join the same document, one document lit at a time.
// Data is hostile: it reaches the page through textContent and attributes only, never as HTML.

const SVG = "http://www.w3.org/2000/svg";
const BUSY = {
  loading: "loading the model",
  waiting: "waiting for another model to finish",
  running: "scoring the candidates",
};
const SHORT = { loading: "loading", waiting: "waiting", failed: "failed", stopped: "stopped" };
const NOTHING = "The first stage found nothing to order.";
const UNKNOWN = "No reason was given.";
const NOT_FOUND = "not among the first stage's candidates";
const PARTIAL = "Part of the scores is not a ranking, so none is shown.";
const boards = new WeakMap();

/** Streamlit calls this for every change of data or theme, with the same parentElement. */
export default function render({ parentElement, data, setStateValue }) {
  if (!data) return undefined;
  let view = boards.get(parentElement);
  if (!view) {
    view = new Board(parentElement, data.selected);
    boards.set(parentElement, view);
  }
  view.tell = (id) => setStateValue("selected", id);
  view.update(data);
  // Streamlit may also run the cleanup of a call that a newer one has overtaken.
  return () => setTimeout(() => view.root.isConnected || view.close());
}

function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/** Text in whatever direction it is written, in full in the tooltip. */
function words(tag, className, text) {
  const node = make(tag, className, text);
  node.dir = "auto";
  node.title = text;
  return node;
}

/** Make `nodes` the children of `parent`, moving only those that are out of place. */
function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, at) => {
    if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null);
  });
}

/** Pair each item with a key that is unique even when the data repeats one. */
function keyed(items, keyOf) {
  const seen = new Map();
  return items.map((item) => {
    const key = keyOf(item);
    const times = seen.get(key) ?? 0;
    seen.set(key, times + 1);
    return [times ? `${key}\u0000${times}` : key, item];
  });
}

const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

// ---------------------------------------------------------------- one card

class Card {
  constructor(column) {
    this.column = column;
    this.slot = make("li");
    this.node = make("div", "card new");
    this.node.setAttribute("role", "button");
    this.node.tabIndex = -1;
    this.node.addEventListener("animationend", () => this.node.classList.remove("new"));
    this.slot.append(this.node);
    this.node.card = this;
  }

  update(view, setting) {
    const stamp = JSON.stringify([view, setting, this.column.view.scale]);
    if (stamp === this.stamp) return;
    Object.assign(this, { stamp, view, id: view.id });
    this.node.setAttribute("aria-label", describe(view, setting, this.column.view));
    this.node.replaceChildren(gutter(view, setting), body(view, setting));
  }
}

function gutter(view, setting) {
  const node = make("span", "gutter");
  node.append(make("span", "rank", String(view.rank)));
  if (view.origin !== "first") {
    const was = make("span", "was", `${setting.first} ${view.first_rank || "–"}`);
    was.title = view.first_rank
      ? `rank ${view.first_rank} in ${setting.first}, the first stage`
      : NOT_FOUND;
    node.append(was);
  }
  if (view.cut > 0) {
    const cut = make("span", "cut", "cut");
    cut.title = unread(view);
    node.append(cut);
  }
  return node;
}

function body(view, setting) {
  const node = make("span", "words");
  if (view.title.trim()) node.append(words("span", "title", view.title));
  const empty = !view.title.trim() && !view.text.trim();
  const text = make("span", "text", empty ? `${view.id}: no text` : view.text);
  text.classList.toggle("nothing", empty);
  text.dir = "auto";
  const bar = make("span", "bar");
  bar.append(make("i"));
  bar.firstChild.style.width = `${100 * view.bar}%`;
  bar.title = "where this score lies between the lowest and the highest of this column";
  node.append(text, meta(view, setting), bar);
  return node;
}

function meta(view, setting) {
  const node = make("span", "meta");
  const move = movement(view, setting);
  if (move) node.append(move);
  const mark = grade(view, setting);
  if (mark) node.append(mark);
  const score = make("span", "score", view.score);
  score.title = `score ${view.score}`;
  node.append(score);
  return node;
}

function movement(view, setting) {
  if (view.origin === "first") return null;
  const node = make("span", `move ${view.origin}`);
  node.title = moved(view, setting);
  if (view.origin === "same") node.textContent = "=";
  else if (view.origin === "from") node.textContent = `from ${view.first_rank}`;
  else if (view.origin === "new") node.textContent = "not retrieved";
  else {
    const arrow = make("i", "", view.origin === "up" ? "▲" : "▼");
    node.append(arrow, String(Math.abs(view.delta)));
  }
  return node;
}

function grade(view, { maxGrade }) {
  if (maxGrade <= 0) return null;
  if (view.grade === null) return make("span", "unjudged", "unjudged");
  const node = make("span", "grade");
  node.title = graded(view, maxGrade);
  if (maxGrade > 5) {
    node.textContent = `${view.grade}/${maxGrade}`;
    return node;
  }
  for (let n = 1; n <= maxGrade; n++) node.append(make("i", n <= view.grade ? "dot full" : "dot"));
  return node;
}

const graded = (view, maxGrade) =>
  view.grade === null ? "unjudged" : `grade ${view.grade} of ${maxGrade}`;
const unread = (view) =>
  `${view.cut_estimated ? "about " : ""}${plural(view.cut, "token")} at the end not read by this model`;

function moved(view, setting) {
  if (view.origin === "new") return NOT_FOUND;
  const origin = `rank ${view.first_rank} in the first stage`;
  const steps = plural(Math.abs(view.delta), "rank");
  if (view.origin === "same") return `same rank as in the first stage`;
  if (view.origin === "from") return `from ${origin}, below the cut-off of ${setting.cutoff}`;
  return `${view.origin} ${steps}, ${origin}`;
}

function describe(view, setting, column) {
  const parts = [`Rank ${view.rank}`, view.title.trim() || view.text.slice(0, 120) || view.id];
  if (view.origin !== "first") parts.push(moved(view, setting));
  if (setting.maxGrade > 0) parts.push(graded(view, setting.maxGrade));
  parts.push(`score ${view.score} ${column.scale}`.trim());
  if (view.cut > 0) parts.push(unread(view));
  return parts.join("; ");
}

// ---------------------------------------------------------------- one column

class Column {
  constructor(serial) {
    this.cards = [];
    this.pool = new Map();
    this.head = make("div", "system");
    this.where = make("span", "where");
    this.node = make("section", "column");
    this.list = make("ol", "cards");
    this.list.setAttribute("role", "list");
    this.title = `board-system-${serial}`;
    this.list.setAttribute("aria-labelledby", this.title);
  }

  /** Take new data; return whether anything changed. */
  update(view, setting) {
    const stamp = JSON.stringify([view, setting]);
    if (stamp === this.stamp) return false;
    Object.assign(this, { stamp, view });
    this.node.dataset.state = view.state;
    this.node.dataset.letter = this.head.dataset.letter = view.letter;
    this.node.setAttribute("aria-busy", String(view.state in BUSY));
    this.head.replaceChildren(...this.heading());
    const shown = view.state === "done" ? view.cards : [];
    this.fill(shown, setting);
    arrange(this.node, this.contents(setting));
    return true;
  }

  heading() {
    const { view } = this;
    const name = make("h3");
    name.id = this.title;
    name.append(make("span", "tag", view.letter), words("span", "name", view.label));
    const kind = words("p", "kind", [view.kind, view.scale].filter(Boolean).join(" · "));
    const facts = make("p", "facts");
    const first = view.state === "done" ? view.latency : this.progress();
    if (first) facts.append(make("b", "", first));
    if (view.cost) {
      const cost = words("span", "cost", view.cost);
      cost.title = view.cost_words;
      facts.append("·", cost);
    }
    if (first && view.quality) facts.append("·");
    if (view.quality) facts.append(measure(view.quality));
    facts.append(...view.notes.map((note) => words("span", "badge", note)));
    if (!facts.hasChildNodes()) facts.append("\u00a0");
    const top = make("div", "top");
    top.append(name, this.where);
    return [top, kind, facts];
  }

  progress() {
    const { state, done, total } = this.view;
    if (state !== "running") return SHORT[state] ?? state;
    return total > 0 ? `${done} of ${total}` : "running";
  }

  fill(views, setting) {
    const pool = new Map();
    this.cards = keyed(views, (view) => view.id).map(([key, view]) => {
      const card = this.pool.get(key) ?? new Card(this);
      pool.set(key, card);
      card.update(view, setting);
      return card;
    });
    this.pool = pool;
    arrange(this.list, this.cards.map((card) => card.slot));
  }

  contents(setting) {
    const { state } = this.view;
    if (this.cards.length) return [this.list];
    if (state === "done") return [notice("stopped", "0", "No candidates", NOTHING, "")];
    if (state in BUSY) return [this.busy(), this.skeleton(setting.rows - 1)];
    return [this.ended()];
  }

  /** The note of a column at work; kept from call to call so that its bar glides. */
  busy() {
    const { state, done, total, label } = this.view;
    const known = state === "running" && total > 0;
    this.atWork ??= workNote();
    const { node, lead, count, track } = this.atWork;
    lead.textContent = lead.title = BUSY[state];
    count.textContent = known ? `${done} / ${total}` : "";
    node.toggleAttribute("data-open", state !== "waiting" && !known);
    node.toggleAttribute("data-idle", state === "waiting");
    track.firstChild.style.width = known ? `${Math.min(100, (100 * done) / total)}%` : "0";
    track.setAttribute("aria-label", `${label}: ${BUSY[state]}`);
    track.setAttribute("aria-valuemax", String(known ? total : 1));
    if (known) track.setAttribute("aria-valuenow", String(done));
    else track.removeAttribute("aria-valuenow");
    return node;
  }

  /** Blank cards; kept from call to call so that they breathe evenly. */
  skeleton(rows) {
    if (this.ghosts?.childElementCount !== rows) this.ghosts = blanks(rows);
    return this.ghosts;
  }

  ended() {
    const { state, reason, remedy, done, total } = this.view;
    if (state === "failed") return notice("failed", "!", "Failed", reason || UNKNOWN, remedy);
    const far = total > 0 ? `${done} of ${total} were scored. ${PARTIAL}` : PARTIAL;
    return notice("stopped", "–", "Stopped", reason || far, remedy);
  }
}

/** A measure and its value, the value in ink. */
function measure(text) {
  const node = words("span", "quality", "");
  const found = text.match(/^(\S+\s+)?([+−-]?[\d.,]+%?)(.*)$/s);
  node.title = text;
  if (found) node.append(found[1] ?? "", make("b", "", found[2]), found[3]);
  else node.append(text);
  return node;
}

function workNote() {
  const node = make("div", "note busy");
  const line = make("p", "lead");
  const track = make("div", "track");
  const lead = make("span");
  const count = make("span");
  line.append(lead, count);
  track.setAttribute("role", "progressbar");
  track.append(make("i"));
  node.append(line, track);
  return { node, lead, count, track };
}

function notice(kind, sign, verdict, reason, remedy) {
  const node = make("div", `note ${kind}`);
  const head = make("p", "verdict");
  head.append(make("span", "sign"), make("span", "", verdict));
  head.firstChild.dataset.sign = sign;
  head.firstChild.setAttribute("aria-hidden", "true");
  node.append(head, say("why", reason));
  if (remedy) node.append(make("p", "todo", "What to do"), say("why", remedy));
  return node;
}

function say(className, text) {
  const node = make("p", className, text);
  node.dir = "auto";
  return node;
}

function blanks(rows) {
  const node = make("div", "cards blanks");
  node.setAttribute("aria-hidden", "true");
  for (let n = 0; n < rows; n++) {
    const blank = make("div", "blank");
    blank.append(make("i"), make("i"), make("i"));
    node.append(blank);
  }
  return node;
}

// ---------------------------------------------------------------- the movement chart

const ROW = 25; // pixels from one rank to the next
const TOP = 30;

/** One line a document through all columns, lit together with its cards. */
class Bump {
  constructor(board) {
    Object.assign(this, { board, paths: [], rows: new Map() });
    this.node = make("section", "bump");
    this.node.hidden = true;
    this.title = make("h4", "", "Rank movement");
    this.reading = make("p", "reading");
    this.plot = make("div", "plot");
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("role", "img");
    this.names = make("ol", "names");
    this.plot.append(this.svg, this.names);
    this.node.append(this.title, this.reading, this.plot);
    const pathOf = (event) => event.target.closest?.("[data-at]")?.dataset.at ?? null;
    const idOf = (event) => this.paths[pathOf(event)]?.id ?? null;
    this.plot.addEventListener("pointerover", (event) => board.set("hover", idOf(event)));
    this.plot.addEventListener("pointerleave", () => board.set("hover", null));
    this.plot.addEventListener("click", (event) => {
      const id = idOf(event);
      if (id !== null) board.pick(id === board.selected ? null : id);
    });
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.plot);
  }

  has(id) {
    return this.paths.some((path) => path.id === id);
  }

  update({ paths, columns, cutoff, reading }) {
    this.paths = paths ?? [];
    this.columns = columns.filter((view) => view.state === "done" && view.cards.length);
    this.cutoff = cutoff;
    this.node.hidden = !this.paths.length || this.paths[0].ranks.length !== this.columns.length;
    this.reading.textContent = reading ?? "";
    this.stamp = null;
    if (!this.node.hidden) this.draw();
  }

  draw() {
    const width = this.plot.clientWidth;
    const stamp = `${width}`;
    if (this.node.hidden || !width || stamp === this.stamp) return;
    this.stamp = stamp;
    const named = width > 700;
    const room = named ? Math.min(330, width * 0.28) : 0;
    const step = (width - room - 36) / Math.max(1, this.columns.length - 1);
    this.x = (at) => 18 + (this.columns.length > 1 ? at * step : 0);
    this.y = (height) => TOP + (height - 0.5) * ROW;
    const deepest = Math.max(...this.paths.flatMap((p) => p.heights.filter((h) => h !== null)));
    const tall = this.y(deepest) + ROW;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${tall}`);
    this.svg.setAttribute("width", String(width));
    this.svg.setAttribute("height", String(tall));
    this.svg.setAttribute("aria-label", this.alt());
    this.svg.replaceChildren(...this.frame(width - room, deepest));
    this.groups = this.paths.map((path, at) => this.line(path, at));
    const order = this.paths.map((_, at) => at).sort((a, b) => this.weight(a) - this.weight(b));
    this.svg.append(...order.map((at) => this.groups[at]));
    this.label(named, width - room);
    this.light(this.board.hover ?? this.board.focus, this.board.selected);
  }

  alt() {
    const systems = this.columns.map((view) => `${view.letter} ${view.label}`).join(", ");
    return `Ranks of ${plural(this.paths.length, "document")} in ${systems}`;
  }

  weight(at) {
    return this.paths[at].telling ? 1 : 0;
  }

  frame(width, deepest) {
    const heads = this.columns.map((view, at) => {
      const text = draw("text", { x: this.x(at), y: 14, class: "letter" });
      text.dataset.letter = view.letter;
      text.textContent = view.letter;
      const title = draw("title");
      title.textContent = view.label;
      text.append(title);
      return text;
    });
    if (deepest <= this.cutoff) return heads;
    const y = this.y(this.cutoff + 0.75);
    return [...heads, draw("line", { x1: 4, x2: width - 4, y1: y, y2: y, class: "cutoff" })];
  }

  line(path, at) {
    const group = draw("g", { class: path.telling ? "way telling" : "way" });
    group.dataset.at = String(at);
    const points = path.heights
      .map((height, column) => ({ height, column }))
      .filter(({ height }) => height !== null)
      .map(({ height, column }) => ({ x: this.x(column), y: this.y(height), column }));
    const d = points.map((p, n) => {
      const before = points[n - 1];
      if (!before || before.column !== p.column - 1) return `M${p.x} ${p.y}`;
      const middle = (before.x + p.x) / 2;
      return `C${middle} ${before.y} ${middle} ${p.y} ${p.x} ${p.y}`;
    });
    group.append(draw("path", { d: d.join(""), class: "touch" }), draw("path", { d: d.join("") }));
    for (const p of points) {
      const dot = draw("circle", { cx: p.x, cy: p.y, r: 10 });
      dot.dataset.letter = this.columns[p.column].letter;
      const text = draw("text", { x: p.x, y: p.y + 3.6 });
      text.textContent = String(path.ranks[p.column]);
      group.append(dot, text);
    }
    const title = draw("title");
    title.textContent = path.title;
    group.append(title);
    return group;
  }

  /** Titles stand beside the last column; a document that it lacks has none. */
  label(named, left) {
    const last = this.columns.length - 1;
    this.names.hidden = !named;
    const rows = this.paths.map((path, at) => ({ path, at, height: path.heights[last] }));
    const shown = rows.filter(({ height }) => height !== null);
    shown.sort((a, b) => a.height - b.height);
    this.names.replaceChildren(
      ...shown.map(({ path, at, height }) => {
        const row = words("li", path.telling ? "telling" : "", path.title);
        row.dataset.at = String(at);
        row.style.top = `${this.y(height) - ROW / 2}px`;
        row.style.left = `${left}px`;
        return row;
      }),
    );
  }

  light(lit, chosen) {
    for (const [at, path] of this.paths.entries()) {
      const group = this.groups?.[at];
      const row = [...this.names.children].find((one) => one.dataset.at === String(at));
      for (const node of [group, row]) {
        node?.classList.toggle("lit", path.id === lit);
        node?.classList.toggle("chosen", path.id === chosen);
      }
      if (path.id === lit && group?.nextSibling) this.svg.append(group);
    }
  }
}

function draw(tag, attributes = {}) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

// ---------------------------------------------------------------- the board

class Board {
  constructor(root, selected) {
    Object.assign(this, { root, selected: selected ?? null, hover: null, focus: null });
    Object.assign(this, { columns: [], pool: new Map(), serial: 0, tell: () => {} });
    this.links = new Map();
    this.build();
    this.listen();
  }

  build() {
    this.node = make("div", "board");
    this.head = make("div", "head");
    this.heads = make("div", "grid");
    const strip = make("div", "heads");
    strip.append(this.heads);
    this.scroller = make("div", "scroller");
    this.stage = make("div", "stage");
    this.lanes = make("div", "grid");
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("class", "links");
    this.svg.setAttribute("aria-hidden", "true");
    this.live = make("p", "live");
    this.live.setAttribute("role", "status");
    this.sentinel = make("div");
    this.jumps = make("div", "jumps");
    this.bump = new Bump(this);
    this.head.append(this.jumps, strip);
    this.stage.append(this.svg, this.lanes);
    this.scroller.append(this.stage);
    this.shell = make("div", "shell"); // the header sticks only as long as its columns last
    this.shell.append(this.sentinel, this.head, this.scroller);
    this.node.append(this.shell, this.bump.node, this.live);
    this.root.append(this.node);
  }

  /** One letter a column, to bring into view what lies beyond the edge. */
  ways() {
    return this.columns.map(({ view, node }) => {
      const way = make("button", "jump", view.letter);
      way.type = "button";
      way.tabIndex = -1;
      way.dataset.letter = view.letter;
      way.title = view.label;
      way.setAttribute("aria-label", `show ${view.letter}, ${view.label}`);
      way.addEventListener("click", () => {
        const from = this.lanes.firstElementChild.offsetLeft;
        this.scroller.scrollTo({ left: node.offsetLeft - from, behavior: this.manner() });
      });
      return way;
    });
  }

  listen() {
    const { stage } = this;
    const cardOf = (event) => event.target.closest?.(".card")?.card ?? null;
    stage.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "touch") this.set("hover", cardOf(event)?.id ?? null);
    });
    stage.addEventListener("pointerleave", () => this.set("hover", null));
    stage.addEventListener("focusin", (event) => this.focused(cardOf(event)));
    stage.addEventListener("focusout", () => this.set("focus", null));
    stage.addEventListener("click", (event) => this.choose(cardOf(event)));
    stage.addEventListener("keydown", (event) => this.key(event, cardOf(event)));
    this.scroller.addEventListener("scroll", () => this.follow(), { passive: true });
    this.sizes = new ResizeObserver(() => this.measure());
    for (const node of [this.node, this.head, this.stage]) this.sizes.observe(node);
    this.onFonts = () => this.draw();
    document.fonts?.addEventListener("loadingdone", this.onFonts);
    this.watchTop();
  }

  close() {
    boards.delete(this.root);
    this.sizes.disconnect();
    this.bump.sizes.disconnect();
    this.top?.disconnect();
    document.fonts?.removeEventListener("loadingdone", this.onFonts);
    this.node.remove();
  }

  // -------- data

  update(data) {
    this.tone();
    const stamp = JSON.stringify([data.columns, data.max_grade, data.cutoff, data.paths]);
    if (stamp === this.stamp) return;
    this.stamp = stamp;
    const held = this.root.activeElement;
    this.take(data);
    this.bump.update(data);
    if (held?.isConnected && this.root.activeElement !== held) held.focus({ preventScroll: true });
    if (!this.has(this.hover)) this.hover = null;
    if (!this.has(this.focus)) this.focus = null;
    this.rove();
    this.light();
    this.measure();
  }

  take({ columns, max_grade: maxGrade, cutoff }) {
    const ready = columns.find((view) => view.state === "done" && view.cards.length);
    const rows = Math.max(3, ready?.cards.length ?? Math.min(cutoff, 10));
    const setting = { first: columns[0]?.letter ?? "A", maxGrade, cutoff, rows };
    const pool = new Map();
    const news = [];
    this.columns = keyed(columns, (view) => view.key).map(([key, view]) => {
      const column = this.pool.get(key) ?? new Column(++this.serial);
      const before = column.view?.state;
      pool.set(key, column);
      column.update(view, setting);
      if (before && before !== view.state) news.push(`${view.letter} ${view.label}: ${view.state}`);
      return column;
    });
    this.pool = pool;
    this.node.style.setProperty("--n", String(Math.max(1, columns.length)));
    this.node.toggleAttribute("data-single", columns.length === 1);
    this.node.toggleAttribute("data-many", columns.length > 5);
    arrange(this.heads, this.columns.map((column) => column.head));
    arrange(this.lanes, this.columns.map((column) => column.node));
    const ways = JSON.stringify(columns.map(({ letter, label }) => [letter, label]));
    if (ways !== this.known) this.jumps.replaceChildren(...this.ways());
    this.known = ways;
    if (news.length) this.live.textContent = news.join(". ");
  }

  *cards() {
    for (const column of this.columns) yield* column.cards;
  }

  has(id) {
    if (id === null) return false;
    for (const card of this.cards()) if (card.id === id) return true;
    return this.bump.has(id);
  }

  // -------- light

  set(which, id) {
    if (this[which] === id) return;
    this[which] = id;
    this.light();
  }

  light() {
    const lit = this.hover ?? this.focus;
    const one = lit ?? this.selected;
    for (const card of this.cards()) {
      card.node.classList.toggle("lit", card.id === lit);
      card.node.classList.toggle("chosen", card.id === this.selected);
      card.node.setAttribute("aria-pressed", String(card.id === this.selected));
    }
    this.node.toggleAttribute("data-lit", this.has(one));
    for (const column of this.columns) this.locate(column, this.has(one) ? one : null);
    this.lightLinks();
    this.bump.light(lit, this.selected);
  }

  /** Say in the header where the lit document stands in this column. */
  locate(column, id) {
    const told = id !== null && column.cards.length > 0;
    const card = told ? column.cards.find((other) => other.id === id) : null;
    column.where.toggleAttribute("data-absent", told && !card);
    if (!told) column.where.textContent = "";
    else if (card) column.where.textContent = `rank ${card.view.rank}`;
    else column.where.textContent = this.missing(column, id);
  }

  /** The first stage ranked every candidate, so there even a document below the cut has a rank. */
  missing(column, id) {
    if (column !== this.columns[0]) return `not in top ${column.cards.length}`;
    for (const card of this.cards()) {
      if (card.id === id) return card.view.first_rank ? `rank ${card.view.first_rank}` : "not found";
    }
    return "";
  }

  lightLinks() {
    const lit = this.hover ?? this.focus;
    for (const link of this.links.values()) {
      link.node.classList.toggle("lit", link.id === lit);
      link.node.classList.toggle("chosen", link.id === this.selected);
      if (link.id === lit && link.node.nextSibling) this.svg.append(link.node);
    }
  }

  choose(card) {
    if (!card) return;
    this.pick(card.id === this.selected ? null : card.id);
  }

  pick(id) {
    if (id === this.selected) return;
    this.selected = id;
    this.light();
    this.tell(id);
  }

  // -------- keys

  focused(card) {
    if (!card) return;
    this.rove(card);
    this.set("focus", card.node.matches(":focus-visible") ? card.id : null);
  }

  /** Keep exactly one card in the page's tab order: the last one visited, else the first. */
  rove(card) {
    const all = [...this.cards()];
    this.stop = card ?? (all.includes(this.stop) ? this.stop : all[0]);
    for (const other of all) other.node.tabIndex = other === this.stop ? 0 : -1;
  }

  key(event, card) {
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    const { cards } = card.column;
    const at = cards.indexOf(card);
    const targets = {
      ArrowUp: () => cards[at - 1],
      ArrowDown: () => cards[at + 1],
      Home: () => cards[0],
      End: () => cards[cards.length - 1],
      ArrowLeft: () => this.beside(card, -1),
      ArrowRight: () => this.beside(card, 1),
    };
    if (event.key in targets) this.go(targets[event.key]());
    else if (event.key === "Enter" || event.key === " ") event.repeat || this.choose(card);
    else if (event.key === "Escape") this.pick(null);
    else return;
    event.preventDefault();
  }

  /** The same document in the next column that has cards, else the card of the same rank. */
  beside(card, step) {
    let at = this.columns.indexOf(card.column) + step;
    while (this.columns[at] && !this.columns[at].cards.length) at += step;
    const cards = this.columns[at]?.cards;
    if (!cards) return undefined;
    const row = Math.min(card.column.cards.indexOf(card), cards.length - 1);
    return cards.find((other) => other.id === card.id) ?? cards[row];
  }

  go(card) {
    if (!card) return;
    card.node.focus({ preventScroll: true });
    this.set("focus", card.id);
    card.node.scrollIntoView({ block: "nearest", inline: "nearest", behavior: this.manner() });
  }

  manner() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  }

  // -------- geometry

  /** Decide light or dark from the page's real background. */
  tone() {
    const parts = getComputedStyle(this.head).backgroundColor.match(/[\d.]+/g) ?? [255, 255, 255];
    const [r, g, b] = parts.map((part) => (Number(part) / 255) ** 2.2);
    this.node.dataset.tone = 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.18 ? "dark" : "light";
  }

  measure() {
    this.node.style.setProperty("--head", `${this.head.offsetHeight}px`);
    this.follow();
    this.draw();
  }

  /** Keep the header strip over its columns, and know on which side more columns wait. */
  follow() {
    const { scrollLeft, scrollWidth, clientWidth } = this.scroller;
    this.heads.style.transform = scrollLeft ? `translateX(${-scrollLeft}px)` : "";
    const more = [];
    if (scrollLeft > 8) more.push("back");
    if (scrollLeft + clientWidth < scrollWidth - 8) more.push("on");
    this.node.dataset.more = more.join(" ");
    if (more.length) this.mark();
  }

  /** Mark the letters of the columns that are at least half in view. */
  mark() {
    const port = this.scroller.getBoundingClientRect();
    this.columns.forEach(({ node }, at) => {
      const { left, right } = node.getBoundingClientRect();
      const middle = (left + right) / 2;
      const seen = middle > port.left && middle < port.right;
      this.jumps.children[at]?.setAttribute("aria-current", String(seen));
    });
  }

  /** Stick below Streamlit's own header where that one is opaque, and know when stuck. */
  watchTop() {
    const bar = document.querySelector('[data-testid="stHeader"]');
    const opaque = bar && !/(, 0\)|transparent)$/.test(getComputedStyle(bar).backgroundColor);
    const above = opaque ? bar.offsetHeight : 0;
    this.node.style.setProperty("--above", `${above}px`);
    this.top = new IntersectionObserver(
      ([entry]) => {
        const limit = entry.rootBounds?.top ?? 0;
        this.node.toggleAttribute("data-stuck", entry.boundingClientRect.top < limit);
      },
      {
        root: document.querySelector('[data-testid="stMain"]'),
        rootMargin: `${-above}px 0px 0px 0px`,
        threshold: [0, 1],
      },
    );
    this.top.observe(this.sentinel);
  }

  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.drawLinks();
    });
  }

  drawLinks() {
    const { left, top, width } = this.stage.getBoundingClientRect();
    if (!width) return;
    const base = { left, top, zoom: width / this.stage.offsetWidth || 1 };
    const wanted = new Map();
    for (let at = 1; at < this.columns.length; at++) {
      this.join(this.columns[at - 1], this.columns[at], base, wanted);
    }
    for (const [key, link] of this.links) if (!wanted.has(key)) link.node.remove();
    for (const [key, link] of wanted) {
      link.node = this.links.get(key)?.node ?? document.createElementNS(SVG, "path");
      link.node.setAttribute("d", link.path);
      if (!link.node.parentNode) this.svg.append(link.node);
    }
    this.links = wanted;
    this.lightLinks();
  }

  join(left, right, base, wanted) {
    const there = new Map();
    for (const card of right.cards) if (!there.has(card.id)) there.set(card.id, card);
    const spans = [];
    for (const card of left.cards) {
      const other = there.get(card.id);
      if (!other) continue;
      there.delete(card.id);
      spans.push(span(card, other, base));
    }
    const down = spans.filter((one) => one.y2 > one.y1);
    const up = spans.filter((one) => one.y2 < one.y1);
    spread(down, 0.8, 0.2);
    spread(up, 0.2, 0.8);
    for (const one of spans) {
      const key = JSON.stringify([left.title, right.title, one.id]);
      wanted.set(key, { id: one.id, path: curve(one) });
    }
  }
}

/** Where a line leaves one card and reaches the other, in the stage's own coordinates. */
function span(from, to, base) {
  const a = from.node.getBoundingClientRect();
  const b = to.node.getBoundingClientRect();
  const zoom = base.zoom; // rectangles are measured in the window's pixels, the drawing in its own
  return {
    id: from.id,
    x1: (a.right - base.left) / zoom,
    y1: (a.top + a.height / 2 - base.top) / zoom,
    x2: (b.left - base.left) / zoom,
    y2: (b.top + b.height / 2 - base.top) / zoom,
    lane: 0.5,
  };
}

/** Give lines that run the same way lanes of their own, so that they do not form a rope. */
function spread(spans, first, last) {
  if (spans.length < 2) return;
  spans.forEach((one, at) => {
    one.lane = first + ((last - first) * at) / (spans.length - 1);
  });
}

function curve({ x1, y1, x2, y2, lane }) {
  const turn = x1 + (x2 - x1) * lane;
  return `M${x1} ${y1}C${turn} ${y1} ${turn} ${y2} ${x2} ${y2}`;
}
