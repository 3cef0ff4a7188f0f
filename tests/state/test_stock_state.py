"""What is believed of a pool's chips: their worth by purpose, and who holds them."""

import csv
from importlib.resources import files

import pytest

from chippool.api.catalogue import REFERENCE, catalogue, facts_of
from chippool.core.capacity import Purpose
from chippool.core.ids import CHIP, PoolName
from chippool.core.supply import Export, Order, Supply
from tests.state.build import (
    PROJECT,
    Cluster,
    a_class,
    a_job,
    a_namespace,
    a_node,
    a_pool,
    a_queue,
    a_workload,
    an_assignment,
)
from tests.state.native import a_native_pod, an_owner

H800 = PoolName("h800")


def yields_of(model=None, **spec):
    raw = a_pool(**spec)
    raw["spec"]["chip"] |= {} if model is None else {"model": model}
    return PROJECT["ChipPool"](raw).yields


def test_the_catalogue_says_that_one_number_per_chip_is_wrong():
    h20 = yields_of("H20-96GB").speed
    assert h20[Purpose.TRAINING] == pytest.approx(148 / 989.4)
    assert h20[Purpose.SERVING] == pytest.approx(712.5 / 2787.5)
    assert yields_of("h800-sxm5-80gb").speed[Purpose.SERVING] == pytest.approx(1850 / 2787.5)


def test_the_reference_is_one_for_every_purpose():
    assert yields_of(REFERENCE).speed == dict.fromkeys(Purpose, 1.0)


def test_peak_figures_stand_in_where_no_throughput_is_published():
    speeds = yields_of("Ascend-910B3").speed
    assert set(speeds.values()) == {313 / 989.4}


def test_what_nothing_is_known_of_has_no_speed():
    assert yields_of("H9000").speed == {}
    assert yields_of("Kunlun-P800").speed == {}, "a blank in the catalogue is unknown, not zero"


def test_the_spec_goes_before_the_catalogue():
    chip = {"vendor": "nvidia", "model": "H20-96GB", "resourceName": "nvidia.com/gpu"}
    stated = a_pool(chip=chip | {"relativeSpeed": {"serving": "0.5"}})
    assert PROJECT["ChipPool"](stated).yields.speed[Purpose.SERVING] == 0.5
    assert PROJECT["ChipPool"](stated).yields.speed[Purpose.BATCH] == pytest.approx(148 / 989.4)
    peak = PROJECT["ChipPool"](a_pool(chip=chip | {"bf16Tflops": 495})).yields
    assert peak.speed[Purpose.TRAINING] == 495 / 989.4
    assert peak.speed[Purpose.SERVING] == 712.5 / 2787.5, "a peak says less of serving than what was published of it"


def test_efficiency_is_a_quantity_by_purpose():
    assert yields_of(efficiency={"serving": "2", "batch": "500m"}).efficiency == {
        Purpose.SERVING: 2.0,
        Purpose.BATCH: 0.5,
    }


def rows_of(name):
    text = files("chippool.api.catalogue").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_every_figure_of_the_catalogue_has_its_source():
    known = {row["key"] for row in rows_of("sources")}
    rows = rows_of("chips")
    assert len(rows) == len(catalogue())
    for row in rows:
        named = {key for column in row if column.startswith("src_") for key in row[column].split(";") if key}
        assert named <= known, row["model"]
        assert bool(row["bf16_dense_tflops"]) == bool(row["src_compute"]), row["model"]
    for row in rows_of("serving"):
        assert row["source"].startswith("https://")
        assert facts_of(row["model"]).bf16_tflops, row["model"]


def test_chips_are_counted_for_what_the_work_that_holds_them_is_for():
    seen = Cluster(a_pool(), a_queue(), a_class(), a_namespace(), a_node("n1", 8), a_node("n2", 8))
    for name, more in (("train", {}), ("embed", {"purpose": "Batch"})):
        seen.shows(a_workload(name, **more), a_job(name, an_assignment()))
    assert seen.mirror.pool_counts(H800).purposes == {Purpose.TRAINING: 8 * CHIP, Purpose.BATCH: 8 * CHIP}
    seen.shows(a_workload("embed", purpose="Serving", generation=2))
    assert seen.mirror.pool_counts(H800).purposes == {Purpose.TRAINING: 8 * CHIP, Purpose.SERVING: 8 * CHIP}
    seen.mirror.remove("ChipWorkload", "uid-team-train")
    assert seen.mirror.pool_counts(H800).purposes == {Purpose.SERVING: 8 * CHIP}


def test_a_service_serves_and_a_gang_trains_if_nothing_else_is_said():
    assert PROJECT["ChipWorkload"](a_workload(mode="Service")).purpose is Purpose.SERVING
    assert PROJECT["ChipWorkload"](a_workload()).purpose is Purpose.TRAINING
    assert PROJECT["ChipWorkload"](a_workload(purpose="Batch")).purpose is Purpose.BATCH


def test_the_supply_is_read_with_its_defaults_and_a_ban_reaches_the_decisions():
    assert PROJECT["ChipPool"](a_pool()).supply is None
    plain = PROJECT["ChipPool"](a_pool(supply={"owned": 8}))
    assert plain.supply == Supply(owned=8)
    assert plain.view.resale.allowed
    stated = {
        "owned": 8,
        "origin": "Domestic",
        "export": "Banned",
        "graceUntil": "2027-01-15T08:00:00Z",
        "annualFailureRate": "120m",
        "onOrder": [{"chips": 64, "expected": "2027-01-16"}],
        "licenceProbability": "0.2",
    }
    banned = PROJECT["ChipPool"](a_pool(supply=stated))
    assert banned.supply == Supply(
        8, True, Export.BANNED, True, 0.12, (Order(64, 1_800_057_600.0),), 0.2, 1_800_000_000.0
    )
    assert (banned.view.resale.allowed, banned.view.resale.until) == (False, 1_800_000_000.0)


def test_native_pods_that_are_kept_running_serve_and_others_train():
    served = a_native_pod("web-7d-x", owner=an_owner("ReplicaSet", "web-7d"))
    cluster = Cluster(a_pool(), a_queue(selector={}), a_class(), a_namespace(), served, a_native_pod("alone"))
    cluster.mirror.snapshot()
    records = {record.name: record.purpose for record in cluster.mirror.workload_records.values()}
    assert records == {"pod:web-7d-x": Purpose.SERVING, "pod:alone": Purpose.TRAINING}


def test_another_efficiency_or_supply_is_news_and_no_other_snapshot():
    cluster = Cluster(a_pool(), a_queue(), a_class(), a_namespace(), a_node("n1"))
    before = cluster.mirror.snapshot()
    for news in ({"efficiency": {"training": "2"}}, {"supply": {"owned": 8}}):
        heard = cluster.changes
        cluster.shows(a_pool(**news))
        assert cluster.changes == heard + 1
        assert cluster.mirror.snapshot() is before
    heard = cluster.changes
    cluster.shows(a_pool(**news))
    assert cluster.changes == heard, "the same again is none"
