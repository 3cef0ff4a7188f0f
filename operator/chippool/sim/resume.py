"""A simulation that begins with a cluster as it was: what ran runs on where it ran, and what waited waits."""

from dataclasses import replace
from math import inf

from chippool.core.ids import VariantName, WorkloadKey
from chippool.core.model import Workload
from chippool.core.plan import Admit
from chippool.sim.recorded import Json, Recorded, is_ours, mirror_of
from chippool.sim.stage import Errand, Stage, errand_length


def resumed(found: Recorded, length: float = inf) -> Stage:
    """Return the stage of a snapshot; `length`: seconds that a workload runs which does not say it.

    Times count from when the snapshot was taken: what was made before has negative ones.
    """
    shown = mirror_of(found.items, found.taken_at).snapshot()
    bare = mirror_of((item for item in found.items if not is_ours(item)), found.taken_at).snapshot()
    lengths = {key: errand_length(item, length) for item in found.items if (key := _key_of(item))}
    stage = Stage(dict(bare.nodes), dict(shown.pools), dict(shown.queues), dict(shown.classes), dict(shown.namespaces))
    for key, workload in shown.workloads.items():
        if workload.finished or workload.deleting:
            continue
        stage.errands.append(Errand(_waiting(workload, found.taken_at), lengths.get(key, length), _speeds(workload)))
        if (decision := _standing(workload, stage)) is not None:
            assert workload.assignment is not None
            stage.standing[key] = decision, min(0.0, workload.assignment.admitted_at - found.taken_at)
    stage.errands.sort(key=lambda one: (one.workload.created, one.workload.uid))
    return stage


def _key_of(item: Json) -> WorkloadKey | None:
    metadata = item["metadata"]
    return WorkloadKey(f"{metadata['namespace']}/{metadata['name']}") if item["kind"] == "ChipWorkload" else None


def _speeds(workload: Workload) -> dict[VariantName, float]:
    return {variant.name: variant.speed for variant in workload.variants}


def _waiting(one: Workload, taken_at: float) -> Workload:
    """As it was before it had anything; what it lost earlier is forgotten."""
    return replace(
        one,
        created=one.created - taken_at,
        assignment=None,
        displaced=None,
        outcome=None,
        active=False,
        placed=(),
        reserved=(),
        seats=(),
        indexes=(),
        missing=0,
        succeeded=0,
        ready=0,
        outgoing=0,
        started=False,
        clock=0.0,
        error="",
        checkpointed_at=None,
        short_since=None,
    )


def _standing(one: Workload, stage: Stage) -> Admit | None:
    """What put it where it is; a share of a chip, or what stands on a node that is gone, is placed anew."""
    given, nodes = one.assignment, (*one.placed, *one.reserved)
    if given is None or not nodes or one.seats or not all(node in stage.nodes for node in nodes):
        return None
    ask = next((variant.ask for variant in one.variants if variant.name == given.variant), None)
    if ask is None:
        return None
    return Admit(one.key, given.variant, given.pool, ask.chips, nodes, waits=False, message="")
