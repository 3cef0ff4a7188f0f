"""Two replicas: one writes, the other takes over, and never both."""

import datetime as dt
import json
import time

import pytest

from tests.cluster.audit import Audit
from tests.cluster.manifests import a_variant, a_workload
from tests.cluster.outage import OUTAGE_S
from tests.cluster.recount import wait_no_ghost

pytestmark = pytest.mark.plane

LEASE_S = 15.0
HARMLESS = {404, 409, 422}
"""There already, gone, or not the object that was meant."""


def test_a_leader_that_was_frozen_writes_nothing_more_beside_the_one_that_took_over(quiet):
    audit = Audit(quiet).from_now()
    frozen, follower = a_leader(quiet, "frozen"), quiet.start_operator("follower")
    follower.wait_ready()
    burst = [a_workload(f"w-{n}", a_variant("h800", 1), a_variant("h20", 1)) for n in range(60)]
    before = audit.end()
    quiet.apply(*burst)
    audit.wait_writes(frozen.identity, 40, after=before)
    frozen.freeze()
    since = time.monotonic()
    assert audit.writes("follower") == []
    quiet.eventually(lambda: follower.leads, "the follower leads", within=LEASE_S + 10)
    taken_over = acquired(quiet)
    for workload in burst:
        quiet.wait_true(workload["metadata"]["name"], "Ready", within=60)
    quiet.eventually(lambda: time.monotonic() - since >= OUTAGE_S, "the time is over", within=OUTAGE_S)
    frozen.thaw()
    quiet.eventually(lambda: "follows follower" in frozen.get("/readyz")[1], "it knows that it follows")
    assert (frozen.get("/readyz")[0], frozen.leads, follower.leads) == (200, False, True)
    wait_no_ghost(quiet, follower)
    late = [call for call in audit.changes("frozen") if call.received > taken_over]
    assert {call.code for call in late} <= HARMLESS, [(c.verb, c.resource, c.name, c.code) for c in late if c.succeeded]
    assert_each_ran_once(quiet, audit, len(burst))
    # its mirror is warm: it takes over with what is, and repeats nothing
    quiet.apply(a_workload("later", a_variant("npu", 8)))
    quiet.wait_true("later", "Ready")
    assert follower.stop() == 0
    quiet.eventually(lambda: frozen.leads, "it leads again", within=LEASE_S)
    wait_no_ghost(quiet, frozen)
    quiet.apply(a_workload("last", a_variant("npu", 8)))
    quiet.wait_true("last", "Ready")
    assert_each_ran_once(quiet, audit, len(burst) + 2)


def test_a_clean_stop_hands_over_at_once(quiet):
    leader = a_leader(quiet, "first")
    second = quiet.start_operator("second")
    second.wait_ready()
    assert leader.stop() == 0
    released = time.monotonic()
    quiet.eventually(lambda: second.leads, "the second leads", within=3.0)
    assert time.monotonic() - released < 3.0
    quiet.apply(a_workload("w"))
    quiet.wait_true("w", "Ready")
    assert second.stop() == 0


def a_leader(cluster, identity):
    operator = cluster.start_operator(identity)
    operator.wait_ready()
    cluster.eventually(lambda: operator.leads, f"{identity} leads")
    return operator


def acquired(cluster):
    """When the Lease was last taken by another one; seconds since the epoch."""
    cluster.eventually(lambda: lease(cluster)["holderIdentity"] == "follower", "the follower holds the Lease")
    return dt.datetime.fromisoformat(lease(cluster)["acquireTime"]).timestamp()


def lease(cluster):
    found = cluster.plane.kubectl("get", "lease", "chippool", "-n", "chippool-system", "-o", "json").stdout
    return json.loads(found)["spec"]


def assert_each_ran_once(cluster, audit, count):
    made = audit.jobs_made(cluster.namespace)
    assert (len(made), set(made.values())) == (count, {1})
    assert set(audit.runs(cluster.namespace).values()) == {1}
    assert audit.violations() == []
