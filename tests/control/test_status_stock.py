"""Status of pools and queues."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from chippool.control import publish
from chippool.core.attrition import Evidence
from chippool.core.capacity import Purpose, Yields
from chippool.core.demand import OTHERS, Ring
from chippool.core.ids import QueueName
from chippool.core.model import Queue
from chippool.core.outlook import Known, outlook
from chippool.core.sharing import Sharing
from chippool.core.supply import Export, Order, Supply, resale_of
from chippool.core.throughput import Ratio
from chippool.state.records import PoolCounts, QueueCounts, QueueRecord
from chippool.state.throughputs import PoolRatio
from tests.control.build import H800, NOW, NPU, Cluster, a_pool

FULL = PoolCounts(2, 16_000, 16_000, 8_000, 1_000, 7_000, 0)


def conditions(write):
    return {entry["type"]: entry for entry in write.body["status"]["conditions"]}


def landed(record, write):
    return replace(record, status=json.dumps(write.body["status"]).encode())


def sharing(queue=None, used=None, pending=None, installed=None):
    """What `tell_pool` and `tell_queue` are told of the whole tree, here of one queue."""
    view = (queue or a_queue()).view
    return Sharing({view.name: view}, installed or {}, {view.name: used or {}}, {view.name: pending or {}})


def a_queue(classes=("revenue",), limits=(H800,), **more):
    view = Queue(QueueName("ads"), frozenset(classes), (), dict.fromkeys(limits, 8_000), **more)
    return QueueRecord("uid-ads", "ads", "5", 2, view, b"")


def test_a_pool_counts_whole_chips_and_is_written_once():
    (write,) = publish.tell_pool(a_pool(), Cluster(counts=FULL), NOW, sharing())
    assert write.path == "/apis/chippool.io/v1alpha1/chippools/nvidia-h800/status"
    assert write.body["status"]["nodes"] == 2
    assert write.body["status"]["chips"] == {
        "installed": 16,
        "allocatable": 16,
        "allocated": 8,
        "releasing": 1,
        "free": 7,
        "unmanaged": 0,
        "lost": 0,
        "reserved": 0,
    }
    assert {kind: entry["status"] for kind, entry in conditions(write).items()} == {"Ready": "True"}
    assert publish.tell_pool(landed(a_pool(), write), Cluster(counts=FULL), NOW + 1e6, sharing()) == []


def test_chips_kept_for_whoever_is_next_are_reserved():
    (write,) = publish.tell_pool(a_pool(), Cluster(counts=FULL), NOW, sharing(), kept=3_000)
    assert write.body["status"]["chips"]["reserved"] == 3


def test_a_pool_whose_nodes_vanish_says_what_to_look_at():
    (write,) = publish.tell_pool(a_pool(), Cluster(), NOW, sharing())
    assert conditions(write)["Ready"]["reason"] == "NoNodes"
    assert "spec.nodeSelector" in conditions(write)["Ready"]["message"]


def test_a_pool_with_broken_chips_is_degraded_until_they_are_back():
    broken = replace(FULL, allocatable=14_000, free=5_000)
    (write,) = publish.tell_pool(a_pool(), Cluster(counts=broken), NOW, sharing())
    assert conditions(write)["Degraded"]["status"] == "True"
    (write,) = publish.tell_pool(landed(a_pool(), write), Cluster(counts=FULL), NOW, sharing())
    assert conditions(write)["Degraded"]["status"] == "False"


def test_a_pool_with_lost_nodes_is_degraded_and_counts_their_chips():
    (write,) = publish.tell_pool(a_pool(), Cluster(counts=replace(FULL, lost=8_000, free=0)), NOW, sharing())
    assert write.body["status"]["chips"]["lost"] == 8
    assert (conditions(write)["Degraded"]["status"], conditions(write)["Degraded"]["reason"]) == ("True", "NodesLost")
    assert "8 chips are in nodes that have not been Ready" in conditions(write)["Degraded"]["message"]


def test_pools_that_share_nodes_name_each_other():
    (write,) = publish.tell_pool(a_pool(), Cluster(counts=replace(FULL, overlaps=(NPU,))), NOW, sharing())
    assert NPU in conditions(write)["NodesOverlap"]["message"]


def test_a_queue_shows_what_it_uses_and_what_waits():
    cluster = Cluster(queue=QueueCounts({H800: 4_000}, {NPU: 2_000}, 1, 2))
    tree = sharing(used={H800: 4_000}, pending={NPU: 2_000}, installed={H800: 16_000})
    (write,) = publish.tell_queue(a_queue(), cluster, NOW, tree, {"revenue"})
    assert write.body["status"]["pools"] == [
        {"poolName": NPU, "used": 0, "guaranteed": 0, "borrowed": 0, "pending": 2},
        {"poolName": H800, "used": 4, "guaranteed": 0, "borrowed": 4, "pending": 0},
    ]
    assert write.body["status"]["share"] == "0.25"
    assert conditions(write)["Ready"]["status"] == "True"
    assert publish.tell_queue(landed(a_queue(), write), cluster, NOW + 5, tree, {"revenue"}) == []


def test_a_queue_names_the_class_or_pool_that_is_not_there():
    (write,) = publish.tell_queue(a_queue(), Cluster(), NOW, sharing(), set())
    assert conditions(write)["Ready"]["reason"] == "UnknownClass"
    other = a_queue(limits=("a100",))
    (write,) = publish.tell_queue(other, Cluster(), NOW, sharing(other), {"revenue"})
    assert conditions(write)["Ready"]["reason"] == "UnknownPool"
    assert "a100" in conditions(write)["Ready"]["message"]


def test_a_queue_whose_guarantees_can_not_be_kept_says_what_is_left_of_them():
    queue = a_queue(guaranteed={H800: 16_000})
    (write,) = publish.tell_queue(queue, Cluster(), NOW, sharing(queue, installed={H800: 8_000}), {"revenue"})
    assert conditions(write)["Oversubscribed"]["status"] == "True"
    assert f"8 of the 16 chips of {H800}" in conditions(write)["Oversubscribed"]["message"]
    more = sharing(queue, installed={H800: 16_000})
    (write,) = publish.tell_queue(landed(queue, write), Cluster(), NOW + 10, more, {"revenue"})
    assert conditions(write)["Oversubscribed"]["status"] == "False"


def test_a_queue_without_its_parent_is_not_ready():
    queue = a_queue(parent=QueueName("gone"))
    (write,) = publish.tell_queue(queue, Cluster(), NOW, sharing(queue), {"revenue"})
    assert conditions(write)["Ready"]["reason"] == "UnknownParent"


def test_a_pool_that_is_promised_beyond_what_is_installed_says_so():
    tree = sharing(a_queue(guaranteed={H800: 24_000}), installed={H800: 16_000})
    (write,) = publish.tell_pool(a_pool(), Cluster(counts=FULL), NOW, tree)
    assert "guaranteed 24 chips of it, and 16 are installed" in conditions(write)["Oversubscribed"]["message"]


def test_a_parent_shows_what_is_used_below_it():
    org, team = Queue(QueueName("org"), frozenset(), ()), Queue(QueueName("team"), frozenset(), (), parent="org")
    tree = Sharing({"org": org, "team": team}, {H800: 16_000}, {"team": {H800: 4_000}}, {})
    assert tree.of("org")[H800].used == 4_000
    assert tree.share("org") == tree.share("team") == 0.25


H100 = Yields(dict.fromkeys(Purpose, 0.5))


def worth(write):
    return {block["purpose"]: (block["chips"], block["used"]) for block in write.body["status"]["effectiveChips"]}


def test_twice_the_efficiency_doubles_the_effective_chips_and_nothing_else():
    counts = replace(FULL, healthy=16_000, purposes={Purpose.SERVING: 8_000})
    (write,) = publish.tell_pool(replace(a_pool(), yields=H100), Cluster(counts=counts), NOW, sharing())
    assert worth(write) == {"Training": ("8", "0"), "Serving": ("8", "4"), "Batch": ("8", "0")}
    better = replace(landed(a_pool(), write), yields=replace(H100, efficiency={Purpose.SERVING: 2.0}))
    (write,) = publish.tell_pool(better, Cluster(counts=counts), NOW, sharing())
    assert worth(write) == {"Training": ("8", "0"), "Serving": ("16", "8"), "Batch": ("8", "0")}
    assert set(write.body["status"]) == {"effectiveChips"}


def test_efficiency_of_chips_nobody_knows_says_what_to_state():
    unknown = replace(a_pool(), yields=Yields(efficiency={Purpose.SERVING: 2.0}))
    (write,) = publish.tell_pool(unknown, Cluster(counts=FULL), NOW, sharing())
    assert conditions(write)["SpeedUnknown"]["status"] == "True"
    assert "spec.chip.relativeSpeed" in conditions(write)["SpeedUnknown"]["message"]
    assert "effectiveChips" not in write.body["status"]
    known = replace(landed(unknown, write), yields=H100)
    (write,) = publish.tell_pool(known, Cluster(counts=FULL), NOW, sharing())
    assert conditions(write)["SpeedUnknown"]["status"] == "False"


def stocked(**more):
    supply = Supply(owned=16, failure_rate=0.25, on_order=(Order(100, NOW),), **more)
    return replace(a_pool(), supply=supply, view=replace(a_pool().view, resale=resale_of(supply)))


def told_of(record, **more):
    counts = replace(FULL, healthy=16_000, **more)
    return publish.tell_pool(record, Cluster(counts=counts), NOW, sharing())


def test_the_stock_stands_beside_what_the_nodes_show():
    (write,) = told_of(stocked(), allocatable=14_000, installed=15_000)
    assert write.body["status"]["supply"] == {
        "owned": 16,
        "installed": 15,
        "healthy": 16,
        "lost": 1,
        "inRepair": 0,
        "arriving": "100",
        "annualFailureRate": "0.25",
        "failures": "0",
        "lossesPerYear": "4",
    }


def test_a_count_that_the_nodes_do_not_bear_out_is_a_condition_until_it_does():
    (write,) = told_of(stocked(), installed=14_000)
    assert conditions(write)["StockMismatch"]["reason"] == "ChipsMissing"
    assert "2 chips of 16 owned are in no node" in conditions(write)["StockMismatch"]["message"]
    (write,) = told_of(landed(stocked(), write))
    assert conditions(write)["StockMismatch"]["status"] == "False"
    (write,) = told_of(landed(stocked(), write), installed=20_000)
    assert conditions(write)["StockMismatch"]["reason"] == "ChipsUnowned"


def test_a_ban_says_until_when_customers_have_the_pool_and_counts_no_order_and_a_rescission_takes_it_back():
    (write,) = told_of(stocked(export=Export.BANNED, grace_until=NOW + 60))
    assert conditions(write)["ResaleEnded"]["reason"] == "ExportBanned"
    assert "give back what they have at 2027-01-15T08:01:00Z" in conditions(write)["ResaleEnded"]["message"]
    assert write.body["status"]["supply"]["arriving"] == "0"
    (write,) = told_of(landed(stocked(export=Export.LICENCE_REQUIRED, grace_until=NOW + 60), write))
    assert conditions(write)["ResaleEnded"]["status"] == "False"
    assert write.body["status"]["supply"]["arriving"] == "50"


def test_a_pool_that_states_no_stock_any_more_has_none_in_its_status():
    (write,) = told_of(stocked())
    (write,) = told_of(landed(a_pool(), write))
    assert write.body["status"] == {"supply": None}


def test_failures_that_were_seen_move_the_rate_by_how_long_was_looked():
    seen = Evidence(NOW, 16_000, chip_years=16.0, failures=16.0)
    counts = replace(FULL, healthy=16_000)
    (write,) = publish.tell_pool(stocked(), Cluster(counts=counts), NOW, sharing(), 0, seen)
    said = write.body["status"]["supply"]
    assert (said["annualFailureRate"], said["failures"], said["lossesPerYear"]) == ("0.62", "16", "9.92")


GROWING = Ring(400_000, {}, {"train": tuple(1.0 + day / 10 for day in range(60)), OTHERS: (0.0,) * 60})


def an_outlook(ring=GROWING, chips=16_000):
    return outlook(ring, Known(None, Yields(), chips, chips, {}), NOW)


def lasting(record, seen, now=NOW):
    return publish.tell_pool(record, Cluster(counts=FULL), now, sharing(), outlook=seen)


def test_how_long_the_stock_lasts_is_told_by_days_with_its_reason_and_once():
    seen = an_outlook()
    (write,) = lasting(a_pool(), seen)
    told = write.body["status"]["runway"]
    assert told["earliest"] <= told["until"] <= told["latest"]
    assert told["message"] == seen.sentence
    assert told["until"] == datetime.fromtimestamp(NOW + seen.runway.likely * 86_400, UTC).strftime("%Y-%m-%d")
    midnight = NOW // 86_400 * 86_400
    assert lasting(landed(a_pool(), write), seen, midnight + 86_399) == []


def test_a_stock_that_lasts_beyond_what_is_looked_ahead_says_later():
    (write,) = lasting(a_pool(), an_outlook(chips=10**9))
    told = write.body["status"]["runway"]
    assert {told[end] for end in ("until", "earliest", "latest")} == {"Later"}


def test_too_few_days_say_so_where_a_supply_is_stated_and_nothing_elsewhere():
    short = an_outlook(Ring(400_000, {}, {OTHERS: (1.0,)}))
    (write,) = lasting(a_pool(), short)
    assert "runway" not in write.body["status"]
    (write,) = lasting(replace(a_pool(), supply=Supply(owned=16)), short)
    assert write.body["status"]["runway"]["until"] == "Unknown"
    assert "an outlook needs 28" in write.body["status"]["runway"]["message"]


def test_what_was_told_stays_until_somebody_has_looked():
    (write,) = lasting(a_pool(), an_outlook())
    assert lasting(landed(a_pool(), write), None) == []


def test_what_families_measured_is_told_and_taken_back_when_it_holds_no_more():
    found = PoolRatio("chat", "h800", Ratio(0.6065, 3, 18, 1))
    (write,) = measuring(a_pool(), (found,))
    told = [{"family": "chat", "poolName": "h800", "ratio": "0.61", "namespaces": 3, "outliers": 1}]
    assert write.body["status"]["measured"] == told
    record = landed(a_pool(), write)
    more = PoolRatio("chat", "h800", Ratio(0.6065, 3, 25, 1))
    assert measuring(record, (more,)) == [], "more pods that say the same are no news"
    (write,) = measuring(record, ())
    assert write.body["status"]["measured"] == []


def measuring(record, measured):
    return publish.tell_pool(record, Cluster(counts=replace(FULL, measured=measured)), NOW, sharing())
