"""Scenarios as text: a small cluster, and the plan it must lead to (`UPDATE=1 pytest tests/scenarios` writes it anew).

A case has `nodes` (pool: count x chips), optional `queues` (name: {pool: limit}, or with words such as
`parent: org, guaranteed: {h800: 8}, limits: {h800: 16}`), optional `pools` (name: access and reserve), `running` and
`waiting` work in lines `name class replicas x chips variant[>variant …]` (a variant is a pool or several with commas,
its speed after an @; replicas `1-4` are elastic, at least 1 of 4), with `within 600s` where it has a maxRuntime,
running work with `on node node …`, and the `plan` expected. It is 1000 seconds. Lines of waiting work are in order of
age, those of running work in order of admission. Of nodes that are `lost` (node: seconds for which a pod has waited in
the place of each replica there) nothing is left.
`racks` (name: how many nodes) label the nodes in their order; work is `in rack` if it has to be in one, `near rack` if
it wishes so.
"""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from chippool.core.constraints import Within
from chippool.core.cycle import schedule
from chippool.core.ids import shown
from chippool.core.plan import Admit, Displace, Finish, Hold, Keep, Migrate, Place, Resize, Shrink, Stop
from chippool.core.reasons import Reason
from tests.core.build import a_pool, a_queue, a_reserve, a_snapshot, a_variant, a_workload, an_access, nodes

NOW = 1000.0
WORDS = {"parent", "weight", "external", "guaranteed", "limits", "closed"}
CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
LINE = re.compile(
    r"(?P<name>\S+) (?P<cls>\S+) (?:(?P<least>\d+)-)?(?P<replicas>\d+)x(?P<chips>\d+) (?P<pools>[\w,>@.]+)"
    r"(?: within (?P<limit>\d+)s)?(?: of (?P<queue>\S+))?(?: (?P<how>in|near) (?P<level>\S+))?(?: on (?P<on>.+))?"
)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.stem)
def test_the_plan_is_the_one_expected(case):
    text = yaml.safe_load(case.read_text())
    plan = [said(d) for d in schedule(a_cluster(text), now=NOW).decisions]
    if os.environ.get("UPDATE"):
        body = case.read_text().partition("plan:")[0]
        case.write_text(body + "plan:\n" + "".join(f"- {line}\n" for line in plan))
    else:
        assert plan == text["plan"]


def a_cluster(text):
    fleet = [
        n for pool, size in text["nodes"].items() for n in nodes(int(size.split("x")[0]), int(size.split("x")[1]), pool)
    ]
    labels = [{"rack": rack} for rack, count in text.get("racks", {}).items() for _ in range(count)]
    fleet = [replace(n, labels=of) for n, of in zip(fleet, labels, strict=True)] if labels else fleet
    queues = [some_queue(name, said) for name, said in text.get("queues", {"team": {}}).items()]
    pools = [some_pool(name, text.get("pools", {}).get(name, {})) for name in text["nodes"]]
    running = [a_line(line, i) for i, line in enumerate(text.get("running", []))]
    waiting = [a_line(line, 100 + i) for i, line in enumerate(text.get("waiting", []))]
    for name, seconds in text.get("lost", {}).items():
        fleet = [replace(n, usable=n.usable and n.name != name) for n in fleet]
        running = [without(w, name, NOW - seconds) for w in running]
    return a_snapshot(fleet, [*running, *waiting], queues=queues, pools=pools)


def without(workload, node, since):
    missing = workload.placed.count(node)
    if not missing:
        return workload
    return replace(workload, placed=tuple(n for n in workload.placed if n != node), missing=missing, short_since=since)


def some_queue(name, said):
    return a_queue(name, **said) if said.keys() & WORDS else a_queue(name, limits=said)


def some_pool(name, said):
    access = [an_access(**entry) for entry in said.get("access", ())]
    reserve = [a_reserve(**entry) for entry in said.get("reserve", ())]
    return a_pool(name, access=access, reserve=reserve, topology=said.get("topology", ()))


def a_line(line, age):
    found = LINE.fullmatch(line)
    assert found, f"not understood: {line}"
    ways = [
        a_variant(
            (pools := way.split("@")[0].split(",")),
            int(found["replicas"]),
            int(found["chips"]),
            name=pools[0],
            speed=float((way.split("@")[1:] or [1])[0]),
        )
        for way in found["pools"].split(">")
    ]
    on = found["on"].split() if found["on"] else ()
    queue, limit = found["queue"] or "team", float(found["limit"]) if found["limit"] else None
    runs = next((i for i, way in enumerate(ways) if on and on[0].rsplit("-", 1)[0] in way.pools), 0)
    more = {"max_runtime": limit, "min_replicas": int(found["least"]) if found["least"] else None, "variant": runs}
    made = a_workload(found["name"], found["cls"], *ways, queue=queue, created=float(age), on=on, **more)
    return replace(made, topology=Within(found["level"], found["how"] == "in") if found["level"] else None)


def said(decision):
    name = decision.workload.removeprefix("ns/")
    match decision:
        case Admit(nodes=on, variant=variant, waits=waits):
            return f"admit {name} as {variant} on {' '.join(on)}{' when released' if waits else ''}"
        case Shrink(replicas=replicas, by=by):
            return f"shrink {name} to {replicas} for {by.removeprefix('ns/')}"
        case Resize(replicas=replicas, nodes=on):
            return f"resize {name} to {replicas}{' on ' if on else ''}{' '.join(on)}"
        case Displace(by=by, reason=reason):
            why = "" if reason is Reason.PREEMPTED else f", {reason}"
            return f"displace {name} for {by.removeprefix('ns/')}{why}" if by else f"displace {name}, {reason}"
        case Migrate(nodes=on, variant=variant, by=by):
            return f"move {name} as {variant} to {' '.join(on)}" + (f" for {by.removeprefix('ns/')}" if by else "")
        case Hold(reason=reason, shortages=short, starts=starts):
            lacks = [f"{s.pool} {s.reason} {shown(s.asked)} asked {shown(s.free)} free" for s in short]
            return ", ".join([f"hold {name}", reason, *lacks, *([f"starts at {starts:g}"] if starts else [])])
        case Place(nodes=on):
            return f"place {name} on {' '.join(on)}"
        case Keep() | Finish() | Stop():
            return f"{type(decision).__name__.lower()} {name}, {decision.reason}"
