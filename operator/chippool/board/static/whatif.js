// What if: changes as the command line takes them, and who would be concerned.

import { asked, byId, counted, h, number } from "./dom.js";
import { colourOf, drawBar, inWords } from "./pools.js";

const SHOWN = 100;
const CHANGES = "changes";
let kinds = [];
let board = { classes: [], pools: [] };
let made = 0;

export function prepare(about) {
  kinds = about.changes;
  another();
}

export function know(news) {
  board = news;
}

function another() {
  const id = `change-${++made}`;
  const hint = h("span", { id: `${id}-hint`, class: "hint" });
  const options = h("datalist", { id: `${id}-there` });
  const said = h("input", { id, autocomplete: "off", "aria-describedby": hint.id, list: options.id, size: 28 });
  const kind = h("select", { "aria-label": "Kind of change" }, kinds.map((one) => h("option", { value: one.name }, one.flag.slice(2).replaceAll("-", " "))));
  const show = () => {
    const chosen = kinds.find((one) => one.name === kind.value);
    hint.textContent = chosen.help;
    said.placeholder = chosen.form;
    said.setAttribute("aria-label", `${kind.selectedOptions[0].textContent}: ${chosen.form}`);
    options.replaceChildren(...(chosen.form.startsWith("POOL") ? board.pools : []).map((pool) => h("option", { value: `${pool.name}=` })));
  };
  kind.addEventListener("change", show);
  said.addEventListener("focus", show);
  show();
  const remove = h("button", { type: "button", "aria-label": "Remove this change" }, "✕");
  const row = h("div", { class: "change" }, kind, said, remove, hint, options);
  remove.addEventListener("click", () => {
    row.remove();
    if (!byId(CHANGES).children.length) another();
    byId("another").focus();
  });
  byId(CHANGES).append(row);
  return kind;
}

byId("another").addEventListener("click", () => another().focus());
byId("question").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});

async function ask() {
  const changes = [...byId(CHANGES).children].map((row) => [row.querySelector("select").value, row.querySelector("input").value.trim()])
    .filter(([, said]) => said);
  const button = byId("ask");
  byId("mistake").textContent = "";
  if (!changes.length) {
    byId("mistake").textContent = "Say what is to change: write into the field, as its grey example does.";
    return;
  }
  button.disabled = true;
  const started = Date.now();
  const tick = setInterval(() => (byId("deciding").textContent = `Deciding … ${Math.round((Date.now() - started) / 1000)} s`), 500);
  try {
    const body = JSON.stringify({ changes, within: byId("within").value.trim() || null });
    const answer = await asked("what-if", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (answer.mistake) throw new Error(answer.mistake);
    show(answer);
  } catch (error) {
    byId("answer").replaceChildren();
    byId("mistake").textContent = error.message;
  } finally {
    clearInterval(tick);
    byId("deciding").textContent = "";
    button.disabled = false;
  }
}

function show(answer) {
  const due = answer.workloads.filter((one) => one.dueToChange);
  const anyway = answer.workloads.filter((one) => !one.dueToChange && !["runs", "suspended"].includes(one.fate));
  byId("answer").replaceChildren(
    ...nodes(answer.nodes),
    ...(answer.atRest ? [] : [h("p", { class: "warning" }, "Decisions did not come to rest; what is said of workloads that keep moving may not last.")]),
    h("ul", { class: "pairs" }, answer.pools.map(pair)),
    ...table("Because of the change", due, answer),
    ...table("Anyway", anyway, answer),
    h("p", {}, `Not concerned: ${counted(answer.unconcerned, "workload")}, running on.`));
  byId("answer").focus();
}

const nodes = ({ lost, added }) =>
  [["Without", lost], ["With", added]].filter(([, names]) => names.length)
    .map(([word, names]) => h("p", {}, `${word} ${counted(names.length, "node")}: ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}.`));

function pair(pool) {
  return h("li", {}, h("h4", {}, pool.name), [["without it", pool.otherwise], ["with it", pool.then]].map(([word, use]) => {
    const parts = parted(use);
    const bar = h("div", { class: "bar thin", role: "img", "aria-label": `Pool ${pool.name} ${word}: ${inWords(parts) || "no chips"}` });
    drawBar(bar, parts);
    return h("div", { class: "pair" }, h("span", {}, word), bar, h("span", { class: "size" }, `${number(use.chips)} chips, ${number(use.free)} free`));
  }), lasting(pool));
}

function lasting({ otherwise, then }) {
  if (!then.runway) return null;
  const same = otherwise.runway?.sentence === then.runway.sentence;
  return h("p", { class: "stock" }, same ? `With or without it: ${then.runway.sentence}` : `With it: ${then.runway.sentence}`);
}

function parted(use) {
  const given = board.classes.filter((one) => use.byClass[one.name])
    .map((one) => ({ key: one.name, name: one.name, chips: use.byClass[one.name], colour: colourOf(board.classes, one.name) }));
  const held = given.reduce((sum, part) => sum + part.chips, 0) + use.unmanaged + use.free;
  const rest = [["unmanaged", "used by others", use.unmanaged], ["unusable", "unusable", use.chips - held], ["free", "free", use.free]];
  return [...given, ...rest.filter(([, , chips]) => chips > 0).map(([state, name, chips]) => ({ key: state, name, chips, colour: state }))];
}

function table(title, some, answer) {
  if (!some.length) return title === "Anyway" ? [] : [h("p", {}, `${title}: nothing.`)];
  const order = Object.keys(answer.words);
  const sorted = [...some].sort((one, other) => order.indexOf(one.fate) - order.indexOf(other.fate));
  const caption = `${title}: ${summed(sorted, answer.words)}`;
  const shown = [h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, h("table", {},
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, ["What", "Workload", "Class", "Now", "Then", "Why"].map((word) => h("th", { scope: "col" }, word)))),
    h("tbody", {}, sorted.slice(0, SHOWN).map((one) => line(one, answer.words)))))];
  if (sorted.length > SHOWN) shown.push(h("p", {}, `… and ${number(sorted.length - SHOWN)} more; chippool what-if -o json has all of them.`));
  return title === "Anyway" ? [h("details", {}, h("summary", {}, caption), ...shown)] : shown;
}

function summed(sorted, words) {
  const counts = new Map();
  for (const one of sorted) counts.set(one.fate, (counts.get(one.fate) ?? 0) + 1);
  return [...counts].map(([fate, count]) => `${words[fate]} ${number(count)}`).join(", ");
}

const line = (one, words) =>
  h("tr", { class: one.fate },
    h("td", {}, words[one.fate]), h("th", { scope: "row" }, `${one.namespace}/${one.name}`), h("td", {}, one.priorityClassName),
    h("td", {}, stand(one.now)), h("td", {}, stand(one.then)), h("td", {}, one.why));

function stand(at) {
  const where = `${at.replicas} × ${at.variant} in ${at.poolName}`;
  if (at.state === "runs") return where;
  if (at.state === "waitsForNodes") return `${where}, ${at.missing} without a node${at.until ? ` until ${at.until}` : ""}`;
  if (at.state === "waits") return [`waits${at.reason ? ` (${at.reason})` : ""}`, at.starts ? `thought to start ${at.starts}` : ""].filter(Boolean).join(", ");
  return at.state === "absent" ? "" : at.state;
}
