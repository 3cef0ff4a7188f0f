import pytest

from tools.replay import openb
from tools.replay.squeeze import arrivals, demand_peak, run_time, squeeze

NODE_ROWS = (
    ["sn,cpu_milli,memory_mib,gpu,model"] + [f"n{i},96000,393216,8,G2" for i in range(3)] + ["t0,8000,1024,2,T4"]
)
POD_HEAD = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time"
)
POD_ROWS = [
    POD_HEAD,
    "late,1000,2048,1,460,,LS,Running,50,950,50",
    "none,1000,2048,0,0,,LS,Running,10,20,10",
    "early,2000,4096,8,1000,,BE,Failed,10,20,10",
    "picky,500,512,1,1000,V100M16|T4|G2,Burstable,Running,99,100,",
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / openb.NODES).write_text("\n".join(NODE_ROWS) + "\n")
    (tmp_path / openb.PODS.format("default")).write_text("\n".join(POD_ROWS) + "\n")
    return tmp_path


def the_pods(folder):
    return {pod.name: pod for pod in openb.read_pods(folder, 10)}


def test_only_pods_that_ask_for_a_gpu_are_read_in_the_order_of_arrival(folder):
    assert list(the_pods(folder)) == ["early", "late", "picky"]


def test_every_other_node_makes_a_fleet_under_the_nodes_own_names(folder):
    fleet = openb.fleet(openb.read_nodes(folder, 2))
    assert [(pool.names, pool.chips, pool.cpu, pool.labels) for pool in fleet.pools] == [
        (("n0", "n2"), 8, "96000m", {openb.MODEL_LABEL: "G2"})
    ]


def test_each_model_gets_a_pool_and_each_class_a_queue(folder):
    made = list(openb.surroundings(openb.read_nodes(folder, 1)))
    names = [(o["kind"], o["metadata"]["name"]) for o in made]
    assert ("ChipPool", "openb-g2") in names
    assert ("ChipPool", "openb-t4") in names
    assert [name for kind, name in names if kind == "ChipQueue"] == list(openb.CLASSES)


def test_a_part_of_a_gpu_is_rounded_up_to_one_chip(folder):
    pod = the_pods(folder)["late"]
    assert pod.fractional
    variants = openb.workload(pod, 5.0, 1.0, ["G2", "T4"])["spec"]["variants"]
    assert [v["chipsPerReplica"] for v in variants] == [1, 1]


def test_a_list_of_models_becomes_one_variant_with_the_pools_there_are(folder):
    variants = openb.workload(the_pods(folder)["picky"], 5.0, 1.0, ["G2", "T4"])["spec"]["variants"]
    assert variants == [{"name": "asked", "poolNames": ["openb-t4", "openb-g2"], "chipsPerReplica": 1}]


def test_latency_and_batch_prefer_different_pools(folder):
    pods = the_pods(folder)
    first = {n: openb.workload(pods[n], 5.0, 1.0, ["G2", "T4"])["spec"]["variants"][0]["name"] for n in pods}
    assert (first["late"], first["early"]) == ("large", "small")


def test_the_quality_of_service_decides_the_class(folder):
    assert {name: pod.class_name for name, pod in the_pods(folder).items()} == {
        "early": "openb-batch",
        "late": "openb-latency",
        "picky": "openb-burstable",
    }


def test_arrivals_are_squeezed_until_demand_peaks_as_asked():
    created, lasted, chips = [0, 1e5, 2e5, 3e5], [1000] * 4, [2, 2, 2, 2]
    times = squeeze(created, lasted, chips, 4)
    assert demand_peak(times.arrivals, times.runs, chips) >= 4
    milder = arrivals(created, times.factor * 0.9)
    assert demand_peak(milder, times.runs, chips) < 4 or milder == times.arrivals


def test_more_than_all_together_can_not_be_asked_for_at_once():
    with pytest.raises(ValueError, match="replay more pods"):
        squeeze([0, 1], [1, 1], [1, 1], 3)


def test_longer_work_stays_longer_within_a_minute():
    assert 5 <= run_time(1) < run_time(100) < run_time(1e6) <= run_time(1e9) <= 60
