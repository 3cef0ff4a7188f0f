// Elements from values: text is always text, never markup.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined).map(asNode));
  return element;
}

const asNode = (child) => (child instanceof Node ? child : document.createTextNode(String(child)));

export const byId = (id) => document.getElementById(id);

export const number = (value) => Number(value).toLocaleString("en", { maximumFractionDigits: 3 });

export const counted = (count, what) => `${number(count)} ${what}${count === 1 ? "" : "s"}`;

const UNITS = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];

// The server's clock, which stands still where it shows a file.
const clock = { at: Date.now(), heard: Date.now(), live: true };

export const tellTime = (at, live) => Object.assign(clock, { at: Date.parse(at), heard: Date.now(), live });

export function age(created) {
  const now = clock.live ? clock.at + Date.now() - clock.heard : clock.at;
  const seconds = Math.max(0, Math.floor((now - Date.parse(created)) / 1000));
  const [size, unit] = UNITS.find(([one]) => seconds >= one) ?? [1, "s"];
  return `${Math.floor(seconds / size)}${unit}`;
}

// The server's answer, or an Error with its own sentence.
export async function asked(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The board is not served any more: start `chippool board` again.");
  }
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error);
  return body;
}

// A child of `parent` for each item, kept from one time to the next by its key, in the order of the items.
export function keyed(parent, items, keyOf, make) {
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const kept = items.map((item) => {
    const key = keyOf(item);
    const found = there.get(key) ?? make(item);
    found.dataset.key = key;
    there.delete(key);
    return found;
  });
  for (const gone of there.values()) gone.remove();
  kept.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
  return kept;
}
