"""Scenarios as text: a small cluster, and the plan it must lead to (`UPDATE=1 pytest tests/scenarios` writes it anew).

A case has `nodes` (pool: count x chips), optional `queues` (name: {pool: limit}), `running` and `waiting` work in lines
`name class replicas x chips variant[, variant …]`, running work with `on node node …`, and the `plan` expected.
Lines of waiting work are in order of age, those of running work in order of admission.
"""

import os
import re
from pathlib import Path

import pytest
import yaml

from chippool.core.cycle import schedule
from chippool.core.ids import shown
from chippool.core.plan import Admit, Displace, Finish, Hold, Keep, Place, Resize, Stop
from tests.core.build import a_queue, a_snapshot, a_variant, a_workload, nodes

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
LINE = re.compile(
    r"(?P<name>\S+) (?P<cls>\S+) (?P<replicas>\d+)x(?P<chips>\d+) (?P<pools>[\w,>]+)"
    r"(?: of (?P<queue>\S+))?(?: on (?P<on>.+))?"
)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.stem)
def test_the_plan_is_the_one_expected(case):
    text = yaml.safe_load(case.read_text())
    plan = [said(d) for d in schedule(a_cluster(text), now=1000.0).decisions]
    if os.environ.get("UPDATE"):
        body = case.read_text().partition("plan:")[0]
        case.write_text(body + "plan:\n" + "".join(f"- {line}\n" for line in plan))
    else:
        assert plan == text["plan"]


def a_cluster(text):
    fleet = [
        n for pool, size in text["nodes"].items() for n in nodes(int(size.split("x")[0]), int(size.split("x")[1]), pool)
    ]
    queues = [a_queue(name, limits=limits) for name, limits in text.get("queues", {"team": {}}).items()]
    running = [a_line(line, i) for i, line in enumerate(text.get("running", []))]
    waiting = [a_line(line, 100 + i) for i, line in enumerate(text.get("waiting", []))]
    return a_snapshot(fleet, [*running, *waiting], queues=queues)


def a_line(line, age):
    found = LINE.fullmatch(line)
    assert found, f"not understood: {line}"
    ways = [
        a_variant(pools.split(","), int(found["replicas"]), int(found["chips"]), name=pools.split(",")[0])
        for pools in found["pools"].split(">")
    ]
    on = found["on"].split() if found["on"] else ()
    return a_workload(found["name"], found["cls"], *ways, queue=found["queue"] or "team", created=float(age), on=on)


def said(decision):
    name = decision.workload.removeprefix("ns/")
    match decision:
        case Admit(nodes=on, variant=variant, waits=waits):
            return f"admit {name} as {variant} on {' '.join(on)}{' when released' if waits else ''}"
        case Displace(by=by, reason=reason):
            return f"displace {name} for {by.removeprefix('ns/')}" if by else f"displace {name}, {reason}"
        case Hold(reason=reason, shortages=short):
            lacks = [f"{s.pool} {s.reason} {shown(s.asked)} asked {shown(s.free)} free" for s in short]
            return ", ".join([f"hold {name}", reason, *lacks])
        case Keep() | Place() | Resize() | Finish() | Stop():
            return f"{type(decision).__name__.lower()} {name}, {decision.reason}"
