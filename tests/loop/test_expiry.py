from dataclasses import replace

import orjson

from chippool.control.expiry import Expiry
from chippool.core.ids import Namespace
from chippool.state.records import WorkloadRecord
from tests.loop.builders import a_workload

ENDED = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def a_record(*, ttl: int | None = 60, finished: bool = True, version: str = "1") -> WorkloadRecord:
    condition = {"type": "Finished", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return WorkloadRecord(
        uid="u1",
        namespace=Namespace("team"),
        name="train",
        version=version,
        view=replace(a_workload(), finished=finished),
        spec=orjson.dumps({"ttlSecondsAfterFinished": ttl} if ttl is not None else {}),
        status=orjson.dumps({"conditions": [condition]}),
    )


def due(expiry: Expiry, record: WorkloadRecord, now: float) -> list[str]:
    return [write.path for write in expiry.due({record.view.key: record}, now)]


def test_a_finished_workload_is_deleted_when_its_time_has_come() -> None:
    expiry = Expiry()
    assert due(expiry, a_record(), ENDED + 59) == []
    assert due(expiry, a_record(), ENDED + 60) == ["/apis/chippool.io/v1alpha1/namespaces/team/chipworkloads/train"]


def test_without_ttl_it_stays() -> None:
    assert due(Expiry(), a_record(ttl=None), ENDED + 1e9) == []


def test_a_ttl_that_is_changed_counts_anew() -> None:
    expiry = Expiry()
    assert due(expiry, a_record(ttl=10_000), ENDED + 60) == []
    assert due(expiry, a_record(ttl=0, version="2"), ENDED + 60) != []


def test_what_has_not_finished_is_never_deleted() -> None:
    assert due(Expiry(), a_record(finished=False), ENDED + 60) == []


def test_only_the_object_that_finished_is_meant() -> None:
    (write,) = Expiry().due({a_record().view.key: a_record()}, ENDED + 60)
    assert write.body["preconditions"] == {"uid": "u1"}
