"""`chippool forecast` as its user reads it."""

import time

import pytest

from chippool.cli.forecast_live import Band, Forecasts, PoolForecast, domestic_share, show
from chippool.core.demand import OTHERS, Ring
from chippool.state.history import LABEL, data_of, name_of
from tests.state.build import Cluster, a_class, a_node, a_pool, a_queue

KNOWN = PoolForecast(
    name="nvidia-h20",
    days_known=60,
    demand=1500.0,
    stock=2048.0,
    stock_in_a_year=1870.0,
    effective_chips={"Serving": 532.0},
    failures_a_year=Band(0.09, 0.05, 0.14),
    ahead={"7": Band(1510.0, 1480.0, 1540.0), "30": Band(1600.0, 1500.0, 1700.0), "90": Band(1800.0, 1600.0, 2050.0)},
    lasts_until="2027-05-01",
    earliest="2027-02-01",
    latest=None,
    sentence="demand grows 3.1 % a week: stock lasts until 2027-05.",
)
NEW = PoolForecast("ascend", 3, 8.0, 64.0, 64.0, {}, Band(0, 0, 0), {}, None, None, None, "Demand is known of 3 days.")


def test_each_pool_has_its_bands_its_runway_and_its_reason(capsys):
    show(Forecasts("2026-11-28T00:00:00Z", (NEW, KNOWN), {"Serving": 0.25}))
    said = " ".join(capsys.readouterr().out.split())
    assert "1,510 (1,480 … 1,540)" in said
    assert "2027-05-01 (2027-02-01 … beyond)" in said
    assert "nvidia-h20: demand grows 3.1 % a week: stock lasts until 2027-05." in said
    assert "ascend: Demand is known of 3 days." in said
    assert "Domestic share of effective chips: Serving 25 %." in said


@pytest.fixture
def remembered(api):
    """A pool of 16 chips, what was asked for of it, and a queue that trains models."""
    hour, chip = int(time.time() // 3600), {"vendor": "v", "model": "m", "resourceName": "nvidia.com/gpu"}
    queue = a_queue()
    queue["spec"]["modelGeneration"] = {"effectiveChipHours": "20e3", "growth": "1.6"}
    pool = a_pool(chip=chip | {"bf16Tflops": 989}, supply={"owned": 16})
    api.add(pool, queue, a_class(), a_node("n1"), a_node("n2"))
    ring = Ring(hour, {}, {"train": tuple(2 + day / 20 for day in range(100)), OTHERS: (0.0,) * 100})
    metadata = {"name": name_of("h800"), "namespace": "chippool-system", "labels": {LABEL: "h800"}, "uid": "u"}
    api.add({"kind": "ConfigMap", "metadata": metadata | {"resourceVersion": "1"}, "data": data_of(ring, None)})
    return api


def test_the_runway_the_generations_and_a_picture_of_it_all(remembered, user, tmp_path):
    plot = tmp_path / "runway.svg"
    said = user.reads("forecast", "--plot", str(plot))
    assert "h800: demand grows 5.2 % a week (most of it train), 1 chip lost a year: stock lasts until" in said
    assert "q: The stock carries 3 more model generations (80 %: 3 … 3): the one after, from 20" in said
    assert "<title>h800: demand grows 5.2 % a week" in plot.read_text()
    told = user.reads_json("forecast")
    assert told["pools"][0]["daysKnown"] == 100
    assert (told["generations"][0]["queueName"], told["generations"][0]["carries"]) == ("q", 3)


@pytest.mark.parametrize(("name", "sentence"), [("x.png", "is no .svg"), ("none/x.svg", "can't be written")])
def test_a_picture_that_cannot_be_drawn_is_a_sentence(remembered, user, tmp_path, name, sentence):
    done = user.types("forecast", "--plot", str(tmp_path / name))
    assert done.exit_code != 0
    assert sentence in done.stderr


def test_the_domestic_share_is_by_effective_chips():
    chip = {"vendor": "v", "model": "m", "resourceName": "nvidia.com/gpu", "bf16Tflops": 495}
    home = a_pool("h800", chip=chip, supply={"owned": 8, "origin": "Domestic"})
    abroad = a_pool("h20", chip=chip | {"bf16Tflops": 989})
    mirror = Cluster(home, abroad, a_node("n1"), a_node("n2", pool="h20")).mirror
    assert domestic_share(mirror)["Training"] == pytest.approx(495 / (495 + 989), abs=1e-3)
    assert domestic_share(Cluster(a_pool(), a_node("n1")).mirror) == {}
