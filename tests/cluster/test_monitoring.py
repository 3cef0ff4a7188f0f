"""A real Prometheus beside two living replicas: every panel, variable and alert is asked through its API.

Only what the vendors' exporters measure is made up (tools/monitoring/exporters.py): simulated nodes have no chips.
"""

import json
import os
import re
import time
from pathlib import Path

import pytest

from chippool.core.demand import OTHERS, Ring
from chippool.state.history import LABEL, data_of
from tests.cluster.manifests import H20, a_queue, a_variant, a_workload
from tools.monitoring.alerts import ALERTS
from tools.monitoring.boards import BOARDS
from tools.monitoring.exporters import PATHS, Exporters
from tools.monitoring.model import RATE, View
from tools.monitoring.packages import prometheus
from tools.monitoring.recordings import RECORDINGS
from tools.monitoring.server import finite, running

pytestmark = pytest.mark.plane

RULES = sorted((Path(__file__).parents[2] / "helm/chippool/rules").glob("*.yaml"))
STEP_S = 1.0
KEEP = "CHIPPOOL_PANELS"
"""Where the panels' data goes, for the picture in the docs."""

PACE_S = float(os.environ.get("CHIPPOOL_PACE") or 0)
"""Seconds between the acts: none for a test, some for a picture."""

POOLS = {("h800",), ("h20",), ("npu",)}
USED = {("batch", "h800"), ("revenue", "h800"), ("revenue", "h20"), ("inference", "npu")}
WAITED = {("training", "h20"), ("training", "h800")}
EVERYWHERE = {("team", "h800"), ("org", "h800"), ("org", "npu"), ("org-ads", "h800"), ("lab", "h20")}
EXPECTED = {
    ("chippool-overview", "Part of each pool that is given to work"): POOLS,
    ("chippool-overview", "Chips by priority class"): {("batch",), ("revenue",), ("inference",), ("training",)},
    ("chippool-overview", "Chips by queue at the top"): {("team",), ("org",), ("lab",)},
    ("chippool-overview", "Share of each queue"): {("team",), ("org",), ("org-ads",), ("lab",)},
    ("chippool-overview", "Chips waited for, by priority class"): {("training",)},
    ("chippool-overview", "Workloads that wait, by reason"): {("ImpossibleSize",), ("ChipsShort",)},
    ("chippool-overview", "Wait until admission, by priority class"): {("batch",), ("revenue",), ("inference",)},
    ("chippool-overview", "Utilization by priority class and pool"): USED,
    ("chippool-overview", "Utilization by pool"): POOLS,
    ("chippool-overview", "What one more chip would add"): POOLS,
    ("chippool-overview", "Displacements an hour, by kind"): {("shrink",), ("migrate",), ("evict",)},
    ("chippool-overview", "Work to be done again, an hour"): {("training",), ("batch",)},
    ("chippool-pool", "Installed"): POOLS,
    ("chippool-pool", "Stock by state"): {("h800", "owned"), ("h800", "lost"), ("npu", "in_repair")},
    ("chippool-pool", "Effective chips"): {("h800", "Training"), ("npu", "Serving")},
    ("chippool-pool", "Effective chips in use"): {("h800", "Training"), ("npu", "Serving")},
    ("chippool-pool", "Domestic share"): {("Training",), ("Serving",), ("Batch",)},
    ("chippool-pool", "Days the stock lasts"): {("h800", "0.1"), ("h800", "0.5"), ("h800", "0.9")},
    ("chippool-queues", "Part of the budget used"): {("org",)},
    ("chippool-pool", "Nodes"): {("h800", "usable"), ("h20", "usable"), ("npu", "unusable")},
    ("chippool-pool", "Fragmentation"): POOLS,
    ("chippool-pool", "Chips by priority class"): USED,
    ("chippool-pool", "Chips waited for, by priority class"): WAITED,
    ("chippool-pool", "Chips of each queue"): EVERYWHERE,
    ("chippool-pool", "Utilization by priority class"): USED,
    ("chippool-queues", "Chips in use and guaranteed"): EVERYWHERE,
    ("chippool-queues", "Borrowed"): EVERYWHERE,
    ("chippool-queues", "Chips waited for, by queue"): {("team", "h800"), ("lab", "h20")},
    ("chippool-queues", "Chips waited for, by class"): WAITED,
    ("chippool-queues", "Longest wait"): {("lab",), ("team",)},
    ("chippool-queues", "Workloads by state"): {("team", "pending"), ("team", "suspended"), ("org", "ready")},
    ("chippool-queues", "Displacements an hour"): {("training", "evict"), ("batch", "shrink"), ("batch", "migrate")},
    ("chippool-queues", "Admissions an hour"): {("batch",), ("revenue",), ("inference",), ("training",)},
    ("chippool-health", "Decisions by kind and reason"): {("Admit", "Admitted"), ("Displace", "Preempted")},
    ("chippool-health", "Watches begun anew"): {("Pod", "Ended"), ("ChipWorkload", "Ended")},
    ("chippool-health", "Writes by outcome"): {("Done",)},
    ("chippool-queues", "Chips that run"): USED,
    ("chippool-queues", "Utilization"): USED,
}
"""Values of the labels, in the order the query names them, that must be among a panel's series."""


class Watched:
    """The cluster, its replicas and the Prometheus that scrapes them."""

    def __init__(self, cluster, server, exporters):
        self.cluster, self.server, self.exporters = cluster, server, exporters
        self.since = time.time()

    def look_at_pods(self):
        """The exporters show the pods as they are now."""
        self.exporters.pods = self.cluster.items("pods", "-A")

    def pause(self):
        """Let what was done last be seen for a while."""
        until = time.time() + PACE_S
        self.look_at_pods()
        self.cluster.eventually(lambda: time.time() >= until, "the act is over", within=PACE_S + 1)

    def series(self, panel, query):
        """What Grafana would draw: now, or since the beginning."""
        expr = re.sub(r'"\$\w+"', '".+"', query.expr.replace(RATE, "15s"))
        if panel.view in {View.STAT, View.BARS}:
            return finite(self.server.query(expr))
        return finite(self.server.query_range(expr, self.since, time.time(), STEP_S))

    def sum(self, expr):
        return sum(points[-1][1] for _, points in self.server.query(expr))


@pytest.fixture(scope="module")
def watched(furnished, tmp_path_factory):
    remember(furnished)
    replicas = [furnished.start_operator(), furnished.start_operator()]
    for replica in replicas:
        replica.wait_ready()
    exporters = Exporters()
    targets = {"chippool": [f"127.0.0.1:{replica.port}" for replica in replicas]}
    targets |= {key: [exporters.address] for key in PATHS}
    with running(prometheus(), tmp_path_factory.mktemp("prometheus"), targets, RULES) as server:
        watched = Watched(furnished, server, exporters)
        play(watched)
        yield watched
    exporters.close()


def remember(cluster):
    """Demand of h800 as an operator has watched it for two months."""
    hour = int(time.time() // 3600)
    ring = Ring(hour, {}, {"training": tuple(10 + day / 20 for day in range(60)), OTHERS: (0.0,) * 60})
    metadata = {"name": "chippool-history-h800", "labels": {LABEL: "h800"}, "namespace": "chippool-system"}
    kept = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data_of(ring, None)}
    cluster.plane.kubectl("apply", "-f", "-", input=json.dumps(kept))


def play(watched):
    """Work of four classes: some shrinks, some is evicted, some waits; chips break, and somebody takes some by hand."""
    cluster = watched.cluster
    cluster.new_namespace("monitoring")
    quotas = [{"poolName": "h800", "guaranteed": 16}, {"poolName": "npu", "guaranteed": 8}]
    cluster.apply(with_spec(a_queue("org"), quotas=quotas, budget={"chipHours": "100"}))
    cluster.apply(with_spec(a_queue("lab"), quotas=[{"poolName": "h20", "guaranteed": 24}]))
    cluster.patch("chippool", "h800", {"spec": {"chip": {"bf16Tflops": 989}, "supply": {"owned": 40}}})
    cluster.patch(
        "chippool", "npu", {"spec": {"chip": {"bf16Tflops": 313}, "supply": {"owned": 32, "origin": "Domestic"}}}
    )
    child = [{"poolName": "h800", "guaranteed": 8, "limit": 24}]
    cluster.apply(with_spec(a_queue("org-ads"), parentName="org", quotas=child))
    cluster.eventually(lambda: watched.sum("count(chippool_displacements_total)") > 0, "classes are shown from 0 on")

    watched.pause()
    cluster.apply(a_workload("sweep", cls="batch", replicas=4, minReplicas=1))
    cluster.apply(a_workload("pretrain", a_variant("h20"), queue="lab", replicas=2))
    watched.pause()
    cluster.apply(a_workload("chat", a_variant("npu", 4), queue="org", cls="inference", mode="Service", replicas=2))
    cluster.apply(a_workload("huge", replicas=9), a_workload("later", suspend=True))
    cluster.apply(a_taker("by-hand", 2))
    for name in ("sweep", "pretrain", "chat"):
        cluster.wait_true(name, "Ready", within=60)
    watched.cluster.eventually(lambda: watched.sum('chippool_pool_chips{state="unmanaged"}') > 0, "by-hand is seen")
    watched.pause()

    cluster.apply(a_workload("ranking", queue="org-ads", cls="revenue"))
    watched.pause()
    cluster.apply(a_workload("urgent", a_variant("h20"), queue="lab", cls="revenue", replicas=2))
    for name in ("ranking", "urgent"):
        cluster.wait_true(name, "Ready", within=60)
    idle, broken = idle_nodes(cluster)
    cluster.plane.fleet.cordon(idle)
    cluster.plane.fleet.lose_chips(broken, 3)
    watched.pause()


def with_spec(queue, **spec):
    return queue | {"spec": queue["spec"] | spec}


def a_taker(name, chips):
    """A pod that takes chips without asking chippool."""
    limits = {"nvidia.com/gpu": str(chips)}
    container = {"name": "main", "image": "registry.example.com/main:1", "resources": {"limits": limits}}
    spec = {"containers": [container], "nodeSelector": H20}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def idle_nodes(cluster):
    """Two nodes of the NPU pool without pods."""
    busy = {pod["spec"].get("nodeName") for pod in cluster.items("pods", "-A")}
    return [name for name in cluster.plane.fleet.names("ascend910b") if name not in busy][:2]


PANELS = [(board, panel) for board in BOARDS for panel in board.panels]


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=lambda one: getattr(one, "uid", None) or one.title)
def test_every_query_of_a_panel_returns_the_series_it_should(watched, board, panel):
    expected = EXPECTED.get((board.uid, panel.title), set())

    def complete():
        return all(watched.series(panel, query) for query in panel.queries) and expected <= told(watched, panel)

    watched.cluster.eventually(complete, f"{board.uid}, {panel.title}: {sorted(expected)}", within=30)
    for query in panel.queries:
        for labels, _ in watched.series(panel, query):
            assert set(labels) == set(query.labels), query.expr


def told(watched, panel):
    """Values of the labels of all series of a panel."""
    return {
        tuple(labels[name] for name in query.labels)
        for query in panel.queries
        for labels, _ in watched.series(panel, query)
    }


def test_what_is_expected_is_of_panels_there_are():
    assert set(EXPECTED) <= {(board.uid, panel.title) for board, panel in PANELS}


def test_every_variable_offers_what_there_is(watched):
    found = {
        variable.name: set(watched.server.values(variable.metric, variable.label))
        for board in BOARDS
        for variable in board.variables
    }
    assert found["pool"] == {"h800", "h20", "npu"}
    assert found["queue"] == {"team", "org", "org-ads", "lab"}
    assert found["priority_class"] == {"batch", "training", "inference", "revenue"}
    assert found["instance"] == {f"127.0.0.1:{operator.port}" for operator in watched.cluster.operators}


def test_figures_are_those_of_the_cluster(watched):
    """Two replicas tell the same, and it counts once."""
    figures = {query.named: query.expr for panel in BOARDS[0].panels[:6] for query in panel.queries}
    assert watched.sum(figures["Chips"]) == 96
    assert watched.sum(figures["Unmanaged"]) == 2
    assert watched.sum(figures["Unhealthy or lost"]) == 3
    ours = watched.cluster.items("pods", "-l", "chippool.io/pool")
    held = sum(chips(pod) for pod in ours if "deletionTimestamp" not in pod["metadata"])
    assert watched.sum(figures["Given to work"]) == pytest.approx(held / 96)


def chips(pod):
    return sum(int(n) for c in pod["spec"]["containers"] for r, n in c["resources"]["limits"].items() if "/" in r)


def test_every_rule_is_taken_and_evaluated_without_an_error(watched):
    rules = watched.server.rules()
    assert {rule["name"] for rule in rules} == {one.name for one in ALERTS} | {one.record for one in RECORDINGS}
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_what_an_alert_watches_is_there(watched, alert):
    seen = watched.server.query(alert.watched)
    assert seen
    for labels, _ in seen:
        assert set(labels) == set(alert.labels)


def test_those_alerts_are_on_their_way_that_should_be(watched):
    states = {rule["name"]: rule for rule in watched.server.rules() if rule["type"] == "alerting"}
    active = {
        (name, one["labels"].get("pool")) for name, rule in states.items() for one in rule["alerts"]
    }  # none fires yet: each has to last for minutes
    assert active == {("ChippoolPoolDegraded", "npu"), ("ChippoolUnmanagedUse", "h20")}


def test_the_data_of_all_panels_can_be_kept_for_a_picture(watched, tmp_path):
    target = Path(os.environ.get(KEEP) or tmp_path / "panels.json")
    kept = [
        {
            "board": board.uid,
            "panel": panel.title,
            "series": [
                {"name": name_of(query, labels), "points": points}
                for query in panel.queries
                for labels, points in watched.series(panel, query)
            ],
        }
        for board, panel in PANELS
    ]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(kept))
    assert all(one["series"] for one in json.loads(target.read_text()))


def name_of(query, labels):
    return re.sub(r"{{(\w+)}}", lambda found: labels[found[1]], query.named)


def test_when_nobody_leads_any_more_the_alert_says_so(watched):
    """The last of this file: it ends the replicas."""
    alert = next(alert for alert in ALERTS if alert.name == "ChippoolNoLeader")
    assert watched.server.query(alert.expr) == []
    for operator in watched.cluster.operators:
        operator.stop()
    watched.cluster.eventually(lambda: watched.server.query(alert.expr), "nobody leads", within=20)
