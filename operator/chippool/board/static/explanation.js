// Why a workload runs where it does, or why it waits, in the sentences of `chippool explain`.

import { asked, byId, h } from "./dom.js";

const place = byId("explanation");
let back = null;
let turn = 0;

export async function explain(line, from) {
  back = from;
  const mine = ++turn;
  place.hidden = false;
  const heading = shown(line, h("p", { role: "status" }, "Asking …"));
  heading.focus();
  try {
    const query = new URLSearchParams({ namespace: line.namespace, name: line.name });
    const found = await asked(`explanation?${query}`);
    if (mine === turn) shown(line, h("div", { class: "sentences", "aria-live": "polite" }, found.sentences.map(paragraph))).focus();
  } catch (error) {
    if (mine === turn) shown(line, h("p", { role: "alert" }, error.message)).focus();
  }
}

function shown(line, body) {
  const heading = h("h3", { id: "explanation-heading", tabindex: "-1" }, `${line.namespace}/${line.name}`);
  const again = h("button", { type: "button", click: () => explain(line, back) }, "Ask again");
  const close = h("button", { type: "button", click: closed }, "Close");
  place.replaceChildren(h("div", { class: "pool-head" }, heading, again, close), body);
  return heading;
}

function paragraph(sentence) {
  const depth = sentence.length - sentence.trimStart().length;
  return h("p", { class: `depth-${Math.min(depth / 2, 2)}` }, sentence.trim());
}

function closed() {
  turn += 1;
  place.hidden = true;
  place.replaceChildren();
  back?.focus();
}

place.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closed();
});
