import json

import pytest
from typer.testing import CliRunner

from chippool.cli.main import commands
from tests.cli.api import Api
from tests.kube.fake_api import a_kubeconfig


@pytest.fixture
def api():
    api = Api()
    yield api
    api.stop()


class User:
    """Types commands against a cluster and reads what they print."""

    def __init__(self, kubeconfig):
        self.kubeconfig = kubeconfig

    def types(self, *words, answers=None):
        return CliRunner().invoke(commands, [*words, "--kubeconfig", self.kubeconfig], input=answers)

    def reads(self, *words):
        """What a command prints that must succeed."""
        done = self.types(*words)
        assert done.exit_code == 0, done.output
        return done.stdout

    def reads_json(self, *words):
        return json.loads(self.reads(*words, "-o", "json"))


@pytest.fixture
def user(api, tmp_path):
    return User(a_kubeconfig(tmp_path, api.url))
