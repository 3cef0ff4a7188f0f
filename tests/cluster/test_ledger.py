"""The ledger beside the API server's own record: displaced, failed, finished and deleted work, and a dead operator."""

import json
import time
from collections import Counter

import pytest

from chippool.state.ledgers import KEY, LABEL
from tests.cluster.audit import Audit
from tests.cluster.manifests import a_queue, a_variant, a_workload
from tests.cluster.timesheet import asked_of, by, times

pytestmark = pytest.mark.plane

SYSTEM = ("-n", "chippool-system")
EXACT = 0.001
UNIT = ("queue", "class", "namespace", "pool", "purpose")
LOST_AFTER = ("--lost-after", "2")


@pytest.fixture
def shop(quiet):
    """Two queues, and an operator that gives a node up after two seconds; the nodes are whole again afterwards."""
    quiet.apply(a_queue("ads"))
    quiet.start_operator(None, None, *LOST_AFTER).wait_ready()
    yield quiet
    for node in quiet.plane.fleet.names("h20"):
        quiet.plane.fleet.recover(node)


def pages(cluster):
    said = cluster.plane.kubectl("get", "configmaps", *SYSTEM, "-l", LABEL, "-o", "json").stdout
    return [json.loads(page["data"][KEY]) for page in json.loads(said)["items"]]


def held(cluster):
    """Chips by pool, as the ledger was last written; those that went by then are not among them."""
    found = Counter()
    for row in max(pages(cluster), key=lambda page: page["until"])["held"]:
        found[row[3]] += (row[5] + row[6]) // 1000
    return found


def used(name, cluster):
    """Chip-hours that a workload's status tells."""
    hours = cluster.find("chipworkload", name)["status"]["usage"]["chipHours"]
    return float(hours["useful"]) + float(hours["lost"])


def gone_from(cluster, name):
    return not cluster.items("pods", "-l", f"chippool.io/workload={name}")


def a_day_of_work():
    """What runs before the operator dies."""
    saves, slow = {"checkpointInterval": "4s"}, {"ready_after": "4s"}
    return [
        a_workload("long", a_variant("h20"), cls="batch", purpose="Batch"),
        a_workload("pair", a_variant("h20"), replicas=2, job={"backoffLimit": 0}),
        a_workload("serves", a_variant("npu"), cls="inference", queue="ads", mode="Service", does=slow),
        a_workload("dropped", a_variant("npu"), cls="inference", mode="Service"),
        a_workload("done", a_variant("npu", 4), does={"run_for": "6s"}),
        a_workload("fails", a_variant("npu", 4), does={"run_for": "5s", "exit_code": "3"}, job={"backoffLimit": 0}),
        a_workload("meanwhile", a_variant("npu"), does={"run_for": "30s"}, disruption=saves),
        a_workload("train", replicas=2, disruption=saves),
    ]


def left():
    """What is held when `train` and one of `pair` are gone, whether or not that one is elsewhere yet."""
    return [{"h800": 32, "h20": chips, "npu": 24} for chips in (16, 24)]


def ads():
    return a_workload("ads", cls="revenue", queue="ads", replicas=4, purpose="Serving")


def lose_a_node_under(cluster, name):
    before = {pod["spec"]["nodeName"] for pod in cluster.running(name)}
    lost = min(before)
    cluster.plane.fleet.fail(lost)
    cluster.eventually(
        lambda: len(after := {pod["spec"]["nodeName"] for pod in cluster.running(name)} - {lost}) == len(before)
        and after, f"{name} is whole elsewhere", 60, about=name,
    )  # fmt: skip


def test_the_ledger_is_what_the_api_server_has_on_record_through_a_dead_operator(shop):
    work = a_day_of_work()
    shop.apply(*work)
    for name in ("train", "long", "pair", "serves", "dropped", "meanwhile"):
        shop.wait_true(name, "Ready", 40)
    born = time.time()
    shop.wait_true("done", "Finished")
    shop.wait_true("fails", "Finished")
    assert used("done", shop) == pytest.approx(4 * 6 / 3600, rel=0.5), "told along with its end"
    shop.apply(ads())
    shop.wait_true("ads", "Ready")
    assert shop.condition("train", "Displaced")["reason"] == "Preempted"
    lose_a_node_under(shop, "pair")
    shop.eventually(lambda: held(shop) in left(), "what went is written", 30)

    shop.operators[-1].kill()
    shop.delete("chipworkload", "dropped")
    shop.eventually(lambda: gone_from(shop, "dropped"), "it goes while nobody looks", 60)
    shop.eventually(lambda: time.time() > born + 32, "one ends while nobody looks", 60)
    shop.forget_lease()
    shop.start_operator(None, None, *LOST_AFTER).wait_ready()
    shop.delete("chipworkload", "ads")
    shop.wait_true("train", "Ready")
    shop.eventually(lambda: gone_from(shop, "ads"), "its pods are gone")
    shop.operators[-1].stop()

    compare(shop, [*work, ads()])


def compare(shop, work):
    book = pages(shop)
    if len(book) > 1:
        pytest.skip("midnight fell into it: days are told one by one, and this test adds up one")
    (day,) = book
    since, until = day["since"] / 1000, day["until"] / 1000
    calls = [c for c in Audit(shop).calls() if c.namespace == shop.namespace]
    pool_of = {n["metadata"]["name"]: n["metadata"]["labels"]["plane.chippool.io/pool"] for n in shop.items("nodes")}
    asked = {one["metadata"]["name"]: asked_of(one) for one in work}
    recount = times(calls, asked, pool_of, since, until)
    views = {
        "queue": lambda one: one.asked.queue,
        "class": lambda one: one.asked.cls,
        "namespace": lambda one: one.namespace,
        "pool": lambda one: one.pool,
        "purpose": lambda one: one.asked.purpose,
    }
    for at, unit in enumerate(UNIT):
        for name, true in by(views[unit], recount).items():
            rows = [row[5:] for row in day["accounts"] if row[at] == name]
            equals([sum(column) for column in zip(*rows, strict=True)], true, f"{unit} {name}")
    whole = by(lambda one: one.pool, recount)
    for pool in ("h800", "npu"):  # no node of these was lost
        installed, healthy, unmanaged, unseen = day["pools"][pool]
        span = 32 * (until - since)
        assert (installed, healthy, unmanaged) == (pytest.approx(span, rel=EXACT), pytest.approx(span, rel=EXACT), 0)
        held = sum(row[5] + row[6] for row in day["accounts"] if row[3] == pool)
        assert healthy - held == pytest.approx(
            span - whole[pool].held, abs=EXACT * span + doubt_of(day, pool) + whole[pool].slack
        )
        assert unseen <= 32 * (until - since)
    assert doubt_of(day, "h800") < EXACT * whole["h800"].held, "nothing of it went unseen"


def doubt_of(day, pool):
    return sum(row[11] for row in day["accounts"] if row[3] == pool)


def equals(told, true, what):
    """To a thousandth of what was held, beyond what either says it may be wrong by."""
    starting, running, lost, *_, doubt, lost_doubt = told
    exact, said = EXACT * true.held + true.slack, f"{what}: {[round(one, 2) for one in told]} beside {true}"
    assert abs(starting + running - true.held) <= exact + doubt, said
    assert abs(running - true.running) <= exact + doubt, said
    assert abs(true.lost - lost) <= exact + doubt + lost_doubt, said
