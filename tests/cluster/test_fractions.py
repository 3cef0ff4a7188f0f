"""Shares of a chip on a real control plane, by HAMi's names: nodes count each of their four chips ten times.

The node l20-001 registers its devices as HAMi's plugin does, l20-002 does not.
"""

from collections import Counter

import pytest

from tests.cluster.manifests import a_pool, a_queue, a_variant, a_workload

pytestmark = pytest.mark.plane
FLEET = "shared.yaml"

SPLIT, CHIPS = 10, 4
OURS, CHOSEN = "chippool.io/chips", "nvidia.com/use-gpuuuid"
L20 = {"nvidia.com/gpu.product": "NVIDIA-L20"}


def device(number):
    return f"GPU-{number}"


@pytest.fixture(scope="module", autouse=True)
def shared(furnished):
    entries = (f"{device(n)},{SPLIT},46068,100,NVIDIA-L20,0,true,{n},hami-core:" for n in range(CHIPS))
    register = f"hami.io/node-nvidia-register={''.join(entries)}"
    furnished.plane.kubectl("annotate", "node", "l20-001", register)
    furnished.apply(
        a_pool("l20", L20, sharing={"type": "HAMi", "splitCount": SPLIT}), a_queue("tight", limits={"l20": 1})
    )


def a_share(chips, name="share"):
    return a_variant("l20", chips, name)


def seats(cluster, name):
    """Node and chips of each pod that runs."""
    return sorted((p["spec"]["nodeName"], p["metadata"]["annotations"][OURS]) for p in cluster.running(name))


def used(cluster):
    """Per cent of every chip that runs anything, from the pods alone."""
    found = Counter()
    for pod in cluster.items("pods"):
        chips = pod["metadata"].get("annotations", {}).get(OURS)
        if chips and pod["spec"].get("nodeName") and pod["status"]["phase"] not in {"Succeeded", "Failed"}:
            cores = int(pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpucores"])
            found.update({(pod["spec"]["nodeName"], chip): cores for chip in chips.split(",")})
    return found


def pool_chips(cluster):
    return (cluster.find("chippool", "l20").get("status") or {}).get("chips") or {}


def test_fractions_share_a_chip_and_whole_chips_are_others_through_a_restart(cluster):
    cluster.apply(a_workload("quarters", a_share("0.25"), mode="Service", cls="inference", replicas=3))
    cluster.wait_true("quarters", "Ready")
    (seat,) = set(seats(cluster, "quarters"))
    (pod, *_) = cluster.running("quarters")
    limits = pod["spec"]["containers"][0]["resources"]["limits"]
    assert limits == {"nvidia.com/gpu": "1", "nvidia.com/gpucores": "25", "nvidia.com/gpumem-percentage": "25"}
    assert pod["metadata"]["annotations"].get(CHOSEN, seat[1]) == seat[1]
    assert cluster.find("chipworkload", "quarters")["status"]["assignment"]["chips"] == "0.75"

    cluster.apply(a_workload("gang", a_share(1), replicas=7))
    cluster.wait_true("gang", "Ready")
    assert seat not in seats(cluster, "gang")
    assert len(set(seats(cluster, "gang"))) == 7
    cluster.eventually(lambda: pool_chips(cluster).get("free") == "0.25", "a quarter is left", within=30)

    for operator in cluster.operators:
        operator.kill()
    cluster.forget_lease()
    cluster.start_operator().wait_ready()
    cluster.apply(a_workload("fits", a_share("0.25")), a_workload("waits", a_share("0.3")))
    cluster.wait_true("fits", "Ready")
    assert seats(cluster, "fits") == [seat]
    assert "Asks for 1 x 0.3 chips of l20" in cluster.wait_held("waits", "ChipsShort")
    assert set(used(cluster).values()) == {100}
    assert len(used(cluster)) == 2 * CHIPS


def test_a_whole_chip_waits_while_every_chip_is_shared_and_displaces_those_of_one_chip_alone(cluster):
    shares = [a_workload(f"s{n}", a_share("0.6"), cls="batch") for n in range(2 * CHIPS)]
    cluster.apply(*shares)
    for share in shares:
        cluster.wait_true(share["metadata"]["name"], "Ready", within=60)
    assert len(used(cluster)) == 2 * CHIPS
    cluster.apply(a_workload("whole", a_share(1), cls="batch"))
    cluster.wait_held("whole", "ChipsShort")
    cluster.apply(a_workload("urgent", a_share(1), cls="revenue"))
    cluster.wait_true("urgent", "Ready", within=60)
    lost = [n for n in range(2 * CHIPS) if cluster.is_true(f"s{n}", "Displaced")]
    assert len(lost) == 1
    assert all(per_cent <= 100 for per_cent in used(cluster).values())


def test_many_of_all_sizes_never_overfill_a_chip(cluster):
    sizes = ["0.1", "0.3", "0.5", "0.25", "0.7", 1, "0.4", 2]
    named = [a_workload(f"w{n}", a_share(sizes[n % len(sizes)]), does={"run_for": f"{1 + n % 4}s"}) for n in range(40)]
    cluster.apply(*named)

    def all_done():
        assert all(per_cent <= 100 for per_cent in used(cluster).values())
        return all(cluster.is_true(one["metadata"]["name"], "Finished") for one in named)

    cluster.eventually(all_done, "all have run", within=240)


def test_a_limit_counts_shares(cluster):
    cluster.apply(*(a_workload(f"half{n}", a_share("0.5"), queue="tight") for n in range(2)))
    for n in range(2):
        cluster.wait_true(f"half{n}", "Ready")
    cluster.apply(a_workload("more", a_share("0.1"), queue="tight"))
    assert "at most 1 chips of l20" in cluster.wait_held("more", "QueueLimit")


def test_a_share_the_pool_does_not_have_is_said(cluster):
    cluster.apply(a_workload("tiny", a_share("0.01")))
    assert "has no share of 0.01 chips; ask for 0.1, 0.11, 0.12" in cluster.wait_held("tiny", "NotShared")
