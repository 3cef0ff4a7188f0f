"""What training one model generation takes, as a queue's spec states it, and what the queue may have of the stock."""

from collections.abc import Mapping, Sequence
from typing import Any

from chippool.api import quantity
from chippool.core.access import access_of
from chippool.core.capacity import Purpose
from chippool.core.generations import ModelGeneration, Part
from chippool.core.ids import CHIP, PoolName, QueueName
from chippool.core.model import Pool, Queue
from chippool.core.outlook import Known, stockpile
from chippool.core.tree import Tree, limit_of

Json = Mapping[str, Any]
DAYS = 180
"""Of one generation, if nothing is stated."""


def model_generation(spec: Json) -> ModelGeneration | None:
    said = spec.get("modelGeneration")
    if not said:
        return None
    hours, growth = quantity.parse(said["effectiveChipHours"]), quantity.parse(said.get("growth") or 1)
    return ModelGeneration(float(hours), float(growth), int(said.get("days") or DAYS))


def parts_of(
    queue: Queue, tree: Tree, pools: Mapping[PoolName, Pool], known: Mapping[PoolName, Known], now: float
) -> list[Part]:
    """Return what a queue may have of each pool whose chips' speed at training is known."""
    above, external = tree.above(QueueName(queue.name)), queue.name in tree.external
    found: list[Part] = []
    for name, pool in sorted(pools.items()):
        per_chip = known[name].yields.per_chip(Purpose.TRAINING)
        if per_chip and any(access_of(pool, one, external=external) for one in sorted(queue.class_names)):
            found.append(Part(stockpile(known[name], now), per_chip, _limit(above, name)))
    return found


def _limit(above: Sequence[Queue], pool: PoolName) -> float | None:
    """In chips: the lowest on the way up; nothing where one is closed and does not list the pool."""
    limits = [limit_of(queue, pool) for queue in above]
    return min((limit / CHIP for limit in limits if limit is not None), default=None)
