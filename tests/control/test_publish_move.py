"""Moving what runs: what is written, and when."""

import json
from dataclasses import replace

from chippool.control import publish
from chippool.control.publish_object import ROLLING_OVER
from chippool.control.render import render
from chippool.core.model import Mode, Outcome
from chippool.core.plan import Migrate
from chippool.core.reasons import Reason
from chippool.state.annotations import time_text
from tests.control.build import (
    H800,
    KEY,
    NOW,
    NPU,
    a_cluster,
    a_displacement,
    a_job,
    a_pod,
    a_pool,
    a_record,
    a_spec,
    an_assignment,
)

MOVE = Migrate(KEY, "h800", H800, 8000, ("n2",), None, "")
BEFORE, AFTER = an_assignment(at=NOW - 600), an_assignment(at=NOW)
TRACE = a_displacement(Reason.MIGRATED, message="It makes room.")


def stamp(record, assignment=BEFORE):
    return render(record, assignment, a_pool(assignment.pool)).stamp


def moving(record, made, to=AFTER, *pods):
    return replace_pods(a_cluster(record, made, assignment=to, displaced=TRACE), pods)


def replace_pods(cluster, pods):
    cluster.there = tuple(pods)
    return cluster


def a_gang(**more):
    record = a_record()
    return record, a_job(record, **{"assignment": BEFORE, "rendered": stamp(record), **more})


def a_service(**more):
    record = a_record(a_spec(mode="Service"), mode=Mode.SERVICE)
    return record, a_job(record, **{"assignment": BEFORE, "rendered": stamp(record), **more})


def test_a_gang_is_stopped_by_one_patch_that_says_where_it_goes_on():
    (write,) = publish.writes(MOVE, moving(*a_gang()), NOW, 5)
    assert (write.method, write.body["spec"], write.order) == ("PATCH", {"suspend": True}, 5)
    said = write.body["metadata"]["annotations"]
    assert json.loads(said["chippool.io/assignment"])["admittedAt"] == time_text(NOW)
    assert json.loads(said["chippool.io/displaced"])["reason"] == "Migrated"
    assert publish.writes(MOVE, moving(*a_gang(assignment=AFTER, suspended=True)), NOW) == []


def test_it_goes_on_as_soon_as_its_pods_are_on_their_way_out():
    record, made = a_gang(assignment=AFTER, suspended=True)
    assert publish.is_held(KEY, moving(record, made))
    assert publish.go_on(KEY, moving(record, made, AFTER, a_pod(made))) == []
    (write,) = publish.go_on(KEY, moving(record, made, AFTER, a_pod(made, deleting=True)))
    assert (write.method, write.body["spec"]["suspend"]) == ("PATCH", False)


def test_with_other_chips_it_goes_on_once_its_pods_are_gone():
    to = an_assignment("npu", NPU, at=NOW)
    record, made = a_gang(assignment=to, suspended=True)
    assert publish.go_on(KEY, moving(record, made, to, a_pod(made, deleting=True))) == []
    (write,) = publish.go_on(KEY, moving(record, made, to))
    assert write.method == "PATCH"
    (container,) = write.body["spec"]["template"]["spec"]["containers"]
    assert "huawei.com/Ascend910" in container["resources"]["limits"]


def test_as_another_rendering_its_job_is_made_anew_once_its_pods_are_gone():
    record, made = a_gang(assignment=AFTER, suspended=True, rendered="another nvidia.com/gpu=8")
    assert publish.go_on(KEY, moving(record, made, AFTER, a_pod(made, deleting=True))) == []
    (write,) = publish.go_on(KEY, moving(record, made))
    assert (write.method, write.body["propagationPolicy"]) == ("DELETE", "Foreground")


def test_what_runs_or_has_ended_is_not_held():
    for more in (
        {},
        {"suspended": True, "outcome": Outcome(Reason.COMPLETED, "")},
        {"suspended": True, "owner_uid": ""},
    ):
        assert not publish.is_held(KEY, moving(*a_gang(assignment=AFTER, **more)))


def test_a_service_moves_by_one_patch_and_its_new_replicas_are_ready_before_the_old_go():
    (write,) = publish.writes(MOVE, moving(*a_service()), NOW)
    (spec,) = (step["value"] for step in write.body if step["path"] == "/spec")
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}
    assert spec["template"]["metadata"]["annotations"]["chippool.io/admitted-at"] == time_text(NOW)
    (mark,) = (step["value"] for step in write.body if step["path"].endswith("rendered"))
    assert mark.endswith(ROLLING_OVER)


def test_its_own_strategy_is_put_back_when_the_old_replicas_are_gone():
    record, made = a_service(assignment=AFTER)
    made = replace(made, rendered=made.rendered + ROLLING_OVER)
    old, new = (a_pod(made, admission=time_text(at)) for at in (BEFORE.admitted_at, AFTER.admitted_at))
    during, after = moving(record, made, AFTER, old, new), moving(record, made, AFTER, new)
    assert publish.is_rolling_over(KEY, during)
    assert publish.refresh(KEY, during) == []
    assert not publish.is_rolling_over(KEY, after)
    (write,) = publish.refresh(KEY, after)
    (spec,) = (step["value"] for step in write.body if step["path"] == "/spec")
    assert spec["strategy"]["rollingUpdate"]["maxSurge"] == 0
    assert spec["template"] == render(record, AFTER, a_pool()).body["spec"]["template"]


def test_a_rendering_is_the_same_whenever_it_is_admitted():
    record, _ = a_service()
    assert stamp(record, BEFORE) == stamp(record, AFTER)
