from chippool.control import shadows
from chippool.core.ids import ClassName
from chippool.core.model import Class
from tests.loop.builders import a_queue, a_snapshot

REVENUE = Class(ClassName("revenue"), 1000)
SHADOW = ClassName("chippool-revenue")


def test_a_class_that_a_queue_names_needs_a_shadow_of_the_same_value() -> None:
    snapshot = a_snapshot(queues=(a_queue("revenue"),), classes=(REVENUE,))
    assert shadows.missing(snapshot) == {SHADOW}
    write = shadows.write(SHADOW, snapshot)
    assert (write.method, write.body["value"], write.body["preemptionPolicy"]) == ("POST", 1000, "Never")


def test_a_class_that_nobody_names_or_that_does_not_exist_needs_none() -> None:
    assert not shadows.missing(a_snapshot(queues=(a_queue("unknown"),), classes=(REVENUE,)))


def test_a_shadow_that_is_right_is_left_alone() -> None:
    shadow = Class(SHADOW, 1000, preempts=False)
    assert not shadows.missing(a_snapshot(queues=(a_queue("revenue"),), classes=(REVENUE, shadow)))


def test_a_shadow_of_another_value_is_deleted_to_be_made_again() -> None:
    shadow = Class(SHADOW, 999, preempts=False)
    snapshot = a_snapshot(queues=(a_queue("revenue"),), classes=(REVENUE, shadow))
    assert shadows.missing(snapshot) == {SHADOW}
    assert shadows.write(SHADOW, snapshot).method == "DELETE"


def test_a_shadow_that_would_preempt_is_deleted_to_be_made_again() -> None:
    shadow = Class(SHADOW, 1000, preempts=True)
    snapshot = a_snapshot(queues=(a_queue("revenue"),), classes=(REVENUE, shadow))
    assert shadows.write(SHADOW, snapshot).method == "DELETE"
