"""The answer of `what-if` for programs: who is concerned, by name, and every pool before and after."""

from typing import Any

from chippool.core.capacity import Purpose
from chippool.core.ids import PoolName
from chippool.core.outlook import DAY_S
from chippool.sim.settled import Settled
from chippool.sim.uses import Use, uses
from chippool.sim.whatif import Fate, Outcome, Stand
from chippool.sim.whatif_stock import Stock, Told
from chippool.visibility.document import as_chips, document
from chippool.visibility.expectation import times
from chippool.visibility.words import moment

Json = dict[str, Any]


def documented(told: Told, now: float) -> Json:
    """Return the answer in JSON's own types; `now` in seconds since the epoch."""
    answer = told.answer
    return {
        "at": moment(now),
        "atRest": answer.otherwise.at_rest and answer.then.at_rest,
        "nodes": {
            "lost": [node.name for node in answer.nodes_lost()],
            "added": [node.name for node in answer.nodes_added()],
        },
        "workloads": [_workload(one) for one in answer.outcomes if concerned(one)],
        "unconcerned": sum(not concerned(one) for one in answer.outcomes),
        "pools": _pools(told, now),
        "effectiveChips": [_effective(told, purpose) for purpose in told.before.worth()],
    }


def concerned(one: Outcome) -> bool:
    """Whether there is anything to say of it but that it runs on."""
    return one.fate is not Fate.RUNS or one.due_to_change


def _workload(one: Outcome) -> Json:
    said: Json = document(one)
    return said | {name: _stand(getattr(one, name)) for name in ("now", "otherwise", "then")}


def _stand(stand: Stand) -> Json:
    said: Json = document(stand)
    eta = {} if stand.eta is None else {"eta": document(times(stand.eta))}
    return said | {name: moment(said[name]) for name in ("until", "starts") if name in said} | eta


def _effective(told: Told, purpose: Purpose) -> Json:
    """Of all pools together, in chips of the reference."""
    found: Json = {"purpose": purpose.value}
    for name, stock in (("otherwise", told.before), ("then", told.after)):
        home = stock.domestic(purpose)
        ratio = {} if home is None else {"domesticRatio": round(home, 4)}
        found[name] = {"chips": round(stock.worth().get(purpose, 0.0), 3), **ratio}
    return found


def _pools(told: Told, now: float) -> list[Json]:
    answer = told.answer
    otherwise, then = uses(answer.otherwise.snapshot), uses(answer.then.snapshot)
    return [
        {
            "name": pool,
            "otherwise": _pool(otherwise[pool], answer.otherwise, pool, told.before) | _lasts(told.before, pool, now),
            "then": _pool(then[pool], answer.then, pool, told.after) | _lasts(told.after, pool, now),
        }
        for pool in otherwise
    ]


def _lasts(stock: Stock, pool: PoolName, now: float) -> Json:
    """How long it lasts, as `chippool forecast` says it; days that are left out lie beyond what is looked at."""
    found = stock.outlook(pool, now)
    if found is None:
        return {}
    ends = document(found.runway) if found.runway else {}
    days = {name: moment(now + one * DAY_S)[:10] for name, one in ends.items()}
    return {"runway": {**days, "sentence": found.sentence}}


def _pool(use: Use, at: Settled, pool: PoolName, stock: Stock) -> Json:
    arriving = stock.arriving(pool)
    return {
        "nodes": use.nodes,
        "chips": as_chips(use.installed),
        "usable": as_chips(use.usable),
        "free": as_chips(use.free),
        "unmanaged": as_chips(use.unmanaged),
        "byClass": {name: as_chips(chips) for name, chips in use.by_class.items()},
        "price": at.plan.prices.get(pool, 0),
        "effectiveChips": {purpose.value: round(chips, 3) for purpose, chips in stock.effective(pool).items()},
        **({} if arriving is None else {"arriving": arriving}),
    }
