"""Whatever happens between them, the sink ends with what the server has: no ghost, nothing missing, nothing stale."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chippool.kube.access import find_access
from chippool.kube.client import Client
from tests.kube.fake_api import PODS, FakeApi, a_kubeconfig, a_pod
from tests.kube.faults import drop, refuse, say
from tests.kube.following import Recording, a_feed, running

EXPIRED = say(b'{"type":"ERROR","object":{"code":410,"reason":"Expired","message":"too old"}}\n')
NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])
STEPS = st.one_of(
    st.tuples(st.just("put"), NAMES),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("cut"), st.booleans()),
    st.tuples(st.sampled_from(["compact", "bookmark", "settle", "outage"])),
    st.tuples(
        st.just("fault"),
        st.sampled_from(["list", "continue", "watch"]),
        st.sampled_from([refuse(410, "Expired"), refuse(429), refuse(500), drop]),
    ),
    st.tuples(st.just("fault"), st.just("watch"), st.just(EXPIRED)),
)


async def _play(api: FakeApi, sink: Recording, step: tuple) -> None:
    match step:
        case ("put", name):
            api.put(PODS, a_pod(name))
        case ("delete", name) if f"{PODS}/{name}" in api.objects:
            api.delete(PODS, name)
        case ("cut", within_a_line):
            api.cut(within_a_line=within_a_line)
        case ("fault", what, fault):
            api.next(what, fault)
        case ("compact",):
            api.compact()
        case ("bookmark",):
            api.bookmark()
        case ("outage",):
            await api.stop()
            await api.start()
        case ("settle",):
            await api.bell.until(lambda: sink.records == api.uids())
    await asyncio.sleep(0)


async def _story(steps: list[tuple], folder: Path) -> None:
    api = FakeApi()
    await api.start()
    client = Client(await find_access(a_kubeconfig(folder, api.url)), answer=1.0)
    sink = Recording(api.bell)
    try:
        async with running(a_feed(client, sink, page=2).run()):
            for step in steps:
                await _play(api, sink, step)
            await api.bell.until(lambda: sink.records == api.uids() and api.watching)
    finally:
        await client.close()
        await api.stop()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, max_size=25))
def test_after_any_story_the_sink_has_what_the_server_has(steps):
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_story(steps, Path(folder)))
