"""Who may ask the board, how, and what he is told."""

import re
import time
from html import escape
from types import SimpleNamespace

import pytest

from chippool.board.guard import HEADERS
from chippool.board.racks import racks
from chippool.cli.failures import Failure
from chippool.cli.forecast_live import known_of
from chippool.cli.what_if_document import documented
from chippool.cli.what_if_flags import Wishes, changes
from chippool.core.demand import OTHERS, Ring
from chippool.core.ids import PoolName, WorkloadKey
from chippool.core.outlook import outlook
from chippool.kube.client import ApiError
from chippool.sim.submitted import Surroundings
from chippool.sim.whatif import what_if
from chippool.sim.whatif_stock import Stock, Told, changed_stock
from chippool.state.experience import experience_of
from chippool.state.history import data_of, ring_of
from chippool.visibility.expectation import Known
from chippool.visibility.explanation import explained
from chippool.visibility.explanation_text import sentences
from chippool.visibility.reading import decided
from tests.board.page import event, reading
from tests.cli.clusters import running, running_ads, stock
from tests.cli.test_waits import HOUR, learnt
from tests.state.build import NOW, Cluster, a_node, a_pod, a_pool, a_workload

EVIL = "https://evil.example"


def busy():
    """Two of three nodes are given out, one gang waits for two, one is suspended."""
    return Cluster(
        *stock(nodes=3),
        *running("train", ["n1"]),
        *running_ads("campaign", ["n2"]),
        a_workload("gang", 2),
        a_workload("later", 1, suspend=True),
    )


@pytest.fixture
async def reader():
    async with reading(busy().mirror, taken_at=NOW) as reader:
        yield reader


# --- how long the stock lasts


def a_history(days=60):
    ring = Ring(400_000, {}, {"train": tuple(4 + day / 10 for day in range(days)), OTHERS: (0.0,) * days})
    return {PoolName("h800"): data_of(ring, None), PoolName("gone"): data_of(ring, None)}


async def test_the_outlook_is_what_forecast_says_and_its_chart_what_it_draws():
    mirror, kept = busy().mirror, a_history()

    async def histories():
        return kept

    async with reading(mirror, histories=histories) as reader:
        said = await reader.reads("outlooks")
        seen = outlook(ring_of(kept["h800"]), known_of(mirror, "h800", kept["h800"]), time.time())
        assert said == {"pools": [{"name": "h800", "sentence": seen.sentence}], "trouble": ""}
        async with reader.ask("outlook", params={"pool": "h800"}) as answer:
            assert answer.content_type == "image/svg+xml"
            assert escape(seen.sentence) in await answer.text()
        assert (await reader.refused("outlook?pool=gone"))[0] == 404


async def test_who_may_not_read_what_was_asked_for_is_told_so_and_sees_the_rest():
    async def histories():
        raise Failure("You may not list ConfigMaps in chippool-system.")

    async with reading(busy().mirror, histories=histories) as reader:
        assert await reader.reads("outlooks") == {
            "pools": [],
            "trouble": "You may not list ConfigMaps in chippool-system.",
        }
        assert await reader.reads("workloads", count=1)


async def test_a_file_has_no_outlook_and_says_why(reader):
    assert "not in this file" in (await reader.reads("outlooks"))["trouble"]


# --- when who waits will start


async def test_an_explanation_and_what_if_say_when_it_will_start():
    """As `explain` says it; while it can't be read, what was known holds."""
    answers = [Known(experience_of(learnt(*[HOUR] * 20)["data"]))]

    async def waits():
        if not answers:
            raise ApiError(503, "Unavailable", "later")
        return answers.pop()

    async with reading(busy().mirror, taken_at=NOW, waits=waits) as reader:
        said = await reader.reads("explanation", namespace="team", name="gang")
        assert any(sentence.startswith("It is expected to start at ") for sentence in said["sentences"])
        async with reader.what_if(["lose", "h800=8"]) as answer:
            (gang,) = [one for one in (await answer.json())["workloads"] if one["name"] == "gang"]
            assert gang["then"]["eta"]


async def test_who_may_not_read_how_long_others_waited_is_told_that_in_the_place_of_a_time():
    async def waits():
        raise ApiError(503, "Unavailable", "later")

    async with reading(busy().mirror, waits=waits) as reader:
        said = await reader.reads("explanation", namespace="team", name="gang")
        assert any("When it will start can't be said" in sentence for sentence in said["sentences"])


# --- who may ask


async def test_the_token_is_long_random_and_in_the_address(reader):
    async with reading(busy().mirror) as other:
        assert len(reader.token) >= 32
        assert reader.token != other.token
        assert reader.address.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("path", ["/", "/live", "/wrong/", "/wrong/static/board.js", "/wrong/workloads?count=1"])
async def test_nothing_is_told_without_the_token(reader, path):
    status, sentence = await reader.refused(url=reader.origin + path)
    assert status == 404
    assert "the whole one that `chippool board` printed" in sentence


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "10.0.0.1:{port}"])
async def test_another_name_for_this_machine_is_refused(reader, host):
    port = reader.origin.rpartition(":")[2]
    status, sentence = await reader.refused(headers={"Host": host.format(port=port)})
    assert status == 421
    assert "127.0.0.1" in sentence


@pytest.mark.parametrize(
    "headers",
    [{"Origin": EVIL}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
async def test_another_sites_page_is_refused_even_with_the_token(reader, headers):
    assert (await reader.refused("workloads?count=1", headers=headers))[0] == 403


async def test_a_question_must_come_from_the_boards_own_page(reader):
    for headers in ({"Content-Type": "application/json"}, {"Content-Type": "application/json", "Origin": EVIL}):
        async with reader.what_if(["lose", "h800=8"], headers=headers) as answer:
            assert answer.status == 403
    form = {"Origin": reader.origin, "Content-Type": "text/plain"}  # as a form of another site could send it
    async with reader.what_if(["lose", "h800=8"], headers=form) as answer:
        assert answer.status == 415


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "POST"])
async def test_only_what_if_is_asked_by_other_than_get(reader, method):
    for path in ("", "about", "live", "workloads", "explanation", "racks", "static/board.js"):
        async with reader.ask(path, method=method, headers={"Origin": reader.origin}) as answer:
            assert answer.status == 405
    async with reader.ask("what-if") as answer:
        assert answer.status == 405


async def test_every_answer_forbids_scripts_of_others_frames_and_caching(reader):
    for path in ("", "about", "live", "static/board.js", "nothing", "racks?pool=none", "../elsewhere"):
        async with reader.ask(path) as answer:
            assert HEADERS.items() <= answer.headers.items()
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


async def test_the_page_has_no_script_or_style_of_its_own_and_asks_nobody_else(reader):
    async with reader.ask() as answer:
        page = await answer.text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page)
    for name in set(re.findall(r"(?:src|href)=\"(static/[^\"]+)\"", page)):
        async with reader.ask(name) as answer:
            assert answer.status == 200
            text = await answer.text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
        assert not re.search(r"https?://(?!www\.w3\.org/)", text)


async def test_no_other_file_is_served(reader):
    for name in ("static/none.js", "static/..%2f..%2fserver.py", "static/%2e%2e/server.py", "server.py"):
        assert (await reader.refused(name))[0] == 404


# --- what is told


async def test_the_first_event_has_every_pool_and_its_parts_are_all_its_chips(reader):
    async with reader.ask("live") as stream:
        told = await event(stream)
    assert [pool["name"] for pool in told["pools"]] == ["h800", "npu"]
    for pool in told["pools"]:
        states = pool["chips"]
        given = sum(chips for _, chips in pool["byClass"]) + pool["settling"]
        assert given == states["allocated"]
        rest = states["free"] + states["releasing"] + states["unmanaged"] + states["unusable"]
        assert given + rest == states["installed"]
    assert told["pools"][0]["byClass"] == [["ads", 8], ["train", 8]]
    assert told["counts"] == {"ready": 2, "admitted": 0, "pending": 1, "suspended": 1, "finished": 0}
    assert told["reasons"] == [["ChipsShort", 1]]


async def test_what_changes_is_told_and_what_does_not_is_not():
    cluster = busy()
    async with reading(cluster.mirror) as reader, reader.ask("live") as stream:
        first = await event(stream)
        cluster.shows(a_node("n4", cordoned=True))
        second = await event(stream)
        assert second["number"] > first["number"]
        assert [told["pools"][0]["chips"]["unusable"] for told in (first, second)] == [0, 8]
        cluster.shows(a_node("n5"), a_node("n6"))
        assert (await event(stream))["pools"][0]["nodes"] == 6


async def test_what_may_be_old_is_said_to_be():
    feed = SimpleNamespace(trouble="you may not list pods any more")
    async with reading(busy().mirror, feeds=[feed]) as reader, reader.ask("live") as stream:
        assert (await event(stream))["trouble"] == "you may not list pods any more"


async def test_those_that_wait_come_in_their_order_and_what_waiting_cannot_help_last(reader):
    found = await reader.reads("workloads", which="waiting", count=10)
    assert [(line["name"], line.get("position"), line["reason"]) for line in found["lines"]] == [
        ("gang", 1, "ChipsShort"),
        ("later", None, "Suspended"),
    ]
    assert found["total"] == 2


async def test_a_list_is_given_in_parts_and_searched(reader):
    everything = await reader.reads("workloads", which="all", count=10)
    parts = [await reader.reads("workloads", which="all", start=at, count=1) for at in range(5)]
    assert [line for part in parts for line in part["lines"]] == everything["lines"]
    assert {part["total"] for part in parts} == {4}
    found = await reader.reads("workloads", which="all", count=10, text="CAMPAIGN")
    assert [line["name"] for line in found["lines"]] == ["campaign"]
    assert (await reader.refused("workloads?which=some&count=1"))[0] == 400


async def test_an_explanation_is_that_of_the_command_line(reader):
    there = await decided(busy().mirror, NOW)
    found = await reader.reads("explanation", namespace="team", name="gang")
    assert found["sentences"] == list(sentences(explained(there, WorkloadKey("team/gang"))))
    status, sentence = await reader.refused("explanation?namespace=team&name=none")
    assert (status, sentence) == (404, "There is no workload none in namespace team any more.")


async def test_a_rack_map_has_each_node_in_its_domain_and_all_chips_of_the_pool():
    pool = a_pool("h800", topology=["zone", "rack"])
    nodes = [
        a_node("n1", labels={"pool": "h800", "zone": "a", "rack": "1"}),
        a_node("n2", labels={"pool": "h800", "zone": "a", "rack": "2"}, cordoned=True),
        a_node("n3", labels={"pool": "h800", "zone": "a", "rack": "1"}),
        a_node("n4", labels={"pool": "h800"}),
    ]
    mine = [pool, *running("train", ["n1"])]
    mirror = Cluster(*stock(nodes=0), *mine, *nodes, a_pod("other", "", node="n3", chips=3)).mirror
    async with reading(mirror, taken_at=NOW) as reader:
        found = await reader.reads("racks", pool="h800")
    assert found["states"] == ["used", "releasing", "unmanaged", "free", "unusable"]
    assert {tuple(domain["path"]): domain["nodes"] for domain in found["domains"]} == {
        ("", ""): [["n4", 0, 0, 0, 8, 0]],
        ("a", "1"): [["n1", 8, 0, 0, 0, 0], ["n3", 0, 0, 3, 5, 0]],
        ("a", "2"): [["n2", 0, 0, 0, 0, 8]],
    }


async def test_a_rack_map_agrees_with_the_pools_own_counts():
    there = await decided(busy().mirror, NOW)
    for name in there.snapshot.pools:
        counts = there.mirror.pool_counts(name)
        nodes = [node for domain in racks(there, name)["domains"] for node in domain["nodes"]]
        sums = [sum(column) * 1000 for column in list(zip(*nodes, strict=True))[1:]]
        assert sums[:4] == [counts.allocated, counts.releasing, counts.unmanaged, counts.free]
    assert racks(there, PoolName("none")) is None


# --- what if


async def test_what_if_answers_as_the_command_line_does(reader):
    async with reader.what_if(["lose", "h800=8"], ["priority", "gang=ads"]) as answer:
        assert answer.status == 200
        found = await answer.json()
    there = await decided(busy().mirror, NOW)
    around = Surroundings(there.snapshot, there.mirror.pool_records, "team", NOW)
    wished = changes(Wishes(lose=("h800=8",), priority=("gang=ads",)), around)
    stock = Stock({pool: known_of(there.mirror, pool, {}) for pool in sorted(there.mirror.pool_records)})
    comes_to = what_if(there.snapshot, wished, NOW)
    expected = documented(Told(comes_to, stock, changed_stock(stock, comes_to, wished, [])), NOW)
    assert {name: found[name] for name in expected} == expected
    assert {one["fate"] for one in found["workloads"]} <= found["words"].keys()


async def test_every_change_of_the_command_line_but_files_can_be_asked_for(reader):
    about = await reader.reads("about")
    assert {one["name"] for one in about["changes"]} >= {"lose", "lose_node", "lose_rack", "add_chips", "limit", "grow"}
    assert all(one["flag"].startswith("--") and one["form"] and one["help"] for one in about["changes"])


@pytest.mark.parametrize(
    ("changes", "within", "sentence"),
    [
        ([["lose", "h80=8"]], "", "--lose: there is no ChipPool h80; did you mean h800?"),
        ([["lose", "h800=lots"]], "", "--lose h800=lots: lots is not a whole number of chips."),
        ([], "soon", "Time that passes: 'soon' is no duration"),
    ],
)
async def test_a_users_mistake_is_answered_by_the_command_lines_sentence(reader, changes, within, sentence):
    async with reader.what_if(*changes, within=within) as answer:
        assert answer.status == 200
        assert (await answer.json())["mistake"].startswith(sentence)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "The question is no JSON"),
        ("[]", "A question has changes"),
        ('{"changes": 1}', "A question has changes"),
        ('{"changes": ["lose"]}', "A change is a pair"),
        ('{"changes": [["lose", 8]]}', "A change is a pair"),
        ('{"changes": [["sell", "h800=8"]]}', "There is no change sell; there are lose,"),
        ('{"changes": [["submit", "/etc/passwd"]]}', "There is no change submit; there are lose,"),
    ],
)
async def test_what_no_page_of_ours_sends_is_refused(reader, body, sentence):
    async with reader.posts(body) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"].startswith(sentence)


async def test_a_question_beyond_all_measure_is_not_read(reader):
    async with reader.posts("x" * 100_000) as answer:
        assert answer.status == 413
