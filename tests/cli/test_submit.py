"""A ChipWorkload from a few flags."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from chippool.api.workload import ChipWorkload
from chippool.cli.main import commands

FEW = ("--queue", "team", "--class", "training", "--image", "example.com/train:1", "--pool", "h800")


def shown(user, *words):
    return yaml.safe_load(user.reads("submit", "train", *FEW, "--dry-run", "client", "-o", "yaml", *words))


def test_a_few_flags_make_a_gang_of_one_that_the_kind_understands(user):
    made = shown(user)
    assert made["spec"] == {
        "queueName": "team",
        "priorityClassName": "training",
        "mode": "Gang",
        "replicas": 1,
        "template": {
            "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example.com/train:1"}]}
        },
        "variants": [{"name": "h800", "poolNames": ["h800"], "chipsPerReplica": 1}],
    }
    ChipWorkload.model_validate(made | {"metadata": {"name": "train", "namespace": "team"}})


def test_pools_are_tried_in_the_order_given_each_with_its_image(user):
    first, second = shown(user, "--pool", "npu=example.com/train-npu:1", "--chips", "8")["spec"]["variants"]
    assert (first["poolNames"], second["poolNames"], second["chipsPerReplica"]) == (["h800"], ["npu"], 8)
    assert "patch" not in first
    assert second["patch"]["spec"]["containers"] == [{"name": "main", "image": "example.com/train-npu:1"}]


def test_what_stands_after_two_dashes_is_what_each_replica_runs():
    words = ("--env", "A=b=c", "--cpu", "4", "--memory", "8Gi", "--", "python", "train.py", "--fast")
    asked = ["submit", "train", *FEW, "--dry-run", "client", "-o", "yaml", *words]
    made = yaml.safe_load(CliRunner().invoke(commands, asked).stdout)
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["python", "train.py", "--fast"]
    assert container["env"] == [{"name": "A", "value": "b=c"}]
    assert container["resources"] == {"requests": {"cpu": "4", "memory": "8Gi"}}


def test_a_service_is_elastic_and_takes_a_share_of_a_chip(user):
    spec = shown(user, "--service", "--replicas", "4", "--min-replicas", "2", "--chips", "0.25")["spec"]
    assert (spec["mode"], spec["replicas"], spec["minReplicas"]) == ("Service", 4, 2)
    assert spec["variants"][0]["chipsPerReplica"] == "0.25"
    assert "restartPolicy" not in spec["template"]["spec"]


def test_it_is_made_where_the_kubeconfig_says_and_once(api, user):
    done = user.types("submit", "train", *FEW)
    assert (done.exit_code, done.stdout) == (0, "chipworkload.chippool.io/train created\n")
    assert "chippool explain train -n ours" in done.stderr
    assert "/apis/chippool.io/v1alpha1/namespaces/ours/chipworkloads/train" in api.objects
    again = user.types("submit", "train", *FEW)
    assert again.exit_code == 1
    assert "already exists" in again.stderr


def test_a_dry_run_keeps_nothing(api, user):
    assert "created (client dry run)" in user.reads("submit", "train", *FEW, "--dry-run", "client")
    assert "created (server dry run)" in user.reads("submit", "train", *FEW, "--dry-run", "server", "-n", "team")
    assert json.loads(user.reads("submit", "x", *FEW, "--dry-run", "server", "-o", "json"))["kind"] == "ChipWorkload"
    assert not api.objects


@pytest.mark.parametrize("words", [("--env", "A"), ("--dry-run", "perhaps"), ("--replicas", "-1")])
def test_flags_that_make_no_sense_are_wrong_usage(user, words):
    assert user.types("submit", "train", *FEW, *words).exit_code == 2
