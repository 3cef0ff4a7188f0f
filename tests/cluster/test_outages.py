"""The API server away, hanging, or out of reach: the operator stays, loses nothing, and believes in no ghost."""

import time

import pytest

from tests.cluster.audit import Audit
from tests.cluster.manifests import a_variant, a_workload
from tests.cluster.outage import OUTAGE_S
from tests.cluster.proxy import Proxy
from tests.cluster.recount import wait_no_ghost

pytestmark = pytest.mark.plane

AFTER_S = 150.0
"""The control plane's own processes come back at their leisure: more than a minute after an outage of one."""


def test_etcd_and_the_api_server_are_killed_and_nothing_is_lost(quiet):
    operator = a_leader(quiet)
    audit = Audit(quiet)
    furnish_with_work(quiet)
    stays = uids(quiet, "stays")
    quiet.plane.kill("kube-apiserver")
    quiet.plane.kill("etcd")
    last_out(quiet, operator)
    assert "does not answer" in operator.get("/readyz")[1]
    quiet.plane.restart("etcd")
    quiet.plane.restart("kube-apiserver")
    quiet.delete("chipworkload", "goes")
    quiet.apply(a_workload("comes", a_variant("h20", 8)))
    quiet.wait_true("waits", "Ready", within=AFTER_S)
    quiet.wait_true("comes", "Ready", within=AFTER_S)
    assert_as_before(quiet, operator, stays)
    made = audit.jobs_made(quiet.namespace)
    assert made == dict.fromkeys(("stays", "goes", "waits", "comes"), 1)
    assert set(audit.runs(quiet.namespace).values()) == {1}


def test_the_api_server_hangs_in_the_middle_of_admissions(quiet):
    operator = a_leader(quiet)
    audit = Audit(quiet).from_now()
    burst = [a_workload(f"w-{n}", a_variant("h800", 1), a_variant("h20", 1)) for n in range(40)]
    before = audit.end()
    quiet.apply(*burst)
    audit.wait_writes(operator.identity, 30, after=before)
    quiet.plane.stop_signal("kube-apiserver")
    last_out(quiet, operator)
    quiet.plane.cont("kube-apiserver")
    for workload in burst:
        quiet.wait_true(workload["metadata"]["name"], "Ready", within=AFTER_S)
    assert_as_before(quiet, operator, set())
    assert audit.jobs_made(quiet.namespace) == {f"w-{n}": 1 for n in range(40)}
    assert set(audit.runs(quiet.namespace).values()) == {1}
    assert audit.violations() == []


def test_what_goes_while_the_watches_are_cut_leaves_no_ghost(quiet, tmp_path):
    proxy = Proxy(quiet.plane.ports["kube-apiserver"])
    operator = a_leader(quiet, proxy.kubeconfig(quiet.operator_kubeconfig, tmp_path))
    furnish_with_work(quiet)
    stays = uids(quiet, "stays")
    proxy.cut()
    quiet.delete("chipworkload", "goes")
    quiet.eventually(lambda: not uids(quiet, "goes"), "its pods are gone")
    quiet.plane.restart("kube-apiserver")  # and with it what it remembered of the past
    quiet.apply(a_workload("comes", a_variant("h20", 8)))
    last_out(quiet, operator)
    proxy.mend()
    quiet.wait_true("waits", "Ready", within=AFTER_S)
    quiet.wait_true("comes", "Ready", within=AFTER_S)
    assert_as_before(quiet, operator, stays)
    proxy.close()


def a_leader(cluster, kubeconfig=None):
    operator = cluster.start_operator(kubeconfig=kubeconfig)
    operator.wait_ready()
    cluster.eventually(lambda: operator.leads, "it leads")
    return operator


def furnish_with_work(cluster):
    """All H800s are taken; who waits can have what `goes` has."""
    cluster.apply(a_workload("stays", replicas=2), a_workload("goes", replicas=2))
    for name in ("stays", "goes"):
        cluster.wait_true(name, "Ready")
    cluster.apply(a_workload("waits", replicas=2))
    cluster.wait_held("waits", "ChipsShort")


def last_out(cluster, operator):
    """Wait until the outage is over; the operator lives, says so all the time, and leads no longer in the end."""
    since, pid = time.monotonic(), operator.pid

    def over():
        assert (operator.get("/healthz")[0], operator.running, operator.pid) == (200, True, pid)
        return time.monotonic() - since >= OUTAGE_S

    cluster.eventually(over, "the outage is over", within=OUTAGE_S + 5)
    assert not operator.leads


def assert_as_before(cluster, operator, pods):
    """The same process leads again, the pods that ran run on, and it believes what is."""
    cluster.eventually(lambda: operator.leads and operator.get("/readyz")[0] == 200, "it leads and is ready")
    assert {pod["metadata"]["uid"] for pod in cluster.items("pods") if pod["status"]["phase"] == "Running"} >= pods
    wait_no_ghost(cluster, operator, within=AFTER_S)


def uids(cluster, name):
    return {pod["metadata"]["uid"] for pod in cluster.items("pods", "-l", f"chippool.io/workload={name}")}
