from tools.bench.core import measure
from tools.bench.world import CHIPS, Scale, a_world


def test_the_full_world_is_nearly_full_and_no_node_overfull():
    nodes = a_world(Scale(60, 10, full=True)).nodes.values()
    free = sum(node.free for node in nodes)
    assert 0 <= free <= 0.05 * 60 * CHIPS * 1000
    assert all(node.free >= 0 and min(node.room.values()) >= 0 for node in nodes)


def test_the_same_scale_is_the_same_world():
    assert a_world(Scale(40, 20, full=True)) == a_world(Scale(40, 20, full=True))


def test_the_bench_reports_every_scale_and_its_growth():
    report = measure((Scale(20, 10, full=True), Scale(40, 10, full=True)), runs=1)
    assert [(r["nodes"], r["pending"], r["full"]) for r in report["results"]] == [(20, 10, True), (40, 10, True)]
    assert [g["nodes"] for g in report["growth"]] == [[20, 40]]
