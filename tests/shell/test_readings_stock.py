"""The stock as Prometheus reads it."""

import pytest

from chippool.metrics import families as f
from chippool.shell import readings_stock
from tests.state.build import Cluster, a_class, a_job, a_namespace, a_node, a_pool, a_queue, a_workload, an_assignment

SPEED = {"training": "0.5", "serving": "0.5", "batch": "0.5"}


def a_stock(**spec):
    chip = {"vendor": "nvidia", "model": "H800", "resourceName": "nvidia.com/gpu", "relativeSpeed": SPEED}
    return a_pool(chip=chip, supply={"owned": 16, "origin": "Domestic"}, **spec)


def read(cluster):
    return dict(readings_stock.stock(cluster.mirror))


def test_effective_chips_are_those_of_the_status_and_double_with_the_efficiency():
    fixed = (a_queue(), a_class(), a_namespace(), a_node("n1"), a_workload(), a_job("w", an_assignment()))
    cluster = Cluster(a_stock(), *fixed)
    assert read(cluster)[f.POOL_EFFECTIVE] == dict.fromkeys(
        [("h800", "Training"), ("h800", "Serving"), ("h800", "Batch")], 4.0
    )
    assert read(cluster)[f.POOL_EFFECTIVE_USED]["h800", "Training"] == 4.0
    cluster.shows(a_stock(efficiency={"training": "2"}))
    assert read(cluster)[f.POOL_EFFECTIVE]["h800", "Training"] == 8.0
    assert read(cluster)[f.POOL_EFFECTIVE]["h800", "Serving"] == 4.0


def test_the_supply_stands_by_state():
    supply = read(Cluster(a_stock(), a_node("n1")))[f.POOL_SUPPLY]
    assert supply == {
        ("h800", "owned"): 16,
        ("h800", "healthy"): 8,
        ("h800", "in_repair"): 0,
        ("h800", "lost"): 8,
        ("h800", "arriving"): 0,
    }


def test_the_domestic_part_is_by_effective_chips():
    foreign = a_pool("h20", chip={"vendor": "n", "model": "H100-SXM5-80GB", "resourceName": "nvidia.com/gpu"})
    cluster = Cluster(a_stock(), foreign, a_node("n1"), a_node("n2", pool="h20"))
    assert read(cluster)[f.DOMESTIC]["Serving",] == pytest.approx(4 / 12)


def test_a_cluster_that_states_nothing_has_no_series():
    cluster = Cluster(a_pool(), a_queue(), a_node("n1"))
    assert [*read(cluster).values()] == [{}, {}, {}, {}]
    assert [numbers for _, numbers in readings_stock.budgets(cluster.mirror)] == [{}, {}]


def test_a_budget_is_told_in_chip_seconds():
    queue = a_queue()
    queue["spec"]["budget"] = {"chipHours": "2"}
    spent = {"periodStart": "2027-01-01T00:00:00Z", "usedChipHours": "0.5", "countedUntil": "2027-01-15T00:00:00Z"}
    told = [numbers for _, numbers in readings_stock.budgets(Cluster(queue | {"status": {"budget": spent}}).mirror)]
    assert told == [{("q",): 7200.0}, {("q",): 1800.0}]
