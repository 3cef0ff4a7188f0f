"""The books of the ledger: exact sums whatever the order, and what a time without anybody to look leaves open."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.books import Books
from chippool.core.capacity import Purpose
from chippool.core.downtime import DAY_MS, Shown, days, resumed
from chippool.core.ledger import (
    CHIP_SECOND,
    NOTHING,
    OTHERS,
    PPM,
    Account,
    Day,
    Stint,
    Stock,
    Sums,
    at_risk,
    bounded,
    merged,
    merged_stock,
    plus,
    total,
)

T0 = 20_000 * DAY_MS + 12 * 3_600_000
S = 1000


def an_account(queue="q", cls="train", namespace="team", pool="h800", purpose=Purpose.TRAINING):
    return Account(queue, cls, namespace, pool, purpose)


def a_stint(bound, started=None, ended=None, *, chips=8, account=None, **more):
    moments = (None if at is None else T0 + at * S for at in (bound, started, ended))
    return Stint(account or an_account(), chips * 1000, *moments, **more)


def seconds(units):
    return units / CHIP_SECOND


def told(*stints, at, since=0):
    books = Books(T0 + since * S)
    for stint in stints:
        books.replace(None, stint)
    return books.sums(T0 + at * S).get(an_account(), NOTHING)


@pytest.mark.parametrize(
    ("stint", "starting", "running"),
    [
        (a_stint(0), 800, 0),
        (a_stint(0, 10), 80, 720),
        (a_stint(0, 10, 60), 80, 400),
        (a_stint(0, None, 60), 480, 0),
        (a_stint(-50, -20, 60), 0, 480),
        (a_stint(-50, 20), 160, 640),
        (a_stint(-50, -20, -10), 0, 0),
        (a_stint(30, 20, 60), 0, 240),
    ],
)
def test_chips_start_until_they_are_ready_and_run_until_they_end(stint, starting, running):
    sums = told(stint, at=100)
    assert (seconds(sums.starting), seconds(sums.running)) == (starting, running)


def test_what_must_be_done_again_is_lost_of_what_ran_once():
    ended = a_stint(0, 10, 60, lost=30 * S)
    assert seconds(told(ended, at=100).lost) == 240
    assert seconds(told(ended, at=100).useful) == 160
    assert told(ended, at=100, since=60).lost == 0


def test_work_is_at_risk_since_it_was_saved_and_no_longer_than_the_interval():
    assert at_risk(10 * S, None, 60 * S) == 50 * S
    assert at_risk(10 * S, 30 * S, 60 * S) == 30 * S
    assert at_risk(70 * S, 30 * S, 60 * S) == 0


def test_what_a_chip_is_worth_counts_from_when_it_is_worth_it():
    books, account = Books(T0), an_account()
    books.value("h800", Purpose.TRAINING, PPM // 2, T0)
    books.replace(None, a_stint(0, 0))
    books.value("h800", Purpose.TRAINING, 2 * PPM, T0 + 10 * S)
    books.value("h800", Purpose.SERVING, 9 * PPM, T0 + 10 * S)
    assert seconds(books.sums(T0 + 20 * S)[account].effective_running) == 8 * (5 + 20)


def test_of_many_accounts_the_smallest_go_together_and_nothing_is_lost():
    accounts = {an_account(namespace=f"n{n}", queue=f"q{n % 7}"): Sums(running=n) for n in range(100)}
    short = bounded(accounts, 20)
    assert len(short) <= 21
    assert total(short.values()) == total(accounts.values())
    assert an_account(namespace="n99", queue="q1") in short
    assert any(account.namespace == OTHERS for account in short)


def test_a_gap_is_told_by_days():
    parts = days(T0, T0 + DAY_MS)
    assert [(gap.first - T0, gap.last - T0) for gap in parts] == [(0, DAY_MS // 2), (DAY_MS // 2, DAY_MS)]
    assert len(days(T0, T0)) == 1


# laws

PODS = st.lists(
    st.tuples(
        st.integers(0, 1),  # whose
        st.integers(1, 4),  # chips
        st.integers(0, 40),  # bound
        st.integers(0, 20),  # until Ready
        st.integers(0, 40),  # until the end
        st.booleans(),  # displaced
    ),
    max_size=8,
)
END = 60
INSTALLED = 40


def lives(pods):
    """Each pod as it ends up, with what follows from how it ended."""
    found = []
    for whose, chips, bound, ready, runs, displaced in pods:
        stint = a_stint(bound, bound + ready, bound + ready + runs, chips=chips, account=an_account(f"q{whose}"))
        saved = replace(stint, saved=stint.started, interval=7 * S)
        found.append(replace(saved, lost=at_risk(saved.saved, saved.interval, saved.ended) if displaced else 0))
    return found


def as_of(stint, second):
    """What is known of it by then; None before it is bound."""
    now = T0 + second * S
    if stint.bound > now:
        return None
    known = replace(stint, lost=stint.lost if stint.ended <= now else 0)
    known = known if stint.ended <= now else replace(known, ended=None)
    return known if stint.started <= now else replace(known, started=None, saved=None)


def by_the_second(stints, first, last):
    """Starting, running and idle chip-seconds, counted one second after the other."""
    found = [0, 0, 0]
    for second in range(first, last):
        now = T0 + second * S
        held = [s for s in stints if s.bound <= now < s.ended]
        running = sum(s.chips for s in held if s.started <= now) // 1000
        starting = sum(s.chips for s in held) // 1000 - running
        found = [found[0] + starting, found[1] + running, found[2] + INSTALLED - starting - running]
    return found


@given(PODS, st.randoms(use_true_random=False))
def test_the_sums_are_those_of_every_second_in_whatever_order_and_batches_it_is_told(pods, chance):
    stints, books = lives(pods), Books(T0)
    books.stock("h800", Stock(INSTALLED * 1000, INSTALLED * 1000), T0)
    books.value("h800", Purpose.TRAINING, 3 * PPM, T0)
    known = dict.fromkeys(range(len(stints)))
    for _ in range(chance.randrange(12)):
        second = chance.randrange(END)
        for n in chance.sample(range(len(stints)), chance.randrange(len(stints) + 1)):
            if known[n] is None or known[n].ended is None:
                after = as_of(stints[n], second) or known[n]
                books.replace(known[n], after)
                known[n] = after
    for n, stint in enumerate(stints):
        books.replace(known[n], as_of(stint, END))
    sums, stock = books.sums(T0 + END * S), books.pools(T0 + END * S)["h800"]
    whole = total(sums.values())
    starting, running, idle = by_the_second(stints, 0, END)
    lost = sum(stint.lost * stint.chips for stint in stints if stint.ended <= T0 + END * S)
    assert (seconds(whole.starting), seconds(whole.running)) == (starting, running)
    assert (whole.lost, whole.effective_running) == (lost, 3 * whole.running)
    assert seconds(stock.idle(whole.held)) == idle
    assert whole.useful + whole.starting + whole.lost + stock.idle(whole.held) == stock.healthy
    assert whole.doubt == 0


@given(PODS, st.data())
def test_a_restart_at_any_moment_changes_nothing_beyond_the_doubt(pods, data):
    """Written at one moment, dead at a later one, back at a third; of the pods that ended, some are gone by then."""
    written = data.draw(st.integers(0, END - 1))
    back = data.draw(st.integers(written, END))
    offset = data.draw(st.sampled_from((0, DAY_MS // 2 - 30 * S)))  # the second crosses midnight
    stints = [moved(stint, offset) for stint in lives(pods)]
    start = T0 + offset
    books = Books(start)
    stock = {"h800": Stock(INSTALLED * 1000, INSTALLED * 1000)}
    books.stock("h800", stock["h800"], start)
    for stint in stints:
        books.replace(None, moved_as_of(stint, written, offset))
    u, now, end = (start + second * S for second in (written, back, END))
    day = Day(u // DAY_MS, start, u, books.sums(u), books.pools(u), books.held(u), books.counts())
    gone = [u < s.ended <= now and data.draw(st.booleans(), "is gone") for s in stints]
    there = [s for s, went in zip(stints, gone, strict=True) if s.bound <= now and not went]
    unseen = [s for s, went in zip(stints, gone, strict=True) if went and s.bound > u]
    shown = Shown(tuple(s for n in there if (s := moved_as_of(n, back, offset))), stock, {})
    parts = resumed(day, shown, now)
    last = parts[-1][1]
    for stint in there:
        last.replace(moved_as_of(stint, back, offset), moved_as_of(stint, END, offset))
    for stint in stints:
        if stint.bound > now:
            last.replace(None, moved_as_of(stint, END, offset))
    sums, pools = day.accounts, day.pools
    for gap, part in parts:
        at = end if part is last else gap.last
        sums, pools = merged(sums, part.sums(at)), merged_stock(pools, part.pools(at))
    truth = Books(start)
    for stint in stints:
        truth.replace(None, None if any(stint is one for one in unseen) else moved_as_of(stint, END, offset))
    for account, true in truth.sums(end).items():
        one = sums.get(account, NOTHING)
        assert abs(one.held - true.held) <= one.doubt
        assert 0 <= true.lost - one.lost <= one.lost_doubt
    missed = total(Sums(running=s.chips * (s.ended - s.bound)) for s in unseen).held
    assert missed <= pools["h800"].unseen + total(sums.values()).doubt
    assert pools["h800"].healthy == INSTALLED * 1000 * END * S
    if not any(gone):
        assert total(sums.values()) == total(truth.sums(end).values())


def moved(stint, offset):
    return replace(stint, bound=stint.bound + offset, started=stint.started + offset, ended=stint.ended + offset,
                   saved=stint.saved + offset)  # fmt: skip


def moved_as_of(stint, second, offset):
    found = as_of(moved(stint, -offset), second)
    if found is None:
        return None
    later = {name: at + offset for name in ("bound", "started", "ended", "saved") if (at := getattr(found, name))}
    return replace(found, **later)


def test_who_has_gone_meanwhile_is_booked_by_half_and_says_by_how_much_that_may_be_wrong():
    books = Books(T0)
    books.replace(None, a_stint(0, 0, saved=T0, interval=5 * S))
    u = T0 + 10 * S
    day = Day(T0 // DAY_MS, T0, u, books.sums(u), {}, books.held(u), {})
    ((_, after),) = resumed(day, Shown((), {}, {}), u + 20 * S)
    sums = after.sums(u + 100 * S)[an_account()]
    assert (seconds(sums.running), seconds(sums.doubt)) == (80, 80)
    assert seconds(sums.lost_doubt) == 8 * 25
    assert seconds(plus(day.accounts[an_account()], sums).running) == 160
