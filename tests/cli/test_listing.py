"""`pools`, `queues`, `workloads`: the lines of `top`, one kind at a time."""

import pytest

from tests.cli.clusters import running, running_ads, stock
from tests.state.build import a_node, a_pool, a_workload


@pytest.fixture
def busy(api):
    api.add(*stock(nodes=2), *running("gang", ["n1"]), *running_ads("rank", ["n2"]))
    api.add(a_workload("second", 1), a_workload("first", 2, namespace="ads", queueName="ads", priorityClassName="ads"))
    return api


def rows(said):
    heading, *lines = (line.split() for line in said.splitlines())
    return [dict(zip(heading, line, strict=False)) for line in lines]


def test_pools_have_their_chips_by_state(busy, user):
    h800 = next(row for row in rows(user.reads("pools")) if row["NAME"] == "h800")
    assert (h800["NODES"], h800["CHIPS"], h800["ALLOCATED"], h800["FREE"]) == ("2", "16", "16", "0")
    assert "nvidia.com/gpu" in user.reads("pools", "-o", "wide")


def test_wide_pools_say_what_their_chips_are_worth_and_how_long_they_last(api, user):
    speed = {"training": "0.5", "serving": "1", "batch": "2"}
    chip = {"vendor": "nvidia", "model": "H800", "resourceName": "nvidia.com/gpu", "relativeSpeed": speed}
    ends = {"until": "2027-05-03", "earliest": "2027-02-01", "latest": "Later", "message": "Because."}
    api.add(a_pool(chip=chip) | {"status": {"runway": ends}}, a_node("n1"), a_pool("npu"))
    for command in ("pools", "top"):
        said = user.reads(command, "-o", "wide")
        assert "Training 4, Serving 8, Batch 16" in said
        assert "2027-05-03 (2027-02-01 … Later)" in said
    h800, npu = user.reads_json("pools")
    assert h800["runway"] == ends
    assert h800["effectiveChips"] == {"Training": 4, "Serving": 8, "Batch": 16}
    assert "runway" not in npu


def test_queues_have_a_row_for_each_pool(busy, user):
    q = next(row for row in rows(user.reads("queues")) if row["NAME"] == "q")
    assert (q["POOL"], q["USED"], q["BORROWED"], q["LIMIT"], q["WANTED"]) == ("h800", "8", "8", "-", "8")


def test_workloads_stand_in_the_order_of_their_turn_with_place_and_reason(busy, user):
    found = rows(user.reads("workloads"))
    assert [(row["#"], row["NAME"], row["POOL"], row["REASON"]) for row in found] == [
        ("-", "rank", "h800", "Admitted"),
        ("-", "gang", "h800", "Admitted"),
        ("1", "first", "-", "ChipsShort"),
        ("2", "second", "-", "ChipsShort"),
    ]
    assert [row["NAME"] for row in rows(user.reads("workloads", "-n", "ads"))] == ["rank", "first"]
    assert "not that many are free" in user.reads("workloads", "-o", "wide")


def test_names_are_what_kubectl_takes(busy, user):
    assert user.reads("pools", "-o", "name").split() == ["chippool.chippool.io/h800", "chippool.chippool.io/npu"]
    assert user.reads("queues", "-o", "name").split() == ["chipqueue.chippool.io/ads", "chipqueue.chippool.io/q"]
    assert "chipworkload.chippool.io/first" in user.reads("workloads", "-o", "name").split()


@pytest.mark.parametrize(("what", "part"), [("pools", "pools"), ("queues", "queues"), ("workloads", "workloads")])
def test_the_documents_are_those_of_top(busy, user, what, part):
    assert user.reads_json(what) == user.reads_json("top")[part]
    assert user.reads(what, "-o", "yaml").startswith("- ")


def test_where_there_is_nothing_it_says_so_and_prints_nothing(api, user):
    done = user.types("workloads")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "There are no chipworkloads.\n")
    assert user.reads_json("workloads") == []


def test_who_may_not_see_the_cluster_is_told_what_works(api, user):
    api.forbidden = {"nodes"}
    done = user.types("workloads")
    assert done.exit_code == 1
    assert "workloads shows the whole cluster, and you may not list Node" in done.stderr
