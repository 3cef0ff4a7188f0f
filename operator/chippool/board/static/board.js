// The page: hears what has changed, and shows it.

import { asked, byId, number, tellTime } from "./dom.js";
import { explain } from "./explanation.js";
import { outlook } from "./outlook.js";
import { showPools } from "./pools.js";
import { Queue } from "./queue.js";
import { rackMap } from "./racks.js";
import { know, prepare } from "./whatif.js";

const queue = new Queue(explain);

function show(board) {
  tellTime(board.at, board.live);
  know(board);
  showPools(board);
  queue.refresh();
  rackMap.refresh();
  outlook.know(board);
  const { ready, admitted, pending, suspended } = board.counts;
  byId("counts").textContent = `${number(ready)} running, ${number(admitted)} starting, ${number(pending)} waiting, ${number(suspended)} suspended`;
  byId("reasons").textContent = board.reasons.length ? `Why: ${board.reasons.map(([reason, count]) => `${reason} ${number(count)}`).join(", ")}.` : "";
  const trouble = byId("trouble");
  trouble.hidden = !board.trouble;
  trouble.textContent = board.trouble ? `These figures may be old: ${board.trouble}` : "";
  heard(board);
}

function heard(board) {
  const root = document.documentElement;
  root.dataset.number = board.number;
  const at = new Date(board.at);
  byId("status").textContent = board.live ? `Live, as of ${at.toLocaleTimeString()}` : `A snapshot of ${at.toLocaleString()}`;
  if (!root.dataset.painted) requestAnimationFrame(() => setTimeout(() => (root.dataset.painted = Math.round(performance.now()))));
}

const stream = new EventSource("live");
stream.addEventListener("board", (event) => show(JSON.parse(event.data)));
stream.addEventListener("error", () => {
  byId("status").textContent = "The board does not answer: if it stays so, start `chippool board` again.";
});

try {
  const about = await asked("about");
  byId("name").textContent = about.name;
  document.title = about.name ? `${about.name}: chippool board` : "chippool board";
  prepare(about);
} catch (error) {
  byId("mistake").textContent = error.message;
}
