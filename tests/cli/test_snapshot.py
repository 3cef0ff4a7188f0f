"""The cluster as a file: read again it is the same cluster, and it has nothing in it that is nobody's business."""

import gzip
import json
import re
import time

import pytest
import yaml
from typer.testing import CliRunner

from chippool.cli.main import commands
from chippool.core.demand import OTHERS, Ring
from chippool.state.history import LABEL, data_of, name_of
from tests.cli.clusters import running, running_ads, stock
from tests.cli.test_waits import HOUR, learnt
from tests.state.build import NOW, a_pod, a_workload, an_object, rfc

PASSWORD = "correct-horse-battery"


def with_secrets(*objects):
    """Pods and templates whose containers are started with what nobody should read."""
    for raw in objects:
        spec = raw["spec"]
        pod = spec.get("template", {}).get("spec") if "template" in spec else spec
        for container in (pod or {}).get("containers", ()):
            container |= {"env": [{"name": "TOKEN", "value": PASSWORD}], "args": ["--token", PASSWORD]}
        raw["metadata"].setdefault("annotations", {})["kubectl.kubernetes.io/last-applied"] = PASSWORD
        yield raw


@pytest.fixture
def busy(api):
    api.add(*stock(nodes=3), *with_secrets(*running("gang", ["n1"]), *running_ads("rank", ["n2"])))
    api.add(*with_secrets(a_workload("second", 2), a_pod("stranger", workload="", node="n3", phase="Running", chips=2)))
    return api


@pytest.fixture
def taken(busy, user, tmp_path):
    """The file, and what reads it: no cluster any more."""

    def take(name="here.json", *how):
        file = tmp_path / name
        user.reads("snapshot", "--file", str(file), *how)
        return file

    return take


def reads(*words):
    done = CliRunner().invoke(commands, list(map(str, words)))
    assert done.exit_code == 0, done.output
    return done.stdout


def without_times(lines):
    return [{key: value for key, value in line.items() if key != "ageSeconds"} for line in lines]


def without_start(said):
    """Nobody has waited yet, and a file can't tell that from one whose writer might not read it."""
    return [line for line in said.splitlines() if "it will start" not in line]


@pytest.fixture
def remembered(busy):
    """A hundred days of what was asked for, and how long others waited."""
    hour = int(time.time() // 3600)
    ring = Ring(hour, {}, {"train": tuple(2 + day / 20 for day in range(100)), OTHERS: (0.0,) * 100})
    history = an_object("ConfigMap", name_of("h800"), "chippool-system", labels={LABEL: "h800"})
    busy.add(history | {"data": data_of(ring, None)}, learnt(*[HOUR] * 20))
    return busy


@pytest.mark.parametrize("name", ["here.json", "here.json.gz"])
def test_read_again_it_is_the_same_cluster(taken, user, name):
    file = taken(name)
    for what in ("pools", "queues", "workloads"):
        said = json.loads(reads(what, "--snapshot", file, "-o", "json"))
        assert without_times(said) == without_times(user.reads_json(what))
    from_file = reads("explain", "second", "-n", "team", "--snapshot", file)
    assert without_start(from_file) == without_start(user.reads("explain", "second", "-n", "team"))
    assert "ChipsShort, #1" in reads("top", "--snapshot", file)


def test_a_packed_one_is_packed(taken):
    assert json.loads(gzip.decompress(taken("x.gz").read_bytes()))["kind"] == "ClusterSnapshot"


def test_what_containers_are_started_with_is_not_in_it(taken, user):
    assert PASSWORD not in taken().read_text()
    assert PASSWORD not in user.reads("snapshot")


def test_it_tells_how_long_the_stock_lasts_and_when_who_waits_will_start(remembered, taken, user):
    file = taken()
    sentence = user.reads_json("forecast")["pools"][0]["sentence"]
    assert "stock lasts until" in sentence
    assert json.loads(reads("forecast", "--snapshot", file, "-o", "json"))["pools"][0]["sentence"] == sentence
    for what in (["explain", "second", "-n", "team"], ["what-if", "--submit", another(file.parent)]):
        for said in (user.reads(*what), reads(*what, "--snapshot", file)):
            assert "expected to start" in said, what
    assert "lasts until" in reads("what-if", "--lose-node", "n3", "--snapshot", file)


def another(folder):
    file = folder / "third.yaml"
    file.write_text(yaml.safe_dump(a_workload("third", 2)))
    return str(file)


def test_what_it_lacks_is_said_as_it_is_written(busy, user, tmp_path):
    done = user.types("snapshot", "--file", str(tmp_path / "x.json"))
    assert "The file has no runway and no expected starts" in done.stderr


def test_an_anonymous_one_remembers_under_other_names(remembered, taken):
    file = taken("anonymous.json", "--anonymous")
    kept = [item for item in json.loads(file.read_text())["items"] if item["kind"] == "ConfigMap"]
    assert len(kept) == 2
    assert "class-" in str(kept)
    for name in ("train", "ads", '"q"'):
        assert name not in str(kept), name
    assert "stock lasts until" in reads("forecast", "--snapshot", file)
    gang = next(w for w in json.loads(reads("workloads", "--snapshot", file, "-o", "json")) if w["state"] == "pending")
    assert gang["eta"]


def test_an_anonymous_one_has_nobodys_name_and_shows_the_same(taken, user):
    file = taken("anonymous.json", "--anonymous")
    text = re.sub(r'"uid": ".*?"', "", file.read_text())  # those of real objects are random
    for name in ("gang", "gang-0", "rank", "second", "stranger", "team", "ads", "n1", "q"):
        assert not re.search(f'"{name}"(?!:)', text), name
    pools = json.loads(reads("pools", "--snapshot", file, "-o", "json"))
    assert pools == user.reads_json("pools")
    workloads = json.loads(reads("workloads", "--snapshot", file, "-o", "json"))
    assert [(line["state"], line.get("position"), line["chips"]) for line in workloads] == [
        ("ready", None, 8),
        ("ready", None, 8),
        ("pending", 1, 16),
    ]
    assert workloads[2]["name"].startswith("workload-")


def test_a_simulation_goes_on_from_there(taken):
    """Of three nodes two are taken and one has a stranger on it: the gang of two starts when both have ended.

    They have run for a minute when the snapshot is taken.
    """
    file = taken()
    file.write_text(json.dumps(json.loads(file.read_text()) | {"takenAt": rfc(NOW)}))
    still = json.loads(reads("simulate", "cluster", "--snapshot", file, "-o", "json"))
    assert (still["ended"], still["waiting"], still["pools"]["h800"]["peak"]) == (0, 1, 18.0)
    ends = json.loads(reads("simulate", "cluster", "--snapshot", file, "--runs-for", "2h", "-o", "json"))
    assert (ends["ended"], ends["waiting"]) == (3, 0)
    assert ends["displacements"] == {}
    starts = [one for one in ends["timeline"] if one["what"] == "admit"]
    assert [one["about"] for one in starts] == ["team/second"]
    assert starts[0]["at"] == 7200 - 60


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--snapshot", "nowhere.json"], 1, "nowhere.json can't be read"),
        (["--snapshot", __file__], 1, "is no JSON"),
        ([], 2, "Give either --fleet and --workloads, or --snapshot."),
        (["--snapshot", "x", "--fleet", "y"], 2, "Give either"),
        (["--snapshot", "x", "--runs-for", "long"], 2, "--runs-for: "),
    ],
)
def test_what_can_not_be_read_is_a_sentence(words, code, sentence):
    done = CliRunner().invoke(commands, ["simulate", "cluster", *words])
    assert (done.exit_code, sentence in done.stderr) == (code, True), done.output


def test_a_file_of_something_else_is_refused(tmp_path):
    file = tmp_path / "list.json"
    file.write_text('{"kind": "List", "items": []}')
    done = CliRunner().invoke(commands, ["top", "--snapshot", str(file)])
    assert (done.exit_code, "is no file of `chippool snapshot`" in done.stderr) == (1, True)
