"""Reservation and backfill on a real control plane: small work runs before a blocked gang only if it delays nothing."""

import pytest

from chippool.state.annotations import time_of
from tests.cluster.manifests import a_workload

pytestmark = pytest.mark.plane


def kept(cluster):
    return cluster.find("chippool", "h800")["status"]["chips"]["reserved"]


def started_at(cluster, name):
    return time_of(cluster.find("chipworkload", name)["status"]["assignment"]["admittedAt"])


def test_short_work_runs_before_a_blocked_gang_and_long_work_after_it_through_a_restart(quiet):
    """Four nodes: three are taken for 75 seconds, and a gang wants all four."""
    quiet.start_operator().wait_ready()
    quiet.apply(a_workload("busy", replicas=3, maxRuntime="75s", does={"run_for": "1h"}))
    quiet.wait_true("busy", "Ready")
    quiet.apply(a_workload("gang", replicas=4))
    assert "It is next in h800" in quiet.wait_held("gang", "ChipsShort")
    quiet.pass_second()
    quiet.apply(a_workload("long"), a_workload("too-long", maxRuntime="1h"))
    assert "kept for work of class training of queue team" in quiet.wait_held("long", "HeldBack")
    quiet.wait_held("too-long", "HeldBack")
    quiet.eventually(lambda: kept(quiet) == 8, "the pool counts the node that is kept", within=40)

    quiet.operators[-1].kill()
    quiet.forget_lease()
    quiet.start_operator().wait_ready()
    quiet.apply(a_workload("short", maxRuntime="10s", does={"run_for": "1h"}))
    quiet.wait_true("short", "Finished")
    assert quiet.condition("short", "Finished")["reason"] == "MaxRuntimeExceeded"
    assert not quiet.is_true("busy", "Finished")
    assert {quiet.condition(name, "Admitted")["reason"] for name in ("long", "too-long")} == {"HeldBack"}

    quiet.wait_true("gang", "Ready", within=90)
    assert started_at(quiet, "gang") >= started_at(quiet, "busy") + 75
    quiet.delete("chipworkload", "gang")
    quiet.wait_true("long", "Ready")
    quiet.wait_true("too-long", "Ready")


def test_what_a_queue_took_before_tells_when_its_work_will_be_over(quiet):
    """Nobody says maxRuntime: until one Job has completed nothing is kept, then a gang is not passed any more."""
    quiet.start_operator().wait_ready()
    quiet.apply(a_workload("first", does={"run_for": "30s"}), a_workload("runs", replicas=3, does={"run_for": "75s"}))
    quiet.wait_true("runs", "Ready")
    quiet.apply(a_workload("gang", replicas=4))
    assert "It is next" not in quiet.wait_held("gang", "ChipsShort")
    quiet.wait_true("first", "Finished", within=90)
    quiet.eventually(lambda: "It is next" in quiet.condition("gang", "Admitted")["message"], "it knows", within=30)
    quiet.apply(a_workload("passes"))
    quiet.wait_held("passes", "HeldBack")
    quiet.wait_true("gang", "Ready", within=120)
