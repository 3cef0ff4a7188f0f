"""What a user types after `what-if`, as changes; a mistake gets a sentence that names the flag and what there is."""

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path

from chippool.cli.failures import Exit, Failure
from chippool.core.capacity import Purpose
from chippool.core.ids import CHIP, ClassName, Milli, NodeName, PoolName, QueueName, WorkloadKey
from chippool.core.model import Mode, Snapshot
from chippool.core.whatif import (
    AddChips,
    Ban,
    Change,
    Grow,
    LoseChips,
    LoseDomain,
    LoseNodes,
    SetClass,
    SetLimit,
    Submit,
    domains_of,
    nodes_of,
)
from chippool.sim.fleet import BadInputError
from chippool.sim.submitted import Surroundings, submitted
from chippool.sim.whatif_stock import Efficiency

SERVING = "serving"
"""All services, where `--grow` names no workload."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options as they were typed."""

    lose: tuple[str, ...] = ()
    lose_node: tuple[str, ...] = ()
    lose_rack: tuple[str, ...] = ()
    add_chips: tuple[str, ...] = ()
    ban: tuple[str, ...] = ()
    limit: tuple[str, ...] = ()
    grow: tuple[str, ...] = ()
    submit: tuple[Path, ...] = ()
    priority: tuple[str, ...] = ()
    efficiency: tuple[str, ...] = ()


def changes(wishes: Wishes, around: Surroundings) -> list[Change]:
    """Return the changes; Failure says what is wrong with an option."""
    snapshot = around.snapshot
    arriving = [*_submitted(wishes.submit, around)]
    known = {*snapshot.workloads, *(one.workload.key for one in arriving)}
    gone = [_known("--lose-node", "node", name, snapshot.nodes) for name in wishes.lose_node]
    return [
        *([LoseNodes(tuple(map(NodeName, gone)))] if gone else []),
        *(_rack(snapshot, value) for value in wishes.lose_rack),
        *(_lost(snapshot, said) for said in wishes.lose),
        *(_added(snapshot, said) for said in wishes.add_chips),
        *(Ban(PoolName(_known("--ban", "ChipPool", name, snapshot.pools))) for name in wishes.ban),
        *(_limited(snapshot, said) for said in wishes.limit),
        *(_grown(around, said) for said in wishes.grow),
        *arriving,
        *(_ranked(around, known, said) for said in wishes.priority),
    ]


def gains(wishes: Wishes, around: Surroundings) -> list[Efficiency]:
    """Return what software is to make of chips; Failure says what is wrong with an option."""
    return [_gain(around, said) for said in wishes.efficiency]


# --- chips


def _lost(snapshot: Snapshot, said: str) -> Change:
    pool, amount = _pool_and_rest("--lose", snapshot, said, "nvidia-h20=30% or nvidia-h20=64")
    installed = sum(node.installed for node in nodes_of(snapshot, pool))
    chips = _share(said, amount, installed) if amount.endswith("%") else _chips("--lose", said, amount)
    if chips > installed:
        raise Failure(f"--lose {said}: {pool} has {installed // CHIP} chips; it can't lose more.")
    return LoseChips(pool, chips)


def _share(said: str, amount: str, installed: Milli) -> Milli:
    share = _number("--lose", said, amount.removesuffix("%")) / 100
    if not 0 < share <= 1:
        raise Failure(f"--lose {said}: give more than 0 % and at most 100 %.", Exit.USAGE)
    return int(installed * share)


def _rack(snapshot: Snapshot, value: str) -> Change:
    there = {domain for node in snapshot.nodes.values() for domain in domains_of(snapshot, node)}
    if not there:
        raise Failure(
            f"--lose-rack {value}: no pool says which label of its nodes is the rack; list it in the ChipPool's "
            "spec.topology, or name the nodes with --lose-node."
        )
    return LoseDomain(_known("--lose-rack", "rack", value, there))


def _added(snapshot: Snapshot, said: str) -> Change:
    pool, amount = _pool_and_rest("--add-chips", snapshot, said, "nvidia-h800=512")
    chips = _chips("--add-chips", said, amount)
    if not any(node.installed for node in nodes_of(snapshot, pool)):
        raise Failure(f"--add-chips {said}: {pool} has no node yet that new ones could be like.")
    return AddChips(pool, chips)


def _limited(snapshot: Snapshot, said: str) -> Change:
    about, amount = _parts("--limit", said, "research/nvidia-h800=64")
    queue, slash, pool = about.partition("/")
    if not slash:
        raise Failure(f"--limit {said}: give QUEUE/POOL=CHIPS, as in research/nvidia-h800=64.", Exit.USAGE)
    name = QueueName(_known("--limit", "ChipQueue", queue, snapshot.queues))
    return SetLimit(
        name, PoolName(_known("--limit", "ChipPool", pool, snapshot.pools)), _count("--limit", said, amount)
    )


def _gain(around: Surroundings, said: str) -> Efficiency:
    about, amount = _parts("--efficiency", said, "serving=2 or nvidia-h20/serving=2")
    name, slash, purpose = about.rpartition("/")
    factor = _number("--efficiency", said, amount)
    if factor <= 0:
        raise Failure(f"--efficiency {said}: the factor must be more than 0.", Exit.USAGE)
    known = {one.lower(): one for one in Purpose}
    chosen = known[_known("--efficiency", "purpose", purpose.lower(), known)]
    pool = PoolName(_known("--efficiency", "ChipPool", name, around.pools)) if slash else None
    return Efficiency(chosen, float(factor), pool)


# --- workloads


def _grown(around: Surroundings, said: str) -> Change:
    about, amount = _parts("--grow", said, f"{SERVING}=1.5 or {around.namespace}/chat=2")
    factor = _number("--grow", said, amount)
    if factor <= 0:
        raise Failure(f"--grow {said}: the factor must be more than 0.", Exit.USAGE)
    services = {key for key, one in around.snapshot.workloads.items() if one.mode is Mode.SERVICE and not one.finished}
    if about == SERVING:
        return Grow(tuple(sorted(services)), factor)
    key = WorkloadKey(_known("--grow", "service", _key(around, about), services))
    return Grow((key,), factor)


def _ranked(around: Surroundings, known: Collection[str], said: str) -> Change:
    about, name = _parts("--priority", said, f"{around.namespace}/train=revenue")
    key = WorkloadKey(_known("--priority", "ChipWorkload", _key(around, about), known))
    return SetClass(key, ClassName(_known("--priority", "PriorityClass", name, around.snapshot.classes)))


def _key(around: Surroundings, name: str) -> str:
    return name if "/" in name else f"{around.namespace}/{name}"


def _submitted(files: Iterable[Path], around: Surroundings) -> Iterator[Submit]:
    try:
        yield from map(Submit, submitted(files, around))
    except BadInputError as error:
        raise Failure(f"--submit: {error}.") from error


# --- words and numbers


def _parts(flag: str, said: str, example: str) -> tuple[str, str]:
    about, sign, amount = said.rpartition("=")
    if not sign or not about or not amount:
        raise Failure(f"{flag} {said}: give a name, = and what it is to be, as in {example}.", Exit.USAGE)
    return about, amount


def _pool_and_rest(flag: str, snapshot: Snapshot, said: str, example: str) -> tuple[PoolName, str]:
    name, amount = _parts(flag, said, example)
    return PoolName(_known(flag, "ChipPool", name, snapshot.pools)), amount


def _known(flag: str, what: str, name: str, there: Collection[str]) -> str:
    if name in there:
        return name
    near = difflib.get_close_matches(name, sorted(there), n=1, cutoff=0.4)
    few = f"there is {_listed(there)}" if there and len(there) <= FEW else "" if there else "there is none at all"
    hint = f"did you mean {near[0]}?" if near else f"{few}." if few else "check the name."
    raise Failure(f"{flag}: there is no {what} {name}; {hint}")


FEW = 6
"""Names that a sentence lists."""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _number(flag: str, said: str, amount: str) -> Fraction:
    return _read(flag, said, amount, lambda text: Fraction(Decimal(text)))


def _chips(flag: str, said: str, amount: str) -> Milli:
    chips = _count(flag, said, amount)
    if chips <= 0:
        raise Failure(f"{flag} {said}: give one chip at least.", Exit.USAGE)
    return chips


def _count(flag: str, said: str, amount: str) -> Milli:
    if not amount.isdecimal():
        raise Failure(f"{flag} {said}: {amount} is not a whole number of chips.", Exit.USAGE)
    return int(amount) * CHIP


def _read(flag: str, said: str, amount: str, read: Callable[[str], Fraction]) -> Fraction:
    try:
        return read(amount)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise Failure(f"{flag} {said}: {amount} is not a number.", Exit.USAGE) from error
