// How long the stock of each pool lasts: a chart of demand and stock, and the reason in words.

import { asked, byId, h, keyed } from "./dom.js";

const AGAIN_MS = 10 * 60_000;
const PAUSE_MS = 3000;

class Outlook {
  #said = null;
  #late = null;
  #version = 0;

  // Draw anew when what the operator says of a runway, or what chips are worth, has changed.
  know(board) {
    const said = JSON.stringify(board.pools.map((pool) => [pool.name, pool.chips.installed, pool.effectiveChips, pool.runway]));
    if (said === this.#said) return;
    this.#said = said;
    this.#soon(this.#version ? PAUSE_MS : 0);
  }

  #soon(pause) {
    clearTimeout(this.#late);
    this.#late = setTimeout(() => this.#read(), pause);
  }

  async #read() {
    this.#version += 1;
    try {
      this.#show(await asked("outlooks"));
    } catch (error) {
      byId("outlook-trouble").textContent = error.message;
    }
    this.#soon(AGAIN_MS);
  }

  #show({ pools, trouble }) {
    byId("outlook-trouble").textContent = trouble || (pools.length ? "" : "Nothing is remembered yet of what was asked for: the operator begins with its first hour.");
    const drawn = keyed(byId("charts"), pools, (pool) => pool.name, made);
    drawn.forEach((figure, at) => {
      const picture = figure.querySelector("img");
      picture.src = `outlook?pool=${encodeURIComponent(pools[at].name)}&version=${this.#version}`;
      picture.alt = `Demand and stock of pool ${pools[at].name}. ${pools[at].sentence}`;
      figure.querySelector("figcaption").textContent = `${pools[at].name}: ${pools[at].sentence}`;
    });
  }
}

const made = () => h("figure", {}, h("img", { width: 1000, height: 368 }), h("figcaption", {}));

export const outlook = new Outlook();
