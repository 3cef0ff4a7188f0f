"""When pods came onto their chips, were Ready and ended: each change stamped as it is seen, in milliseconds.

A moment that was watched is exact to the watch's delay; one that was not is what the pod itself says, in whole seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chippool.core.ledger import Stint
from chippool.state.records import PodRecord

SECOND_MS = 1000
LATE_MS = 1500
"""What is heard so long after it was (in whole seconds) is believed to have been then."""


@dataclass(slots=True)
class Sheet:
    """A managed pod that has been bound; kept until it is gone and that is booked, or must have been by the leader."""

    pod: PodRecord
    bound: int
    started: int | None = None
    ended: int | None = None
    saved: int | None = None
    """When it last said that it saved its work."""
    doubts: tuple[int, int, int] = (0, 0, 0)
    gone: bool = False
    stint: Stint | None = None
    """What was made of it so far, by whoever keeps the ledger."""


def moment(seen: int, said: float | None, *, watched: bool) -> tuple[int, int]:
    """When it was, and by how much that may be wrong."""
    if said is None:
        return seen, 0
    second = int(said * SECOND_MS)
    if watched and seen <= second + LATE_MS:
        return seen, 0
    return min(seen, second + SECOND_MS // 2), SECOND_MS // 2


class Stints:
    """`clock` in seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sheets: dict[str, Sheet] = {}
        self._changed: set[str] = set()
        self._gone: dict[str, Sheet] = {}  # in the order in which that was heard

    def saw(self, uid: str, before: PodRecord | None, after: PodRecord | None) -> None:
        """Take in a change of a pod."""
        sheet = self._sheets.get(uid)
        if after is None:
            self._went(uid, sheet)
            return
        if sheet is None:
            if not (after.workload and after.bound):
                return
            sheet = self._sheets[uid] = self._begun(before, after)
            self._changed.add(uid)
        elif before is not None and _same(before, after):
            sheet.pod = after
            return
        self._note(sheet, before, after)
        self._changed.add(uid)

    def changed(self) -> dict[str, Sheet]:
        """Hand out what has changed since this was last asked."""
        uids, self._changed = self._changed, set()
        return {uid: self._sheets[uid] for uid in uids if uid in self._sheets}

    def everything(self) -> Mapping[str, Sheet]:
        """All there are."""
        return self._sheets

    def forget_gone(self, until: int) -> None:
        """Drop those that were gone by a moment."""
        for uid, sheet in list(self._gone.items()):
            if sheet.ended is not None and sheet.ended > until:
                return
            del self._gone[uid], self._sheets[uid]

    def _now(self) -> int:
        return round(self._clock() * SECOND_MS)

    def _begun(self, before: PodRecord | None, after: PodRecord) -> Sheet:
        at, doubt = moment(self._now(), after.moments[0], watched=before is not None and not before.bound)
        return Sheet(after, at, doubts=(doubt, 0, 0))

    def _note(self, sheet: Sheet, before: PodRecord | None, after: PodRecord) -> None:
        now = self._now()
        if after.checkpointed_at is not None:
            sheet.saved = round(after.checkpointed_at * SECOND_MS)
        if after.finished and sheet.ended is None:
            watched = before is not None and not before.finished
            sheet.ended, doubt = moment(now, after.moments[2], watched=watched)
            sheet.doubts = (*sheet.doubts[:2], doubt)
        if after.ran and sheet.started is None:
            self._started(sheet, before, after, now)
        sheet.pod = after

    def _started(self, sheet: Sheet, before: PodRecord | None, after: PodRecord, now: int) -> None:
        """What has ended and does not say any more when it was Ready, was so from the start, as far as is known."""
        if sheet.ended is not None and after.moments[1] is None:
            sheet.started, doubt = sheet.bound, 0
        else:
            watched = before is not None and not before.ran
            sheet.started, doubt = moment(now, after.moments[1], watched=watched)
        sheet.doubts = (sheet.doubts[0], doubt, sheet.doubts[2])

    def _went(self, uid: str, sheet: Sheet | None) -> None:
        if sheet is None:
            return
        if sheet.ended is None:
            sheet.ended = self._now()
        sheet.gone = True
        self._gone[uid] = sheet
        self._changed.add(uid)


def _same(before: PodRecord, after: PodRecord) -> bool:
    return (before.ran, before.finished, before.checkpointed_at) == (after.ran, after.finished, after.checkpointed_at)
