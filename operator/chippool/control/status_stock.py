"""What the status of a ChipPool says of its stock: what there is of it, and what the chips are worth by purpose."""

from collections.abc import Mapping
from typing import Any

from chippool.api.chips import chip_count
from chippool.control import render_marks as marks
from chippool.control import sentences
from chippool.control.status_conditions import Said
from chippool.core.attrition import Evidence, blended
from chippool.core.capacity import Capacity, Purpose, capacities
from chippool.core.ids import CHIP
from chippool.core.outlook import DAY_S, Outlook
from chippool.core.supply import Supply, stock_of
from chippool.state.records import PoolCounts, PoolRecord

Json = dict[str, Any]

UNKNOWN, LATER = "Unknown", "Later"
"""In place of a day: too little is known of demand; not within the time that is looked ahead."""
SPEED_UNKNOWN, STOCK_MISMATCH, RESALE_ENDED = "SpeedUnknown", "StockMismatch", "ResaleEnded"


def stock_figures(record: PoolRecord, counts: PoolCounts, evidence: Evidence | None = None) -> Json:
    """Return status.supply, None where the spec states none."""
    if record.supply is None:
        return {"supply": None}
    stock = stock_of(record.supply, max(0, counts.installed), max(0, counts.healthy))
    chips = {"owned": stock.owned, "installed": stock.installed, "healthy": stock.healthy, "lost": stock.lost}
    rate = f"{blended(record.supply.failure_rate, evidence).rate:.2g}"
    return {
        "supply": {
            **{name: chip_count(milli) for name, milli in chips.items()},
            "inRepair": chip_count(stock.in_repair),
            "arriving": figure(stock.arriving),
            "annualFailureRate": rate,
            "failures": figure(evidence.failures if evidence else 0.0),
            "lossesPerYear": figure(stock.healthy / CHIP * float(rate)),
        }
    }


def stock_conditions(record: PoolRecord, counts: PoolCounts) -> list[Said]:
    """What is to be said of the stock, and of whom it is resold to."""
    return [_mismatch(record.supply, counts), _resale(record), speed_unknown(record)]


def _mismatch(supply: Supply | None, counts: PoolCounts) -> Said:
    stock = stock_of(supply, counts.installed, counts.healthy) if supply else None
    if stock is not None and stock.lost:
        return Said(STOCK_MISMATCH, True, "ChipsMissing", sentences.chips_missing(stock.owned, stock.installed))
    if stock is not None and stock.unowned:
        return Said(STOCK_MISMATCH, True, "ChipsUnowned", sentences.chips_unowned(stock.owned, stock.installed))
    return Said(STOCK_MISMATCH, False, "CountsAgree", sentences.COUNTS_AGREE)


def _resale(record: PoolRecord) -> Said:
    resale = record.view.resale
    if resale.allowed:
        return Said(RESALE_ENDED, False, "Resold", sentences.RESOLD)
    until = marks.time_text(resale.until) if resale.until is not None else ""
    reason = "ExportBanned" if resale.until is not None else "NotResold"
    return Said(RESALE_ENDED, True, reason, sentences.not_resold(resale.why, until))


def effective_chips(record: PoolRecord, counts: PoolCounts, before: Mapping[str, Any]) -> Json:
    """Return status.effectiveChips; nothing at all where nothing is known of the chip and nothing was said."""
    blocks = [_block(one) for one in capacities(record.yields, max(0, counts.healthy), counts.purposes)]
    return {"effectiveChips": blocks} if blocks or "effectiveChips" in before else {}


def _block(one: Capacity) -> Json:
    return {
        "purpose": one.purpose.value,
        "chips": figure(one.chips),
        "perChip": figure(one.per_chip),
        "used": figure(one.used),
    }


def runway(record: PoolRecord, seen: Outlook | None, before: Mapping[str, Any], now: float) -> Json:
    """Return status.runway: nothing where nobody has looked, or too little is known of a stock that is not stated."""
    if seen is None or (seen.runway is None and record.supply is None and "runway" not in before):
        return {}
    found, ends = seen.runway, ("until", "earliest", "latest")
    days = (found.likely, found.earliest, found.latest) if found else ()
    told = dict(zip(ends, (_day(now, day) for day in days), strict=True)) if found else dict.fromkeys(ends, UNKNOWN)
    return {"runway": told | {"message": seen.sentence}}


def _day(now: float, days: int | None) -> str:
    """The same all day long."""
    return LATER if days is None else marks.time_text(now + days * DAY_S)[: len("2027-05-01")]


def measured(counts: PoolCounts, before: Mapping[str, Any]) -> Json:
    """Return status.measured; nothing at all where nothing ever was."""
    blocks = [
        {
            "family": one.family,
            "poolName": one.beside,
            "ratio": f"{one.found.ratio:.2g}",
            "namespaces": one.found.namespaces,
            "outliers": one.found.outliers,
        }
        for one in counts.measured
    ]
    return {"measured": blocks} if blocks or before.get("measured") else {}


def speed_unknown(record: PoolRecord) -> Said:
    """Efficiency of chips whose speed nobody knows yields nothing that could be counted."""
    unknown = [purpose for purpose in Purpose if purpose not in record.yields.speed]
    if record.yields.efficiency and unknown:
        return Said(SPEED_UNKNOWN, True, "UnknownModel", sentences.speed_unknown(record.model, unknown))
    return Said(SPEED_UNKNOWN, False, "SpeedKnown", sentences.SPEED_KNOWN)


def figure(number: float) -> str:
    """Four digits are more than the data are good for; whole numbers stay whole."""
    digits = f"{number:.4g}" if abs(number) < 10_000 else f"{number:.0f}"
    return digits.rstrip("0").rstrip(".") if "." in digits and "e" not in digits else digits
