"""Laws of chips that are shared, over the whole way from a pool and its nodes to the chips that pods are sent to."""

import random

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.ids import CHIP
from chippool.core.shares import overfull
from tests.state.shared import OURS, Site, a_node, a_pod, a_workload, allocated, device

SIZES = ("0.1", "0.25", "0.3", "0.5", "0.75", 1, 1, 2)


def what_is_on_each_chip(site):
    """By node and chip, from the annotations of the pods that are there; whoever put them there."""
    used = {}
    for raw in site.objects.values():
        if raw["kind"] != "Pod" or not raw["spec"].get("nodeName"):
            continue
        said, requests = raw["metadata"].get("annotations", {}), raw["spec"]["containers"][0]["resources"]["requests"]
        milli = int(requests["nvidia.com/gpucores"]) * 10
        for name in said[OURS].split(",") if OURS in said else [device(raw["spec"]["nodeName"], raw["chip"])]:
            used[name] = used.get(name, 0) + milli
    return used


def something_happens(site, dice, number):
    match dice.randrange(10):
        case 0 | 1 | 2 | 3:
            site.shows(a_workload(f"w{number}", dice.choice(SIZES), dice.choice((1, 1, 2, 3))))
        case 4 | 5:
            bound = [uid for uid, raw in site.objects.items() if raw["kind"] == "Pod" and raw["spec"].get("nodeName")]
            if bound:
                site.loses(dice.choice(sorted(bound)))
        case 6:
            names = [raw["metadata"]["name"] for raw in site.objects.values() if raw["kind"] == "ChipWorkload"]
            if names:
                ends(site, dice.choice(sorted(names)))
        case 7:
            others(site, dice, number)
        case 8:
            site.restart()
        case _:
            site.decide()


def ends(site, name):
    for uid in [raw["metadata"]["uid"] for raw in site.pods(name)]:
        site.loses(uid)
    for kind in ("Job", "ChipWorkload"):
        uid = f"{kind}-team-{name}".lower() if kind == "Job" else f"uid-team-{name}"
        if uid in site.objects:
            site.loses(uid)


def others(site, dice, number):
    """Somebody else's pod, put by HAMi where there is room on a chip."""
    used, percent = what_is_on_each_chip(site), dice.choice((10, 40))
    for node, chips in (("n1", 2), ("n2", 3)):
        for chip in range(chips):
            if used.get(device(node, chip), 0) + percent * 10 <= CHIP:
                said = allocated((device(node, chip), percent))
                site.shows(a_pod(f"other{number}", node=node, percent=percent, said=said) | {"chip": chip})
                return


@given(seed=st.integers(0, 1 << 32), count=st.integers(1, 40))
def test_no_chip_is_ever_given_twice_nor_filled_beyond_what_it_has(seed, count):
    dice = random.Random(seed)
    site = Site(a_node("n1", 2), a_node("n2", 3))
    for number in range(count):
        something_happens(site, dice, number)
        if dice.random() < 0.7:
            site.run()
        used = what_is_on_each_chip(site)
        assert all(milli <= CHIP for milli in used.values()), used
        for node in site.mirror.snapshot().nodes.values():
            assert not overfull(node.free, node.shares, node.room), node


@given(seed=st.integers(0, 1 << 32), count=st.integers(1, 30))
def test_whatever_happened_every_decision_gets_its_chips_and_the_next_operator_sees_the_same_ones(seed, count):
    dice = random.Random(seed)
    site = Site(a_node("n1", 2), a_node("n2", 3))
    for number in range(count):
        something_happens(site, dice, number)
        site.run()
    for _ in range(4):
        site.run()
    snapshot = site.mirror.snapshot()
    assert not any(w.reserved for w in snapshot.workloads.values())
    site.restart()
    after = site.mirror.snapshot()
    assert after.nodes == snapshot.nodes
    assert {key: (w.placed, w.seats) for key, w in after.workloads.items()} == {
        key: (w.placed, w.seats) for key, w in snapshot.workloads.items()
    }
