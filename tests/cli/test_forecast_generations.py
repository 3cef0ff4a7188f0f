"""Queues that state what a model generation takes, and how many more the stock carries."""

import pytest

from chippool.cli.forecast_generations import UNKNOWN, generations
from chippool.cli.forecast_live import known_of
from tests.state.build import NOW, Cluster, a_node, a_pool, a_queue

H800 = {"vendor": "nvidia", "model": "H800", "resourceName": "nvidia.com/gpu"}
SPEED = {"relativeSpeed": {"training": "0.5"}}
CHIP_HOURS = 8 * 0.5 * 180 * 24  # what one node of the pool does in half a year


def a_training_queue(name="q", hours=CHIP_HOURS * 0.4, growth="2", limits=None, **spec):
    queue = a_queue(name, limits=limits)
    queue["spec"] |= {"modelGeneration": {"effectiveChipHours": f"{hours}", "growth": growth}, **spec}
    return queue


def told(*objects, chip=H800 | SPEED, access=None):
    mirror = Cluster(a_pool(chip=chip, access=access), a_node("n1"), *objects).mirror
    return generations(mirror, {name: known_of(mirror, name, {}) for name in mirror.pool_records}, NOW)


def test_a_queue_is_told_how_many_more_generations_its_pools_carry():
    (said,) = told(a_training_queue(), a_queue("other"))
    assert (said.queue_name, said.carries, said.low, said.high) == ("q", 2, 2, 2)
    assert said.needs == round(CHIP_HOURS * 1.6)
    assert said.yields == round(CHIP_HOURS)
    assert said.sentence.startswith("The stock carries 2 more model generations")


@pytest.mark.parametrize(
    ("queues", "carries"),
    [
        ((a_training_queue(limits={"h800": 4}),), 1),
        ((a_training_queue(parentName="top"), a_queue("top", limits={"h800": 4})), 1),
        ((a_training_queue(closed=True),), 0),
        ((a_training_queue(limits={"h800": 800}),), 2),
    ],
)
def test_limits_up_to_the_root_and_closed_queues_count(queues, carries):
    said = next(one for one in told(*queues) if one.queue_name == "q")
    assert said.carries == carries


def test_a_pool_that_lets_the_queue_in_for_nothing_does_not_count_and_unknown_speeds_are_said_so():
    (said,) = told(a_training_queue(), access=[{"tenancy": "External"}])
    assert (said.carries, said.sentence) == (None, UNKNOWN)
    (said,) = told(a_training_queue(), chip=H800)
    assert (said.carries, said.sentence) == (None, UNKNOWN)
