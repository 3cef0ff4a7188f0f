"""Laws of the tree of queues: fair shrinking, the ledger's sums, rollback, and the order of asking."""

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.guarantee import Guarantees, shrink
from chippool.core.ids import CHIP, PoolName, QueueName
from chippool.core.quota import Ledger
from chippool.core.tree import Tree
from chippool.core.turns import Turns
from tests.core.build import a_queue, a_workload
from tests.laws.trees import POOLS, queues

NAMES = ("a", "b", "c", "d")
moves = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(POOLS), st.integers(1, 16)), max_size=12)


def a_ledger(tree, stock=40):
    grown, stocks = Tree({q.name: q for q in tree}), {PoolName(p): stock * CHIP for p in POOLS}
    return Ledger(grown, Guarantees(grown, stocks), stocks)


def booked(ledger, some):
    names = sorted(ledger.tree.paths)
    for i, pool, chips in some:
        ledger.take(names[i % len(names)], pool, chips * CHIP)


def sums(ledger):
    return [[ledger.used(i, p) for p in POOLS] for i in range(len(ledger.tree.branches))]


@given(st.dictionaries(st.integers(0, 20), st.integers(0, 50_000)), st.integers(0, 100_000))
def test_shrinking_gives_out_all_there_is_and_nobody_more_than_promised(wanted, has):
    given_ = shrink(wanted, has)
    unit = CHIP if all(wish % CHIP == 0 for wish in wanted.values()) else 1
    total = sum(wanted.values())
    assert sum(given_.values()) == (total if total <= has else has // unit * unit)
    assert all(0 <= given_[i] <= wanted[i] for i in wanted)


@given(st.dictionaries(st.integers(0, 20), st.integers(0, 50).map(lambda n: n * CHIP)), st.integers(0, 600))
def test_shrinking_takes_the_same_part_of_everybody_to_within_a_chip(wanted, has):
    total = sum(wanted.values())
    if total > has * CHIP:
        for i, given_ in shrink(wanted, has * CHIP).items():
            assert abs(given_ - wanted[i] * has * CHIP / total) < CHIP


@given(queues(), st.integers(0, 60))
def test_guarantees_fit_into_the_stock_and_into_their_parents(tree, stock):
    found = a_ledger(tree, stock)
    for pool in POOLS:
        roots = sum(found.guaranteed(i, pool) for i in found.tree.roots)
        assert roots <= stock * CHIP
        for i, branch in enumerate(found.tree.branches):
            if branch.children:
                assert sum(found.guaranteed(c, pool) for c in branch.children) <= found.guaranteed(i, pool)


@given(queues(), moves)
def test_a_queue_uses_what_its_children_use_together(tree, some):
    ledger = a_ledger(tree)
    booked(ledger, some)
    for i, branch in enumerate(ledger.tree.branches):
        for pool in POOLS:
            if branch.children:
                assert ledger.used(i, pool) == sum(ledger.used(c, pool) for c in branch.children)


@given(queues(), moves, moves)
def test_rollback_restores_every_sum(tree, before, after):
    ledger = a_ledger(tree)
    booked(ledger, before)
    was, start = sums(ledger), ledger.checkpoint()
    booked(ledger, after)
    ledger.rollback(start)
    assert sums(ledger) == was


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from([*NAMES, "nowhere", None]), min_size=1))
def test_any_parents_at_all_make_a_tree_and_whoever_hangs_on_nothing_is_told(parents):
    tree = Tree({QueueName(n): a_queue(n, parent=p) for n, p in parents.items()})
    for name, path in tree.paths.items():
        assert len(set(path)) == len(path)
        chain, seen = name, set()
        while chain in parents and chain not in seen:
            seen.add(chain)
            chain = parents[chain]
        assert (name in tree.broken) == (chain is not None)


@given(queues(), moves, st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12), st.data())
def test_at_every_level_the_one_with_the_smallest_share_is_asked_first(tree, some, waiting, data):
    ledger = a_ledger(tree)
    booked(ledger, some)
    names = sorted(ledger.tree.paths)
    left = [a_workload(f"w{i}", queue=names[q % len(names)], created=float(age)) for i, (q, age) in enumerate(waiting)]
    for asked in Turns(ledger, list(left)):
        assert asked is first(ledger, left)
        left.remove(asked)
        if data.draw(st.booleans()):
            pool, chips = data.draw(st.sampled_from(POOLS)), data.draw(st.integers(-4, 8))
            ledger.take(data.draw(st.sampled_from(names)), pool, chips * CHIP)
    assert not left


def first(ledger, waiting, places=None):
    """By brute force: descend to the child with the smallest share, the oldest and then the lowest uid among equals."""
    branches, paths = ledger.tree.branches, ledger.tree.paths
    if places is not None and len(places) == 0:
        return min(waiting, key=lambda w: (w.created, w.uid))
    best = None
    for i in ledger.tree.roots if places is None else places:
        below = [w for w in waiting if i in paths[w.queue]]
        if below:
            one = first(ledger, below, branches[i].children)
            entry = (ledger.share(i), one.created, one.uid)
            best = min(best, (entry, one), key=lambda e: e[0]) if best else (entry, one)
    return best[1]
