import argparse
import json

from chippool.core.cycle import schedule
from chippool.core.plan import Admit, Displace
from chippool.core.reasons import Reason
from tools.bench.core import measure
from tools.bench.features import all_on
from tools.bench.world import CHIPS, NOW, Scale, a_world
from tools.report import add_outputs, tell


def test_the_full_world_is_nearly_full_and_no_node_overfull():
    nodes = a_world(Scale(60, 10, full=True)).nodes.values()
    free = sum(node.free for node in nodes)
    assert 0 <= free <= 0.05 * 60 * CHIPS * 1000
    assert all(node.free >= 0 and min(node.room.values()) >= 0 for node in nodes)


def test_the_same_scale_is_the_same_world():
    assert a_world(Scale(40, 20, full=True)) == a_world(Scale(40, 20, full=True))


def test_the_bench_reports_every_scale_and_its_growth():
    sizes = (Scale(20, 10, full=True), Scale(40, 10, full=True))
    report = measure(tuple(("queues", a_world, size) for size in sizes), runs=1)
    assert [(r["nodes"], r["pending"], r["full"]) for r in report["results"]] == [(20, 10, True), (40, 10, True)]
    assert [g["nodes"] for g in report["growth"]] == [[20, 40]]


def test_where_every_feature_is_in_use_each_rule_of_sharing_has_its_victims():
    plan = schedule(all_on(Scale(400, 300, full=True)), NOW)
    reasons = {d.reason for d in plan.decisions if isinstance(d, Displace)}
    assert {Reason.PREEMPTED, Reason.RECLAIMED, Reason.SCAVENGED} <= reasons
    assert any(isinstance(d, Admit) and not d.victims for d in plan.decisions)


def test_the_results_are_a_list_and_the_report_has_them_with_the_machine(tmp_path):
    report = measure((("queues", a_world, Scale(20, 10, full=True)),), runs=1)
    parser = argparse.ArgumentParser()
    add_outputs(parser)
    rows, whole = tmp_path / "build" / "core.json", tmp_path / "report.json"
    asked = parser.parse_args(["--rows", str(rows), "-o", str(whole)])
    tell(report, asked.output, asked.rows)
    assert json.loads(rows.read_text()) == report["results"]
    assert json.loads(whole.read_text())["machine"]["cpus"]
