"""Throughput that pods measure, from their annotations to the speeds that decisions see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chippool.core.throughput import FEWEST
from chippool.state.throughputs import FAMILIES, KEPT
from chippool.state.translate_pod import pod
from tests.state.build import (
    Cluster,
    a_class,
    a_job,
    a_namespace,
    a_node,
    a_pod,
    a_pool,
    a_queue,
    a_variant,
    a_workload,
    an_assignment,
)

VARIANTS = [a_variant("h800", ["h800"], speed="1"), a_variant("npu", ["npu"], chips=16, speed="0.9")]
TEAMS = ("a", "b", "c")


def of_family(raw, family="chat"):
    raw["metadata"]["labels"] = {"chippool.io/family": family} if family else {}
    return raw


def measuring(team, pool, throughput, *, family="chat", pods=FEWEST):
    """A gang of a family that runs in a pool, each replica with what it says it does."""
    name = f"{family}-{pool}"
    yield of_family(a_workload(name, pods, variants=VARIANTS, namespace=team), family)
    yield a_job(name, an_assignment(pods, pool, pool), namespace=team, parallelism=pods)
    for at in range(pods):
        said = {"chippool.io/throughput": str(throughput)}
        node = f"{pool}-{team}-{at}"
        yield a_node(node, chips=16, pool=pool)
        yield a_pod(
            f"{name}-{at}", name, namespace=team, node=node, phase="Running", ready=True, index=at, said=said
        )  # fmt: skip


def both(team, h800=800.0, npu=960.0, **more):
    """960 of 16 chips beside 800 of 8: a chip does 0.6 of another."""
    return [*measuring(team, "h800", h800, **more), *measuring(team, "npu", npu, **more)]


def a_cluster():
    waits = of_family(a_workload("mine", variants=VARIANTS, namespace="mine"))
    others = of_family(a_workload("others", variants=VARIANTS, namespace="mine"), "search")
    plain = of_family(a_workload("plain", variants=VARIANTS, namespace="mine"), "")
    teams = [a_namespace(name) for name in (*TEAMS, "liar", "mine")]
    return Cluster(a_pool(), a_pool("npu"), a_queue(selector={}), a_class(), *teams, waits, others, plain)


@pytest.fixture
def cluster():
    return a_cluster()


def speeds(cluster, name="mine", namespace="mine"):
    variants = cluster.mirror.snapshot().workloads[f"{namespace}/{name}"].variants
    return [round(variant.speed, 2) for variant in variants]


def test_three_namespaces_correct_the_speeds_of_their_family_and_of_no_other(cluster):
    for team in TEAMS[:2]:
        cluster.shows(*both(team))
    assert speeds(cluster) == [1.0, 0.9]
    cluster.shows(*both(TEAMS[2]))
    assert speeds(cluster) == [1.0, pytest.approx(1.2, rel=0.03)], "a replica has twice the chips there"
    assert speeds(cluster, "others") == speeds(cluster, "plain") == [1.0, 0.9]


def test_who_lies_changes_nobody_elses_speeds(cluster):
    for team in TEAMS:
        cluster.shows(*both(team))
    before = speeds(cluster)
    cluster.shows(*both("liar", npu=1e9))
    assert speeds(cluster) == before
    (told,) = cluster.mirror.pool_counts("npu").measured
    assert (told.family, told.beside, told.found.namespaces, told.found.outliers) == ("chat", "h800", 3, 1)
    assert told.found.ratio == pytest.approx(0.6, rel=0.03)
    assert cluster.mirror.pool_counts("h800").measured[0].found.ratio == pytest.approx(1 / 0.6, rel=0.03)


def test_a_namespace_corrects_its_own_speeds_alone_where_nobody_else_measures(cluster):
    cluster.shows(*both("mine"))
    assert speeds(cluster)[1] == pytest.approx(1.2, rel=0.03)
    cluster.shows(of_family(a_workload("elsewhere", variants=VARIANTS, namespace="a")))
    assert speeds(cluster, "elsewhere", "a") == [1.0, 0.9]
    assert cluster.mirror.pool_counts("npu").measured == ()


def test_what_was_measured_is_remembered_when_its_pods_are_gone(cluster):
    there = both("mine")
    cluster.shows(*there)
    cluster.mirror.snapshot()
    cluster.loses(*(one for one in there if one["kind"] != "Node"))
    assert speeds(cluster)[1] == pytest.approx(1.2, rel=0.03)


def test_a_workload_of_another_family_is_of_the_first_no_more(cluster):
    cluster.shows(*both("mine"))
    assert speeds(cluster)[1] != 0.9
    cluster.shows(of_family(a_workload("mine", variants=VARIANTS, namespace="mine"), "search"))
    assert speeds(cluster) == [1.0, 0.9]


def test_a_measurement_that_differs_by_a_hair_is_no_news(cluster):
    cluster.shows(*both("mine"))
    before, snapshot = cluster.changes, cluster.mirror.snapshot()
    cluster.shows(*both("mine", h800=801.0))
    assert cluster.mirror.snapshot().workloads == snapshot.workloads
    assert cluster.changes == before


def test_of_many_pods_as_many_are_remembered_as_it_takes(cluster):
    for team in TEAMS:
        cluster.shows(*both(team, pods=KEPT + 3))
    (told,) = cluster.mirror.pool_counts("npu").measured
    assert told.found.samples == 2 * len(TEAMS) * KEPT


def test_of_many_families_those_that_are_no_more_make_room_for_new_ones(cluster):
    many = [of_family(a_workload(f"w{at}", namespace="mine"), f"family-{at}") for at in range(FAMILIES)]
    cluster.shows(*many)
    cluster.mirror.snapshot()
    late = both("mine", family="late")
    cluster.shows(*late)
    assert speeds(cluster, "late-npu") == [1.0, 0.9]
    cluster.loses(*many)
    cluster.mirror.snapshot()
    cluster.shows(*both("mine", h800=400.0, npu=480.0, family="late"))
    assert speeds(cluster, "late-npu")[1] == pytest.approx(1.2, rel=0.03)


@pytest.mark.parametrize(
    ("said", "throughput"),
    [
        ("1234.5", 1200.0),
        ("0.00123", 0.0012),
        ("fast", 0.0),
        ("-3", 0.0),
        ("0", 0.0),
        ("nan", 0.0),
        ("inf", 0.0),
        ("1e999", 0.0),
    ],
)
def test_a_pods_word_is_read_to_two_digits_and_nonsense_is_nothing(said, throughput):
    assert pod(a_pod("p", said={"chippool.io/throughput": said})).throughput == throughput


@given(st.lists(st.tuples(st.sampled_from([*TEAMS, "liar"]), st.floats(1e-3, 1e9), st.floats(1e-3, 1e9)), max_size=6))
def test_what_one_family_measures_never_changes_the_speeds_of_another(said):
    cluster = a_cluster()
    before = speeds(cluster, "others"), speeds(cluster, "plain")
    for team, h800, npu in said:
        cluster.shows(*both(team, h800, npu))
    assert (speeds(cluster, "others"), speeds(cluster, "plain")) == before
