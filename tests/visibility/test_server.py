"""The API over real TLS: who is let in, what he is told, and what not."""

import asyncio
import json
import ssl

import aiohttp
import pytest

from chippool.visibility.discovery import explanation_path
from chippool.visibility.frontproxy import CONFIG
from chippool.visibility.server import Visibility
from chippool.visibility.trust import APISERVICE
from tests.cli.clusters import running_ads, stock
from tests.kube.conftest import api, client  # noqa: F401  fixtures
from tests.kube.faults import say
from tests.state.build import Cluster, a_workload
from tests.visibility.test_frontproxy import CONFIG as HEADERS
from tests.visibility.test_trust import SECRETS, SERVICE, SERVICES, bundle
from tools.plane import pki

GANG = explanation_path("team", "gang")
ANN = {"X-Remote-User": "ann", "X-Remote-Group": "system:authenticated"}


def reviewed(*, allowed):
    return say(json.dumps({"status": {"allowed": allowed}}).encode())


@pytest.fixture
def certificates(tmp_path):
    """The front proxy's, one of its authority for somebody else, and one of another authority."""
    front, other = pki.make_authority(tmp_path, "front"), pki.make_authority(tmp_path, "other")
    return {
        "authority": front.cert.read_text(),
        "proxy": pki.make_client(tmp_path, "proxy", "front-proxy-client", (), front),
        "somebody": pki.make_client(tmp_path, "somebody", "somebody", (), front),
        "stranger": pki.make_client(tmp_path, "stranger", "front-proxy-client", (), other),
        None: None,
    }


class Caller:
    def __init__(self, server, api, certificates):  # noqa: F811
        self.server, self.api, self._certificates = server, api, certificates

    async def get(self, path, who="proxy", headers=ANN, method="GET"):
        context = ssl.create_default_context(cadata=bundle(self.api))
        pair = self._certificates[who]
        if pair is not None:
            context.load_cert_chain(pair.cert, pair.key)
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(connector=connector) as session:
            url = f"https://127.0.0.1:{self.server.port}{path}"
            host = "chippool-visibility.chippool-system.svc"
            async with session.request(method, url, headers=headers, server_hostname=host) as answer:
                return answer.status, await answer.json(content_type=None)

    async def explained(self, path, *, allowed=True):
        self.api.next("write", reviewed(allowed=allowed))
        return await self.get(path)


@pytest.fixture
async def caller(api, client, certificates):  # noqa: F811
    collection, _, name = CONFIG.rpartition("/")
    api.put(
        collection,
        {"metadata": {"name": name}, "data": HEADERS | {"requestheader-client-ca-file": certificates["authority"]}},
    )
    api.put(SECRETS, {"metadata": {"name": "chippool-visibility"}})
    api.put(SERVICES, {"metadata": {"name": SERVICE}, "spec": {}})
    secret = running_ads("secret-campaign", ["n1"])
    cluster = Cluster(*stock(nodes=2), *secret, a_workload("gang", 2), a_workload("hidden", 2, namespace="ads"))
    server = Visibility(
        client,
        cluster.mirror,
        address="127.0.0.1",
        port=0,
        namespace="chippool-system",
        service="chippool-visibility",
        synced=lambda: True,
    )
    task = asyncio.create_task(server.run())
    await api.bell.until(lambda: server.port and ("PATCH", APISERVICE) in api.requests)
    yield Caller(server, api, certificates)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_place_and_the_sentences_are_told_and_nobody_elses_names(caller):
    status, said = await caller.explained(GANG)
    assert status == 200
    assert (said["kind"], said["metadata"]["name"], said["position"], said["waiting"]) == ("Explanation", "gang", 1, 1)
    assert "team/gang waits: ChipsShort." in said["sentences"]
    assert "    Held by queue ads, class ads: 8." in said["sentences"]
    assert said["explanation"]["waits"]["variants"][0]["asked"] == 16
    assert "secret-campaign" not in json.dumps(said)


async def test_the_api_server_is_asked_about_this_user_and_this_workload(caller):
    reviews = []

    async def review(request):
        reviews.append(await request.json())
        return await reviewed(allowed=False)(request)

    caller.api.next("write", review)
    status, said = await caller.get(GANG)
    assert (status, said["reason"]) == (403, "Forbidden")
    assert 'User "ann" cannot get resource "chipworkloads/explanation"' in said["message"]
    (asked,) = [review["spec"] for review in reviews]
    assert (asked["user"], asked["groups"]) == ("ann", ["system:authenticated"])
    assert asked["resourceAttributes"] == {
        "namespace": "team",
        "verb": "get",
        "group": "visibility.chippool.io",
        "version": "v1alpha1",
        "resource": "chipworkloads",
        "subresource": "explanation",
        "name": "gang",
    }


async def test_where_nobody_says_who_may_nothing_is_told(caller):
    caller.api.next("write", *[say(b"nonsense")] * 2)
    status, said = await caller.get(GANG)
    assert (status, said["reason"]) == (503, "ServiceUnavailable")


@pytest.mark.parametrize("who", [None, "somebody"])
@pytest.mark.parametrize("path", [GANG, "/apis", "/apis/visibility.chippool.io/v1alpha1"])
async def test_without_the_proxys_certificate_it_is_401(caller, who, path):
    status, said = await caller.get(path, who=who)
    assert (status, said["code"], said["reason"]) == (401, 401, "Unauthorized")


async def test_a_certificate_of_another_authority_is_not_even_listened_to(caller):
    with pytest.raises(aiohttp.ClientError):
        await caller.get(GANG, who="stranger")


async def test_a_workload_that_is_not_there_is_404(caller):
    status, said = await caller.explained(explanation_path("team", "nobody"))
    assert (status, said["message"]) == (404, 'chipworkloads.chippool.io "nobody" not found')


async def test_a_pool_that_no_variant_names_is_400_with_those_it_does(caller):
    status, said = await caller.explained(f"{GANG}?pool=npu")
    assert (status, said["message"]) == (400, "No variant of team/gang names pool npu; its poolNames are: h800.")


async def test_it_is_read_only_and_has_nothing_else(caller):
    assert (await caller.get(GANG, method="DELETE"))[0] == 405
    status, said = await caller.get("/apis/visibility.chippool.io/v1alpha1/chipworkloads")
    assert (status, said["kind"]) == (404, "Status")


async def test_clients_find_out_what_there_is(caller):
    _, groups = await caller.get("/apis")
    _, group = await caller.get("/apis/visibility.chippool.io")
    _, resources = await caller.get("/apis/visibility.chippool.io/v1alpha1")
    wish = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
    _, aggregated = await caller.get("/apis", headers=ANN | wish)
    assert [one["name"] for one in groups["groups"]] == [group["name"]] == ["visibility.chippool.io"]
    assert [(one["name"], one["verbs"]) for one in resources["resources"]] == [("chipworkloads/explanation", ["get"])]
    (version,) = aggregated["items"][0]["versions"]
    assert version["resources"][0]["subresources"][0]["subresource"] == "explanation"
