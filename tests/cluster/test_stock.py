"""The stock on a real control plane, each through a restart of the operator: efficiency, a ban, a budget, demand."""

import json
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chippool.cli.main import commands
from chippool.core.demand import OTHERS, Ring
from chippool.state.history import data_of, name_of, ring_of
from tests.cluster.manifests import H20, a_pool, a_queue, a_variant, a_workload

pytestmark = pytest.mark.plane

CHIPPOOL = Path(sys.executable).with_name("chippool")
SERVING = 32 * 1850 / 2787.5  # four nodes of eight H800, each as fast at decoding as the catalogue says


def status(cluster, kind, name):
    return cluster.find(kind, name).get("status") or {}


def restart(cluster):
    """As a machine that loses power would, and another operator takes over at once."""
    cluster.operators[-1].kill()
    cluster.forget_lease()
    cluster.start_operator().wait_ready()


def of_status(cluster, purpose="Serving"):
    blocks = status(cluster, "chippool", "h800").get("effectiveChips") or []
    return next((float(one["chips"]) for one in blocks if one["purpose"] == purpose), 0.0)


def of_metric(cluster, purpose="Serving"):
    return cluster.operators[-1].metric("chippool_pool_effective_chips", pool="h800", purpose=purpose)


def forecast(cluster):
    """The outlook of pool h800, as a user asks for it."""
    return next(pool for pool in typed(cluster, "forecast")["pools"] if pool["name"] == "h800")


def typed(cluster, *words):
    """What a command says as JSON."""
    done = CliRunner().invoke(commands, [*words, "--kubeconfig", str(cluster.plane.kubeconfig), "-o", "json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


class Board:
    """The page's own source of news, as its browser hears it."""

    def __init__(self, address):
        self.address = address

    def pool(self):
        with urllib.request.urlopen(f"{self.address}live", timeout=10) as news:
            said = next(line for line in news if line.startswith(b"data: "))
        return next(one for one in json.loads(said.removeprefix(b"data: "))["pools"] if one["name"] == "h800")

    def effective(self, purpose="Serving"):
        return self.pool()["effectiveChips"].get(purpose, 0.0)


@pytest.fixture
def board(cluster):
    command = [CHIPPOOL, "board", "--kubeconfig", str(cluster.plane.kubeconfig)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        yield Board(served.stdout.readline().rpartition(" ")[2].strip())
        served.terminate()


def test_twice_the_efficiency_is_twice_the_chips_in_status_metric_forecast_and_board_at_once(cluster, board):
    cluster.patch("chippool", "h800", {"spec": {"chip": {"model": "H800-SXM5-80GB"}, "efficiency": {"serving": "1"}}})
    cluster.eventually(lambda: of_status(cluster) == pytest.approx(SERVING, rel=1e-3), "what they are worth")
    training = of_status(cluster, "Training")
    cluster.eventually(lambda: board.effective() == pytest.approx(SERVING, rel=1e-3), "the board says so", within=10)
    assert forecast(cluster)["effectiveChips"]["Serving"] == pytest.approx(SERVING, rel=1e-3)

    def twice_everywhere():
        assert of_status(cluster) == pytest.approx(2 * SERVING, rel=1e-3)
        assert of_metric(cluster) == pytest.approx(2 * SERVING)
        foretold = forecast(cluster)["effectiveChips"]
        assert foretold["Serving"] == pytest.approx(2 * SERVING, rel=1e-3)
        assert board.effective() == pytest.approx(2 * SERVING, rel=1e-3)
        told = [of_status(cluster, "Training"), foretold["Training"], board.effective("Training")]
        assert told == [pytest.approx(training, rel=1e-3)] * 3

    cluster.patch("chippool", "h800", {"spec": {"efficiency": {"serving": "2"}}})
    cluster.eventually(lambda: of_status(cluster) == pytest.approx(2 * SERVING, rel=1e-3), "twice that", within=5)
    cluster.eventually(lambda: board.effective() > 1.9 * SERVING, "on the board too", within=10)
    twice_everywhere()
    restart(cluster)
    twice_everywhere()


def measuring(pool, does):
    """Three pods of a family on one chip each, and what each of them says it does."""
    gang = a_workload(f"chat-{pool}", a_variant(pool, 1), cls="batch", replicas=3)
    return in_family(gang), f"chippool.io/throughput={does}"


def in_family(gang):
    gang["metadata"]["labels"] = {"chippool.io/family": "chat"}
    return gang


def measured(cluster):
    return status(cluster, "chippool", "h20").get("measured") or []


def test_what_pods_of_three_teams_measure_corrects_the_speeds_of_their_family(cluster):
    home, teams = cluster.namespace, []
    for at in range(3):
        cluster.new_namespace(f"team{at}")
        teams.append(cluster.namespace)
        unit = 10**at
        told = [measuring("h800", 100 * unit), measuring("h20", 50 * unit)]
        cluster.apply(*(gang for gang, _ in told))
        for gang, said in told:
            name = gang["metadata"]["name"]
            cluster.wait_true(name, "Ready")
            pods = ("-n", cluster.namespace, "-l", f"chippool.io/workload={name}")
            cluster.plane.kubectl("annotate", "pods", *pods, said)
    says = {"family": "chat", "poolName": "h800", "ratio": "0.5", "namespaces": 3, "outliers": 0}
    cluster.eventually(lambda: measured(cluster) == [says], "the pool says what was measured", within=20)

    cluster.namespace = home
    ways = [a_variant("h800", speed="1"), a_variant("h20", speed="0.9")]
    cluster.apply(in_family(a_workload("mine", *ways, suspend=True)))
    restart(cluster)
    assert measured(cluster) == [says]
    (moved,) = typed(cluster, "explain", "mine", "-n", cluster.namespace)["measured"]["variants"]
    assert (moved["variant"], moved["stated"]) == ("h20", 0.9)
    assert moved["measured"] == pytest.approx(0.5, abs=0.02)
    for cluster.namespace in teams:
        cluster.leave_namespace()
    cluster.namespace = home


def sold_and_own(cluster):
    """A pool that customers scavenge, with a customer's work in it."""
    access = [{"tenancy": "Internal"}, {"tenancy": "External", "use": "Scavenge"}]
    customers = a_queue("customers")
    customers["spec"]["tenancy"] = "External"
    cluster.apply(a_pool("h20", H20, access=access), customers)
    cluster.apply(a_workload("sold", a_variant("h20"), queue="customers", cls="batch", mode="Service"))
    cluster.apply(a_workload("own", a_variant("h20"), cls="batch", mode="Service"))
    cluster.wait_true("sold", "Ready")
    cluster.wait_true("own", "Ready")


def resale(cluster):
    return cluster.condition("h20", "ResaleEnded", "chippool").get("reason")


def test_a_ban_ends_what_customers_have_by_its_grace_date_and_a_rescission_undoes_it(cluster):
    sold_and_own(cluster)
    until = datetime.fromtimestamp(int(time.time()) + 25, UTC).isoformat().replace("+00:00", "Z")
    cluster.patch("chippool", "h20", {"spec": {"supply": {"owned": 40, "export": "Banned", "graceUntil": until}}})
    cluster.eventually(lambda: resale(cluster) == "ExportBanned", "the pool says so", within=5)
    assert status(cluster, "chippool", "h20")["supply"]["lost"] == 8
    cluster.apply(a_workload("late", a_variant("h20"), queue="customers", cls="batch"))
    assert "spec.supply.export is Banned" in cluster.wait_held("late", "ResaleEnded")
    assert cluster.is_true("sold", "Ready")

    restart(cluster)
    assert datetime.now(UTC) < datetime.fromisoformat(until), "not the run this test is about: the grace was over"
    cluster.eventually(lambda: cluster.is_true("sold", "Displaced"), "it gives back", within=40, about="sold")
    assert datetime.now(UTC) >= datetime.fromisoformat(until)
    assert cluster.condition("sold", "Displaced")["reason"] == "ResaleEnded"
    cluster.eventually(lambda: not cluster.running("sold"), "its pods are gone")
    assert len(cluster.running("own")) == 1

    cluster.patch("chippool", "h20", {"spec": {"supply": {"export": "Unrestricted"}}})
    cluster.wait_true("sold", "Ready")
    cluster.wait_true("late", "Ready")
    cluster.eventually(lambda: resale(cluster) == "Resold", "the pool says so", within=5)


def used(cluster):
    return float((status(cluster, "chipqueue", "poor").get("budget") or {}).get("usedChipHours", 0))


def test_past_its_budget_a_queue_scavenges_and_nothing_is_killed(cluster):
    poor = a_queue("poor")
    poor["spec"]["budget"] = {"chipHours": "0.2", "period": "Month"}  # 32 chips use it up in 22 s
    cluster.apply(poor, a_queue("rich"))
    cluster.apply(a_workload("spends", cls="revenue", queue="poor", replicas=4))
    cluster.wait_true("spends", "Ready")
    admitted = cluster.find("chipworkload", "spends")["status"]["assignment"]["admittedAt"]
    cluster.eventually(lambda: used(cluster) > 0, "what is used is told", within=15)
    restart(cluster)
    cluster.eventually(
        lambda: cluster.condition("poor", "OverBudget", "chipqueue").get("status") == "True", "it is spent", within=45
    )
    counted = status(cluster, "chipqueue", "poor")["budget"]["countedUntil"]
    held = datetime.fromisoformat(counted) - datetime.fromisoformat(admitted)
    assert used(cluster) == pytest.approx(32 * held.total_seconds() / 3600, rel=0.1)
    assert cluster.is_true("spends", "Ready"), "nothing is killed"
    spent = cluster.operators[-1].metric("chippool_queue_budget_used_chip_seconds", queue="poor")
    assert spent == pytest.approx(3600 * used(cluster), rel=0.1)

    cluster.apply(a_workload("cheap", cls="batch", queue="rich"))
    cluster.wait_true("cheap", "Ready")
    lost = cluster.condition("spends", "Displaced")
    assert (lost["status"], lost["reason"]) == ("True", "Scavenged")
    assert "spec.budget" in cluster.wait_held("spends", "ChipsShort")


SYSTEM = ("-n", "chippool-system")


def remembered(cluster):
    said = cluster.plane.kubectl("get", "configmap", name_of("h800"), *SYSTEM, "-o", "json", check=False).stdout
    return ring_of(json.loads(said)["data"]) if said else None


def runway(cluster):
    return status(cluster, "chippool", "h800").get("runway") or {}


def days(cluster, quantile="0.5"):
    return cluster.operators[-1].metric("chippool_pool_runway_days", pool="h800", quantile=quantile)


def same_everywhere(cluster, board):
    """The day on which the stock ends, as forecast, status, metric and board say it."""
    said, told = forecast(cluster), runway(cluster)
    cluster.eventually(lambda: board.pool()["runway"] == told, "the board says so", within=20)
    assert (told["until"], told["earliest"], told["message"]) == (
        said["lastsUntil"],
        said["earliest"],
        said["sentence"],
    )
    ends = datetime.now(UTC).date() + timedelta(days=days(cluster))
    assert str(ends) == told["until"]
    assert days(cluster, "0.1") <= days(cluster) <= days(cluster, "0.9")
    return said


def test_demand_is_remembered_through_restarts_and_says_how_long_the_stock_lasts(cluster, board):
    cluster.patch("chippool", "h800", {"spec": {"efficiency": None, "supply": {"owned": 32}}})
    cluster.eventually(lambda: remembered(cluster) is not None, "the operator remembers what is asked for")
    cluster.operators[-1].kill()
    hour = int(time.time() // 3600)
    means = tuple(10.0 + 0.2 * day for day in range(60))
    long_ago = Ring(hour - 30, {"training": (22.0,) * 24}, {"training": means, OTHERS: (0.0,) * 60})
    body = json.dumps({"data": data_of(long_ago, None)})
    cluster.plane.kubectl("patch", "configmap", name_of("h800"), *SYSTEM, "--type=merge", "-p", body)
    cluster.forget_lease()
    cluster.start_operator().wait_ready()
    cluster.eventually(lambda: remembered(cluster).hour >= hour, "it goes on from there")
    assert remembered(cluster).hourly["training"][-30:] == (None,) * 30
    assert remembered(cluster).daily["training"][:60] == means

    cluster.eventually(lambda: runway(cluster).get("until", "Unknown") != "Unknown", "its status says how long")
    once = same_everywhere(cluster, board)
    assert once["daysKnown"] >= 60
    assert once["stock"] == 32
    assert "(most of it training)" in once["sentence"]
    cluster.patch("chippool", "h800", {"spec": {"efficiency": {"training": "2", "serving": "2", "batch": "2"}}})
    cluster.eventually(lambda: runway(cluster)["until"] > once["lastsUntil"], "it lasts longer", within=5)
    twice = same_everywhere(cluster, board)
    assert twice["stock"] == 2 * once["stock"]
    assert twice["stockInAYear"] == pytest.approx(2 * once["stockInAYear"], abs=0.2)
    for purpose, chips in once["effectiveChips"].items():
        assert twice["effectiveChips"][purpose] == pytest.approx(2 * chips, abs=0.01)
    restart(cluster)
    cluster.eventually(lambda: days(cluster) > 0, "the next operator says so too")
    assert same_everywhere(cluster, board)["stock"] == twice["stock"]
    assert remembered(cluster).daily["training"][:60] == means
