"""`chippool report` as its user reads it: from two days of the ledger and the cluster as it is."""

import csv
import io
import time
from html.parser import HTMLParser

import pytest

from chippool.cli.report_data import fairness
from chippool.core.capacity import Purpose
from chippool.core.ledger import CHIP_HOUR, Account, Day, Stock, Sums
from chippool.state.ledgers import LABEL, data_of, date_of, name_of
from tests.cli.clusters import running, stock, two_ways
from tests.state.build import NPU, a_pod, a_variant, a_workload

TODAY = int(time.time() // 86400)
YESTERDAY = date_of(TODAY - 1)


def hours(**parts):
    return Sums(**{name: round(amount * CHIP_HOUR) for name, amount in parts.items()})


def a_page(day, accounts, pools):
    made = Day(day, day * 86_400_000, (day + 1) * 86_400_000, accounts, pools)
    metadata = {"name": name_of(day), "namespace": "chippool-system", "labels": {LABEL: date_of(day)}}
    return {"kind": "ConfigMap", "metadata": metadata, "data": data_of(made)}


def an_account(queue="q", cls="train", pool="h800", purpose=Purpose.TRAINING):
    return Account(queue, cls, "team", pool, purpose)


PAGES = (
    a_page(
        TODAY - 1,
        {
            an_account(): hours(starting=2, running=100, lost=10, effective_running=90, effective_lost=9, doubt=1),
            an_account("ads", "ads", purpose=Purpose.SERVING): hours(running=34, effective_running=34),
            an_account(pool="npu"): hours(running=20),
        },
        {
            "h800": Stock(round(384 * CHIP_HOUR), round(300 * CHIP_HOUR), 0, round(5 * CHIP_HOUR)),
            "npu": Stock(round(192 * CHIP_HOUR), round(192 * CHIP_HOUR), round(12 * CHIP_HOUR)),
        },
    ),
)
ASKED = ("report", "--period", "day", "--since", YESTERDAY)


@pytest.fixture
def told(api, user):
    api.add(*stock(), *PAGES, *running("runs", ["n1", "n2"], variants=two_ways()))
    return user


def test_the_document_has_what_chips_yielded_by_pool_queue_class_and_purpose(told):
    said = told.reads_json(*ASKED)
    assert said["since"] == said["until"] == YESTERDAY
    h800, npu = said["pools"]
    assert h800["hours"] == {
        "useful": 124, "starting": 2, "lost": 10, "effective": 115, "effectiveLost": 9, "uncertain": 1,
    }  # fmt: skip
    assert (h800["installed"], h800["idle"], h800["unseen"]) == (384, 164, 5)
    assert h800["yieldPerChip"] == pytest.approx(115 / 384, abs=1e-4)
    assert h800["utilisation"] == pytest.approx(136 / 300, abs=1e-4)
    assert (npu["idle"], npu["unmanaged"]) == (160, 12)
    assert {queue["name"]: queue["hours"]["useful"] for queue in said["queues"]} == {"ads": 34, "q": 110}
    assert [one["name"] for one in said["classes"]] == ["ads", "train"]
    assert {name: one["lost"] for name, one in said["purposes"].items()} == {"Serving": 0, "Training": 10}
    assert said["namespaces"].keys() == {"team"}


def test_people_get_sentences_and_tables(told):
    said = " ".join(told.reads(*ASKED).split())
    assert f"{YESTERDAY} to {YESTERDAY} (UTC): 144.0 useful chip-hours of 576.0 installed" in said
    assert "Displacement and failure cost 10.00 chip-hours" in said
    assert "1.00 chip-hours may be wrong, either way, and 5.00 that count as idle were not seen to be" in said
    assert "one more adds" in said
    assert "Nobody sits on a chip that others wait for and has room elsewhere." in said


def test_days_that_the_ledger_does_not_have_are_said(told):
    week = ("report", "--period", "week", "--since", YESTERDAY)
    said = told.reads_json(*week)
    assert said["knownDays"] == 1 < said["wholeDays"]
    assert f"The ledger has 1 of these {said['wholeDays']} days." in told.reads(*week)


def test_sheets_get_a_line_for_each_pool_and_day(told):
    lines = list(csv.DictReader(io.StringIO(told.reads(*ASKED, "-o", "csv"))))
    assert [(line["date"], line["pool"], float(line["useful"])) for line in lines] == [
        (YESTERDAY, "h800", 124), (YESTERDAY, "npu", 20),
    ]  # fmt: skip


class Page(HTMLParser):
    """Its tags, what it refers to, and whether each is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.seen = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.links += [value for name, value in attributes if name in {"href", "src"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else_and_draws_each_pool(told):
    text = told.reads(*ASKED, "-o", "html")
    page = Page(text)
    assert (page.open, page.links) == ([], [])
    assert "script" not in page.seen
    assert page.seen.count("svg") == 2
    assert f"{YESTERDAY} lost: 10.00 chip-hours" in text


def test_who_sits_on_a_scarce_chip_with_room_elsewhere_is_named_with_what_that_frees(told, api):
    api.add(a_workload("waits", variants=[a_variant("h800", ["h800"])]))
    api.add(*running("small", ["n2"], variants=two_ways()))
    (one,) = [one for one in told.reads_json(*ASKED)["wrongChips"] if one["name"] == "small"]
    assert (one["namespace"], one["pool"], one["toPool"], one["frees"]) == ("team", "h800", "npu", 8)
    assert one["gain"] > 0
    assert "team/small" in told.reads(*ASKED)
    api.add(a_pod("taken", "", node="npu1", phase="Running", resource=NPU))
    assert told.reads_json(*ASKED)["wrongChips"] == []


def test_even_queues_are_fair_and_one_that_has_it_all_among_many_is_not():
    assert fairness([]) == fairness([3, 3, 0]) == 1.0
    assert fairness([9, 1]) == pytest.approx(100 / 164, abs=1e-4)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--since", "yesterday"), "--since: 'yesterday' is no day: write it as 2026-11-28."),
        (("--since", "2126-01-01"), "--since: that day is still to come."),
        (("--since", "2020-01-01"), f"The ledger has nothing of that month: the ledger begins on {YESTERDAY}"),
        (("--period", "day", "--operator-namespace", "else"), "nothing is in it yet"),
    ],
)
def test_a_mistake_gets_a_sentence(told, words, sentence):
    done = told.types("report", *words)
    assert done.exit_code in {1, 2}
    assert sentence in " ".join(done.output.split())
