"""Speeds of a workload's variants as they were measured of its family, beside what its spec states."""

from collections.abc import Iterator
from dataclasses import dataclass

from chippool.core.ids import WorkloadKey
from chippool.core.model import Workload
from chippool.core.throughput import Ratio
from chippool.state.mirror import Mirror
from chippool.visibility.words import Number, number


@dataclass(frozen=True, slots=True)
class MeasuredSpeed:
    """Of a variant whose measured speed is not the stated one."""

    variant: str
    stated: Number
    measured: Number


@dataclass(frozen=True, slots=True)
class FamilyRatio:
    """What a chip of a pool does beside one of another, as at least three namespaces say."""

    pool_name: str
    beside: str
    ratio: Number
    namespaces: int
    samples: int
    outliers: int
    """Namespaces that were not believed."""


@dataclass(frozen=True, slots=True)
class MeasuredSpeeds:
    family: str
    variants: tuple[MeasuredSpeed, ...]
    ratios: tuple[FamilyRatio, ...]
    """Of pools that it may use."""


def measured_speeds(mirror: Mirror, key: WorkloadKey, workload: Workload) -> MeasuredSpeeds | None:
    """Return what was measured; None where it is of no family."""
    record = mirror.workload(key)
    if record is None or not record.family:
        return None
    pairs = zip(record.view.variants, workload.variants, strict=False)
    moved = tuple(
        MeasuredSpeed(stated.name, round(stated.speed, 3), round(counted.speed, 3))
        for stated, counted in pairs
        if stated.speed != counted.speed
    )
    mine = {pool for variant in workload.variants for pool in variant.pools}
    known = sorted(mirror.seen().throughputs.of_family(record.family).items())
    ratios = tuple(_ratio(one, other, ratio) for (one, other), ratio in known if {one, other} <= mine)
    return MeasuredSpeeds(record.family, moved, ratios)


def _ratio(one: str, other: str, found: Ratio) -> FamilyRatio:
    return FamilyRatio(other, one, round(1 / found.ratio, 2), found.namespaces, found.samples, found.outliers)


def measured_sentences(found: MeasuredSpeeds) -> Iterator[str]:
    """Yield what was measured of its family, and which of its speeds that corrects."""
    if not found.variants and not found.ratios:
        yield f"Nothing is measured yet of its family {found.family} that would correct its speeds."
    for ratio in found.ratios:
        odd = f"; {_counted(ratio.outliers)} too far from all others and not believed" if ratio.outliers else ""
        does = f"a chip of {ratio.pool_name} does {number(ratio.ratio)} of one of {ratio.beside}"
        said = f"{ratio.samples} pods of {ratio.namespaces} namespaces{odd}"
        yield f"Measured of its family {found.family}: {does} ({said})."
    for one in found.variants:
        yield f"  Variant {one.variant} counts as {number(one.measured)}; its speed says {number(one.stated)}."


def _counted(outliers: int) -> str:
    return f"{outliers} namespace{'' if outliers == 1 else 's'}"
