"""Rule 6c on a real control plane: running work swaps places where the chips then do more, and the operator may die."""

from datetime import UTC, datetime

import pytest

from tests.cluster.audit import Audit
from tests.cluster.manifests import a_variant, a_workload
from tests.cluster.test_migration import assignment, pools_of, restart

pytestmark = pytest.mark.plane

NPU_IMAGE = {"spec": {"containers": [{"name": "main", "image": "registry.example/main-ascend:1"}]}}


def on_either(name, npu, replicas=4, **spec):
    """One that does `npu` on the domestic chip of what it does on H800."""
    ways = [a_variant("h800"), a_variant("npu", speed=npu, patch=NPU_IMAGE)]
    return a_workload(name, *ways, replicas=replicas, does={"end_after": "1s"}, **spec)


def says_that_it_saved(cluster, name):
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    pods, said = f"chippool.io/workload={name}", f"chippool.io/checkpointed-at={now}"
    cluster.plane.kubectl("annotate", "pods", "-n", cluster.namespace, "-l", pods, said)


def test_two_gangs_swap_pools_once_the_one_that_hardly_loses_has_saved_its_work(quiet):
    """Both pools are full; the operator is killed as soon as the swap has begun."""
    quiet.start_operator().wait_ready()
    quiet.apply(on_either("slightly", "0.95", disruption={"checkpointInterval": "1h"}))
    quiet.wait_true("slightly", "Ready")
    quiet.apply(on_either("greatly", "0.3"))
    quiet.wait_true("greatly", "Ready")
    assert (pools_of(quiet, "slightly"), pools_of(quiet, "greatly")) == (["h800"] * 4, ["ascend910b"] * 4)
    audit = Audit(quiet).from_now()

    quiet.pass_second()  # what is said in whole seconds would be said of the time before its admission
    says_that_it_saved(quiet, "slightly")
    quiet.eventually(lambda: quiet.condition("slightly", "Displaced").get("reason") == "Migrated", "the swap begins")
    restart(quiet)
    for name, pool, chip in (("slightly", "ascend910b", "npu"), ("greatly", "h800", "h800")):
        quiet.eventually(lambda n=name, p=pool: pools_of(quiet, n) == [p] * 4, f"{name} has moved", within=60)
        quiet.wait_true(name, "Ready", within=60)
        quiet.eventually(lambda n=name, c=chip: assignment(quiet, n).get("pool") == c, "its status says so")
    message = quiet.condition("greatly", "Displaced")["message"]
    assert message == "Goes on as variant h800 with 4 replica(s) in h800: all chips together do more so."
    assert audit.violations() == []


def test_a_gang_moves_up_once_the_better_chip_is_free_and_not_before_its_min_runtime(quiet):
    quiet.start_operator().wait_ready()
    quiet.apply(a_workload("first", cls="revenue", replicas=4))
    quiet.wait_true("first", "Ready")
    quiet.apply(on_either("hasty", "0.5", replicas=2), on_either("steady", "0.5", 2, disruption={"minRuntime": "1h"}))
    quiet.wait_true("hasty", "Ready")
    quiet.wait_true("steady", "Ready")
    assert pools_of(quiet, "hasty") == pools_of(quiet, "steady") == ["ascend910b"] * 2

    quiet.delete("chipworkload", "first")
    quiet.eventually(lambda: pools_of(quiet, "hasty") == ["h800"] * 2, "it moves up", within=60)
    quiet.wait_true("hasty", "Ready")
    assert pools_of(quiet, "steady") == ["ascend910b"] * 2
    assert assignment(quiet, "steady")["pool"] == "npu"
