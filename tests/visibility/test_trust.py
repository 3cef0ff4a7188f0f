"""One certificate for all replicas, renewed in time, and trusted by the API server."""

import asyncio
import base64
import datetime as dt

import pytest

from chippool.visibility.certificate import LIFETIME, RENEW_BEFORE, Serving, make, serves
from chippool.visibility.trust import APISERVICE, NotInstalledError, Trust
from tests.kube.conftest import api, client  # noqa: F401  fixtures

HOST = "chippool-visibility.chippool-system.svc"
SECRETS = "/api/v1/namespaces/chippool-system/secrets"
SERVICES, _, SERVICE = APISERVICE.rpartition("/")
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def installed(api):  # noqa: F811
    """What the chart makes."""
    api.put(SECRETS, {"metadata": {"name": "chippool-visibility"}, "type": "Opaque"})
    api.put(SERVICES, {"metadata": {"name": SERVICE}, "spec": {}})
    return api


@pytest.fixture
def replica(client, clock):  # noqa: F811
    return lambda: Trust(client, namespace="chippool-system", service="chippool-visibility", clock=clock)


def bundle(api):  # noqa: F811
    return base64.b64decode(api.objects[APISERVICE]["spec"]["caBundle"]).decode()


def writes(api):  # noqa: F811
    return [method for method, _ in api.requests if method != "GET"]


async def test_the_first_replica_makes_it_and_the_second_takes_it_over(installed, replica):
    first = await replica().look()
    assert await replica().look() == first
    assert bundle(installed) == first.authorities
    assert writes(installed) == ["PUT", "PATCH"]


async def test_two_that_start_at_once_serve_with_the_same(installed, replica):
    one, other = await asyncio.gather(replica().look(), replica().look())
    assert one == other
    assert bundle(installed) == one.authorities


async def test_it_is_renewed_in_time_and_the_earlier_one_stays_trusted(installed, replica, clock):
    first = await replica().look()
    clock.now += LIFETIME - RENEW_BEFORE - dt.timedelta(days=1)
    assert await replica().look() == first
    clock.now += dt.timedelta(days=2)
    second = await replica().look()
    assert second.certificate != first.certificate
    assert first.authorities in second.authorities
    assert bundle(installed) == second.authorities
    clock.now += LIFETIME - RENEW_BEFORE + dt.timedelta(days=1)
    assert first.authorities not in (await replica().look()).authorities


async def test_what_is_damaged_is_made_anew(installed, replica):
    damaged = {
        "metadata": {"name": "chippool-visibility"},
        "data": {"tls.crt": "bm9uc2Vuc2U=", "tls.key": "", "ca.crt": ""},
    }
    installed.put(SECRETS, damaged)
    assert serves(await replica().look(), HOST, NOW)


async def test_an_apiservice_made_anew_is_told_again(installed, replica):
    serving = await replica().look()
    installed.put(SERVICES, {"metadata": {"name": SERVICE}, "spec": {}})
    await replica().look()
    assert bundle(installed) == serving.authorities


async def test_what_is_not_installed_is_named(installed, replica):
    installed.delete(SERVICES, SERVICE)
    with pytest.raises(NotInstalledError, match=r"APIService v1alpha1.visibility.chippool.io.*visibility.enabled=true"):
        await replica().look()
    installed.delete(SECRETS, "chippool-visibility")
    with pytest.raises(NotInstalledError, match="Secret chippool-system/chippool-visibility"):
        await replica().look()


def test_a_certificate_serves_its_own_host_with_its_own_key_alone():
    mine, others = make(HOST, NOW), make(HOST, NOW)
    assert serves(mine, HOST, NOW)
    assert not serves(mine, "other.chippool-system.svc", NOW)
    assert not serves(Serving(mine.authorities, mine.certificate, others.key), HOST, NOW)
    assert not serves(Serving(others.authorities, mine.certificate, mine.key), HOST, NOW)
    assert not serves(Serving("", "", ""), HOST, NOW)
