"""How long a pool lasts is told anew when it is worth a word, and not with every look."""

import pytest

from chippool.control.outlooks import Outlooks
from chippool.core.demand import DAYS, HOUR_S, OTHERS, Ring
from chippool.core.runway import NEEDED
from tests.state.build import Cluster, a_class, a_namespace, a_node, a_pool, a_queue

HOUR = 500_000 // 24 * 24
START = HOUR * HOUR_S


def a_ring(days=60, rise=0.1):
    return Ring(HOUR, {}, {"train": tuple(2 + rise * day for day in range(days)), OTHERS: (0.0,) * days})


class World:
    def __init__(self):
        self.now = START
        self.cluster = Cluster(self.pool("2"), a_queue(), a_class(), a_namespace(), a_node("n1"), a_node("n2"))
        self.outlooks = Outlooks(self.cluster.mirror, lambda _: None, lambda: self.now)

    def pool(self, gain, generation=1):
        pool = a_pool(supply={"owned": 16}, efficiency={"training": gain})
        pool["metadata"]["generation"] = generation
        return pool

    @property
    def seen(self):
        return self.outlooks.of("h800")


@pytest.fixture
async def world():
    world = World()
    await world.outlooks.learn({"h800": a_ring()})
    return world


async def test_it_is_told_anew_once_an_hour_and_stands_between(world):
    first = world.seen
    world.now += HOUR_S - 1
    assert world.seen is first
    world.now += 1
    assert world.seen is not first
    assert world.seen.runway == first.runway


async def test_a_changed_spec_or_fewer_healthy_chips_are_told_at_once(world):
    first = world.seen
    world.cluster.shows(world.pool("4", generation=2))
    better = world.seen
    assert better.runway.likely > first.runway.likely
    world.cluster.shows(a_node("n2", chips=4, installed=8))
    assert world.seen.stock.chips == first.stock.chips  # what is in repair comes back
    assert world.seen is not better


async def test_demand_of_another_day_is_told_at_once(world):
    first = world.seen
    await world.outlooks.learn({"h800": a_ring(rise=0.2)})
    assert world.seen.runway.likely < first.runway.likely


async def test_what_is_not_remembered_or_not_there_has_no_outlook(world):
    assert world.outlooks.of("gone") is None
    await world.outlooks.learn({})
    assert world.seen is None


async def test_too_few_days_are_an_outlook_that_says_so(world):
    await world.outlooks.learn({"h800": a_ring(NEEDED - 1)})
    assert world.seen.runway is None
    assert "an outlook needs" in world.seen.sentence


async def test_a_year_of_demand_is_taken_in(world):
    await world.outlooks.learn({"h800": a_ring(DAYS, 0.01)})
    assert world.seen.days == DAYS
