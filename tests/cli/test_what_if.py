"""`chippool what-if` against a cluster over HTTP: what is typed, what is said, and that nothing is changed."""

import json
from xml.etree import ElementTree as ET

import pytest
import yaml
from typer.testing import CliRunner

from chippool.cli.main import commands
from chippool.core.demand import HOUR_S, Ring
from chippool.state.history import LABEL, data_of, name_of
from tests.cli.clusters import running, running_ads, stock, two_ways
from tests.state.build import (
    GPU,
    NOW,
    NPU,
    a_deployment,
    a_node,
    a_pod,
    a_pool,
    a_variant,
    a_workload,
    an_assignment,
    an_object,
)

RACK = {"rack": "r1"}


def concerned(document, *, due=True):
    return {one["name"]: one["fate"] for one in document["workloads"] if one["dueToChange"] is due}


def a_service(name, node):
    return (
        a_workload(name, 1, "Service", namespace="ads", queueName="ads", priorityClassName="ads"),
        a_deployment(name, an_assignment(), namespace="ads"),
        a_pod(f"{name}-0", name, namespace="ads", node=node, phase="Running", ready=True, job="replicaset"),
    )


@pytest.fixture
def file(tmp_path):
    def written(*raw):
        path = tmp_path / "work.yaml"
        path.write_text(yaml.safe_dump_all(raw))
        return str(path)

    return written


def of_a_user(name, *, namespace="ads", **spec):
    """A ChipWorkload as a user writes it."""
    made = a_workload(name, namespace=namespace, **spec)
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": "chippool.io/v1alpha1", "kind": "ChipWorkload", "metadata": {"name": name, **place}} | {
        "spec": made["spec"]
    }


def test_chips_are_lost_by_share_and_who_pays_is_named(api, user):
    api.add(*stock(nodes=2), *running_ads("rank", ["n1"]), *running("gang", ["n2"]))
    said = user.reads_json("what-if", "--lose", "h800=50%")
    assert said["nodes"] == {"lost": ["n1"], "added": []}
    assert concerned(said) == {"rank": "replaces", "gang": "displaced"}
    gang = next(one for one in said["workloads"] if one["name"] == "gang")
    assert gang["now"] == {"state": "runs", "variant": "h800", "poolName": "h800", "replicas": 1}
    assert (gang["then"]["state"], gang["then"]["reason"], gang["then"]["position"]) == ("waits", "ChipsShort", 1)
    assert [pool["then"]["chips"] for pool in said["pools"]] == [8, 8]
    assert api.patches == []


def test_a_rack_and_a_node_by_name(api, user):
    api.add(*stock(nodes=1), a_pool("h800", topology=["rack"]), a_node("r1a", labels=RACK), a_node("r1b", labels=RACK))
    said = user.reads_json("what-if", "--lose-rack", "r1", "--lose-node", "n1")
    assert said["nodes"]["lost"] == ["n1", "r1a", "r1b"]


def test_work_of_a_file_is_submitted_in_its_namespace_or_in_that_of_n(api, user, file):
    api.add(*stock(nodes=1), *running("gang", ["n1"], variants=two_ways()))
    path = file(of_a_user("new", namespace="", queueName="ads", priorityClassName="ads"))
    said = user.reads_json("what-if", "--submit", path, "-n", "ads")
    assert concerned(said) == {"new": "starts", "gang": "moves"}
    assert {one["name"]: one["then"]["poolName"] for one in said["workloads"]} == {"new": "h800", "gang": "npu"}


def test_a_class_may_be_that_of_work_that_is_submitted(api, user, file):
    api.add(*stock(nodes=1), *running("gang", ["n1"]))
    path = file(of_a_user("new", namespace="team"))
    assert concerned(user.reads_json("what-if", "--submit", path)) == {"new": "waits"}
    wish = ("--priority", "team/new=ads")
    (one,) = user.reads_json("what-if", "--submit", path, *wish)["workloads"]
    assert (one["fate"], one["then"]["reason"]) == ("waits", "ClassNotAllowed")


def test_more_chips_let_who_waits_start_and_services_grow(api, user):
    api.add(*stock(nodes=1), *a_service("rank", "n1"), a_workload("more"))
    said = user.reads_json("what-if", "--add-chips", "h800=16", "--grow", "serving=2")
    assert concerned(said) == {"rank": "grows", "more": "starts"}
    assert said["nodes"]["added"] == ["what-if-h800-0001", "what-if-h800-0002"]


def known(name, speed, **supply):
    """A pool whose chips' speed and supply are stated."""
    chip = {"vendor": "v", "model": "own", "resourceName": NPU if name == "npu" else GPU}
    return a_pool(name, chip=chip | {"relativeSpeed": {"training": speed}}, supply={"owned": 16, **supply})


def test_a_ban_and_software_that_makes_more_of_a_chip_change_what_the_stock_is_worth(api, user):
    order = [{"chips": 100, "expected": "2027-03-01"}]
    api.add(*stock(nodes=2), known("h800", "1", onOrder=order), known("npu", "0.5", origin="Domestic"))
    words = ("what-if", "--ban", "h800", "--lose", "h800=8", "--efficiency", "npu/training=2")
    said = user.reads_json(*words)
    assert said["effectiveChips"] == [
        {
            "purpose": "Training",
            "otherwise": {"chips": 20.0, "domesticRatio": 0.2},
            "then": {"chips": 16.0, "domesticRatio": 0.5},
        }
    ]
    pools = {one["name"]: one for one in said["pools"]}
    assert [pools["h800"][at]["arriving"] for at in ("otherwise", "then")] == [100.0, 0.0]
    assert [pools["npu"][at]["effectiveChips"] for at in ("otherwise", "then")] == [
        {"Training": 4.0},
        {"Training": 8.0},
    ]
    table = user.reads(*words)
    assert "Effective chips: Training 20 → 16 (domestic 20% → 50%)." in table
    assert "On order for h800, each order at its probability: 100 → 0 chips." in table
    doubled = user.reads_json("what-if", "--efficiency", "training=2")
    assert [doubled["effectiveChips"][0][at]["chips"] for at in ("otherwise", "then")] == [20.0, 40.0]


def remembered(pool, daily):
    """What the operator keeps of a pool's demand."""
    ring = Ring(int(NOW // HOUR_S), {}, {"train": tuple(map(float, daily))})
    kept = an_object("ConfigMap", name_of(pool), "chippool-system", labels={LABEL: pool})
    return kept | {"data": data_of(ring, None)}


def test_how_long_the_stock_lasts_is_told_before_and_after(api, user):
    api.add(*stock(nodes=2), remembered("h800", [9 + day * 0.05 for day in range(60)]))
    words = ("what-if", "--lose", "h800=8")
    pool = next(one for one in user.reads_json(*words)["pools"] if one["name"] == "h800")
    assert pool["otherwise"]["runway"]["likely"] > pool["then"]["runway"]["likely"]
    assert "demand is past the stock already" in pool["then"]["runway"]["sentence"]
    said = user.reads(*words)
    assert "h800 now: demand grows" in said
    assert f"h800 then: {pool['then']['runway']['sentence']}" in said
    assert "h800 now:" not in user.reads("what-if", "--lose", "npu=8")


def test_what_happens_anyway_is_told_apart(api, user):
    api.add(*stock(nodes=2), a_workload("more"), *running("gang", ["n1"]))
    said = user.reads_json("what-if")
    assert concerned(said) == {}
    assert concerned(said, due=False) == {"more": "starts"}
    assert "Anyway: starts 1" in user.reads("what-if")


def test_people_get_sentences_and_tables(api, user):
    api.add(*stock(nodes=2), *running_ads("rank", ["n1"]), *running("gang", ["n2"]))
    said = user.reads("what-if", "--lose-node", "n1")
    assert "Without 1 node (8 chips): n1." in said
    assert "Because of the change: loses its chips 1, gets other nodes 1" in said
    assert "Displaced by ads work of queue ads: its priority is higher." in said
    assert "\x1b" not in said


def test_the_picture_has_two_bars_for_each_pool(api, user, tmp_path):
    api.add(*stock(nodes=2), *running_ads("rank", ["n1"]), *running("gang", ["n2"]))
    plot = tmp_path / "out.svg"
    user.reads("what-if", "--lose-node", "n1", "--plot", str(plot))
    texts = [element.text for element in ET.parse(plot).iter() if element.tag.endswith(("text", "title"))]
    assert texts.count("now") == texts.count("then") == 2
    assert {"h800", "npu", "ads: 8 chips", "train: 8 chips", "16"} <= {*texts}


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--lose", "h80=8"), 1, "--lose: there is no ChipPool h80; did you mean h800?"),
        (("--lose", "h800"), 2, "--lose h800: give a name, = and what it is to be, as in nvidia-h20=30%"),
        (("--lose", "h800=x"), 2, "--lose h800=x: x is not a whole number of chips."),
        (("--lose", "h800=x%"), 2, "--lose h800=x%: x is not a number."),
        (("--lose", "h800=130%"), 2, "--lose h800=130%: give more than 0 % and at most 100 %."),
        (("--lose", "h800=99"), 1, "--lose h800=99: h800 has 16 chips; it can't lose more."),
        (("--lose-node", "n9"), 1, "--lose-node: there is no node n9; did you mean n"),
        (("--lose-rack", "r1"), 1, "--lose-rack r1: no pool says which label of its nodes is the rack"),
        (("--add-chips", "h800=0"), 2, "--add-chips h800=0: give one chip at least."),
        (("--ban", "h80"), 1, "--ban: there is no ChipPool h80; did you mean h800?"),
        (("--efficiency", "serve=2"), 1, "--efficiency: there is no purpose serve; did you mean serving?"),
        (("--efficiency", "h80/serving=2"), 1, "--efficiency: there is no ChipPool h80; did you mean h800?"),
        (("--efficiency", "serving=0"), 2, "--efficiency serving=0: the factor must be more than 0."),
        (("--limit", "q=8"), 2, "--limit q=8: give QUEUE/POOL=CHIPS"),
        (("--limit", "qq/h800=8"), 1, "--limit: there is no ChipQueue qq; did you mean q?"),
        (("--grow", "serving=-1"), 2, "--grow serving=-1: the factor must be more than 0."),
        (("--grow", "team/gang=2"), 1, "--grow: there is no service team/gang; there is none at all."),
        (("--priority", "team/gnag=ads"), 1, "--priority: there is no ChipWorkload team/gnag; did you mean team/gang?"),
        (("--priority", "team/gang=ad"), 1, "--priority: there is no PriorityClass ad; did you mean ads?"),
        (("--submit", "nowhere.yaml"), 1, "--submit: nowhere.yaml can't be read: No such file or directory."),
        (("--within", "soon"), 2, "--within: "),
        (("--plot", "out.png"), 2, "--plot: out.png is no .svg"),
    ],
)
def test_a_mistake_gets_a_sentence_that_names_the_flag(api, user, words, code, sentence):
    api.add(*stock(nodes=2), *running("gang", ["n1"]))
    done = user.types("what-if", *words)
    assert done.exit_code == code
    assert sentence in done.stderr


def test_a_cluster_in_a_file_gives_the_same_answer(api, user, tmp_path):
    api.add(*stock(nodes=2), *running_ads("rank", ["n1"]), *running("gang", ["n2"]))
    file = str(tmp_path / "cluster.json.gz")
    user.reads("snapshot", "--file", file)
    words = ("what-if", "--lose", "h800=50%", "-o", "json")
    done = CliRunner().invoke(commands, [*words, "--snapshot", file])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == json.loads(user.reads(*words))
    done = CliRunner().invoke(commands, ["what-if", "--snapshot", "nowhere.json"])
    assert (done.exit_code, done.stderr) == (
        1,
        "Error: --snapshot: nowhere.json can't be read: No such file or directory.\n",
    )


def test_what_can_not_be_submitted_is_said(api, user, file):
    api.add(*stock(nodes=2), *running("gang", ["n1"]))
    for raw, sentence in (
        (of_a_user("gang", namespace="team"), "there is a ChipWorkload team/gang already; give it another name."),
        (of_a_user("new", variants=[a_variant(chips="many")]), "ChipWorkload new: spec.variants.0.chipsPerReplica"),
        ({"kind": "Job", "metadata": {"name": "job"}}, "has Job job; only ChipWorkloads can be submitted."),
    ):
        done = user.types("what-if", "--submit", file(raw))
        assert (done.exit_code, sentence in done.stderr) == (1, True), done.stderr


def test_who_may_not_list_everything_is_told(api, user):
    api.add(*stock())
    api.forbidden.add("nodes")
    done = user.types("what-if")
    assert done.exit_code == 1
    assert "you may not list Node in all namespaces" in done.stderr
