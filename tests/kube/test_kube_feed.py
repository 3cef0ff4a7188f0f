import asyncio
import itertools
import time

import pytest

from chippool.kube.feed import Feed
from chippool.state.kinds import Kind
from tests.kube.fake_api import PODS, a_pod
from tests.kube.faults import drop, hang, refuse, say
from tests.kube.following import Recording, a_feed, running

POOLS = "/apis/chippool.io/v1alpha1/chippools"


@pytest.fixture
def sink(api):
    return Recording(api.bell)


async def test_a_list_comes_in_pages_and_the_watch_goes_on_from_there(api, client, sink):
    for n in range(7):
        api.put(PODS, a_pod(f"p{n}"))
    feed = a_feed(client, sink, page=3)
    async with running(feed.run()):
        await api.bell.until(lambda: api.watching)
        assert [query.get("limit") for query in api.queries] == ["3", "3", "3", None]
        assert sink.records == api.uids()
        api.put(PODS, a_pod("late"))
        api.delete(PODS, "p3")
        await api.bell.until(lambda: sink.records == api.uids())
    assert feed.synced
    assert (feed.stats.lists, feed.stats.listed, feed.stats.events) == (1, 7, 2)


async def test_a_broken_watch_goes_on_where_it_was_without_a_new_list(api, client, sink):
    feed = a_feed(client, sink)
    async with running(feed.run()):
        await api.bell.until(lambda: api.watching)
        api.cut()
        api.put(PODS, a_pod("p1"))
        await api.bell.until(lambda: sink.records == api.uids())
        api.cut(within_a_line=True)
        api.delete(PODS, "p1")
        await api.bell.until(lambda: not sink.records)
    assert feed.stats.lists == 1


async def test_a_ghost_is_swept_when_the_watch_was_broken_and_the_past_is_gone(api, client, sink):
    api.put(PODS, a_pod("p1"))
    api.put(PODS, a_pod("p2"))
    feed = a_feed(client, sink)
    async with running(feed.run()):
        await api.bell.until(lambda: api.watching)
        api.delete(PODS, "p1")
        api.put(PODS, a_pod("p1"))  # the same name, another object
        api.delete(PODS, "p2")
        api.compact()
        api.cut()
        await api.bell.until(lambda: sink.records == api.uids() and api.watching)
    assert feed.stats.lists == 2
    assert feed.stats.restarts["Gone"] == 1


async def test_410_inside_a_watch_lists_again(api, client, sink):
    api.next("watch", say(b'{"type":"ERROR","object":{"code":410,"reason":"Expired","message":"too old"}}\n'))
    feed = a_feed(client, sink)
    async with running(feed.run()):
        await api.bell.until(lambda: api.watching)
    assert feed.stats.lists == 2


async def test_410_between_pages_starts_the_list_anew(api, client, sink):
    for n in range(5):
        api.put(PODS, a_pod(f"p{n}"))
    api.next("continue", refuse(410, "Expired"))
    feed = a_feed(client, sink, page=2)
    async with running(feed.run()):
        await api.bell.until(lambda: api.watching)
        assert sink.records == api.uids()
    assert sink.sweeps == 1


async def test_429_is_waited_out_as_long_as_the_server_asks(api, client, sink):
    api.next("list", refuse(429, "TooManyRequests", "slow down", retry_after=1))
    feed = a_feed(client, sink)
    started = time.monotonic()
    async with running(feed.run()):
        await api.bell.until(lambda: feed.trouble)
        assert "slow down" in feed.trouble
        await api.bell.until(lambda: feed.synced)
    assert time.monotonic() - started >= 1.0
    assert feed.trouble == ""


@pytest.mark.parametrize("fault", [refuse(500), refuse(503, "ServiceUnavailable"), drop])
async def test_a_server_that_fails_for_a_while_is_asked_again(api, client, sink, fault):
    api.put(PODS, a_pod("p1"))
    api.next("list", fault, fault, fault)
    api.next("watch", fault, fault)
    feed = a_feed(client, sink)
    async with running(feed.run()):
        await api.bell.until(lambda: api.watching)
        assert sink.records == api.uids()
    assert feed.stats.lists == 1


async def test_a_server_that_keeps_refusing_to_resume_is_listed_again(api, client, sink):
    api.next("watch", *[refuse(504, "Timeout", "Too large resource version")] * 5)
    feed = a_feed(client, sink)
    async with running(feed.run()):
        await api.bell.until(lambda: api.watching)
    assert feed.stats.lists == 2


async def test_a_watch_that_falls_silent_is_made_anew(api, client, sink):
    api.next("watch", hang)
    feed = a_feed(client, sink, idle=0.03)
    async with running(feed.run()):
        await api.bell.until(lambda: api.watching)
        api.put(PODS, a_pod("p1"))
        await api.bell.until(lambda: sink.records == api.uids())
    assert feed.stats.restarts["Unreachable"] >= 1


async def test_the_server_is_told_to_end_the_watch_at_a_random_time(api, client, sink):
    async with running(a_feed(client, sink, lifetime=(240.0, 360.0)).run()):
        await api.bell.until(lambda: api.watching)
    assert 240 <= int(api.queries[-1]["timeoutSeconds"]) <= 360
    assert api.queries[-1]["allowWatchBookmarks"] == "true"


async def test_a_watch_resumes_from_the_last_bookmark(api, client, sink):
    feed = a_feed(client, sink)
    async with running(feed.run()):
        await api.bell.until(lambda: api.watching)
        api.put("/api/v1/other", a_pod("elsewhere"))  # moves the version, not this kind
        api.bookmark()
        await api.bell.until(lambda: feed.stats.events)
        api.compact()
        api.cut()
        await api.bell.until(lambda: api.watching)
    assert feed.stats.lists == 1


async def test_an_outage_is_followed_by_a_quick_recovery(api, client, sink):
    api.put(PODS, a_pod("p1"))
    feed = a_feed(client, sink)
    async with running(feed.run()):
        await api.bell.until(lambda: feed.synced)
        await api.stop()
        await api.bell.until(lambda: feed.stats.restarts["Unreachable"] >= 3)
        assert "does not answer" in feed.trouble
        api.delete(PODS, "p1")
        await api.start()
        await api.bell.until(lambda: not sink.records)
        assert feed.trouble == ""


async def test_a_kind_that_is_not_served_waits_and_says_so(api, client, sink):
    feed = a_feed(client, sink, path=POOLS)
    async with running(feed.run()):
        await api.bell.until(lambda: feed.trouble)
        assert "install its CRD" in feed.trouble
        assert not feed.synced
        api.put(POOLS, a_pod("h800"))
        api.served.add(POOLS)
        await api.bell.until(lambda: feed.synced)
        assert sink.records == api.uids(POOLS)


async def test_a_kind_that_is_no_longer_served_is_unknown_not_gone(api, client, sink):
    api.served.add(POOLS)
    api.put(POOLS, a_pod("h800"))
    feed = a_feed(client, sink, path=POOLS)
    async with running(feed.run()):
        await api.bell.until(lambda: api.watching)
        api.served.remove(POOLS)
        api.cut()
        await api.bell.until(lambda: not feed.synced)
        assert sink.records == api.uids(POOLS)


async def test_an_object_nobody_understands_hides_no_other(api, client, sink):
    def only_good_ones(raw):
        return raw["metadata"]["labels"]["good"]

    api.put(PODS, a_pod("bad"))
    feed = a_feed(client, sink, project=only_good_ones)
    async with running(feed.run()):
        await api.bell.until(lambda: api.watching)
        api.put(PODS, a_pod("worse"))
        good = api.put(PODS, a_pod("fine", good="yes"))
        await api.bell.until(lambda: sink.records == {good["metadata"]["uid"]: "yes"})
    assert [(namespace, name) for _, namespace, name, _ in sink.spoils] == [("default", "bad"), ("default", "worse")]
    assert sink.spoils[0][3] == "KeyError: 'good'"
    assert feed.stats.lists == 1


async def test_a_sink_that_fails_once_gets_everything_again(api, client, sink):
    api.put(PODS, a_pod("p1"))
    raising = [RuntimeError("half a mirror")]
    apply = sink.apply

    def apply_or_raise(kind, uid, record):
        if raising:
            raise raising.pop()
        apply(kind, uid, record)

    sink.apply = apply_or_raise
    async with running(a_feed(client, sink).run()):
        await api.bell.until(lambda: sink.records == api.uids())


async def test_age_is_counted_from_the_last_word_of_the_server(api, client, sink):
    now = [1000.0]
    feed = a_feed(client, sink, clock=lambda: now[0])
    assert feed.age(now[0]) == float("inf")
    async with running(feed.run()):
        await api.bell.until(lambda: feed.synced and api.watching)
        now[0] += 60
        assert feed.age(now[0]) == 60
        api.bookmark()
        await api.bell.until(lambda: feed.age(now[0]) == 0)


async def test_a_label_selector_goes_with_list_and_watch(api, client, sink):
    kind = Kind("Pod", PODS, dict, {"labelSelector": "app"})
    async with running(Feed(client, kind, sink).run()):
        await api.bell.until(lambda: api.watching)
    assert {query["labelSelector"] for query in api.queries} == {"app"}


async def test_a_flood_of_events_leaves_room_for_others(api, client, sink):
    lines = [
        b'{"type":"ADDED","object":{"metadata":{"uid":"u%d","name":"p","resourceVersion":"%d"}}}\n' % (n, n)
        for n in range(3000)
    ]
    turns = []
    feed = a_feed(client, sink)

    async def count_turns():
        while True:
            turns.append(len(sink.records))
            await asyncio.sleep(0)

    async with running(count_turns()):
        await feed._take(lines)
    assert len(sink.records) == 3000
    assert max(b - a for a, b in itertools.pairwise(turns)) <= 500
