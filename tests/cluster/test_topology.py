"""Racks on a real control plane: who has to stay in one does, ranks follow them, a restart changes nothing."""

import pytest

from tests.cluster.manifests import H800, a_pool, a_variant, a_workload

pytestmark = pytest.mark.plane

LEVELS = ["topology.kubernetes.io/zone", "rack"]
IN_A_RACK = {"within": "rack", "required": True}


@pytest.fixture(scope="module")
def furnished(furnished):
    """Four nodes of eight chips in two racks."""
    furnished.apply(a_pool("h800", H800, topology=LEVELS))
    return furnished


@pytest.fixture
def racks(furnished):
    nodes = furnished.items("nodes", "-l", "nvidia.com/gpu.product=NVIDIA-H800")
    return {n["metadata"]["name"]: n["metadata"]["labels"]["rack"] for n in nodes}


def where(cluster, name, racks):
    """Racks in the order of ranks."""
    pods = cluster.running(name)
    rank = {p["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"]: p["spec"]["nodeName"] for p in pods}
    return [racks[node] for _, node in sorted(rank.items())]


def a_gang(name, replicas=2, chips=8, rack=None, **more):
    """`rack` is where its template says it must be: that is how a scene is set."""
    pod = {"nodeSelector": {"rack": rack}} if rack else None
    return a_workload(name, a_variant(chips=chips), replicas=replicas, pod=pod, **more)


def apply_all(cluster, *gangs):
    cluster.apply(*gangs)
    for gang in gangs:
        cluster.wait_true(gang["metadata"]["name"], "Ready")


def test_a_gang_stays_in_one_rack(cluster, racks):
    one, other = sorted(set(racks.values()))
    apply_all(cluster, a_gang("busy", 1, rack=one))
    apply_all(cluster, a_gang("gang", topology=IN_A_RACK))
    assert where(cluster, "gang", racks) == [other, other]


def test_ranks_follow_the_racks(cluster, racks):
    apply_all(cluster, a_gang("all", 4))
    found = where(cluster, "all", racks)
    assert found == sorted(racks.values())


def test_what_is_free_in_two_racks_does_not_do_where_one_is_required_and_is_taken_where_it_is_a_wish(cluster, racks):
    one, other = sorted(set(racks.values()))
    apply_all(cluster, a_gang("x", 1, rack=one, cls="revenue"), a_gang("y", 1, rack=other, cls="revenue"))
    cluster.apply(a_gang("gang", topology=IN_A_RACK))
    message = cluster.wait_held("gang", "DomainShort")
    assert message.startswith("Asks for 2 x 8 chips of h800 in one rack: that many are free, but not there, and ")
    apply_all(cluster, a_gang("wishes", topology={"within": "rack"}))
    assert where(cluster, "wishes", racks) == [one, other]


def test_displacement_opens_one_rack_and_leaves_the_other_alone(cluster, racks):
    one, other = sorted(set(racks.values()))
    apply_all(cluster, a_gang("low", 1, rack=one, cls="batch"), a_gang("stays", 1, rack=one, cls="revenue"))
    apply_all(cluster, a_gang("goes", 1, rack=other, cls="batch"))
    apply_all(cluster, a_gang("gang", topology=IN_A_RACK))
    assert where(cluster, "gang", racks) == [other, other]
    assert cluster.condition("goes", "Displaced")["reason"] == "Preempted"
    assert len(cluster.running("low")) == 1


def test_a_level_the_pool_does_not_have_is_told_with_the_remedy(cluster):
    cluster.apply(a_gang("lost", topology={"within": "row", "required": True}))
    message = cluster.wait_held("lost", "UnknownLevel")
    assert "ChipPool h800 has no level row (its spec.topology has topology.kubernetes.io/zone, rack)" in message


def test_a_replica_made_anew_joins_the_others_in_their_rack_through_the_end_of_the_operator(quiet, racks):
    """The other rack is empty, and its nodes would do as well."""
    operator = quiet.start_operator()
    apply_all(quiet, a_gang("gang", 3, 4, topology=IN_A_RACK))
    (home,) = set(where(quiet, "gang", racks))
    operator.kill()
    quiet.forget_lease()
    gone = quiet.running("gang")[0]["metadata"]
    quiet.delete("pod", gone["name"])
    quiet.start_operator()
    quiet.eventually(lambda: len(where(quiet, "gang", racks)) == 3, "it is whole", within=60, about="gang")
    assert set(where(quiet, "gang", racks)) == {home}
    assert gone["uid"] not in {p["metadata"]["uid"] for p in quiet.running("gang")}
