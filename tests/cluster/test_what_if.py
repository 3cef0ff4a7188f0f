"""`chippool what-if` says what then happens: six changes foretold, really made, and compared workload by workload."""

import json
from dataclasses import replace

import pytest
import yaml
from typer.testing import CliRunner

from chippool.cli.main import commands
from tests.cluster.cluster import ROOT
from tests.cluster.manifests import ASCEND, H20, H800, NPU, a_pool, a_variant, a_workload
from tools.plane.fleet import Fleet

pytestmark = pytest.mark.plane

LOST_AFTER = "2"
TOPOLOGY = ["rack"]
LISTED = {"displaced", "moves", "waits", "starts", "shrinks", "grows", "waitsForNodes"}


@pytest.fixture
def hurried(quiet):
    """An operator that gives a node up after two seconds, and pools that know their racks."""
    racked = {"topology": TOPOLOGY}
    quiet.apply(a_pool("h800", H800, **racked), a_pool("h20", H20, **racked), a_pool("npu", ASCEND, NPU, **racked))
    quiet.start_operator(None, None, "--lost-after", LOST_AFTER).wait_ready()
    return quiet


class Oracle:
    """What is foretold of a cluster's workloads, and how they really stand: (state, pool, replicas, missing)."""

    def __init__(self, cluster):
        self.cluster = cluster

    def asks(self, *words):
        kubeconfig = ("--kubeconfig", str(self.cluster.plane.kubeconfig), "-n", self.cluster.namespace)
        done = CliRunner().invoke(commands, ["what-if", *words, *kubeconfig, "-o", "json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def foretells(self, *words):
        """Stands of all who are concerned, added to how the others stand; and names by what becomes of them."""
        self.rests()
        before, said = self.stands(), self.asks(*words)
        assert said["atRest"]
        stands = before | {one["name"]: foretold(one["then"]) for one in said["workloads"]}
        fates = {fate: {o["name"] for o in said["workloads"] if o["fate"] == fate} for fate in LISTED}
        return before, stands, fates, said["nodes"]

    def rests(self):
        """Until nothing more would happen by itself."""

        def quiet():
            return all(one["now"]["state"] == one["then"]["state"] for one in self.asks()["workloads"])

        self.cluster.eventually(quiet, "the cluster is at rest", within=90)

    def stands(self):
        return {one["metadata"]["name"]: self._stand(one) for one in self.cluster.items("chipworkloads")}

    def _stand(self, workload):
        given = workload.get("status", {}).get("assignment")
        if given is None:
            return ("waits", None, None, 0)
        missing = given["replicas"] - len(self.cluster.running(workload["metadata"]["name"]))
        return ("waitsForNodes" if missing else "runs", given["pool"], given["replicas"], missing)

    def comes_true(self, foretold, what):
        before, stands, fates, _ = foretold
        try:
            self.cluster.eventually(lambda: self.stands() == stands, what, within=120)
        except AssertionError as error:
            raise AssertionError(f"{what}: foretold {stands}, is {self.stands()}\n{error}") from error
        self.rests()
        after = self.stands()
        assert after == stands
        runs = {"runs", "waitsForNodes"}
        was = {name: stand for name, stand in before.items() if stand[0] in runs}
        is_ = {name: stand for name, stand in after.items() if stand[0] in runs}
        assert fates["displaced"] == was.keys() - is_.keys()
        assert fates["moves"] == {name for name in was.keys() & is_.keys() if was[name][1] != is_[name][1]}
        assert fates["displaced"] | fates["waits"] == after.keys() - is_.keys()
        return fates


def foretold(then):
    if then["state"] == "waits":
        return ("waits", None, None, 0)
    return (then["state"], then["poolName"], then["replicas"], then.get("missing", 0))


def apply_all(cluster, *workloads):
    for one in workloads:
        cluster.apply(one)
        cluster.wait_true(one["metadata"]["name"], "Ready")


def test_what_is_foretold_of_six_changes_is_what_happens_when_they_are_made(hurried, tmp_path):
    cluster, oracle = hurried, Oracle(hurried)
    apply_all(
        cluster,
        a_workload("train", a_variant("h800"), a_variant("h20"), replicas=2),
        a_workload("search", cls="inference", mode="Service", replicas=2, minReplicas=2),
        a_workload("sweep", a_variant("h20"), cls="batch", replicas=2),
        a_workload("chat", a_variant("npu"), cls="inference", mode="Service", replicas=2),
        a_workload("crawl", a_variant("npu"), cls="batch", replicas=2, minReplicas=1),
    )
    cluster.eventually(lambda: oracle.stands()["crawl"][2] == 2, "crawl has grown")
    cluster.apply(a_workload("late", a_variant("h20"), cls="batch", replicas=3))
    cluster.wait_held("late", "ChipsShort")

    ads = a_workload("ads", cls="revenue", replicas=2)
    file = tmp_path / "ads.yaml"
    file.write_text(yaml.safe_dump(ads))
    said = oracle.foretells("--submit", str(file))
    cluster.apply(ads)
    fates = oracle.comes_true(said, "a workload is submitted")
    assert (fates["moves"], fates["displaced"]) == ({"train"}, set())

    said = oracle.foretells("--priority", "late=revenue")
    cluster.patch("chipworkload", "late", {"spec": {"priorityClassName": "revenue"}})
    fates = oracle.comes_true(said, "a class is changed")
    assert (fates["starts"], fates["displaced"]) == ({"late"}, {"train", "sweep"})

    said = oracle.foretells("--grow", "chat=1.5")
    cluster.patch("chipworkload", "chat", {"spec": {"replicas": 3}})
    fates = oracle.comes_true(said, "a service grows")
    assert (fates["grows"], fates["shrinks"]) == ({"chat"}, {"crawl"})

    rack = cluster.find("node", cluster.running("ads")[0]["spec"]["nodeName"])["metadata"]["labels"]["rack"]
    said = oracle.foretells("--lose-rack", rack)
    assert len(said[-1]["lost"]) == 2
    for node in said[-1]["lost"]:
        cluster.plane.fleet.fail(node)
    fates = oracle.comes_true(said, "a rack goes down")
    assert fates["displaced"] | fates["waitsForNodes"] == {"search"}

    said = oracle.foretells("--lose", "h20=50%")
    assert len(said[-1]["lost"]) == 2
    for node in said[-1]["lost"]:
        cluster.plane.fleet.remove(node)
    fates = oracle.comes_true(said, "nodes are taken away")
    assert fates["waitsForNodes"] >= {"late"}

    said = oracle.foretells("--add-chips", "h20=24")
    pool = next(one for one in Fleet.load(ROOT / "examples/fleets/small.yaml").pools if one.name == "h20")
    cluster.plane.fleet.add(replace(pool, names=("h20-101", "h20-102", "h20-103")))
    fates = oracle.comes_true(said, "nodes are added")
    assert fates["starts"] == {"train"}
