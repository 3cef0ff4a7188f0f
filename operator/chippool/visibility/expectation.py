"""When work that waits is expected to start, in words and for programs."""

from dataclasses import dataclass
from datetime import UTC, datetime

from chippool.core.eta import NEEDED, Eta, Experience
from chippool.core.eta import known as learnt
from chippool.visibility.words import moment


@dataclass(frozen=True, slots=True)
class Known:
    """What starts are predicted from; `lacks` says why that is not to be had, empty where it is."""

    experience: Experience
    lacks: str = ""


UNSEEN = Known(Experience(), "how long others waited is not in what was looked at")


@dataclass(frozen=True, slots=True)
class Expected:
    """Times as the API server writes them; four of five start between earliest and latest."""

    start: str
    earliest: str
    latest: str


def times(eta: Eta) -> Expected:
    """Return it for programs."""
    return Expected(moment(eta.start), moment(eta.low), moment(eta.high))


def said(eta: Eta, now: float) -> str:
    """Return it for people: the time of the day, with the day where one of the three is on another."""
    parts = [datetime.fromtimestamp(at, UTC) for at in (eta.start, eta.low, eta.high)]
    same = {part.date() for part in parts} == {datetime.fromtimestamp(now, UTC).date()}
    start, low, high = (part.strftime("%H:%M" if same else "%Y-%m-%d %H:%M") for part in parts)
    return f"{start} UTC (80 %: {low} … {high})"


def unknown(known: Known) -> str:
    """Return why nothing is said of a start."""
    if known.lacks:
        return f"When it will start can't be said: {known.lacks}."
    return (
        "When it will start can't be said yet: that is learnt from how long others waited and ran, and "
        f"{learnt(known.experience)} of the {NEEDED} waits and runs it takes have ended."
    )
