"""The random day, three hours of it, and an audit that finds what it is there to find."""

from dataclasses import replace

import pytest

from chippool.core.model import Assignment
from chippool.core.plan import Plan, Reserved
from chippool.sim.clockwork import Look
from chippool.sim.ground import Ground
from tests.core.build import a_snapshot, a_workload, nodes
from tools.day import simulated
from tools.day_audit import Audit


@pytest.mark.parametrize("seed", [2, 3])
def test_three_hours_of_a_random_day_break_nothing(seed):
    found = simulated(seed, 3.0)
    assert found["violations"] == []
    assert found["happened"]["fail"] > 0
    assert found["checks"] > 500


def audited(change, plan=None):
    """What the audit says of one node with one workload on it after something was done to the books."""
    fleet, runs = nodes(1), a_workload("runs", on=["h800-000"])
    snapshot = a_snapshot(fleet, [runs])
    ground = Ground(dict(snapshot.nodes))
    ground.workloads = {runs.key: runs}
    change(ground)
    audit = Audit({node.name: node for node in fleet})
    audit.watch(Look(0.0, snapshot, plan or Plan(()), ground))
    return " ".join(audit.violations)


def test_the_audit_sees_chips_that_were_given_twice():
    def twice(ground):
        node = ground.nodes["h800-000"]
        ground.nodes[node.name] = replace(node, free=8000)

    assert "every node adds up" in audited(twice)


def test_the_audit_sees_a_gang_that_is_not_whole():
    def torn(ground):
        one = ground.workloads["ns/runs"]
        ground.workloads[one.key] = replace(one, assignment=Assignment("h800", "h800", 2, 0.0))

    assert "admitted work is whole or waits for nodes" in audited(torn)


def test_the_audit_sees_work_nobody_decided_for_and_chips_kept_for_nobody():
    found = audited(lambda _: None, Plan((), reserved=(Reserved("ns/runs", "h800", 9000, 5.0, 5.0),)))
    assert "everybody is decided for once" in found
    assert "what is kept is free" in found
