import pytest

from chippool.kube.client import Client
from tests.kube.fake_api import FakeApi, a_kubeconfig
from tests.kube.writing import Outcomes


@pytest.fixture
async def api():
    api = FakeApi()
    await api.start()
    yield api
    await api.stop()


@pytest.fixture
async def client(api, tmp_path):
    client = await Client.connect(a_kubeconfig(tmp_path, api.url))
    yield client
    await client.close()


@pytest.fixture
def outcomes(api):
    return Outcomes(api)
