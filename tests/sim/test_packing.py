"""Arrivals onto nodes by hand-made lists small enough to be counted by hand."""

import pytest

from chippool.core.ids import CHIP
from chippool.core.placement import fill
from chippool.core.shelf import Shelf
from chippool.sim.openb import BadListError, arrivals, read_nodes, shuffled, stock_of
from chippool.sim.packing import Lists, Policy, pack, pack_all, packed
from chippool.sim.policies import BestFit, Fragmentation
from tests.sim.packing_build import a_node_list, a_pod_list

ALIKE = ("n1,16000,65536,2,T4", "n2,16000,65536,2,T4")


@pytest.fixture
def lists(tmp_path):
    def made(nodes, pods):
        return Lists.read(a_node_list(tmp_path / "nodes.csv", *nodes), a_pod_list(tmp_path / "pods.csv", *pods))

    return made


def test_a_pod_asks_for_no_more_than_a_gpu_of_each_and_for_none_of_none(lists):
    pods = ("c,1,1,0,500,,", "b,1,1,1,2000,,", "a,1,1,2,500,,", "d,1,1,1,460,T4|A10|T4,")
    asks = lists(ALIKE, pods).asks
    assert [ask.chips for ask in asks] == [2 * CHIP, CHIP, 0, 460]
    assert asks[3].constraints.affinity[0].labels[0].values == ("A10", "T4")


def test_arrivals_are_every_pod_once_and_then_more_until_1_3_times_the_stock(lists):
    found = lists(ALIKE, [f"p{i},1,1,1,{600 + i},," for i in range(4)])
    came = list(arrivals(found.asks, stock_of(found.nodes), 3))
    assert sorted(a.chips for a in came[:4]) == [600, 601, 602, 603]
    asked = sum(a.chips for a in came)
    assert asked - came[-1].chips <= 5200 < asked
    assert came == list(arrivals(found.asks, 4 * CHIP, 3)) != list(arrivals(found.asks, 4 * CHIP, 4))


@pytest.mark.parametrize("policy", list(Policy))
def test_halves_fill_everything_and_large_parts_leave_the_rest(lists, policy):
    assert pack(lists(ALIKE, [f"p{i},1,1,1,500,," for i in range(8)]), policy, 1) == 100
    six = lists(ALIKE, [f"p{i},1,1,1,800,," for i in range(5)])
    assert pack(six, policy, 1) == 80, "one of five finds every chip taken in part"


@pytest.mark.parametrize("policy", list(Policy))
def test_cpu_memory_and_models_are_hard(lists, policy):
    assert pack(lists(ALIKE, ["p1,9000,1,1,1000,,"] * 4), policy, 1) == pytest.approx(50)
    assert pack(lists(ALIKE, ["p1,1,40000,1,1000,,"] * 4), policy, 1) == pytest.approx(50)
    assert pack(lists((*ALIKE[:1], "n2,16000,65536,2,A10"), ["p1,1,1,1,1000,A10,"] * 4), policy, 1) == pytest.approx(50)


def test_best_fit_takes_the_node_that_keeps_least(lists):
    found = lists(("n1,16000,65536,4,T4", "n2,16000,65536,2,T4"), ["p1,1000,1,1,1000,,"])
    shelf = Shelf(found.nodes)
    shelf.judge = BestFit(found.nodes)
    assert [s.node for s in fill(shelf, found.asks[0], 1)] == [1]


def test_fragmentation_is_what_typical_pods_can_not_use(lists):
    """Pods of whole GPUs only: a part of a new chip makes its rest useless, a part of a broken one does not."""
    found = lists(("n1,16000,65536,2,T4", "n2,16000,65536,2,T4"), [*["p1,1000,1,1,1000,,"] * 19, "q,1000,1,1,300,,"])
    shelf, part = Shelf(found.nodes), found.asks[-1]
    shelf.take(1, part, 1, (0,))
    shelf.judge = Fragmentation(found.nodes, found.asks)
    assert fill(shelf, part, 1) == [(1, 1, (0,))]


def test_every_policy_and_seed_gives_the_same_again(lists):
    found = lists(ALIKE, [f"p{i},{1000 * (i % 4)},1,1,{200 + 170 * (i % 5)},," for i in range(12)])
    for policy in Policy:
        shares = dict(pack_all(found, policy, range(3), 1))
        assert shares == dict(pack_all(found, policy, range(3), 1))
        assert packed(policy, shares).mean == pytest.approx(sum(shares.values()) / 3)


def test_workers_find_what_one_finds(lists):
    found = lists(ALIKE, [f"p{i},1000,1,1,{200 + 170 * (i % 5)},," for i in range(12)])
    assert dict(pack_all(found, Policy.CHIPPOOL, range(2), 2)) == dict(pack_all(found, Policy.CHIPPOOL, range(2), 1))


def test_nodes_win_ties_in_an_order_of_the_seed(lists):
    nodes = lists([f"n{i},1,1,1,T4" for i in range(20)], ["p,1,1,1,1000,,"]).nodes
    assert shuffled(nodes, 1) == shuffled(nodes, 1) != shuffled(nodes, 2)
    assert sorted(n.name for n in shuffled(nodes, 1)) == sorted(n.name for n in nodes)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("n1,16000,65536,two,T4", "nodes.csv:2: gpu is 'two'; it must be a whole number, 0 or more."),
        ("n1,16000", "nodes.csv:2: column memory_mib is missing."),
    ],
)
def test_a_bad_list_is_told_by_line_and_column(tmp_path, row, sentence):
    with pytest.raises(BadListError, match=sentence.replace(".", r"\.")):
        read_nodes(a_node_list(tmp_path / "nodes.csv", row))
