"""How many more model generations the stock carries, for each queue that states what one takes."""

from collections.abc import Mapping
from dataclasses import dataclass

from chippool.core.generations import carried
from chippool.core.ids import PoolName
from chippool.core.outlook import Known
from chippool.core.tree import Tree
from chippool.state.generations import parts_of
from chippool.state.mirror import Mirror

UNKNOWN = (
    "No pool that it may use has a known speed at training, so nothing is said of its model generations: name a model "
    "of the catalogue in spec.chip.model, or state spec.chip.relativeSpeed.training."
)


@dataclass(frozen=True, slots=True)
class QueueGenerations:
    """Generations that are carried as expected, and the ends of the 80 % interval; none where nothing is known."""

    queue_name: str
    carries: int | None
    low: int | None
    high: int | None
    needs: float | None
    """Effective chip-hours of the first that is not carried; none where no more were looked at."""
    yields: float | None
    """What there will be in its days."""
    sentence: str


def generations(mirror: Mirror, known: Mapping[PoolName, Known], now: float) -> tuple[QueueGenerations, ...]:
    """Return what is said of each queue with spec.modelGeneration."""
    tree = Tree({name: record.view for name, record in mirror.queue_records.items()})
    pools = {name: record.view for name, record in mirror.pool_records.items()}
    found: list[QueueGenerations] = []
    for name, record in sorted(mirror.queue_records.items()):
        if (wanted := record.model_generation) is None:
            continue
        parts = parts_of(record.view, tree, pools, known, now)
        if not parts:
            found.append(QueueGenerations(name, None, None, None, None, None, UNKNOWN))
            continue
        said = carried(wanted, parts, now)
        needs, yields = (None, None) if said.beyond else (round(said.needs), round(said.yields))
        found.append(QueueGenerations(name, said.likely, said.low, said.high, needs, yields, said.sentence))
    return tuple(found)
