import time

from chippool.control.loop import Pulse
from chippool.shell.health import ALIVE_S, FAILURES, loop_check


def test_a_loop_that_goes_round_is_healthy() -> None:
    assert loop_check(Pulse(beat=time.monotonic())).ok


def test_a_loop_that_has_not_begun_is_not() -> None:
    assert not loop_check(Pulse()).ok


def test_a_loop_that_hangs_is_not() -> None:
    check = loop_check(Pulse(beat=time.monotonic() - ALIVE_S - 1))
    assert not check.ok
    assert check.detail == f"no cycle for {ALIVE_S + 1:.0f} s"


def test_a_loop_whose_cycles_keep_failing_is_not_and_says_why() -> None:
    check = loop_check(Pulse(beat=time.monotonic(), failures=FAILURES, error="KeyError('x')"))
    assert not check.ok
    assert "KeyError('x')" in check.detail


def test_a_single_failed_cycle_is_no_reason_to_be_restarted() -> None:
    assert loop_check(Pulse(beat=time.monotonic(), failures=1)).ok
