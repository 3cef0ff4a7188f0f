import asyncio
import datetime as dt
import gc
import ipaddress
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chippool.kube.access import NoClusterError, find_access
from chippool.kube.client import ApiError, Client
from tests.kube.fake_api import PODS, a_kubeconfig, a_pod
from tests.kube.faults import drop, hang, refuse, say


async def test_an_object_is_read_with_the_kubeconfigs_token_and_namespace(api, client):
    api.put(PODS, a_pod("p1"))
    found = await client.get(f"{PODS}/p1")
    assert found["metadata"]["name"] == "p1"
    assert api.headers[-1]["Authorization"] == "Bearer secret"
    assert client.namespace == "ours"


async def test_the_server_is_told_which_replica_asks(api, tmp_path):
    replica = Client(await find_access(a_kubeconfig(tmp_path, api.url)), agent="chippool/1 (a)")
    await replica.get(f"{PODS}/p1")
    await replica.close()
    assert api.headers[-1]["User-Agent"] == "chippool/1 (a)"


async def test_what_is_not_there_is_none(client):
    assert await client.get(f"{PODS}/nobody") is None


async def test_a_refusal_carries_the_servers_own_sentence(api, client):
    api.next("write", refuse(422, "Invalid", "spec.replicas: must be positive", retry_after=7))
    with pytest.raises(ApiError) as caught:
        await client.request("POST", PODS, a_pod("p1"))
    error = caught.value
    assert (error.status, error.reason, error.message) == (422, "Invalid", "spec.replicas: must be positive")
    assert error.retry_after == 7


async def test_an_answer_that_is_no_json_is_told_as_it_is(api, client):
    api.next("list", say(b"<html>sign in</html>"))
    with pytest.raises(ApiError, match="sign in"):
        await client.get(PODS)


@pytest.mark.parametrize("fault", [hang, drop])
async def test_a_server_that_does_not_answer_is_status_0(api, client, fault):
    api.next("write", fault)
    with pytest.raises(ApiError) as caught:
        await client.request("POST", PODS, a_pod("p1"), within=0.05)
    assert caught.value.status == 0
    assert api.url in caught.value.message


async def test_a_token_file_is_read_again_when_the_server_no_longer_takes_the_token(api, tmp_path):
    token = tmp_path / "token"
    token.write_text("old\n")
    client = await Client.connect(a_kubeconfig(tmp_path, api.url, token="", tokenFile=str(token)))
    token.write_text("new\n")
    api.next("list", refuse(401, "Unauthorized", "Unauthorized"))
    assert await client.get(PODS) is not None
    assert [headers["Authorization"] for headers in api.headers] == ["Bearer old", "Bearer new"]
    await client.close()


async def test_an_exec_plugin_gives_the_token(api, tmp_path):
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "echo",
        "args": ['{"apiVersion":"client.authentication.k8s.io/v1","kind":"E","status":{"token":"fresh"}}'],
    }
    client = await Client.connect(a_kubeconfig(tmp_path, api.url, token="", exec=plugin))
    await client.get(PODS)
    assert api.headers[-1]["Authorization"] == "Bearer fresh"
    await client.close()


async def test_no_cluster_anywhere_says_what_to_set(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nothing"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(NoClusterError, match="set KUBECONFIG or pass --kubeconfig"):
        await Client.connect()


async def test_a_kubeconfig_that_makes_no_sense_is_named(tmp_path):
    broken = tmp_path / "kubeconfig"
    broken.write_text("current-context: nobody\ncontexts: []\n")
    with pytest.raises(NoClusterError, match=str(broken)):
        await Client.connect(str(broken))


async def test_an_unknown_context_is_named(api, tmp_path):
    with pytest.raises(NoClusterError, match="elsewhere"):
        await Client.connect(a_kubeconfig(tmp_path, api.url), context="elsewhere")


async def test_we_may_what_the_server_says_we_may(api, client):
    api.next("write", say(b'{"status":{"allowed":true}}'), say(b'{"status":{"allowed":false}}'))
    assert await client.can_i("create", "batch", "jobs", "default")
    assert not await client.can_i("create", "", "pods/eviction", "default")


async def test_a_watch_yields_whole_lines_only(api, client):
    api.next("watch", say(b'{"a":1}\n{"b":2}\n{"c'))
    params = {"watch": "1", "resourceVersion": "0"}
    async with aclosing(client.stream(PODS, params)) as lines:
        assert [line async for line in lines] == [b'{"a":1}', b'{"b":2}']


@pytest.fixture
async def a_tls_server(tmp_path):
    certificate, key = _a_certificate(tmp_path)
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.transport.get_extra_info("peercert"))
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_get("/x", answer)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate)
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}", certificate, key, seen
    await runner.cleanup()


async def test_a_certificate_of_the_kubeconfig_is_shown_and_the_servers_is_checked(a_tls_server, tmp_path):
    server, certificate, key, seen = a_tls_server
    path = a_kubeconfig(
        tmp_path, server, ca=certificate, token="", **{"client-certificate": certificate, "client-key": key}
    )
    client = await Client.connect(path)
    assert await client.get("/x") == {"ok": True}
    assert seen[0] is not None
    await client.close()


def test_a_watch_that_is_broken_off_leaves_no_connection_though_the_server_never_says_goodbye(tmp_path):
    with a_server_without_manners(tmp_path) as (server, certificate):
        path = a_kubeconfig(tmp_path, server, ca=certificate)
        asyncio.run(watched_a_moment(path))
        gc.collect()  # pytest fails a test in which a connection is found that nobody has closed


async def watched_a_moment(kubeconfig):
    client = await Client.connect(kubeconfig)
    async with aclosing(client.batches(PODS, {"watch": "1"}, idle=30)) as batches:
        assert [await anext(batches), await anext(batches)] == [[], [b'{"a":1}']]
    await client.close()


@contextmanager
def a_server_without_manners(folder):
    """It answers whoever comes with one line of a watch, and then neither reads nor writes."""
    certificate, key = _a_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    over = threading.Event()

    def answer(listening):
        with context.wrap_socket(listening.accept()[0], server_side=True) as caller:
            caller.recv(65536)
            caller.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"a":1}\n\r\n')
            over.wait()

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as thread:
        listening.settimeout(10)
        answering = thread.submit(answer, listening)
        try:
            yield f"https://127.0.0.1:{listening.getsockname()[1]}", certificate
        finally:
            over.set()
        answering.result()


async def test_a_server_nobody_vouches_for_is_not_talked_to(a_tls_server, tmp_path):
    server, _, _, seen = a_tls_server
    client = await Client.connect(a_kubeconfig(tmp_path, server))
    with pytest.raises(ApiError, match="certificate"):
        await client.get("/x")
    assert seen == []
    await client.close()


def _a_certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "everybody")])
    now = dt.datetime.now(tz=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "tls.crt").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "tls.key").write_bytes(private)
    return str(folder / "tls.crt"), str(folder / "tls.key")
