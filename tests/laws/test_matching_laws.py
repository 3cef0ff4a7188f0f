"""Choosing together: what holds for any workloads on any pools."""

import itertools
from collections import Counter
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from chippool.core.assignment import Effort, greedy, solve, worth
from chippool.core.ids import CHIP, PoolName
from chippool.core.matching import AGEING, RISE, ageing, choose_together, claims_in_order
from chippool.core.seating import Option, Problem, Row, seated
from tests.core.contenders import a_contender

POOLS = ("a", "b", "c")
EFFORTS = (Effort(), Effort(steps=0), Effort(steps=0, choices=0), Effort(nodes=1), Effort(0, 0, 0, 0))
speeds = st.sampled_from((0.01, 0.25, 0.5, 0.9, 1.0, 1.1, 3.0, 50.0))


@st.composite
def scenes(draw, sizes=(1, 2, 4), priorities=(0, 1, 2), most=9):
    """Contenders, and what is free beside what they hold."""
    size = st.sampled_from(sizes)
    contenders = []
    for i in range(draw(st.integers(1, most))):
        named = draw(st.dictionaries(st.sampled_from(POOLS), speeds, min_size=1))
        runs_on = draw(st.sampled_from((None, *named)))
        count, priority = draw(size), draw(st.sampled_from(priorities))
        claim = draw(st.floats(0, 20))
        contenders.append(a_contender(f"w{i}", priority, claim, runs_on, draw(st.booleans()), count, **named))
    free = {PoolName(pool): CHIP * draw(st.integers(0, 5)) for pool in POOLS}
    return contenders, free


@st.composite
def problems(draw, sizes=(1, 2, 3), most=5):
    """Rows whose seats fit the capacity."""
    rows = []
    for _ in range(draw(st.integers(1, most))):
        pools = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True))
        options = tuple(Option(p, draw(st.sampled_from(sizes)), draw(st.integers(1, 50))) for p in pools)
        rows.append(Row(options, draw(st.sampled_from((None, *range(len(options)))))))
    seated = Counter()
    for row in rows:
        if row.stays is not None:
            seated[row.options[row.stays].pool] += row.options[row.stays].chips
    return Problem(rows, tuple(seated[p] + draw(st.integers(0, 3)) for p in range(3)))


def fits(problem, taken):
    used = Counter()
    for row, k in zip(problem.rows, taken, strict=True):
        if k is None and row.stays is not None:
            return False
        if k is not None:
            used[row.options[k].pool] += row.options[k].chips
    return all(used[p] <= cap for p, cap in enumerate(problem.capacity))


def best_of_all(problem):
    ways = itertools.product(*((None, *range(len(row.options))) for row in problem.rows))
    return max(worth(problem, taken) for taken in ways if fits(problem, taken))


@given(problems(sizes=(1,)))
def test_one_size_is_solved_as_well_as_trying_everything(problem):
    answer = solve(problem, Effort())
    assert answer.exact
    assert fits(problem, answer.taken)
    assert worth(problem, answer.taken) == best_of_all(problem)


@given(problems())
def test_unlike_sizes_are_solved_as_well_as_trying_everything(problem):
    answer = solve(problem, Effort())
    assert answer.exact
    assert fits(problem, answer.taken)
    assert worth(problem, answer.taken) == best_of_all(problem)


@given(problems(most=12), st.sampled_from(EFFORTS))
def test_no_answer_is_worse_than_the_greedy_one(problem, effort):
    answer = solve(problem, effort)
    assert fits(problem, answer.taken)
    assert worth(problem, answer.taken) >= worth(problem, greedy(problem).taken)


@given(problems(most=8), st.data())
def test_nobody_is_seated_without_room_and_the_first_in_order_always_where_there_is_some(problem, data):
    claims = data.draw(st.permutations(range(1, len(problem.rows) + 1)))
    rows = [replace(row, claim=claim) for row, claim in zip(problem.rows, claims, strict=True)]
    found = seated(Problem(rows, problem.capacity))
    assert fits(problem, [row.stays for row in found.rows])
    first = next((row for row in sorted(rows, key=lambda row: -row.claim) if row.stays is None), None)
    if first and any(o.chips <= room(problem)[o.pool] for o in first.options):
        assert found.rows[rows.index(first)].stays is not None


def room(problem):
    left = list(problem.capacity)
    for row in problem.rows:
        if row.stays is not None:
            left[row.options[row.stays].pool] -= row.options[row.stays].chips
    return left


@given(problems(sizes=(1,), most=5), st.data())
def test_of_one_size_seats_in_order_serve_whom_claims_serve(problem, data):
    claims = data.draw(st.permutations(range(1, len(problem.rows) + 1)))
    rows = [replace(row, claim=1000 * claim) for row, claim in zip(problem.rows, claims, strict=True)]
    claimed = Problem(rows, problem.capacity)
    by_claim = [k is not None for k in solve(claimed, Effort()).taken]
    assert by_claim == [row.stays is not None for row in seated(claimed).rows]


@given(scenes(), st.sampled_from(EFFORTS))
def test_no_chip_is_given_twice_and_whoever_runs_keeps_a_place(scene, effort):
    contenders, free = scene
    matching = choose_together(contenders, free, effort)
    room = Counter(free)
    for c in contenders:
        if c.held is not None:
            assert c.key in matching.ways
            room[c.ways[c.held].pool] += c.ways[c.held].chips
    for c in contenders:
        if c.key in matching.ways:
            way = c.ways[matching.ways[c.key]]
            room[way.pool] -= way.chips
    assert min(room.values()) >= 0


@given(scenes(), st.sampled_from(EFFORTS), st.randoms(use_true_random=False))
def test_the_order_of_the_input_makes_no_difference(scene, effort, dice):
    contenders, free = scene
    shuffled, pools = list(contenders), list(free.items())
    dice.shuffle(shuffled)
    dice.shuffle(pools)
    assert choose_together(contenders, free, effort) == choose_together(shuffled, dict(pools), effort)


@given(scenes(priorities=(0,)))
def test_running_work_moves_only_where_the_sum_of_those_who_move_rises_by_5_percent(scene):
    contenders = [replace(c, settled=True) for c in scene[0] if c.held is not None]
    matching = choose_together(contenders, scene[1])
    movers = [c for c in contenders if matching.ways[c.key] != c.held]
    before = sum(c.ways[c.held].speed for c in movers)
    after = sum(c.ways[matching.ways[c.key]].speed for c in movers)
    assert after >= RISE * before - 1e-4


@given(scenes(priorities=(0,)))
def test_once_traded_nobody_trades_again(scene):
    """Else two plans would push workloads to and fro; what was not tried the first time may be found the second."""
    contenders, free = scene
    first = choose_together(contenders, free)
    assume(first.exact)
    left = Counter(free)
    for c in contenders:
        for k, sign in ((c.held, 1), (first.ways.get(c.key), -1)):
            if k is not None:
                left[c.ways[k].pool] += sign * c.ways[k].chips
    settled = [replace(c, held=first.ways.get(c.key), settled=True) for c in contenders]
    assert choose_together(settled, left).ways == first.ways


@given(scenes(priorities=(0, 1)))
def test_lower_priorities_that_wait_change_nothing_for_the_highest(scene):
    contenders, free = scene
    top = max(c.priority for c in contenders)
    without = [c for c in contenders if c.priority == top or c.held is not None]
    with_all, alone = (choose_together(group, free).ways for group in (contenders, without))
    highest = [c.key for c in contenders if c.priority == top]
    assert [with_all.get(key) for key in highest] == [alone.get(key) for key in highest]


@given(scenes(sizes=(1,), priorities=(0,), most=6), st.randoms(use_true_random=False))
def test_claims_in_order_serve_the_first_whoever_else_there_is(scene, dice):
    """A prefix of the order is served as if those after it weren't there."""
    contenders, free = scene
    waiting = [c.key for c in contenders if c.held is None]
    dice.shuffle(waiting)
    claims = claims_in_order(waiting, len(POOLS))
    contenders = [replace(c, claim=claims.get(c.key, 0.0)) for c in contenders]
    served = set(choose_together(contenders, free).ways)
    for end in range(len(waiting)):
        later = set(waiting[end:])
        prefix = [c for c in contenders if c.key not in later]
        assert set(choose_together(prefix, free).ways) == served - later


@given(st.dictionaries(st.sampled_from(POOLS), speeds, min_size=1), st.integers(1, 8))
def test_whoever_has_waited_long_enough_is_served_beside_any_number_of_newcomers(named, newcomers):
    """Newcomers at their best speed for each chip there is."""
    old = a_contender("old", claim=ageing(AGEING), **named)
    new = [a_contender(f"new{i}", **{pool: 1.0}) for pool in POOLS for i in range(newcomers)]
    assert old.key in choose_together([old, *new], {PoolName(p): CHIP for p in POOLS}).ways


@given(scenes(sizes=(1,), priorities=(0,), most=7), st.sampled_from(POOLS))
def test_a_price_is_what_one_more_chip_adds(scene, pool):
    contenders, free = scene
    contenders = [replace(c, claim=0.0, settled=False) for c in contenders]

    def total(there):
        ways = choose_together(contenders, there).ways
        return sum(c.ways[ways[c.key]].speed for c in contenders if c.key in ways)

    price = choose_together(contenders, free).prices[pool]
    more = total(free | {pool: free[pool] + CHIP}) - total(free)
    assert abs(price - more) < 2e-4
