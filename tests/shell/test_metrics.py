import re
from dataclasses import replace

import pytest

from chippool.control.tally import count
from chippool.core.ids import PoolName, VariantName
from chippool.core.model import Assignment, Mode
from chippool.core.plan import Admit, Displace, Keep, Migrate, Shrink
from chippool.core.reasons import Reason
from chippool.metrics import Metrics
from chippool.metrics import families as f
from tests.loop.builders import a_workload as a_view

RUNS = Assignment(VariantName("h800"), PoolName("h800"), 2, 1000.0)


def shown(metrics: Metrics) -> str:
    return metrics.page().decode()


def counted(decision, now: float = 1600.0, **changes) -> str:
    metrics = Metrics()
    count(metrics, decision, replace(a_view(), **changes), now)
    return shown(metrics)


def displace(kind):
    key = a_view().key
    if kind is Displace:
        return Displace(key, Reason.PREEMPTED, key, "")
    if kind is Shrink:
        return Shrink(key, 1, key, "", Reason.RECLAIMED)
    return Migrate(key, VariantName("h20"), PoolName("h20"), 1000, (), None, "")


def test_what_is_true_now_is_read_at_scrape_time() -> None:
    metrics = Metrics()
    chips = {("h800", "free"): 8.0}
    metrics.show(lambda: iter([(f.POOL_CHIPS, chips), (f.WRITES, {("Job", "Done"): 3.0})]))
    assert 'chippool_pool_chips{pool="h800",state="free"} 8.0' in shown(metrics)
    chips["h800", "free"] = 7.5
    assert 'chippool_pool_chips{pool="h800",state="free"} 7.5' in shown(metrics)
    assert 'chippool_writes_total{kind="Job",outcome="Done"} 3.0' in shown(metrics)


def test_an_admission_counts_with_how_long_it_waited() -> None:
    decision = Admit(a_view().key, VariantName("h800"), PoolName("h800"), 1000, ("n1",), waits=False, message="")
    text = counted(decision, now=2.0)
    assert 'chippool_decisions_total{kind="Admit",reason="Admitted"} 1.0' in text
    assert 'chippool_admission_wait_seconds_bucket{le="1.0",priority_class="batch"} 0.0' in text
    assert 'chippool_admission_wait_seconds_bucket{le="5.0",priority_class="batch"} 1.0' in text


@pytest.mark.parametrize(("kind", "word"), [(Displace, "evict"), (Shrink, "shrink"), (Migrate, "migrate")])
def test_what_lost_chips_counts_by_class_and_kind_with_the_work_it_must_do_again(kind, word) -> None:
    text = counted(displace(kind), assignment=RUNS, checkpoint_interval=300.0)
    assert f'chippool_displacements_total{{kind="{word}",priority_class="batch"}} 1.0' in text
    assert 'chippool_work_lost_seconds_total{priority_class="batch"} 300.0' in text


def test_a_service_has_no_work_to_do_again() -> None:
    assert "chippool_work_lost_seconds_total{priority" not in counted(
        displace(Displace), assignment=RUNS, mode=Mode.SERVICE
    )


def test_what_only_stays_is_no_displacement() -> None:
    assert "chippool_displacements_total{" not in counted(Keep(a_view().key, Reason.ADMITTED, ""))


def test_who_loses_its_chips_through_nobody_else_is_a_decision_and_no_displacement() -> None:
    text = counted(Displace(a_view().key, Reason.NOT_STARTED, None, ""), assignment=RUNS)
    assert 'chippool_decisions_total{kind="Displace",reason="NotStarted"} 1.0' in text
    assert "chippool_displacements_total{" not in text


def test_a_class_is_shown_from_zero_on() -> None:
    metrics = Metrics()
    metrics.know("batch")
    for kind in f.DISPLACEMENT_KINDS:
        assert f'chippool_displacements_total{{kind="{kind}",priority_class="batch"}} 0.0' in shown(metrics)
    assert 'chippool_admission_wait_seconds_count{priority_class="batch"} 0.0' in shown(metrics)


def test_names_follow_the_conventions_of_prometheus() -> None:
    """Base units in the name, `_total` on what is counted and on nothing else, and the meaning as sentences."""
    assert len({family.name for family in f.FAMILIES}) == len(f.FAMILIES)
    for family in f.FAMILIES:
        assert re.fullmatch(r"chippool(_[a-z]+)+", family.name), family.name
        assert not family.name.endswith("_total"), family.name
        assert not re.search(r"minutes|millis|percent|milli", family.name), family.name
        assert family.help.endswith("."), family.name
        assert not {"pod", "node", "workload", "namespace", "uid"} & set(family.labels), family.name
        assert "seconds" in family.name or family.kind is not f.Kind.HISTOGRAM, family.name
