"""`chippool board` as a command: what it prints, and how it ends."""

import re
import signal
import subprocess
import sys
import urllib.request

import orjson
import pytest

from tests.cli.clusters import running, stock
from tests.state.build import a_workload


def test_who_may_not_see_the_cluster_is_told_what_to_ask_for(api, user):
    api.add(*stock())
    api.forbidden |= {"nodes", "pods"}
    done = user.types("board")
    assert done.exit_code == 1
    assert "board shows the whole cluster, and you may not list Node, Pod in all namespaces" in done.stderr
    assert "chippool-observer" in done.stderr


def test_a_file_that_is_no_snapshot_is_a_sentence(user, tmp_path):
    path = tmp_path / "none.json"
    path.write_text('{"kind": "List"}')
    done = user.types("board", "--snapshot", str(path))
    assert done.exit_code == 1
    assert "is no file of `chippool snapshot`" in done.stderr


@pytest.fixture
def served(tmp_path):
    """A board of a snapshot, and the file."""
    items = [*stock(), *running("train", ["n1"]), a_workload("gang", 2)]
    path = tmp_path / "snapshot.json"
    path.write_bytes(orjson.dumps({"kind": "ClusterSnapshot", "takenAt": "2027-01-15T08:00:00Z", "items": items}))
    command = [sys.executable, "-c", "from chippool.cli.main import app; app()", "board", "--snapshot", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process, path
        process.kill()


def test_a_snapshot_is_served_until_ctrl_c_and_nobody_else_on_its_port(user, served):
    process, path = served
    address = re.fullmatch(r"The board is at (http://127\.0\.0\.1:(\d+)/[\w-]+/)\n", process.stdout.readline())
    taken = user.types("board", "--snapshot", str(path), "--port", address[2])
    assert taken.exit_code == 1
    assert re.match(r"Error: --port \d+: .*; choose another, or 0 for any\.", taken.stderr)
    with urllib.request.urlopen(f"{address[1]}workloads?count=10") as answer:
        found = orjson.loads(answer.read())
    assert [line["name"] for line in found["lines"]] == ["train", "gang"]
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
