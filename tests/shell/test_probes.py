import aiohttp
import pytest

from chippool.shell.probes import Check, Server


@pytest.fixture
async def a_server():
    checks = {"healthy": [Check("loop", True, "last beat 1 s ago")], "ready": [Check("mirror", True, "synced")]}
    server = Server(
        address="127.0.0.1",
        port=0,
        healthy=lambda: checks["healthy"],
        ready=lambda: checks["ready"],
        metrics=lambda: b"answers 42.0\n",
    )
    await server.start()
    yield server, checks
    await server.stop()


async def ask(server: Server, path: str) -> tuple[int, str]:
    url = f"http://127.0.0.1:{server.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def test_a_probe_shows_each_check(a_server) -> None:
    server, _ = a_server
    assert await ask(server, "/healthz") == (200, '{"loop":{"ok":true,"detail":"last beat 1 s ago"}}')


async def test_one_failed_check_fails_its_probe_alone(a_server) -> None:
    server, checks = a_server
    checks["ready"] = [Check("mirror", True, "synced"), Check("feed", False, "silent for 200 s")]
    status, text = await ask(server, "/readyz")
    assert status == 503
    assert "silent for 200 s" in text
    assert (await ask(server, "/healthz"))[0] == 200


async def test_nodes_are_served_only_where_they_were_asked_for(a_server) -> None:
    server, checks = a_server
    assert (await ask(server, "/metrics/nodes"))[0] == 404

    async def page() -> bytes:
        return b"nodes 1.0\n"

    probes = {"healthy": lambda: checks["healthy"], "ready": lambda: checks["ready"]}
    other = Server(address="127.0.0.1", port=0, **probes, metrics=lambda: b"", nodes=page)
    await other.start()
    assert await ask(other, "/metrics/nodes") == (200, "nodes 1.0\n")
    await other.stop()


async def test_metrics_are_served(a_server) -> None:
    server, _ = a_server
    status, text = await ask(server, "/metrics")
    assert status == 200
    assert "answers 42.0" in text
