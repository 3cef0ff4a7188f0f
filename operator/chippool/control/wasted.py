"""What of a pod's work must be done again: since it was last saved, where it was displaced or failed."""

from chippool.core.ledger import Stint, at_risk
from chippool.core.model import Mode
from chippool.state.facts import key_of
from chippool.state.mirror import Mirror
from chippool.state.native_groups import KEPT_RUNNING
from chippool.state.records import PodRecord
from chippool.state.stints import Sheet

SERVING = KEPT_RUNNING | {"DaemonSet"}
"""Owners whose pods serve: nothing is done again when one ends."""

Risk = tuple[int | None, int | None]


def at_risk_since(sheet: Sheet, mirror: Mirror) -> Risk:
    """Since when a pod's work is at risk, and how often it is said to be saved; None: nothing of it is."""
    record = mirror.workload(key_of(sheet.pod))
    if sheet.started is None or record is None or record.view.mode is Mode.SERVICE or _serves(sheet.pod):
        return None, None
    every, view = record.view.checkpoint_interval, mirror.view(key_of(sheet.pod))
    told = round(1000 * view.checkpointed_at) if view and view.checkpointed_at is not None else 0
    return max(sheet.started, sheet.saved or 0, told), None if every is None else round(every * 1000)


def wasted(stint: Stint, sheet: Sheet, mirror: Mirror) -> int:
    """Milliseconds of a stint that has ended; none if it succeeded, or if its owner wanted no more of it."""
    if stint.ended is None or stint.saved is None or sheet.pod.succeeded:
        return 0
    asked = sheet.pod.deleting or not sheet.pod.finished
    if asked and _is_unwanted(sheet, mirror):
        return 0
    return at_risk(stint.saved, stint.interval, stint.ended)


def _is_unwanted(sheet: Sheet, mirror: Mirror) -> bool:
    view = mirror.view(key_of(sheet.pod))
    return view is None or view.deleting or view.finished or view.suspend or view.outcome is not None


def _serves(pod: PodRecord) -> bool:
    return pod.native is not None and pod.native.owner is not None and pod.native.owner.kind in SERVING
