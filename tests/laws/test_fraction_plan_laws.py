"""Laws of whole plans where chips are shared, against a count of every chip by itself."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chippool.core.cycle import schedule
from chippool.core.ids import CHIP
from chippool.core.plan import Admit, Displace, Migrate
from chippool.core.worth import Mix
from tests.core.build import a_class, a_node, a_queue, a_snapshot, a_workload, an_ask

NOW = 100.0
SIZES = st.sampled_from([0.1, 0.25, 0.3, 0.5, 0.75, 1, 1, 2])


class Chips:
    """Nodes chip by chip: what fractions use of each, and how many are given away whole."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.parts = {name: Counter() for name in sizes}
        self.whole = Counter()

    def shift(self, workload, nodes, seats, sign):
        chips = workload.variants[0].ask.chips
        for place, node in enumerate(nodes):
            if chips < CHIP:
                self.parts[node][seats[place]] += sign * chips
            else:
                self.whole[node] += sign * chips // CHIP

    def fits(self):
        return all(
            all(0 <= used <= CHIP for used in parts.values())
            and self.whole[node] + sum(used > 0 for used in parts.values()) <= self.sizes[node]
            for node, parts in self.parts.items()
        )

    def seat(self, node, chips):
        """The first chip with room; None if there is none."""
        for chip in range(self.sizes[node]):
            if self.parts[node][chip] + chips <= CHIP and (
                self.parts[node][chip]
                or self.whole[node] + sum(u > 0 for u in self.parts[node].values()) < self.sizes[node]
            ):
                return chip
        return None


@st.composite
def clusters(draw):
    """Work that runs where there was room, and work that waits; and what arrivals have taught, or nothing."""
    sizes = {f"n{i}": draw(st.integers(1, 4)) for i in range(draw(st.integers(1, 3)))}
    chips, works = Chips(sizes), []
    for number in range(draw(st.integers(0, 10))):
        size, node = draw(SIZES), draw(st.sampled_from(sorted(sizes)))
        work = a_workload(f"r{number}", draw(st.sampled_from(["batch", "train"])), chips=size, on=[node])
        seat = chips.seat(node, round(size * CHIP)) if size < 1 else None
        trial = replace(work, seats=(seat,)) if size < 1 else work
        if size < 1 and seat is None:
            continue
        chips.shift(trial, [node], trial.seats, 1)
        if not chips.fits():
            chips.shift(trial, [node], trial.seats, -1)
            continue
        works.append(replace(trial, assignment=replace(trial.assignment, admitted_at=float(draw(st.integers(0, 9))))))
    for number in range(draw(st.integers(1, 6))):
        cls, size, replicas = draw(st.sampled_from(["ads", "train"])), draw(SIZES), draw(st.integers(1, 4))
        works.append(a_workload(f"w{number}", cls, chips=size, replicas=replicas, created=float(number)))
    mix = Mix()
    for size in draw(st.lists(SIZES, min_size=8, max_size=16)):
        mix.arrive(an_ask(size))
    worths = {"h800": mix.worth} if draw(st.booleans()) else {}
    nodes = [a_node(name, count) for name, count in sizes.items()]
    classes = [a_class(c) for c in ("ads", "train", "batch")]
    return chips, a_snapshot(nodes, works, queues=[a_queue()], classes=classes, worths=worths)


def carried_out(chips, snapshot, plan):
    """Victims leave, winners come."""
    for decision in plan.decisions:
        workload = snapshot.workloads[decision.workload]
        if isinstance(decision, Displace | Migrate):
            chips.shift(workload, workload.placed, workload.seats, -1)
    for decision in plan.decisions:
        if isinstance(decision, Admit | Migrate):
            chips.shift(snapshot.workloads[decision.workload], decision.nodes, decision.seats, 1)
    return chips


@given(clusters())
def test_a_plan_gives_no_chip_twice_and_fills_none_beyond_what_it_has(given_cluster):
    chips, snapshot = given_cluster
    plan = schedule(snapshot, NOW)
    assert carried_out(chips, snapshot, plan).fits()
    for decision in plan.decisions:
        if isinstance(decision, Admit):
            shared = snapshot.workloads[decision.workload].variants[0].ask.chips < CHIP
            assert len(decision.seats) == (len(decision.nodes) if shared else 0)


@given(clusters())
def test_the_same_input_gives_the_same_chips(given_cluster):
    _, snapshot = given_cluster
    backwards = replace(
        snapshot,
        nodes=dict(reversed(snapshot.nodes.items())),
        workloads=dict(reversed(snapshot.workloads.items())),
    )
    assert schedule(snapshot, NOW) == schedule(backwards, NOW)


@given(clusters())
def test_who_waits_for_a_share_would_not_fit_beside_anybody(given_cluster):
    """Only work of one replica: it fits where some chip has the room."""
    chips, snapshot = given_cluster
    plan = schedule(snapshot, NOW)
    after = carried_out(chips, snapshot, plan)
    if any(isinstance(d, Displace) for d in plan.decisions):
        return  # what a victim left may be more than its winner took, and is given out at the next decision
    admitted = {d.workload for d in plan.decisions if isinstance(d, Admit)}
    for workload in snapshot.workloads.values():
        variant = workload.variants[0]
        waits = workload.assignment is None and workload.key not in admitted
        if waits and variant.replicas == 1 and variant.ask.chips < CHIP:
            assert all(after.seat(node, variant.ask.chips) is None for node in after.sizes)
