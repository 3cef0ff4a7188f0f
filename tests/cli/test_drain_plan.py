"""What leaves a node now, and why the rest stays: decided as the operator would decide it."""

import pytest

from chippool.cli.drain_plan import Resident, next_steps, told
from tests.cli.clusters import running, running_ads, stock
from tests.state.build import NOW, Cluster, a_deployment, a_pod, a_workload, an_assignment, key


def residents(name, *numbers, ending=()):
    return [Resident(key(name), f"{name}-{i}", f"uid-{name}-{i}", i in ending) for i in numbers]


def steps(cluster, *here, patient=True, node="n1"):
    return next_steps(cluster.mirror.look(), NOW, node, [pod for some in here for pod in some], patient=patient)


def names(found):
    return [pod.name for pod in found.evict]


def a_service(name, nodes, ready=True):
    count = len(nodes)
    spec = {"uid": f"uid-team-{name}", "mode": "Service"}
    pods = (
        a_pod(f"{name}-{i}", name, node=node, phase="Running", ready=ready, chips=2, job=f"deployment-team-{name}")
        for i, node in enumerate(nodes)
    )
    way = [{"name": "h800", "poolNames": ["h800"], "chipsPerReplica": 2}]
    return (
        a_workload(name, count, variants=way, **spec),
        a_deployment(name, an_assignment(count), replicas=count),
        *pods,
    )


def test_a_gang_goes_as_soon_as_there_is_room_for_all_it_has_there():
    gang = running("gang", ["n1", "n1"], variants=[{"name": "h800", "poolNames": ["h800"], "chipsPerReplica": 4}])
    found = steps(Cluster(*stock(nodes=2), *gang), residents("gang", 0, 1))
    assert (names(found), found.stays) == (["gang-0", "gang-1"], {})


def test_without_room_elsewhere_it_stays_and_says_why():
    cluster = Cluster(*stock(nodes=2), *running("gang", ["n1"]), *running_ads("rank", ["n2"]))
    found = steps(cluster, residents("gang", 0))
    assert names(found) == []
    (line,) = told(found.stays)
    assert line.startswith("team/gang stays for now: there is no room elsewhere: ")
    assert names(steps(cluster, residents("gang", 0), patient=False)) == ["gang-0"]


def test_nobody_is_displaced_for_a_drain():
    ads = running("rank", ["n1"], namespace="ads", queueName="ads", priorityClassName="ads")
    cluster = Cluster(*stock(nodes=2), *ads, *running("gang", ["n2"]))
    found = steps(cluster, [Resident(key("rank", "ads"), "rank-0", "u", ending=False)])
    assert found.stays == {key("rank", "ads"): "others would have to make room elsewhere"}


def test_a_service_moves_one_replica_at_a_time_and_only_while_all_are_ready():
    found = steps(Cluster(*stock(nodes=2), *a_service("web", ["n1", "n1"])), residents("web", 0, 1))
    assert names(found) == ["web-0"]
    unready = steps(Cluster(*stock(nodes=2), *a_service("web", ["n1", "n1"], ready=False)), residents("web", 0, 1))
    assert unready.stays == {key("web"): "0 of its 2 replicas are Ready; one moves when all are"}


@pytest.mark.parametrize(
    ("here", "why"),
    [
        (residents("gang", 0, ending={0}), "1 of its pods here is ending"),
        (residents("gone", 0), "it no longer has its chips, and its pods are about to end"),
        ([Resident(key("pod:mine"), "mine", "u", False, alone=True)], "nobody would make it anew"),
    ],
)
def test_what_can_not_be_hurried_is_waited_for(here, why):
    found = steps(Cluster(*stock(nodes=2), *running("gang", ["n1"])), here, patient=False)
    assert names(found) == []
    assert why in told(found.stays)[0]
