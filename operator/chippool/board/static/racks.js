// The nodes of a pool by topology domain, each with its chips by state; asked for when it is opened.

import { asked, counted, h, number } from "./dom.js";

const NAMES = { used: "used", releasing: "being given back", unmanaged: "used by others", free: "free", unusable: "unusable" };
const PAUSE_MS = 3000;

class RackMap {
  #open = new Map();
  #shown = new Set();
  #late = null;
  #reading = false;

  toggle(pool, button, place) {
    const opens = !this.#open.has(pool);
    button.setAttribute("aria-expanded", String(opens));
    place.hidden = !opens;
    if (opens) {
      this.#open.set(pool, place);
      place.replaceChildren(h("p", { role: "status" }, "Reading the nodes …"));
      this.#draw(pool, place);
    } else this.#open.delete(pool);
  }

  // Something has changed: draw what is open anew, not too often.
  refresh() {
    if (this.#late !== null || this.#open.size === 0) return;
    this.#late = setTimeout(async () => {
      this.#late = null;
      for (const [pool, place] of this.#open) await this.#draw(pool, place);
    }, PAUSE_MS);
  }

  async #draw(pool, place) {
    try {
      const map = await asked(`racks?pool=${encodeURIComponent(pool)}`);
      if (this.#open.has(pool)) this.#show(map, place);
    } catch (error) {
      place.replaceChildren(h("p", { role: "alert" }, error.message));
    }
  }

  #show(map, place) {
    const focused = document.activeElement?.dataset.domain;
    const scrolled = place.querySelector("ul")?.scrollTop ?? 0;
    const levels = map.levels.length ? `By ${map.levels.join(", ")}.` : "The pool’s spec.topology names no level: its nodes are shown together.";
    const key = map.states.filter((state) => total(map, state) > 0)
      .map((state) => h("li", {}, h("span", { class: `swatch ${state}`, "aria-hidden": "true" }), NAMES[state]));
    const list = h("ul", { class: "domains", "aria-label": `Nodes of pool ${map.pool}` }, map.domains.map((domain) => this.#domain(map, domain)));
    place.replaceChildren(h("p", {}, levels), h("ul", { class: "legend" }, key), list);
    list.scrollTop = scrolled;
    if (focused !== undefined) place.querySelector(`[data-domain="${CSS.escape(focused)}"]`)?.focus();
  }

  #domain(map, domain) {
    const name = domain.path.map((value) => value || "(no label)").join(" / ") || "all nodes";
    const id = `${map.pool} ${name}`;
    const nodes = h("div", { class: "nodes", "aria-hidden": "true" }, domain.nodes.map((node) => cell(map.states, node)));
    const details = h("div", { class: "node-table" });
    const button = h("button", { type: "button", "data-domain": id, "aria-expanded": String(this.#shown.has(id)) },
      h("strong", {}, name), h("span", {}, `${counted(domain.nodes.length, "node")}, chips: ${said(map.states, sums(map.states, domain.nodes))}`));
    const show = () => details.replaceChildren(...(this.#shown.has(id) ? [table(map.states, domain.nodes)] : []));
    button.addEventListener("click", () => {
      if (!this.#shown.delete(id)) this.#shown.add(id);
      button.setAttribute("aria-expanded", String(this.#shown.has(id)));
      show();
    });
    show();
    return h("li", {}, button, nodes, details);
  }
}

export const rackMap = new RackMap();

const sums = (states, nodes) => states.map((_, at) => nodes.reduce((sum, node) => sum + node[at + 1], 0));

const total = (map, state) => sums(map.states, map.domains.flatMap((domain) => domain.nodes))[map.states.indexOf(state)];

const said = (states, chips) =>
  states.map((state, at) => [NAMES[state], chips[at]]).filter(([, count]) => count > 0)
    .map(([name, count]) => `${number(count)} ${name}`).join(", ") || "no chips";

function cell(states, [name, ...chips]) {
  const all = chips.reduce((sum, one) => sum + one, 0) || 1;
  const box = h("span", { title: `${name}: ${said(states, chips)}` });
  let from = 0;
  const stops = states.map((state, at) => {
    const to = from + (100 * chips[at]) / all;
    const stop = `var(--${state}) ${from}% ${to}%`;
    from = to;
    return stop;
  });
  box.style.backgroundImage = `linear-gradient(to top, ${stops.join(", ")})`;
  return box;
}

const table = (states, nodes) =>
  h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Node"), states.map((state) => h("th", { scope: "col" }, NAMES[state])))),
    h("tbody", {}, nodes.map(([name, ...chips]) =>
      h("tr", {}, h("th", { scope: "row" }, name), chips.map((count) => h("td", {}, count ? number(count) : "–"))))));
