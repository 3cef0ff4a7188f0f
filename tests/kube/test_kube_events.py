from datetime import UTC, datetime, timedelta, timezone

from chippool.kube.backlog import Urgency
from chippool.kube.events import NOTE_BYTES, Regarding, event

NOON = datetime(2026, 3, 1, 12, 0, 5, 123456, tzinfo=UTC)


def a_regarding(**changes) -> Regarding:
    told = {
        "api_version": "chippool.io/v1alpha1",
        "kind": "ChipWorkload",
        "namespace": "ads",
        "name": "train",
        "uid": "u1",
    }
    return Regarding(**(told | changes))


def an_event(regarding=None, reason="Admitted", note="on h800", now=NOON):
    return event(regarding or a_regarding(), reason, note, action="Admit", now=now, instance="chippool-0")


def test_an_event_says_what_the_api_server_wants_to_know():
    write = an_event()
    assert (write.method, write.path) == ("POST", "/apis/events.k8s.io/v1/namespaces/ads/events")
    assert write.urgency is Urgency.EVENT
    name = write.body["metadata"].pop("name")
    assert write.key == ("Event", "ads", name)
    assert write.body == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": "ads"},
        "eventTime": "2026-03-01T12:00:05.123456Z",
        "reportingController": "chippool.io/operator",
        "reportingInstance": "chippool-0",
        "type": "Normal",
        "reason": "Admitted",
        "action": "Admit",
        "note": "on h800",
        "regarding": {
            "apiVersion": "chippool.io/v1alpha1",
            "kind": "ChipWorkload",
            "namespace": "ads",
            "name": "train",
            "uid": "u1",
        },
    }


def test_the_same_said_twice_in_a_minute_is_the_same_event():
    assert an_event().key == an_event(now=NOON + timedelta(seconds=50)).key


def test_another_minute_note_reason_or_object_is_another_event():
    others = [
        an_event(now=NOON + timedelta(minutes=1)),
        an_event(note="on h20"),
        an_event(reason="Displaced"),
        an_event(a_regarding(uid="u2")),
    ]
    assert len({write.key for write in [an_event(), *others]}) == 5


def test_an_event_about_a_cluster_scoped_object_lives_in_default():
    write = an_event(a_regarding(namespace="", kind="ChipPool"))
    assert write.body["metadata"]["namespace"] == "default"
    assert "namespace" not in write.body["regarding"]


def test_a_long_note_in_any_script_is_cut_to_what_the_server_takes():
    note = an_event(note="芯片" * 400).body["note"]
    assert NOTE_BYTES - 3 <= len(note.encode()) <= NOTE_BYTES
    assert note.endswith("…")


def test_a_long_object_name_leaves_a_valid_event_name():
    name = an_event(a_regarding(name="a" * 199 + "." + "b" * 40)).body["metadata"]["name"]
    assert len(name) <= 253
    assert ".." not in name


def test_times_are_told_in_utc():
    shanghai = timezone(timedelta(hours=8))
    assert an_event(now=NOON.astimezone(shanghai)).body["eventTime"] == "2026-03-01T12:00:05.123456Z"


def test_who_displaced_it_is_the_related_object():
    write = event(
        a_regarding(),
        "Displaced",
        "by ads/bid",
        action="Displace",
        now=NOON,
        instance="i",
        related=a_regarding(name="bid"),
    )
    assert write.body["related"]["name"] == "bid"
