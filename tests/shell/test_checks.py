import pytest

from chippool.kube.client import Client
from chippool.shell.checks import CannotStartError, check_kinds, check_rights, check_version, server_version
from tests.kube.fake_api import FakeApi, a_kubeconfig
from tests.kube.faults import refuse, say


@pytest.fixture
async def plane(tmp_path):
    api = FakeApi()
    await api.start()
    client = await Client.connect(a_kubeconfig(tmp_path, api.url))
    yield api, client
    await client.close()
    await api.stop()


def test_versions_of_providers_are_understood() -> None:
    assert server_version({"major": "1", "minor": "34+"}) == (1, 34)
    assert server_version({}) == (0, 0)


async def test_an_old_server_is_refused_with_its_version(plane) -> None:
    api, client = plane
    api.next("list", say(b'{"major":"1","minor":"33","gitVersion":"v1.33.9"}'))
    with pytest.raises(CannotStartError, match=r"v1\.33\.9; chippool needs Kubernetes 1\.34"):
        await check_version(client)


async def test_missing_kinds_are_named(plane) -> None:
    api, client = plane
    api.next("list", say(b'{"resources":[{"name":"chippools"},{"name":"chipworkloads"},{"name":"chippools/status"}]}'))
    with pytest.raises(CannotStartError, match=r"^chipqueues of chippool\.io/v1alpha1 are not served"):
        await check_kinds(client)


async def test_a_group_that_is_not_served_at_all_names_every_kind(plane) -> None:
    api, client = plane
    api.next("list", refuse(404, "NotFound", "not here"))
    with pytest.raises(CannotStartError, match="chippools, chipqueues, chipworkloads"):
        await check_kinds(client)


async def test_every_missing_right_is_named(plane) -> None:
    api, client = plane
    api.next("write", *(say(b'{"status":{"allowed":false}}') for _ in range(2)))
    api.next("write", *(say(b'{"status":{"allowed":true}}') for _ in range(100)))
    with pytest.raises(CannotStartError, match=r"may not assign chipworkloads\.chippool\.io, watch"):
        await check_rights(client)
