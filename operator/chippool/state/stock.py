"""The stock of a pool as its spec states it, and what its chips yield by the spec and the built-in catalogue."""

from collections.abc import Mapping
from typing import Any

from chippool.api import quantity
from chippool.api.catalogue import facts_of, reference
from chippool.core.capacity import Purpose, Yields
from chippool.core.supply import FAILURE_RATE, LICENCE, Export, Order, Supply
from chippool.state.annotations import time_of

Json = Mapping[str, Any]


def yields(spec: Json) -> Yields:
    """Return what is said or known; a purpose for which the chip's speed is unknown has none."""
    chip, gains = spec["chip"], spec.get("efficiency") or {}
    speeds = {purpose: _speed(chip, purpose) for purpose in Purpose}
    return Yields(
        {purpose: speed for purpose, speed in speeds.items() if speed is not None},
        {purpose: _number(gains[key]) for purpose in Purpose if (key := purpose.lower()) in gains},
    )


def supply(spec: Json) -> Supply | None:
    """Return what is stated; None where nothing is."""
    said = spec.get("supply")
    if not said:
        return None
    until = said.get("graceUntil")
    return Supply(
        owned=int(said["owned"]),
        domestic=said.get("origin") == "Domestic",
        export=Export(said.get("export") or Export.UNRESTRICTED),
        resale=bool(said.get("resale", True)),
        failure_rate=_number(said.get("annualFailureRate") or str(FAILURE_RATE)),
        on_order=tuple(_order(entry) for entry in said.get("onOrder") or ()),
        licence=_number(said.get("licenceProbability") or str(LICENCE)),
        grace_until=time_of(until) if until else None,
    )


def _order(entry: Json) -> Order:
    return Order(int(entry["chips"]), time_of(f"{entry['expected']}T00:00:00Z"))


def _speed(chip: Json, purpose: Purpose) -> float | None:
    """What the spec says, else published throughput for Serving, else the peak."""
    said = (chip.get("relativeSpeed") or {}).get(purpose.lower())
    if said:
        return _number(said)
    known, best = facts_of(chip.get("model") or ""), reference()
    if purpose is Purpose.SERVING and known.decode and best.decode:
        return known.decode / best.decode
    peak = chip.get("bf16Tflops") or known.bf16_tflops
    return peak / best.bf16_tflops if peak and best.bf16_tflops else None


def _number(written: str) -> float:
    return float(quantity.parse(written))
