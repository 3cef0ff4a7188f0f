"""What if, asked on the page: the command line's own changes, each typed as there, and its own answer."""

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from chippool.api.duration import seconds
from chippool.board.guard import RefusedError
from chippool.board.source import Look
from chippool.cli.failures import Failure
from chippool.cli.forecast_live import Histories, known_of
from chippool.cli.what_if import ask_what_if
from chippool.cli.what_if_document import documented
from chippool.cli.what_if_flags import Wishes, changes, gains
from chippool.cli.what_if_text import WORDS
from chippool.sim.submitted import Surroundings, latest
from chippool.sim.whatif import what_if
from chippool.sim.whatif_stock import Stock, Told, changed_stock
from chippool.state.history import ring_of
from chippool.state.mirror import Mirror

Json = dict[str, Any]
MOST = 50
"""Changes of one question."""
TYPED = tuple(field.name for field in fields(Wishes) if field.type == tuple[str, ...])
"""Those that are words; files can't be named on a page."""


class MistakeError(Exception):
    """What a user typed makes no sense; the sentence says what does."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked; `within` in seconds."""

    wishes: Wishes
    within: float


def kinds() -> list[Json]:
    """Return the changes there are, with the command line's own words for them."""
    hints = typing.get_type_hints(ask_what_if, include_extras=True)
    options = ((name, hints[name].__metadata__[0]) for name in TYPED)
    return [
        {"name": name, "flag": f"--{name.replace('_', '-')}", "form": option.metavar, "help": option.help}
        for name, option in options
    ]


def question(body: Any) -> Question:
    """Read what the page sent; RefusedError where no page of ours sends that, MistakeError where the user erred."""
    if not isinstance(body, dict) or not isinstance(body.get("changes"), list):
        raise RefusedError(400, "A question has changes: a list of pairs, each the name of a change and what it is.")
    wishes: dict[str, list[str]] = {name: [] for name in TYPED}
    for pair in body["changes"][:MOST]:
        name, said = _pair(pair)
        if name not in wishes:
            raise RefusedError(400, f"There is no change {name}; there are {', '.join(wishes)}.")
        wishes[name].append(said)
    return Question(_wishes(wishes), _seconds(body.get("within")))


def answer(look: Look, mirror: Mirror, namespace: str, asked: Question, kept: Histories) -> Json:
    """Return what would become of whom, in seconds on a large cluster; MistakeError where a change makes no sense.

    `kept` is what the operator remembers of demand: with it the answer says how long the stock lasts.
    """
    snapshot = look.reading.snapshot
    # Admissions carry the operator's clock, which may be ahead of this one; nothing is from the future.
    now = max(look.reading.now, latest(snapshot))
    pools = sorted(mirror.pool_records)
    rings = {pool: ring for pool in pools if (ring := ring_of(kept.get(pool, {}))) is not None}
    stock = Stock({pool: known_of(mirror, pool, kept.get(pool, {})) for pool in pools}, rings)
    around = Surroundings(snapshot, mirror.pool_records, namespace, now, stock)
    try:
        wanted, gained = changes(asked.wishes, around), gains(asked.wishes, around)
    except Failure as failure:
        raise MistakeError(str(failure)) from failure
    experience = look.reading.known.experience
    found = what_if(snapshot, wanted, now, within=asked.within, experience=experience)
    told = Told(found, stock, changed_stock(stock, found, wanted, gained))
    return documented(told, now) | {"words": {fate.value: said for fate, said in WORDS.items()}}


def _pair(pair: Any) -> tuple[str, str]:
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
        raise RefusedError(400, "A change is a pair: its name and what it is, as in lose, nvidia-h20=30%.")
    return pair[0], pair[1].strip()


def _wishes(said: Mapping[str, Sequence[str]]) -> Wishes:
    return Wishes(**{name: tuple(values) for name, values in said.items()})  # type: ignore[arg-type]


def _seconds(within: Any) -> float:
    try:
        return seconds(within) if within else 0.0
    except (ValueError, TypeError, AttributeError) as error:
        raise MistakeError(f"Time that passes: {error}") from error
