import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.control import publish
from chippool.control.status import status_of
from chippool.core.ids import WorkloadKey
from chippool.core.model import Outcome
from chippool.core.plan import Admit, Displace, Finish, Hold, Keep, Place
from chippool.core.reasons import MISTAKES, Reason
from chippool.kube.writer import Urgency
from chippool.state.past import past
from tests.control.build import (
    H800,
    KEY,
    NOW,
    a_cluster,
    a_displacement,
    a_job,
    a_record,
    a_spec,
    an_assignment,
)

KEEP = Keep(KEY, Reason.ADMITTED, "")
SHORT = Hold(KEY, Reason.CHIPS_SHORT, "Pool nvidia-h800 has too few free chips.")
ADMIT = Admit(KEY, "h800", H800, 8000, ("n1",), False, "")


def tell(cluster, decision, now=NOW):
    return publish.tell(KEY, decision, cluster, now, "operator-0")


def told(cluster, decision, now=NOW):
    """The conditions, by type, after one look."""
    status = status_of(cluster.workload(KEY), cluster.view(KEY), cluster.made(KEY), decision, now)
    return {condition["type"]: condition for condition in status["conditions"]}


def land(cluster, writes):
    """What the API server makes of the status writes; answers the reasons of the events."""
    record = cluster.records[KEY]
    status = json.loads(record.status)
    for write in (write for write in writes if write.path.endswith("/status")):
        assert write.body["metadata"] == {"uid": record.uid, "resourceVersion": record.version}
        status = {key: value for key, value in {**status, **write.body["status"]}.items() if value is not None}
    cluster.records[KEY] = replace(record, status=json.dumps(status).encode())
    return [write.body["reason"] for write in writes if write.urgency is Urgency.EVENT]


def turn(cluster, decision, made=None, now=NOW, **seen):
    """The cluster moves on, and its users are told."""
    cluster.views[KEY] = replace(cluster.records[KEY].view, **seen)
    cluster.objects = {} if made is None else {KEY: made}
    return land(cluster, tell(cluster, decision, now))


def running(record=None, **seen):
    record = record or a_record()
    made = a_job(record, assignment=an_assignment())
    return a_cluster(record, made, **{"assignment": an_assignment(), "placed": ("n1",), **seen})


def test_a_workload_that_waits_says_why_in_its_own_words():
    conditions = told(a_cluster(a_record()), SHORT)
    assert conditions["Admitted"]["status"] == "False"
    assert conditions["Admitted"]["reason"] == "ChipsShort"
    assert conditions["Admitted"]["message"] == SHORT.message
    assert conditions["Ready"]["reason"] == "NotAdmitted"
    assert "Finished" not in conditions


def test_an_admission_is_told_once_its_object_is_to_be_seen():
    cluster = a_cluster(a_record(), assignment=an_assignment(), reserved=("n1",))
    assert tell(cluster, ADMIT) == []
    cluster.objects[KEY] = a_job(cluster.records[KEY], assignment=an_assignment())
    status, event = tell(cluster, KEEP)
    assert status.body["status"]["assignment"] == {
        "variant": "h800",
        "pool": H800,
        "replicas": 1,
        "chips": 8,
        "nodes": 1,
        "admittedAt": "2027-01-15T08:00:00Z",
    }
    assert status.body["status"]["replicas"] == 1
    assert status.body["status"]["selector"] == "chippool.io/workload=ctr"
    assert event.body["reason"] == "Admitted"


def test_a_displacement_is_not_told_before_its_object_shows_it():
    cluster = running()
    land(cluster, tell(cluster, KEEP))
    cluster.views[KEY] = replace(cluster.views[KEY], assignment=None, displaced=a_displacement())
    assert tell(cluster, Displace(KEY, Reason.PREEMPTED, None, "")) == []


def test_from_create_to_ready_a_workload_is_told_in_two_status_writes_and_one_event():
    cluster = running(ready=0)
    writes = tell(cluster, KEEP)
    land(cluster, writes)
    cluster.views[KEY] = replace(cluster.views[KEY], ready=1, started=True)
    writes += tell(cluster, KEEP)
    assert [write.urgency for write in writes] == [Urgency.STATUS, Urgency.EVENT, Urgency.STATUS]


def test_pods_that_never_were_ready_are_starting_and_the_others_are_not_ready():
    assert told(running(), KEEP)["Ready"]["reason"] == "Starting"
    assert told(running(started=True), KEEP)["Ready"]["reason"] == "PodsNotReady"
    assert told(running(ready=1, started=True), KEEP)["Ready"]["status"] == "True"


def test_replicas_that_wait_for_another_node_are_told_and_why():
    waits = Keep(KEY, Reason.CHIPS_SHORT, "1 replica(s) wait for a node. Not that many are free.")
    cluster = running(started=True, placed=(), missing=1)
    land(cluster, tell(cluster, waits))
    ready = told(cluster, waits)["Ready"]
    assert ready["reason"] == "ReplacingReplicas"
    assert ready["message"].endswith("1 replica(s) wait for a node. Not that many are free.")
    cluster.views[KEY] = replace(cluster.views[KEY], placed=("n2",), missing=0)
    assert told(cluster, KEEP)["Ready"]["message"] == "Its replicas were Ready and some are not any more."


def test_replicas_of_a_gang_that_have_succeeded_are_not_missed():
    record = a_record(a_spec(replicas=2))
    made = a_job(record, assignment=an_assignment(replicas=2))
    cluster = a_cluster(record, made, assignment=an_assignment(replicas=2), ready=1, succeeded=1, started=True)
    assert told(cluster, KEEP)["Ready"]["status"] == "True"


def test_an_error_that_changes_with_every_try_is_told_once():
    cluster = running(error="back-off 10s restarting failed container")
    land(cluster, tell(cluster, KEEP))
    assert "back-off 10s" in told(cluster, KEEP)["Ready"]["message"]
    cluster.views[KEY] = replace(cluster.views[KEY], error="back-off 20s restarting failed container")
    assert tell(cluster, KEEP) == []


def test_the_nodes_are_counted_while_all_replicas_have_one():
    record = a_record(a_spec(replicas=3))
    three = an_assignment(replicas=3)
    cluster = a_cluster(
        record, a_job(record, assignment=three), assignment=three, placed=("n1", "n1"), reserved=("n2",)
    )
    land(cluster, tell(cluster, KEEP))
    assert json.loads(cluster.records[KEY].status)["assignment"]["nodes"] == 2
    cluster.views[KEY] = replace(cluster.views[KEY], placed=("n1",), reserved=())
    assert tell(cluster, KEEP) == []


def test_a_displaced_workload_says_by_whom_and_later_that_it_is_back():
    cluster = running(record=a_record())
    winner = a_record(name="top")
    cluster.records[WorkloadKey("ads/top")] = winner
    land(cluster, tell(cluster, KEEP))
    lost = a_displacement(by=WorkloadKey("ads/top"))
    events = turn(cluster, SHORT, a_job(cluster.records[KEY], suspended=True, displaced=lost), displaced=lost)
    assert events == ["Displaced", "Displacing"]
    conditions = told(cluster, SHORT)
    assert (conditions["Displaced"]["status"], conditions["Displaced"]["reason"]) == ("True", "Preempted")
    assert "assignment" not in json.loads(cluster.records[KEY].status)
    again = an_assignment(at=NOW + 60)
    made = a_job(cluster.records[KEY], assignment=again, displaced=lost)
    assert turn(cluster, KEEP, made, assignment=again, displaced=lost) == ["Admitted"]
    assert told(cluster, KEEP)["Displaced"]["status"] == "False"


def test_names_of_other_namespaces_are_not_told():
    cluster = running()
    land(cluster, tell(cluster, KEEP))
    cluster.records[WorkloadKey("secret/top")] = a_record(name="top", namespace="secret")
    lost = a_displacement(by=WorkloadKey("secret/top"))
    cluster.views[KEY] = replace(cluster.records[KEY].view, displaced=lost)
    cluster.objects = {KEY: a_job(cluster.records[KEY], suspended=True, displaced=lost)}
    _, victim, winner = tell(cluster, SHORT)
    assert "related" not in victim.body
    assert "related" not in winner.body
    assert winner.path == "/apis/events.k8s.io/v1/namespaces/secret/events"
    assert "ctr" not in winner.body["note"]


def test_not_started_is_an_event_of_its_own():
    cluster = running()
    land(cluster, tell(cluster, KEEP))
    lost = a_displacement(Reason.NOT_STARTED, message="ErrImagePull: no such image")
    events = turn(cluster, SHORT, a_job(cluster.records[KEY], suspended=True, displaced=lost), displaced=lost)
    assert events == ["NotStarted"]


def test_an_object_deleted_by_hand_is_told_also_when_it_is_made_again_at_once():
    cluster = running()
    land(cluster, tell(cluster, KEEP))
    twin = replace(cluster)
    twin.records = dict(cluster.records)
    lost = past(json.loads(cluster.records[KEY].status))
    assert turn(cluster, SHORT, displaced=lost) == ["Displaced"]
    assert told(cluster, SHORT)["Displaced"]["reason"] == "ObjectDeleted"
    again = an_assignment(at=NOW + 60)
    for one, events in ((twin, ["Displaced"]), (cluster, ["Admitted"])):
        made = a_job(one.records[KEY], assignment=again, displaced=lost)
        assert turn(one, KEEP, made, assignment=again, displaced=lost) == events
        assert json.loads(one.records[KEY].status)["displacements"] == 1
        assert tell(one, KEEP) == []


def test_what_its_status_says_of_a_lost_object_survives_a_restart():
    cluster = running()
    lost = a_displacement(count=3)
    land(cluster, tell(cluster, KEEP))
    turn(cluster, SHORT, a_job(cluster.records[KEY], suspended=True, displaced=lost), displaced=lost)
    remembered = past(json.loads(cluster.records[KEY].status))
    assert (remembered.reason, remembered.count, remembered.message) == (lost.reason, 3, lost.message)


@pytest.mark.parametrize("reason", sorted(MISTAKES))
def test_a_mistake_is_an_event_once(reason):
    cluster = a_cluster(a_record())
    hold = Hold(KEY, reason, "spec.variants[0].poolNames names a pool that is not there: correct it.")
    assert land(cluster, tell(cluster, hold)) == ["Misconfigured"]
    assert tell(cluster, hold) == []


def test_an_end_has_one_event_and_its_status_is_written_by_the_decision():
    cluster = running(ready=1, started=True)
    land(cluster, tell(cluster, KEEP))
    cluster.objects[KEY] = replace(cluster.objects[KEY], outcome=Outcome(Reason.COMPLETED, ""))
    cluster.views[KEY] = replace(cluster.views[KEY], finished=True)
    decision = Finish(KEY, Reason.COMPLETED, "Its Job is complete.")
    (event,) = tell(cluster, decision)
    assert (event.body["reason"], event.body["type"]) == ("Finished", "Normal")
    land(cluster, publish.writes(decision, cluster, NOW))
    conditions = told(cluster, KEEP)
    assert [conditions[kind]["status"] for kind in ("Finished", "Ready", "Admitted")] == ["True", "False", "True"]
    assert publish.writes(decision, cluster, NOW + 9) == []
    assert tell(cluster, KEEP) == []


def test_an_end_that_is_not_to_be_seen_yet_is_not_overwritten():
    cluster = running(finished=True)
    assert tell(cluster, KEEP) == []


def test_what_is_left_to_kube_scheduler_is_said_at_submit():
    cluster = a_cluster(a_record(not_modelled=("topologySpreadConstraints",)))
    assert "topologySpreadConstraints" in told(cluster, SHORT)["NotModelled"]["message"]


def test_added_replicas_that_wait_are_told_in_the_admission():
    conditions = told(running(), SHORT)
    assert conditions["Admitted"]["status"] == "True"
    assert conditions["Admitted"]["message"].endswith(SHORT.message)


def test_conditions_of_others_stay():
    other = {
        "type": "Paid",
        "status": "True",
        "reason": "Paid",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    assert told(a_cluster(a_record(status={"conditions": [other]})), SHORT)["Paid"] == other


assignments = st.none() | st.builds(an_assignment, replicas=st.integers(1, 3), at=st.sampled_from([NOW, NOW - 60]))
views = st.fixed_dictionaries(
    {
        "assignment": assignments,
        "displaced": st.none() | st.builds(a_displacement, st.sampled_from([Reason.PREEMPTED, Reason.NOT_STARTED])),
        "ready": st.integers(0, 3),
        "started": st.booleans(),
        "finished": st.booleans(),
        "deleting": st.booleans(),
        "placed": st.lists(st.sampled_from(["n1", "n2", "n3"]), max_size=3).map(tuple),
        "error": st.sampled_from(["", "ErrImagePull", "ImagePullBackOff"]),
    }
)
decisions = st.sampled_from(
    [KEEP, SHORT, ADMIT, Place(KEY, ("n1",), ""), Hold(KEY, Reason.UNKNOWN_POOL, "no such pool")]
)
moments = st.tuples(views, assignments, st.booleans(), decisions)


@given(st.lists(moments, min_size=1, max_size=5), st.floats(0, 1e8))
def test_told_twice_or_later_a_status_is_not_written_again(story, later):
    cluster = a_cluster(a_record())
    for seen, carried, there, decision in story:
        made = a_job(cluster.records[KEY], assignment=carried) if there else None
        turn(cluster, decision, made, **seen)
        assert tell(cluster, decision) == []
        assert tell(cluster, decision, NOW + later) == []


@given(st.lists(moments, min_size=2, max_size=5))
def test_the_time_of_a_condition_moves_with_its_status_alone(story):
    cluster = a_cluster(a_record())
    before = {}
    for step, (seen, carried, there, decision) in enumerate(story):
        made = a_job(cluster.records[KEY], assignment=carried) if there else None
        turn(cluster, decision, made, NOW + step, **seen)
        after = {entry["type"]: entry for entry in json.loads(cluster.records[KEY].status).get("conditions", [])}
        for kind in set(before) & set(after):
            same = before[kind]["status"] == after[kind]["status"]
            assert same == (before[kind]["lastTransitionTime"] == after[kind]["lastTransitionTime"])
        before = after


def elastic(has, wants=5, lost=None, **seen):
    record = a_record(a_spec(replicas=wants, minReplicas=1))
    given = an_assignment(replicas=has)
    made = a_job(record, assignment=given, displaced=lost)
    return a_cluster(record, made, **{"assignment": given, "ready": has, "started": True, "displaced": lost, **seen})


def test_elastic_work_says_with_how_many_of_how_many_it_runs():
    conditions = told(elastic(3), KEEP)
    assert conditions["Ready"]["status"] == "True"
    assert conditions["Ready"]["message"] == "It runs with 3 of 5 replicas, and all of them are Ready."
    assert "3 of 5 replicas" in conditions["Admitted"]["message"]
    assert told(elastic(5), KEEP)["Ready"]["message"] == "All its replicas are Ready."
    assert "added and are starting" in told(elastic(3, ready=2), KEEP)["Ready"]["message"]


def test_a_change_of_size_is_not_told_as_pods_that_are_missing_before_the_object_shows_it():
    cluster = elastic(3)
    cluster.views[KEY] = replace(cluster.views[KEY], assignment=an_assignment(replicas=1), ready=1)
    assert told(cluster, KEEP)["Ready"]["status"] == "True"


def test_who_was_shrunk_is_told_once_with_an_event_and_again_when_it_has_grown():
    lost = replace(a_displacement(Reason.SHRUNK, message="It keeps 2 replica(s)."), kept=2, count=0)
    cluster = elastic(3)
    land(cluster, tell(cluster, KEEP))
    cluster.objects[KEY] = replace(cluster.objects[KEY], assignment=an_assignment(replicas=2), displaced=lost)
    cluster.views[KEY] = replace(cluster.views[KEY], assignment=an_assignment(replicas=2), ready=2, displaced=lost)
    assert land(cluster, tell(cluster, KEEP)) == ["Shrunk"]
    displaced = told(cluster, KEEP)["Displaced"]
    assert (displaced["status"], displaced["reason"], displaced["message"]) == ("False", "Shrunk", lost.message)
    assert tell(cluster, KEEP) == []
    cluster.objects[KEY] = replace(cluster.objects[KEY], assignment=an_assignment(replicas=3))
    assert told(cluster, KEEP)["Displaced"]["reason"] == "Admitted"
