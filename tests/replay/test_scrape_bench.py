"""The page Prometheus gets stays small, whatever a cluster has."""

import asyncio

from tools.bench.objects import STATES, Size
from tools.bench.scrape import filled, measure, metrics_of, series

MOST = 20_000


def test_200_queues_and_10_classes_with_work_in_every_state_are_less_than_20_000_series() -> None:
    """How many nodes there are makes no difference: no label names one."""
    found = {nodes: series(page(Size(nodes=nodes))) for nodes in (1200, 1206)}
    assert found[1200] == found[1206] <= MOST
    assert found[1200] > 200 * 10 * len(STATES), "it is the worst case that is looked at"


def page(size: Size) -> str:
    return metrics_of(filled(size)).page().decode()


def test_the_bench_asks_over_http_and_reports_how_long_that_took() -> None:
    report = asyncio.run(measure(Size(nodes=12, queues=3, classes=2, pools=2), rounds=2))
    assert (report["nodes"], report["workloads"], report["scrapes"]) == (12, 30, 2)
    assert 0 < report["scrape_ms"]["median"] <= report["scrape_ms"]["most"]
    assert report["series"] > 30
