"""What is remembered of waits and runs, in one ConfigMap: what starts are predicted from (`core.eta`).

Bounded: 400 waits that ended, as many that go on and 64 times 32 runs are 120 KB, of the 1 MiB a ConfigMap may have.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from chippool.core.eta import ROW, Case, Experience

Json = Mapping[str, Any]

NAME = "chippool-waits"
LABEL = "chippool.io/waits"
"""Label of the ConfigMap, so that whoever may only list finds it."""
WAITS = "waits"
"""Key of the ConfigMap."""


def data_of(experience: Experience) -> dict[str, str]:
    """Return the ConfigMap's data."""
    said = {
        "ended": [_plain(case) for case in experience.ended],
        "waiting": {uid: _plain(case) for uid, case in sorted(experience.waiting.items())},
        "runs": {name: [round(run, 1) for run in runs] for name, runs in experience.runs.items()},
    }
    return {WAITS: orjson.dumps(said).decode()}


def experience_of(data: Json) -> Experience | None:
    """Return what was written; what nobody understands is none."""
    try:
        said = orjson.loads(data[WAITS])
        return Experience(
            tuple(_case(one) for one in said["ended"]),
            {str(uid): _case(one) for uid, one in said["waiting"].items()},
            {str(name): tuple(float(run) for run in runs) for name, runs in said["runs"].items()},
        )
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def listed(answer: Json | None) -> Experience:
    """Return what a list of ConfigMaps with the label says; nothing where there is none."""
    found = [experience_of(item.get("data") or {}) for item in (answer or {}).get("items", [])]
    return next((one for one in found if one is not None), Experience())


def _plain(case: Case) -> list[Any]:
    wait = None if case.wait is None else round(case.wait, 1)
    row = [round(number, 4) for number in case.row]
    return [round(case.at, 1), case.class_name, case.queue, row, round(case.guess, 4), wait]


def _case(said: list[Any]) -> Case:
    at, class_name, queue, row, guess, wait = said
    if len(row) != ROW:  # of another release: its numbers mean something else
        raise ValueError(row)
    return Case(
        float(at),
        str(class_name),
        str(queue),
        tuple(float(number) for number in row),
        float(guess),
        None if wait is None else float(wait),
    )
