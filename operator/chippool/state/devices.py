"""What nodes and pods say of single devices: HAMi's annotations, and chippool's own on the pods it has sent off."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from chippool.api import names
from chippool.api.hami import DIALECTS
from chippool.state.amounts import amounts

Json = Mapping[str, Any]

_COUNTS = frozenset(DIALECTS)
_SHARES = frozenset(name for dialect in DIALECTS.values() for name in dialect.resources) - _COUNTS
_REGISTERED = tuple(dialect.registered for dialect in DIALECTS.values())
_ALLOCATED = tuple(dialect.allocated for dialect in DIALECTS.values())


@dataclass(frozen=True, slots=True)
class Device:
    """One chip of a node, as its device plugin registers it."""

    id: str
    split: int
    """How often the node's resource counts it."""
    memory: int
    """MiB."""
    healthy: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What one container asks for: so many devices, and of each so many MiB and per cent; 0 where it does not say."""

    resource: str
    devices: int
    memory: int
    percent: int
    cores: int


@dataclass(frozen=True, slots=True)
class Given:
    """A device, or a part of it, that a pod was given."""

    annotation: str
    device: str
    memory: int
    cores: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What a pod says of chips beyond their number."""

    wishes: tuple[Wish, ...] = ()
    given: tuple[Given, ...] = ()
    sent_to: tuple[str, ...] = ()
    """The chips chippool has sent it to, by id or number."""


NO_PARTS = Parts()


def parts_of(spec: Json, annotations: Mapping[str, str], asked: Mapping[str, int]) -> Parts:
    """Return what a pod says; `asked` is what it asks for in all."""
    if _COUNTS.isdisjoint(asked):
        return NO_PARTS
    wishes = () if _SHARES.isdisjoint(asked) else tuple(_wishes(spec))
    given = tuple(one for key in _ALLOCATED if key in annotations for one in _given(key, annotations[key]))
    sent_to = tuple(filter(None, annotations.get(names.CHIPS, "").split(",")))
    return Parts(wishes, given, sent_to) if wishes or given or sent_to else NO_PARTS


def _wishes(spec: Json) -> Iterator[Wish]:
    for container in spec.get("containers") or ():
        resources = container.get("resources") or {}
        wanted = amounts({**(resources.get("requests") or {}), **(resources.get("limits") or {})})
        for count in _COUNTS & wanted.keys():
            dialect = DIALECTS[count]
            of = (wanted.get(name, 0) for name in (count, dialect.memory, dialect.percent, dialect.cores))
            yield Wish(count, *of)


def _given(key: str, text: str) -> Iterator[Given]:
    """`id,type,MiB,cores:` a device, `;` a container; what nobody understands is nothing."""
    for entry in text.replace(";", ":").split(":"):
        fields = entry.split(",")
        if len(fields) >= 4 and fields[2].isdecimal() and fields[3].isdecimal():
            yield Given(key, fields[0], int(fields[2]), int(fields[3]))


def devices_of(annotations: Mapping[str, str]) -> Mapping[str, tuple[Device, ...]]:
    """Return the devices of a node by the annotation that registers them."""
    return {key: _devices(annotations[key]) for key in _REGISTERED if annotations.get(key)}


@lru_cache(maxsize=32768)
def _devices(text: str) -> tuple[Device, ...]:
    """By index, then id: a device keeps its number as long as none is added before it."""
    try:
        found = _from_json(text) if text.lstrip().startswith("[") else _from_text(text)
        return tuple(device for _, device in sorted(found, key=lambda entry: (entry[0], entry[1].id)))
    except (ValueError, LookupError, TypeError):
        return ()


def _from_text(text: str) -> list[tuple[int, Device]]:
    """`id,split,MiB,cores,type,numa,healthy[,index,mode]:` each."""
    found = []
    for number, entry in enumerate(filter(None, text.split(":"))):
        fields = entry.split(",")
        index = int(fields[7]) if len(fields) > 7 else number
        found.append((index, Device(fields[0], int(fields[1]), int(fields[2]), fields[6].strip().lower() == "true")))
    return found


def _from_json(text: str) -> list[tuple[int, Device]]:
    return [(int(entry.get("index", 0)), _from_entry(entry)) for entry in orjson.loads(text)]


def _from_entry(entry: Json) -> Device:
    split, memory = int(entry.get("count", 1)), int(entry.get("devmem", 0))
    return Device(str(entry["id"]), split, memory, bool(entry.get("health")))


def nowhere(pod_uid: str) -> int:
    """A number for a chip that nobody tells, apart from those of real chips."""
    return 1_000_000 + zlib.crc32(pod_uid.encode())
