"""How much of a cluster can be given away: arrivals one by one onto empty nodes until more is asked for than there is.

The protocol of "Beware of Fragmentation" (Weng et al., USENIX ATC 2023): nothing is tried again and nothing leaves.
The share given is looked at while as much has arrived as the cluster has, refused arrivals counted in.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, stdev

from chippool.core.model import Ask, Node
from chippool.core.placement import fill
from chippool.core.shelf import Shelf
from chippool.core.worth import Mix
from chippool.sim.openb import arrivals, read_nodes, read_pods, shuffled, stock_of
from chippool.sim.policies import BestFit, Fragmentation, at_random

_ARRIVED = 100
"""The per cent of the cluster that has arrived when the share given is read."""
Place = Callable[[Ask], bool]
"""Put an arrival somewhere; whether there was room."""
Placer = Callable[[Shelf, Sequence[Ask], int], Place]
"""Made for an empty shelf, the pods of the list and the seed."""


class Policy(StrEnum):
    CHIPPOOL = "chippool"
    FGD = "fgd"
    BESTFIT = "bestfit"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Lists:
    """Nodes and what their pods ask for, the pods by name; a process that gets it reads the files for itself."""

    nodes: tuple[Node, ...]
    asks: tuple[Ask, ...]
    files: tuple[Path, Path]

    @classmethod
    def read(cls, nodes: Path, pods: Path) -> "Lists":
        return cls(read_nodes(nodes), read_pods(pods), (nodes, pods))

    def __reduce__(self) -> tuple[Callable[[Path, Path], "Lists"], tuple[Path, Path]]:
        """Frozen classes of the compiled core can't be unpickled."""
        return Lists.read, self.files


@dataclass(frozen=True, slots=True)
class Packed:
    """Per cent of the chips that were given, over the seeds."""

    policy: Policy
    mean: float
    sd: float
    seeds: dict[int, float]


def pack(lists: Lists, policy: Policy, seed: int) -> float:
    """Per cent given to one order of arrivals."""
    return pack_by(_PLACERS[policy], lists, seed)


def pack_by(placer: Placer, lists: Lists, seed: int) -> float:
    """The same for any way of placing."""
    nodes, stock = shuffled(lists.nodes, seed), stock_of(lists.nodes)
    place = placer(Shelf(nodes), lists.asks, seed)
    given = arrived = 0
    looks: list[int] = []
    for ask in arrivals(lists.asks, stock, seed):
        arrived += ask.chips
        given += ask.chips * place(ask)
        per_cent = round(100 * arrived / stock)
        if per_cent > _ARRIVED:
            break
        if per_cent == _ARRIVED:
            looks.append(given)
    return 100 * fmean(looks or [given]) / stock


def pack_all(lists: Lists, policy: Policy, seeds: Sequence[int], workers: int) -> Iterator[tuple[int, float]]:
    """Seed by seed, in their order, several at a time."""
    one = partial(pack, lists, policy)
    if workers == 1 or len(seeds) == 1:
        yield from zip(seeds, map(one, seeds), strict=True)
        return
    with ProcessPoolExecutor(min(workers, len(seeds)), get_context("spawn")) as pool:
        yield from zip(seeds, pool.map(one, seeds), strict=True)


def packed(policy: Policy, results: dict[int, float]) -> Packed:
    shares = list(results.values())
    return Packed(policy, fmean(shares), stdev(shares) if len(shares) > 1 else 0.0, results)


def _chippool(shelf: Shelf, _: Sequence[Ask], __: int) -> Place:
    """The operator's own placement, which knows no more than what has arrived."""
    mix = Mix()
    shelf.judge_by(mix.worth)

    def place(ask: Ask) -> bool:
        if mix.arrive(ask):
            shelf.judge_by(mix.worth)
        return bool(fill(shelf, ask, 1))

    return place


def _fgd(shelf: Shelf, asks: Sequence[Ask], _: int) -> Place:
    shelf.judge = Fragmentation(shelf.nodes, asks)
    return lambda ask: bool(fill(shelf, ask, 1))


def _bestfit(shelf: Shelf, _: Sequence[Ask], __: int) -> Place:
    shelf.judge = BestFit(shelf.nodes)
    return lambda ask: bool(fill(shelf, ask, 1))


def _random(shelf: Shelf, _: Sequence[Ask], seed: int) -> Place:
    return partial(at_random, shelf, random.Random(f"choices {seed}"))  # noqa: S311  the same seed, the same choices


_PLACERS: dict[Policy, Placer] = {
    Policy.CHIPPOOL: _chippool,
    Policy.FGD: _fgd,
    Policy.BESTFIT: _bestfit,
    Policy.RANDOM: _random,
}
