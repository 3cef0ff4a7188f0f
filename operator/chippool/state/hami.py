"""Shares as HAMi gives them out: so many per cent of a chip's cores and memory, or one of an NPU's templates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chippool.api.hami import DIALECTS, Dialect
from chippool.core.ids import CHIP, Milli
from chippool.state.devices import Given, Wish
from chippool.state.records import NodeRecord, PodRecord
from chippool.state.sharing import Part, Stock

PER_CENT = CHIP // 100


@dataclass(frozen=True)
class Hami:
    """The chips of one pool; `split` is how often nodes count a chip that they do not register."""

    dialect: Dialect
    split: int

    @cached_property
    def resources(self) -> frozenset[str]:
        return self.dialect.resources

    @cached_property
    def fractions(self) -> frozenset[Milli]:
        """No more may sit on a chip than it can be split into, so none is smaller."""
        if self.dialect.templates:
            return frozenset(self.dialect.templates)
        least = -(-100 // self.split) * PER_CENT
        return frozenset(range(least, CHIP, PER_CENT))

    def asks(self, chips: Milli) -> Mapping[str, str]:
        """Whole chips name all of their cores: HAMi then puts nothing beside them, however little memory is left."""
        dialect, count = self.dialect, str(max(chips // CHIP, 1))
        if dialect.templates:
            share = {} if chips >= CHIP else {dialect.memory: str(dialect.templates[chips])}
            return {dialect.count: count, **share}
        per_cent = str(min(chips, CHIP) // PER_CENT)
        return {dialect.count: count, dialect.cores: per_cent, dialect.percent: per_cent}

    def stock(self, node: NodeRecord) -> Stock:
        """A plugin that restarts shows nothing allocatable for seconds; its devices stay registered."""
        devices = node.devices.get(self.dialect.registered, ())
        counted, allocatable = node.capacity.get(self.dialect.count, 0), node.allocatable.get(self.dialect.count, 0)
        if not devices:
            return Stock(counted // self.split, allocatable // self.split)
        broken = frozenset(number for number, device in enumerate(devices) if not device.healthy)
        split = max(1, *(device.split for device in devices))
        return Stock(
            installed=len(devices),
            allocatable=min(len(devices) - len(broken), allocatable // split),
            ids=tuple(device.id for device in devices),
            memories=tuple(device.memory for device in devices),
            broken=broken,
        )

    def parts(self, pod: PodRecord, stock: Stock) -> Sequence[Part]:
        """What HAMi says it gave; before that, where the pod was sent; else what it asks for, nobody knows where."""
        given = [one for one in pod.parts.given if one.annotation == self.dialect.allocated]
        if given:
            return [self._given(one, stock) for one in given]
        wanted = list(self._wanted(pod, stock))
        chips = [stock.number(named) for named in pod.parts.sent_to]
        if len(chips) == len(wanted):
            return [Part(chip, milli) for chip, milli in zip(chips, wanted, strict=True)]
        return [Part(None, milli) for milli in wanted]

    def marks(self, chips: Sequence[int], stock: Stock) -> Mapping[str, str]:
        if not stock.ids:
            return {}
        return {self.dialect.chosen: ",".join(stock.named(chip) for chip in chips)}

    def _given(self, one: Given, stock: Stock) -> Part:
        chip = stock.number(one.device)
        memory = 0 if chip is None else stock.memories[chip]
        return Part(chip, self._share(one.cores, self._of_memory(one.memory, memory)))

    def _wanted(self, pod: PodRecord, stock: Stock) -> Iterator[Milli]:
        """The share of each device; a container that says nothing of shares gets whole ones."""
        mine = [wish for wish in pod.parts.wishes if wish.resource == self.dialect.count]
        for wish in mine:
            for _ in range(wish.devices):
                yield self._wished(wish, stock)
        counted = dict(pod.requests).get(self.dialect.count, 0)
        for _ in range(counted if not mine else 0):
            yield CHIP

    def _wished(self, wish: Wish, stock: Stock) -> Milli:
        """Memory that is not asked for is all of it."""
        smallest = min(stock.memories, default=0)
        if wish.percent:
            memory = wish.percent * PER_CENT
        else:
            memory = self._of_memory(wish.memory, smallest) if wish.memory else CHIP
        return self._share(wish.cores, memory)

    def _of_memory(self, wanted: int, has: int) -> Milli:
        """The smallest template that has it, or the part of the device's memory; where that is not known, all."""
        if self.dialect.templates:
            return min((share for share, memory in self.dialect.templates.items() if memory >= wanted), default=CHIP)
        return -(-wanted * CHIP // has) if has else CHIP

    def _share(self, cores: int, memory: Milli) -> Milli:
        """Whichever is more of a chip; and one of those that may share it."""
        return min(max(cores * PER_CENT, memory, min(self.fractions)), CHIP)


def hami(resource: str, split: int | None) -> Hami | None:
    """Return how chips of this resource are shared; None: HAMi does not know them."""
    dialect = DIALECTS.get(resource)
    return None if dialect is None else Hami(dialect, split or dialect.split)
