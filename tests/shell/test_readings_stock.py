"""The stock as Prometheus reads it."""

import pytest

from chippool.core.capacity import Yields
from chippool.core.demand import OTHERS, Ring
from chippool.core.outlook import Known, outlook
from chippool.core.runway import HORIZON
from chippool.metrics import families as f
from chippool.shell import readings_stock
from tests.state.build import Cluster, a_class, a_job, a_namespace, a_node, a_pool, a_queue, a_workload, an_assignment

KNOWN = Known(None, Yields(), 16_000, 16_000, {})
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


def test_how_long_pools_last_stands_by_quantile_as_far_as_is_looked():
    ring = Ring(400_000, {}, {"train": tuple(1.0 + day / 10 for day in range(60)), OTHERS: (0.0,) * 60})
    few = Ring(400_000, {}, {OTHERS: (1.0,)})
    cluster = Cluster(a_pool(), a_pool("h20"), a_pool("new"), a_pool("npu"), a_node("n1"))
    seen = {"h800": outlook(ring, Known(None, Yields(), 10**9, 10**9, {}), 0.0), "new": outlook(few, KNOWN, 0.0)}
    seen["h20"] = outlook(ring, KNOWN, 0.0)
    days = dict(readings_stock.runways(cluster.mirror, seen.get))[f.RUNWAY]
    assert {pool for pool, _ in days} == {"h800", "h20"}
    assert {days["h800", quantile] for quantile in ("0.1", "0.5", "0.9")} == {HORIZON}
    assert days["h20", "0.5"] == seen["h20"].runway.likely
    assert days["h20", "0.1"] <= days["h20", "0.5"] <= days["h20", "0.9"]


def test_a_budget_is_told_in_chip_seconds():
    queue = a_queue()
    queue["spec"]["budget"] = {"chipHours": "2"}
    spent = {"periodStart": "2027-01-01T00:00:00Z", "usedChipHours": "0.5", "countedUntil": "2027-01-15T00:00:00Z"}
    told = [numbers for _, numbers in readings_stock.budgets(Cluster(queue | {"status": {"budget": spent}}).mirror)]
    assert told == [{("q",): 7200.0}, {("q",): 1800.0}]
