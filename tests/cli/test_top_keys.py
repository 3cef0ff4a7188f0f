"""Views, sorting and scrolling of the live `top`."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from chippool.cli.keyboard import named
from chippool.cli.top_keys import HELP, OTHERS, QUIT, SCROLLS, VIEWS, Looking, Sort, looked_at, pressed
from chippool.cli.top_screen import View
from tests.cli.clusters import running, running_ads, stock
from tests.state.build import a_workload


def typed(keys, looking=None):
    looking = looking or Looking()
    for key in keys:
        looking = pressed(key, looking)
    return looking


def test_figures_choose_a_view_and_go_back_to_the_first_line():
    assert typed(["down", "5"]) == Looking(view=View.WORKLOADS)
    assert [typed(key).view for key in "12345"] == list(View)


def test_s_goes_through_all_orders_and_back_and_r_turns_them_round():
    assert [typed("s" * times).sort for times in range(len(Sort) + 1)] == [*Sort, Sort.TURN]
    assert typed("r").reverse
    assert not typed("rr").reverse


def test_nobody_scrolls_before_the_first_line():
    assert typed(["down", "down", "up", "up", "up", "pageup"]).skip == 0
    assert typed(["pagedown", "k"]).skip == 9


@pytest.mark.parametrize("key", ["q", "esc"])
def test_q_ends_it(key):
    assert pressed(key, Looking()) is None


@pytest.mark.parametrize("key", ["x", "\x1b[Z", "", "7"])
def test_a_key_without_a_meaning_changes_nothing(key):
    assert pressed(key, Looking()) == Looking()


def test_the_last_line_of_the_screen_names_every_key_that_does_something():
    assert all(key in HELP for key in (*VIEWS, *OTHERS, "↑", "↓", "q"))
    assert {"up", "down"} <= SCROLLS.keys()
    assert "q" in QUIT


def test_what_a_terminal_sends_becomes_keys():
    assert named("\x1b[A") == ["up"]
    assert named("\x1b[6~") == ["pagedown"]
    assert named("\x1b") == ["esc"]
    assert named("s5") == ["s", "5"]


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("turn", ["rank", "gang", "later"]),
        ("chips", ["later", "gang", "rank"]),
        ("name", ["rank", "gang", "later"]),
        ("queue", ["rank", "gang", "later"]),
    ],
)
def test_workloads_are_sorted_as_asked(api, user, sort, names):
    api.add(*stock(nodes=3), *running("gang", ["n1", "n2"]), *running_ads("rank", ["n3"]), a_workload("later", 3))
    said = user.reads_json("top", "--sort", sort, "--view", "workloads")
    assert [line["name"] for line in said["workloads"]] == names


@dataclass(frozen=True)
class Two:
    """As much of a picture as is scrolled."""

    workloads: tuple[str, ...] = ("a", "b")


def test_the_last_line_can_not_be_scrolled_away():
    assert looked_at(Two(), Looking(skip=9)).workloads == ("b",)
    assert looked_at(Two(), Looking(reverse=True)).workloads == ("b", "a")


def _hears_ctrl_c():
    """Whoever runs the tests in the background may have it ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """`chippool top` on a terminal of its own."""

    def __init__(self, user):
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (30, 110))
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs
        words = [Path(sys.executable).with_name("chippool"), "top", "--interval", "60", "--kubeconfig", user.kubeconfig]
        env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "110", "LINES": "30"}
        self.process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=env,
            preexec_fn=_hears_ctrl_c,  # noqa: PLW1509  no threads here
        )
        self.said = ""

    def until(self, word, within=20.0):
        deadline = time.monotonic() + within
        while word not in self.said:
            assert time.monotonic() < deadline, f"no {word!r} in {self.said[-2000:]!r}"
            if select.select([self._ours], [], [], 0.1)[0]:
                self.said += os.read(self._ours, 65536).decode(errors="replace")

    def types(self, keys):
        self.said = ""
        os.write(self._ours, keys.encode())

    def goes_away(self):
        os.close(self._ours)
        code = self.process.wait(10)
        os.close(self._theirs)
        return code

    def end(self):
        code = self.process.wait(10)
        after = termios.tcgetattr(self._theirs)
        os.close(self._ours)
        os.close(self._theirs)
        return code, after


def test_on_a_terminal_keys_switch_views_at_once_and_q_leaves_it_as_it_was(api, user):
    api.add(*stock(nodes=2), *running("gang", ["n1"]), a_workload("later", 2))
    terminal = Terminal(user)
    terminal.until("ChipsShort, #1")
    terminal.types("3")
    terminal.until("GUARANTEED")
    assert "team/gang" not in terminal.said
    terminal.types("5ss")
    terminal.until("by age")
    terminal.types("q")
    code, after = terminal.end()
    assert (code, after) == (0, terminal.before)


def test_ctrl_c_leaves_the_terminal_as_it_was(api, user):
    api.add(*stock(nodes=1))
    terminal = Terminal(user)
    terminal.until("POOL")
    terminal.process.send_signal(signal.SIGINT)
    code, after = terminal.end()
    assert (code in {0, 130}, after) == (True, terminal.before)


def test_it_ends_with_its_terminal(api, user):
    api.add(*stock(nodes=1))
    terminal = Terminal(user)
    terminal.until("POOL")
    assert terminal.goes_away() in {0, 1}  # its last screen may find nobody to take it
