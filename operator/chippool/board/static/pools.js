// Pools as bars: who has the chips, by priority class, and what is of no class.

import { byId, counted, h, keyed, number } from "./dom.js";
import { rackMap } from "./racks.js";

const COLOURS = 8;
const OTHERS = [
  ["settling", "being settled"],
  ["releasing", "being given back"],
  ["unmanaged", "used by others"],
  ["unusable", "unusable"],
  ["free", "free"],
];

export const colourOf = (classes, name) => `c${classes.findIndex((one) => one.name === name) % COLOURS}`;

export function partsOf(pool, classes) {
  const given = pool.byClass.map(([name, chips]) => ({ key: `class ${name}`, name, chips, colour: colourOf(classes, name) }));
  const rest = OTHERS.map(([state, name]) => {
    const chips = state === "settling" ? pool.settling : pool.chips[state];
    return { key: state, name, chips, colour: state };
  });
  return [...given, ...rest.filter((part) => part.chips > 0)];
}

export const inWords = (parts) => parts.map((part) => `${part.name} ${number(part.chips)}`).join(", ");

export function drawBar(bar, parts) {
  const drawn = keyed(bar, parts, (part) => part.key, () => h("span"));
  drawn.forEach((segment, at) => {
    const part = parts[at];
    segment.className = part.colour;
    segment.title = `${part.name}: ${counted(part.chips, "chip")}`;
    segment.style.flexGrow = part.chips;
  });
}

export function showPools(board) {
  legend(board);
  const drawn = keyed(byId("bars"), board.pools, (pool) => pool.name, made);
  drawn.forEach((item, at) => showPool(item, board.pools[at], board));
}

function made(pool) {
  const id = `pool-${pool.name}`;
  const map = h("div", { id: `${id}-racks`, class: "racks", hidden: true });
  const button = h("button", { type: "button", class: "rack-toggle", "aria-expanded": "false", "aria-controls": map.id }, "Racks");
  button.addEventListener("click", () => rackMap.toggle(pool.name, button, map));
  button.setAttribute("aria-label", `Racks of pool ${pool.name}`);
  return h("li", {},
    h("div", { class: "pool-head" }, h("h3", {}, pool.name), h("span", { class: "size" }), button),
    h("div", { class: "bar", role: "img" }),
    h("p", { class: "figures" }),
    h("p", { class: "stock" }),
    map);
}

function showPool(item, pool, board) {
  const parts = partsOf(pool, board.classes);
  const size = `${counted(pool.chips.installed, "chip")} on ${counted(pool.nodes, "node")}`;
  item.querySelector(".size").textContent = [pool.model, size].filter(Boolean).join(" · ");
  const bar = item.querySelector(".bar");
  drawBar(bar, parts);
  bar.setAttribute("aria-label", `Pool ${pool.name}, ${size}: ${inWords(parts) || "no chips"}`);
  item.querySelector(".figures").textContent = inWords(parts) || "It has no chips.";
  item.querySelector(".stock").textContent = stockInWords(pool);
}

// What its chips are worth, and how long they last: one sentence each, where they are known.
export function stockInWords(pool) {
  const worth = Object.entries(pool.effectiveChips).map(([purpose, chips]) => `${purpose.toLowerCase()} ${number(chips >= 10 ? Math.round(chips) : chips)}`);
  const effective = worth.length ? `Effective chips (in H100): ${worth.join(", ")}.` : "";
  return [effective, pool.runway?.message].filter(Boolean).join(" ");
}

function legend(board) {
  const held = new Set(board.pools.flatMap((pool) => pool.byClass.map(([name]) => name)));
  const classes = board.classes.filter((one) => held.has(one.name))
    .map((one) => ({ name: one.name, colour: colourOf(board.classes, one.name) }));
  const others = OTHERS.filter(([state]) => board.pools.some((pool) => (pool[state] ?? pool.chips[state]) > 0))
    .map(([state, name]) => ({ name, colour: state }));
  const entries = [...classes, ...others];
  keyed(byId("legend"), entries, (one) => `${one.colour} ${one.name}`, (one) =>
    h("li", {}, h("span", { class: `swatch ${one.colour}`, "aria-hidden": "true" }), one.name));
}
