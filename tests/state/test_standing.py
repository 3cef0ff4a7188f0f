"""The trace a displacement leaves: by whom, and by whom before, as far back as it matters."""

from dataclasses import replace

from chippool.core.model import Displaced
from chippool.core.plan import Displace
from chippool.core.reasons import Reason
from chippool.state import annotations
from chippool.state.standing import displaced_by
from tests.state.build import NOW, Cluster, a_workload, basics, key


def lost(at, by, **more):
    return Displaced(at, Reason.PREEMPTED, key(by), 1, 0, 1, "Displaced.", **more)


def test_who_displaced_it_within_the_hour_is_remembered_and_who_did_before_is_not():
    workload = Cluster(*basics(), a_workload()).workload()
    before = lost(NOW - 600, "b", earlier=((key("a"), NOW - 1200), (key("old"), NOW - 3601)))
    made = displaced_by(Displace(key("w"), Reason.RECLAIMED, key("c"), ""), replace(workload, displaced=before), NOW)
    assert (made.by, made.earlier) == (key("c"), ((key("b"), NOW - 600), (key("a"), NOW - 1200)))
    assert annotations.displaced_of(annotations.displaced_text(made)) == made
