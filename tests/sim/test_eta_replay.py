"""Starts that are told on arrival, in a few hours of a random day: by what was known then alone, with their spread."""

from random import Random

from chippool.sim.clockwork import Clockwork
from tools.eta import Teller, a_random, judged


def watched(until):
    stage = a_random(Random(4), 8.0)
    teller = Teller()
    Clockwork(stage, teller.watch).run(until)
    return teller


def test_what_was_told_does_not_depend_on_what_came_later():
    whole, part = watched(10 * 3600.0), watched(7 * 3600.0)
    assert len(part.told) < len(whole.told)
    assert {key: whole.told[key] for key in part.told} == part.told


def test_who_had_to_wait_is_told_once_others_have_waited():
    teller = watched(12 * 3600.0)
    etas = [told.eta for told in sorted(teller.told.values(), key=lambda told: told.at)]
    assert all(eta is not None for eta in etas[-10:])
    assert all(told.eta.low <= told.eta.start <= told.eta.high for told in teller.told.values() if told.eta)
    assert judged(teller)["judged"] > 0
