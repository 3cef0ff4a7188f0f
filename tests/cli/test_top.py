import pytest

from chippool.cli.picture import Chips
from chippool.cli.top_screen import age, bar, chosen
from tests.cli.clusters import running, running_ads, stock
from tests.state.build import a_node, a_pod, a_workload


def test_pools_count_their_chips_by_state(api, user):
    api.add(
        *stock(nodes=2),
        *running("gang", ["n1"]),
        a_pod("stranger", workload="", node="n2", phase="Running", chips=2),
        a_node("n3", cordoned=True),
    )
    pool = next(one for one in user.reads_json("top")["pools"] if one["name"] == "h800")
    assert pool["nodes"] == 3
    assert pool["chips"] == {
        "installed": 24,
        "allocated": 8,
        "releasing": 0,
        "unmanaged": 2,
        "free": 6,
        "unusable": 8,
    }


def test_queues_say_what_they_use_and_want(api, user):
    api.add(*stock(nodes=2), *running("gang", ["n1"]), a_workload("more", 2))
    queue = next(one for one in user.reads_json("top")["queues"] if one["name"] == "q")
    assert (queue["admitted"], queue["pending"]) == (1, 1)
    assert queue["pools"] == [{"poolName": "h800", "used": 8, "pending": 16, "guaranteed": 0, "borrowed": 8}]


def test_classes_stand_in_the_order_of_their_value(api, user):
    api.add(*stock(nodes=2), *running("gang", ["n1"]), *running_ads("rank", ["n2"]))
    classes = user.reads_json("top")["priorityClasses"]
    assert [(one["name"], one["chips"], one["admitted"]) for one in classes] == [("ads", 8, 1), ("train", 8, 1)]


def test_who_runs_stands_before_who_waits(api, user):
    api.add(*stock(nodes=2), a_workload("more", 2), *running("gang", ["n1"]))
    workloads = user.reads_json("top")["workloads"]
    assert [(one["name"], one["state"], one["reason"]) for one in workloads] == [
        ("gang", "ready", "Admitted"),
        ("more", "pending", "ChipsShort"),
    ]


def test_a_namespace_can_be_chosen(api, user):
    api.add(*stock(nodes=2), *running("gang", ["n1"]), *running_ads("rank", ["n2"]))
    assert [one["name"] for one in user.reads_json("top", "-n", "ads")["workloads"]] == ["rank"]


def test_the_table_says_the_same_without_colours(api, user):
    api.add(*stock(nodes=2), *running("gang", ["n1"]), a_workload("more", 2))
    said = user.reads("top", "--once")
    assert "\x1b" not in said
    assert "h800  ████████████············" in said
    assert "ChipsShort, #1" in said
    assert "1 workloads have chips, 1 do not, 0 finished" in said


def test_wide_has_the_sentences_too(api, user):
    api.add(*stock(nodes=2), a_workload("more", 2), *running_ads("rank", ["n1"]))
    assert "Asks for 2 x 8 chips of h800: not that many are free" in user.reads("top", "-o", "wide")


def test_wide_has_what_one_more_chip_would_add(api, user):
    api.add(*stock(nodes=1), *running_ads("rank", ["n1"]), a_workload("more", 1))
    assert "PRICE" in user.reads("top", "-o", "wide")
    assert [one["price"] for one in user.reads_json("top")["pools"] if one["name"] == "h800"] == [0.125]


def test_yaml_is_the_same_document_as_json(api, user):
    api.add(*stock(nodes=1))
    assert "resourceName: nvidia.com/gpu" in user.reads("top", "-o", "yaml")


def test_an_empty_cluster_says_what_to_do(user):
    said = user.reads("top", "--once")
    assert "No ChipPools: apply one" in said
    assert "No ChipQueues: apply one" in said


def test_an_object_nobody_understands_hides_no_other(api, user):
    broken = a_node("n9")
    broken["status"] = "nonsense"
    api.add(*stock(nodes=2), broken)
    assert user.reads_json("top")["pools"][0]["nodes"] == 2


def test_who_may_not_see_the_cluster_is_told_what_works(api, user):
    api.forbidden = {"nodes"}
    done = user.types("top", "--once")
    assert done.exit_code == 1
    assert "you may not list Node in all namespaces" in done.stderr
    assert "chippool explain WORKLOAD" in done.stderr


def a_stock(**chips):
    given = {"allocated": 0, "releasing": 0, "unmanaged": 0, "free": 0, "unusable": 0, **chips}
    return Chips(installed=sum(given.values()), **given)


@pytest.mark.parametrize(
    ("chips", "drawn"),
    [
        (a_stock(allocated=8, free=8), "█████·····"),
        (a_stock(allocated=1, free=1000), "█·········"),
        (a_stock(allocated=997, releasing=1, unmanaged=1, unusable=1), "███████▓▒x"),
        (a_stock(), ""),
    ],
)
def test_every_state_that_has_chips_shows_in_the_bar(chips, drawn):
    assert bar(chips, width=10).plain == drawn


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (95, "1m35s"), (3600, "1h"), (5400, "1h30m"), (86400 * 12 + 3600, "12d")],
)
def test_ages_are_short(seconds, said):
    assert age(seconds) == said


def test_where_rows_are_few_both_who_runs_and_who_waits_are_shown(api, user):
    api.add(*stock(nodes=4), *(one for i in range(1, 5) for one in running(f"gang{i}", [f"n{i}"])))
    api.add(*(a_workload(f"more{i}", 1) for i in range(1, 5)))
    said = user.reads("top", "--once")
    assert all(f"team/gang{i}" in said and f"team/more{i}" in said for i in range(1, 5))


class Line:
    def __init__(self, pool_name):
        self.pool_name = pool_name


def test_rows_one_half_leaves_over_go_to_the_other():
    runs, waits = [Line("h800") for _ in range(9)], [Line(None) for _ in range(2)]
    assert chosen([*runs, *waits], 6) == [*runs[:4], *waits]
    assert chosen([*runs, *waits], None) == [*runs, *waits]
