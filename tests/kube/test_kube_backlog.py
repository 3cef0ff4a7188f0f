from hypothesis import given
from hypothesis import strategies as st

from chippool.kube.backlog import Backlog, Urgency, Write


def a_write(key: str, urgency: Urgency = Urgency.DECISION, order: int = 0) -> Write:
    return Write((key,), "POST", "/x", {}, urgency, order)


def keys_in_order(backlog: Backlog, now: float = 0.0) -> list[str]:
    handed_out = []
    while (entry := backlog.urgent(now) or backlog.low(now)) is not None:
        backlog.start(entry)
        backlog.finish(entry)
        handed_out.append(entry.write.key[0])
    return handed_out


def a_backlog(*writes: Write) -> Backlog:
    backlog = Backlog()
    for write in writes:
        backlog.put(write, 0.0)
    return backlog


def test_urgency_goes_before_order_and_order_before_arrival():
    backlog = a_backlog(
        a_write("event", Urgency.EVENT),
        a_write("status", Urgency.STATUS),
        a_write("second", order=2),
        a_write("first", order=1),
        a_write("first too", order=1),
        a_write("pin", Urgency.PIN, order=9),
    )
    assert keys_in_order(backlog) == ["pin", "first", "first too", "second", "status", "event"]


def test_an_object_that_changes_all_the_time_keeps_its_place():
    backlog = a_backlog(a_write("busy", Urgency.STATUS), a_write("other", Urgency.STATUS))
    assert backlog.put(a_write("busy", Urgency.STATUS), 7.0) is not None
    assert backlog.oldest_low(7.0).since == 0.0
    assert keys_in_order(backlog) == ["busy", "other"]


def test_a_newer_write_waits_until_the_one_in_flight_has_landed():
    backlog = a_backlog(a_write("a"))
    first = backlog.urgent(0.0)
    backlog.start(first)
    backlog.put(a_write("a"), 0.0)
    assert backlog.urgent(0.0) is None
    backlog.finish(first)
    assert backlog.urgent(0.0) is not None


def test_a_write_put_back_comes_up_when_it_is_due():
    backlog = a_backlog(a_write("a"))
    entry = backlog.urgent(0.0)
    backlog.start(entry)
    assert backlog.retry(entry, 5.0)
    assert backlog.urgent(4.9) is None
    assert backlog.due() == 5.0
    assert backlog.urgent(5.0) is entry


def test_a_write_that_comes_after_a_failure_waits_as_long_as_the_failed_one():
    backlog = a_backlog(a_write("a"))
    entry = backlog.urgent(0.0)
    backlog.start(entry)
    backlog.put(a_write("a"), 0.0)
    assert not backlog.retry(entry, 5.0)
    assert backlog.urgent(4.9) is None
    assert backlog.urgent(5.0) is not None


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["put", "start", "finish", "retry"]), st.sampled_from("abc"), st.sampled_from(Urgency)),
    max_size=60,
)


@given(ACTIONS)
def test_nothing_is_lost_and_no_key_flies_twice(actions):
    backlog, flying, put, ended, now = Backlog(), [], 0, 0, 0.0
    for action, key, urgency in actions:
        now += 1.0
        match action:
            case "put":
                put += 1
                ended += backlog.put(a_write(key, urgency), now) is not None
            case "start":
                entry = backlog.urgent(now) or backlog.low(now)
                if entry is not None:
                    assert entry.write.key not in [other.write.key for other in flying]
                    backlog.start(entry)
                    flying.append(entry)
            case "finish" if flying:
                backlog.finish(flying.pop())
                ended += 1
            case "retry" if flying:
                ended += not backlog.retry(flying.pop(), now + 2)
    assert backlog.flying == len(flying)
    assert backlog.low_flying == sum(entry.write.urgency.low for entry in flying)
    for entry in flying:
        backlog.finish(entry)
    ended += len(flying) + len(keys_in_order(backlog, now + 99))
    assert ended == put
    assert sum(backlog.pending.values()) == 0
