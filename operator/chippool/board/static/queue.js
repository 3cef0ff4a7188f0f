// Workloads in the order of their turn; only the lines in view are asked for and drawn.

import { age, asked, byId, counted, h, keyed, number } from "./dom.js";

const ROW = 46;
const AROUND = 20;
const QUIET_MS = 150;
const STATES = { ready: "runs", admitted: "starting", pending: "waits", suspended: "suspended" };

export class Queue {
  #total = 0;
  #active = 0;
  #lines = new Map();
  #turn = 0;
  #later = null;
  #rows = byId("rows");
  #grid = byId("grid");

  constructor(explain) {
    this.explain = explain;
    this.#space = h("div", { class: "space", role: "presentation" });
    this.#rows.append(this.#space);
    this.#rows.addEventListener("scroll", () => this.#soon(40));
    this.#grid.addEventListener("keydown", (event) => this.#key(event));
    this.#space.addEventListener("click", (event) => this.#click(event));
    byId("which").addEventListener("change", () => this.#anew());
    byId("find").addEventListener("input", () => this.#soon(QUIET_MS, true));
    new ResizeObserver(() => this.#soon(40)).observe(this.#rows);
    setInterval(() => this.#draw(), 30_000);
  }

  #space;

  refresh() {
    this.#soon(0);
  }

  // From the top, as another list.
  #anew() {
    this.#active = 0;
    this.#rows.scrollTop = 0;
    this.#lines.clear();
    this.#read();
  }

  #soon(pause, anew = false) {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => (anew ? this.#anew() : this.#read()), pause);
  }

  async #read() {
    const turn = ++this.#turn;
    const [first, last] = this.#range();
    const which = document.querySelector("#which input:checked").value;
    const query = new URLSearchParams({ which, text: byId("find").value.trim(), start: first, count: last - first });
    try {
      const found = await asked(`workloads?${query}`);
      if (turn !== this.#turn) return;
      this.#total = found.total;
      this.#lines = new Map(found.lines.map((line, at) => [found.start + at, line]));
      this.#active = Math.min(this.#active, Math.max(0, this.#total - 1));
      this.#draw();
    } catch (error) {
      if (turn === this.#turn) byId("total").textContent = error.message;
    }
  }

  #range() {
    const first = Math.floor(this.#rows.scrollTop / ROW);
    const shown = Math.ceil(this.#rows.clientHeight / ROW);
    return [Math.max(0, first - AROUND), first + shown + AROUND];
  }

  #draw() {
    this.#space.style.height = `${this.#total * ROW}px`;
    const entries = [...this.#lines.entries()];
    const drawn = keyed(this.#space, entries, ([, line]) => `${line.namespace}/${line.name}`, () => h("div", { role: "row" }));
    drawn.forEach((row, at) => this.#row(row, ...entries[at]));
    this.#grid.setAttribute("aria-rowcount", this.#total + 1);
    this.#mark();
    byId("total").textContent = this.#total ? counted(this.#total, "workload") : "None.";
  }

  #row(row, at, line) {
    row.id = `row-${at}`;
    row.setAttribute("aria-rowindex", at + 2);
    row.dataset.at = at;
    row.style.transform = `translateY(${at * ROW}px)`;
    const where = line.poolName ? `${STATES[line.state]} in ${line.poolName}` : STATES[line.state] ?? line.state;
    const texts = [
      line.position ?? "",
      `${line.namespace}/${line.name}`,
      line.priorityClassName,
      line.queueName,
      number(line.chips),
      where,
      age(line.created),
      line.poolName ? `${line.ready} of ${counted(line.replicas, "replica")} ready` : [line.reason, line.message].filter(Boolean).join(": "),
    ];
    if (row.children.length !== texts.length) row.replaceChildren(...texts.map(() => h("span", { role: "gridcell" })));
    texts.forEach((text, cell) => {
      const there = row.children[cell];
      if (there.textContent !== String(text)) there.textContent = text;
    });
    row.lastElementChild.className = "why";
    row.lastElementChild.title = texts.at(-1);
    row.className = line.state;
  }

  #mark() {
    for (const row of this.#space.children) row.setAttribute("aria-selected", String(Number(row.dataset.at) === this.#active));
    if (this.#lines.has(this.#active)) this.#grid.setAttribute("aria-activedescendant", `row-${this.#active}`);
    else this.#grid.removeAttribute("aria-activedescendant");
  }

  #click(event) {
    const row = event.target.closest("[role=row]");
    if (!row) return;
    this.#active = Number(row.dataset.at);
    this.#mark();
    this.#explain();
  }

  #explain() {
    const line = this.#lines.get(this.#active);
    if (line) this.explain(line, this.#grid);
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.#rows.clientHeight / ROW) - 1);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.#total, End: this.#total };
    if (event.key === "Enter") this.#explain();
    else if (event.key in moves) this.#go(this.#active + moves[event.key]);
    else return;
    event.preventDefault();
  }

  #go(at) {
    this.#active = Math.max(0, Math.min(at, this.#total - 1));
    const top = this.#active * ROW;
    if (top < this.#rows.scrollTop) this.#rows.scrollTop = top;
    const bottom = top + ROW - this.#rows.clientHeight;
    if (bottom > this.#rows.scrollTop) this.#rows.scrollTop = bottom;
    this.#mark();
  }
}
