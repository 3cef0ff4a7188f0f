"""What each rule contributes on Gavel's jobs: `python -m tools.jobs --data FOLDER -o FILE`.

FOLDER holds jobs_single_seed0.csv. Ends with 1 where a figure misses its bound.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from chippool.core.ids import PoolName
from chippool.sim.choosing import Chooser, Rules, Serving, fifo
from chippool.sim.figures import figures
from chippool.sim.jobs import Job, dealt, misjudged, read_jobs
from chippool.sim.planning import Planner
from chippool.sim.rounds import Policy, run
from tools.bench.machine import machine, today
from tools.report import add_output, tell

CHIPS = {PoolName("v100"): 36, PoolName("p100"): 36, PoolName("k80"): 36}
RATES = (2.0, 4.0, 4.8, 5.2)
FIFO_PUBLISHED = (15.45, 17.08, 22.24, 56.69)
"""Gavel's FIFO on the best chip, single-GPU jobs, seed 0."""
BOUNDS = (15.45, 16.05, 17.05, 18.10)
"""What the policy may take at most."""
NEAR, ALIKE = 0.03, 1.02
"""How far the harness may be from what is published, and the full policy above the matching alone."""


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the table; `rates` without the lower ones where there is nothing to see at them."""

    name: str
    policy: Callable[[], Policy]
    jobs: Callable[[list[Job]], list[Job]] = lambda jobs: jobs
    rates: tuple[float, ...] = RATES


FULL = Rules()


def _serving(serving: Serving | None) -> Policy:
    return Planner().policy() if serving is None else Chooser(replace(FULL, serving=serving)).policy()


EASY, HARD = RATES[:2], RATES[2:]
"""Without trades more and more wait at the higher ones, and there is nothing left to compare."""
CASES = (
    Case("fifo, each 700 s", lambda: Policy(fifo, every=700)),
    Case("fifo", lambda: Policy(fifo)),
    Case("matching", lambda: Chooser(Rules(serving=Serving.MOST)).policy()),
    Case("chippool", lambda: Planner().policy()),
    Case("chippool, 4 queues", lambda: Planner().policy(), lambda jobs: dealt(jobs, 4, 1)),
    Case("chippool, 4 queues, 3 classes", lambda: Planner().policy(), lambda jobs: dealt(jobs, 4, 3)),
    Case("chippool, nobody trades", lambda: Planner(saves=math.inf).policy(), rates=EASY),
    Case("order, choosing together, trades", lambda: Chooser(FULL).policy()),
    Case("without choosing together", lambda: Chooser(replace(FULL, together=False)).policy()),
    Case("without trades", lambda: Chooser(replace(FULL, trade=False)).policy()),
    Case("without the hour between moves", lambda: Chooser(replace(FULL, hold=0.0)).policy()),
    Case("without the rise of 5 %", lambda: Chooser(replace(FULL, rise=False)).policy()),
    Case("ageing in place of the order", lambda: Chooser(replace(FULL, serving=Serving.AGED)).policy()),
)
SERVING = {"no order": Serving.MOST, "ageing": Serving.AGED, "order": Serving.ORDER, "chippool": None}
WRONG = tuple(
    Case(f"speeds wrong by {sigma:.0%}, {name}", partial(_serving, serving), told, HARD[1:])
    for sigma in (0.1, 0.2, 0.3)
    for name, serving in SERVING.items()
    for told in (lambda jobs, sigma=sigma: misjudged(jobs, sigma, seed=0),)
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.jobs", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of jobs_single_seed0.csv")
    add_output(parser)
    parser.add_argument(
        "--case", action="append", help="only the rows of this name; the others stay as they are in FILE"
    )
    asked = parser.parse_args()
    table = json.loads(asked.output.read_text())["results"] if asked.case else {}
    for case in (*CASES, *WRONG):
        if not asked.case or case.name in asked.case:
            table[case.name] = list(_row(case, asked.data / "jobs_single_seed0.csv"))
    table = {case.name: table[case.name] for case in (*CASES, *WRONG) if case.name in table}
    missed = list(_missed(table))
    report = {"command": "python -m tools.jobs", "date": today(), "machine": machine(), "missed": missed}
    tell({**report, "results": table}, asked.output)
    return 1 if missed else 0


def _row(case: Case, path: Path) -> Iterator[dict[str, Any]]:
    for rate in case.rates:
        jobs = case.jobs(read_jobs(path, CHIPS, rate))
        measured = frozenset(job.key for job in jobs[4000:5000])
        found = figures(run(jobs, CHIPS, case.policy(), measured), measured)
        print(f"{case.name}, {rate} an hour: {found.mean_jct_hours} h", file=sys.stderr, flush=True)
        yield {"rate": rate, **asdict(found)}


def _missed(table: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    mean = {name: [one["mean_jct_hours"] for one in row] for name, row in table.items()}
    for place, rate in enumerate(RATES):
        if abs(mean["fifo, each 700 s"][place] / FIFO_PUBLISHED[place] - 1) > NEAR:
            yield f"FIFO at {rate} is not near the published figure"
        if mean["matching"][place] > BOUNDS[place]:
            yield f"matching at {rate} takes longer than {BOUNDS[place]} h"
        for name in ("chippool", "chippool, 4 queues", "chippool, 4 queues, 3 classes"):
            if mean[name][place] > min(BOUNDS[place], ALIKE * mean["matching"][place]):
                yield f"{name} at {rate} takes longer than the bound, or more than 2 % longer than matching alone"


if __name__ == "__main__":
    sys.exit(main())
