import asyncio
import selectors
import socket
import threading

import pytest

from chippool.shell.rounds import Gathering, gathering_loop


class Moments:
    """A clock that only goes on while somebody sleeps."""

    def __init__(self):
        self.now = 100.0
        self.slept = []
        self.meanwhile = lambda: None

    def sleep(self, seconds):
        self.now += seconds
        self.slept.append(round(seconds, 6))
        self.meanwhile()


@pytest.fixture
def moments():
    return Moments()


@pytest.fixture
def gathering(moments):
    with Gathering(0.01, clock=lambda: moments.now, sleep=moments.sleep) as one:
        yield one


@pytest.fixture
def pairs(gathering):
    pairs = [socket.socketpair() for _ in range(2)]
    for ours, _ in pairs:
        gathering.register(ours, selectors.EVENT_READ)
    yield pairs
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


def test_after_a_silence_it_returns_at_once(gathering, moments, pairs):
    pairs[0][1].send(b"x")
    assert len(gathering.select()) == 1
    moments.now += 0.01
    assert len(gathering.select(5.0)) == 1
    assert moments.slept == []


def test_right_after_a_look_it_waits_and_finds_what_came_meanwhile(gathering, moments, pairs):
    pairs[0][1].send(b"x")
    assert len(gathering.select()) == 1
    moments.now += 0.004
    moments.meanwhile = lambda: pairs[1][1].send(b"y")
    assert len(gathering.select()) == 2
    assert moments.slept == [0.006]


def test_a_timer_is_not_late_for_it(gathering, moments, pairs):
    pairs[0][1].send(b"x")
    gathering.select()
    pairs[0][0].recv(1)
    assert gathering.select(0.002) == []
    assert moments.slept == [0.002]


def test_while_callbacks_are_ready_it_does_not_wait(gathering, moments, pairs):
    pairs[0][1].send(b"x")
    gathering.select()
    assert len(gathering.select(0)) == 1
    assert len(gathering.select(-1)) == 1
    assert moments.slept == []


def test_looks_between_callbacks_put_nothing_off(gathering, moments, pairs):
    pairs[0][1].send(b"x")
    gathering.select()
    moments.now += 0.009
    gathering.select(0)
    gathering.select()
    assert moments.slept == [0.001]


def test_the_loop_hears_sockets_timers_and_threads():
    async def conversation():
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            threading.Thread(target=theirs.sendall, args=(b"one\n",)).start()
            heard = await reader.readline()
            timed = await asyncio.wait_for(asyncio.sleep(0.001, "two"), 5)
            writer.close()
        return heard, timed, await asyncio.to_thread(lambda: "three")

    with asyncio.Runner(loop_factory=gathering_loop) as runner:
        assert runner.run(conversation()) == (b"one\n", "two", "three")
