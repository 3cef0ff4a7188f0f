"""What the operator remembers, for a snapshot that leaves the house: classes and queues under their made-up names."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chippool.core.demand import OTHERS, Means, Ring
from chippool.core.eta import Case, Experience
from chippool.state import experience, history

Json = dict[str, Any]
Names = Mapping[str, str]


def names_in(item: Json) -> Iterator[str]:
    """Yield classes and queues, those that are no more among them."""
    ring, waits = _read(item)
    if ring is not None:
        yield from sorted((ring.hourly.keys() | ring.daily.keys()) - {OTHERS})
    if waits is not None:
        for case in (*waits.ended, *waits.waiting.values()):
            yield from (case.class_name, case.queue)
        yield from (_parts(kind)[0] for kind in waits.runs)


def under_names(renamed: Names, item: Json) -> Json:
    """Return the ConfigMap with them renamed; what nobody understands is left out."""
    ring, waits = _read(item)
    data: dict[str, str] = {}
    if ring is not None:
        again = replace(ring, hourly=_means(renamed, ring.hourly), daily=_means(renamed, ring.daily))
        data |= history.data_of(again, history.evidence_of(item["data"]))
    if waits is not None:
        data |= experience.data_of(_waits(renamed, waits))
    return {**item, "data": data}


def _read(item: Json) -> tuple[Ring | None, Experience | None]:
    data = item.get("data") or {}
    return history.ring_of(data), experience.experience_of(data)


def _means(renamed: Names, means: Means) -> Means:
    return {renamed.get(name, name): row for name, row in means.items()}


def _waits(renamed: Names, waits: Experience) -> Experience:
    def case(one: Case) -> Case:
        return replace(
            one, class_name=renamed.get(one.class_name, one.class_name), queue=renamed.get(one.queue, one.queue)
        )

    def kind(name: str) -> str:
        class_name, mode = _parts(name)
        return f"{renamed.get(class_name, class_name)}/{mode}"

    return Experience(
        tuple(map(case, waits.ended)),
        {uid: case(one) for uid, one in waits.waiting.items()},
        {kind(name): runs for name, runs in waits.runs.items()},
    )


def _parts(kind: str) -> tuple[str, str]:
    """Class and mode (`core.backlog.kind`)."""
    class_name, _, mode = kind.partition("/")
    return class_name, mode
