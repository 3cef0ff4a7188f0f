"""Requests, as kube-scheduler counts them."""

from chippool.state.amounts import pod_requests
from chippool.state.translate_pod import pod
from tests.state.build import GPU, a_container, a_pod

GIB = 1 << 30


def asked(*containers, init=(), **spec):
    return dict(pod_requests({"containers": list(containers), "initContainers": list(init), **spec}))


def cpu(amount, **more):
    return a_container(requests={"cpu": amount}, **more)


def test_requests_of_containers_add_up_in_millicores_and_whole_units():
    found = asked(cpu("500m"), a_container(requests={"cpu": "1.5", "memory": "1Gi"}), cpu("0.1m"))
    assert found == {"cpu": 2001, "memory": GIB, "pods": 1}


def test_a_limit_alone_is_a_request():
    found = asked(a_container(requests={"cpu": "1"}, limits={"cpu": "2", GPU: "4"}))
    assert found == {"cpu": 1000, GPU: 4, "pods": 1}


def test_init_containers_run_one_by_one():
    assert asked(cpu("1"), init=[cpu("3"), cpu("2")])["cpu"] == 3000
    assert asked(cpu("4"), init=[cpu("3"), cpu("2")])["cpu"] == 4000


def test_sidecars_stay_beside_what_starts_after_them_and_beside_the_containers():
    sidecar = cpu("1", restartPolicy="Always")
    assert asked(cpu("1"), init=[sidecar])["cpu"] == 2000
    assert asked(cpu("1"), init=[sidecar, cpu("3")])["cpu"] == 4000
    assert asked(cpu("1"), init=[cpu("3"), sidecar])["cpu"] == 3000
    assert asked(cpu("1"), init=[sidecar, cpu("1"), sidecar])["cpu"] == 3000


def test_overhead_is_added():
    assert asked(cpu("1"), overhead={"cpu": "250m", "memory": "128Mi"})["cpu"] == 1250


def test_pod_level_resources_stand_for_all_containers():
    assert asked(cpu("1"), resources={"requests": {"cpu": "4", GPU: "1"}}) == {"cpu": 4000, "pods": 1}
    assert asked(cpu("1"), resources={"limits": {"cpu": "8", "memory": "1Gi"}}) == {
        "cpu": 1000,
        "memory": GIB,
        "pods": 1,
    }


def test_a_pod_that_is_being_resized_holds_the_larger_amount():
    raw = a_pod(
        "p", "", node="n1", requests={"cpu": "1"}, conditions=[{"type": "PodResizeInProgress", "status": "True"}]
    )
    raw["status"]["containerStatuses"] = [{"name": "main", "state": {}, "resources": {"requests": {"cpu": "3"}}}]
    assert dict(pod(raw).requests)["cpu"] == 3000
