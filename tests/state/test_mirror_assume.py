"""What is decided holds at once, until the watch shows it or a deadline passes."""

from chippool.core.ids import NodeName, PoolName
from chippool.core.model import Displaced
from chippool.core.plan import Displace, Finish, Hold, Plan, Resize, Stop
from chippool.core.reasons import Reason
from tests.state.build import (
    NOW,
    Cluster,
    a_deployment,
    a_job,
    a_node,
    a_pod,
    a_workload,
    admit,
    an_assignment,
    basics,
    key,
)

H800 = PoolName("h800")


def displace(name="v", by=None):
    return Displace(key(name), Reason.PREEMPTED, key(by) if by else None, "Displaced.")


def a_cluster(*raw, nodes=2):
    return Cluster(*basics(), *(a_node(f"n{i}") for i in range(1, nodes + 1)), a_workload(), *raw)


def a_full_cluster():
    """v runs on n1, w waits."""
    return a_cluster(a_workload("v"), a_job("v", an_assignment()), a_pod("v-0", "v", node="n1"), nodes=1)


def shown(cluster, name="w"):
    """The object as control would write it."""
    return a_job(name, cluster.mirror.view(key(name)).assignment)


def test_an_assumed_admission_holds_its_nodes_at_once():
    cluster = a_cluster(a_workload("g", 2))
    assert cluster.admits("g", ["n2", "n1"])
    view = cluster.workload("g")
    assert view.assignment == an_assignment(2, at=NOW)
    assert (view.active, view.reserved, view.missing) == (True, ("n2", "n1"), 0)
    assert (cluster.node("n1").free, cluster.node("n1").room["cpu"], cluster.node("n1").leaving) == (0, 63000, 0)
    assert cluster.mirror.pool_counts(H800).allocated == 16000


def test_an_admission_is_confirmed_by_its_object_and_keeps_its_reservation():
    cluster = a_cluster()
    cluster.admits()
    cluster.shows(shown(cluster))
    cluster.now += 3600
    assert cluster.mirror.expire(cluster.now) == []
    assert cluster.workload().reserved == ("n1",)


def test_an_admission_nobody_confirms_is_undone_and_its_nodes_are_free_again():
    cluster = a_cluster()
    cluster.admits()
    cluster.now += 59
    assert cluster.mirror.expire(cluster.now) == []
    cluster.now += 1
    assert cluster.mirror.expire(cluster.now) == [key("w")]
    assert (cluster.workload().assignment, cluster.node().free) == (None, 8000)


def test_a_write_that_still_waits_renews_its_assumption():
    cluster = a_cluster()
    cluster.admits()
    cluster.now += 59
    cluster.mirror.renew(key("w"))
    assert cluster.mirror.expire(NOW + 61) == []
    assert cluster.mirror.expire(NOW + 119) == [key("w")]


def test_a_refused_write_is_undone_and_told():
    cluster = a_cluster()
    cluster.admits()
    cluster.workload()
    heard = cluster.changes
    cluster.mirror.undo(key("w"))
    assert cluster.changes > heard
    assert (cluster.workload().assignment, cluster.workload().reserved, cluster.node().free) == (None, (), 8000)


def test_a_winner_takes_the_room_of_its_victim():
    cluster = a_full_cluster()
    assert cluster.admits("w", ["n1"], ["v"], others=[displace(by="w")]) == (
        admit("w", ["n1"], ["v"]),
        displace(by="w"),
    )
    victim = cluster.workload("v")
    assert (victim.assignment, victim.active, victim.placed) == (None, False, ())
    assert victim.displaced is not None
    assert (victim.displaced.count, victim.displaced.by, victim.displaced.at) == (1, key("w"), NOW)
    assert (cluster.node().free, cluster.node().leaving) == (0, 8000)


def test_a_displacement_is_confirmed_by_an_object_without_an_assignment():
    cluster = a_full_cluster()
    cluster.mirror.snapshot()
    cluster.mirror.assume(Plan((displace(),)))
    lost = cluster.workload("v").displaced
    cluster.shows(a_job("v", displaced=lost, suspended=True))
    assert cluster.mirror.expire(NOW + 60) == []
    assert (cluster.workload("v").displaced, cluster.workload("v").assignment) == (lost, None)


def test_a_displacement_undone_leaves_the_victim_as_it_was():
    cluster = a_full_cluster()
    before = cluster.workload("v")
    cluster.mirror.assume(Plan((displace(),)))
    cluster.mirror.undo(key("v"))
    assert cluster.workload("v") == before


def test_a_winner_that_is_no_longer_right_displaces_nobody():
    cluster = a_full_cluster()
    cluster.mirror.snapshot()
    cluster.shows(a_workload("w", generation=2))
    assert cluster.mirror.assume(Plan((admit("w", ["n1"], ["v"]), displace(by="w")))) == ()
    assert cluster.workload("v").assignment is not None


def test_an_admission_whose_room_was_taken_meanwhile_is_dropped_and_so_is_its_displacement():
    cluster = a_full_cluster()
    cluster.mirror.snapshot()
    cluster.shows(a_pod("x", "", node="n1", chips=1))
    assert cluster.mirror.assume(Plan((admit("w", ["n1"], ["v"]), displace(by="w")))) == ()
    assert (cluster.workload("v").displaced, cluster.workload().assignment) == (None, None)


def test_a_look_by_others_in_between_hides_no_change_from_what_is_assumed():
    cluster = a_full_cluster()
    cluster.mirror.snapshot()
    cluster.loses(a_workload("w"))
    cluster.shows(a_workload("w", uid="another-of-that-name"))
    assert cluster.mirror.look().workloads[key("w")].uid == "another-of-that-name"
    assert cluster.mirror.assume(Plan((admit("w", ["n1"], ["v"]), displace(by="w")))) == ()


def test_a_victim_that_went_by_itself_is_not_displaced_and_its_winner_stays():
    cluster = a_full_cluster()
    cluster.mirror.snapshot()
    cluster.loses(a_workload("v"), a_pod("v-0", "v"))
    assert cluster.mirror.assume(Plan((admit("w", ["n1"], ["v"]), displace(by="w")))) == (admit("w", ["n1"], ["v"]),)


def test_room_is_not_given_twice_in_one_plan():
    cluster = a_cluster(a_workload("v"), nodes=1)
    assert cluster.admits("w", ["n1"], others=[admit("v", ["n1"])]) == (admit("w", ["n1"]),)


def test_an_admission_on_a_node_that_vanished_or_is_cordoned_is_dropped():
    for change in (lambda c: c.loses(a_node("n1")), lambda c: c.shows(a_node("n1", cordoned=True))):
        cluster = a_cluster()
        cluster.mirror.snapshot()
        change(cluster)
        assert cluster.mirror.assume(Plan((admit(),))) == ()


def test_a_workload_that_was_deleted_suspended_or_made_anew_meanwhile_gets_nothing():
    changes = (
        a_workload(suspend=True),
        a_workload(deleting=True),
        a_workload(uid="another"),
        a_job(assignment=an_assignment()),
    )
    for raw in changes:
        cluster = a_cluster()
        cluster.mirror.snapshot()
        cluster.shows(raw)
        assert cluster.mirror.assume(Plan((admit(), Hold(key("w"), Reason.CHIPS_SHORT, "")))) == ()


def test_without_a_snapshot_nothing_is_assumed():
    assert a_cluster().mirror.assume(Plan((admit(),))) == ()


def test_what_a_plan_frees_at_its_end_may_be_taken_at_its_beginning():
    cluster = a_full_cluster()
    ended = Finish(key("v"), Reason.MAX_RUNTIME_EXCEEDED, "It ran long enough.")
    assert cluster.admits("w", ["n1"], others=[ended]) == (admit("w", ["n1"]), ended)


def test_a_finish_is_assumed_until_the_status_says_so():
    cluster = a_full_cluster()
    cluster.mirror.snapshot()
    cluster.mirror.assume(Plan((Finish(key("v"), Reason.COMPLETED, "Done."),)))
    view = cluster.workload("v")
    assert (view.finished, view.active) == (True, False)
    cluster.shows(a_workload("v", status={"conditions": [{"type": "Finished", "status": "True"}]}))
    assert cluster.mirror.expire(NOW + 60) == []
    assert cluster.workload("v").finished


def test_a_stop_is_assumed_until_the_object_is_at_rest():
    cluster = a_cluster(a_job())
    assert cluster.workload().active
    cluster.mirror.assume(Plan((Stop(key("w"), Reason.SUSPENDED, "Stopped."),)))
    assert not cluster.workload().active
    cluster.shows(a_job(suspended=True))
    assert cluster.mirror.expire(NOW + 60) == []


def test_a_resize_is_assumed_and_undone_with_its_reservation():
    cluster = Cluster(*basics(), a_node("n1"), a_node("n2"), a_workload(mode="Service", replicas=2))
    cluster.shows(a_deployment(assignment=an_assignment()), a_pod("w-0", job="rs", node="n1"))
    cluster.mirror.snapshot()
    cluster.mirror.assume(Plan((Resize(key("w"), 2, (NodeName("n2"),), ""),)))
    assert cluster.workload().assignment == an_assignment(2)
    assert (cluster.workload().reserved, cluster.workload().missing) == (("n2",), 0)
    cluster.mirror.undo(key("w"))
    assert cluster.workload().assignment == an_assignment()
    assert (cluster.workload().reserved, cluster.node("n2").free) == ((), 8000)


def test_a_gang_with_succeeded_indexes_is_admitted_with_the_nodes_it_still_needs():
    job = a_job(displaced=None, suspended=True, parallelism=2, succeeded=1)
    cluster = a_cluster(a_workload(replicas=2), job)
    assert cluster.admits("w", ["n1", "n2"]) == ()
    assert cluster.admits("w", ["n1"])
    assert (cluster.workload().missing, cluster.workload().reserved) == (0, ("n1",))


def test_a_failed_start_is_counted_until_one_succeeds():
    cluster = a_full_cluster()
    for count in (1, 2):
        cluster.mirror.snapshot()
        cluster.mirror.assume(Plan((Displace(key("v"), Reason.NOT_STARTED, None, "No image."),)))
        lost = cluster.workload("v").displaced
        assert lost is not None
        assert (lost.not_started, lost.count) == (count, count)
        cluster.shows(a_job("v", displaced=lost, suspended=True))
        cluster.shows(a_job("v", an_assignment(), displaced=lost))
    cluster.shows(a_pod("v-0", "v", node="n1", phase="Running", ready=True))
    cluster.mirror.snapshot()
    cluster.mirror.assume(Plan((displace(),)))
    lost = cluster.workload("v").displaced
    assert lost is not None
    assert (lost.not_started, lost.count) == (0, 3)


def test_an_undone_admission_whose_object_appears_after_all_is_admitted_and_looks_for_nodes():
    cluster = a_cluster()
    cluster.admits()
    job = shown(cluster)
    cluster.mirror.undo(key("w"))
    cluster.shows(job)
    assert (cluster.workload().assignment, cluster.workload().missing) == (an_assignment(at=NOW), 1)


def test_an_object_that_is_made_anew_inherits_how_its_workload_was_displaced():
    lost = Displaced(NOW - 30, Reason.PREEMPTED, None, 2, 0, 1)
    job = a_job(displaced=lost, suspended=True)
    cluster = a_cluster(job)
    cluster.admits()
    cluster.loses(job)
    assert cluster.workload().displaced == lost
    assert cluster.workload().assignment == an_assignment(at=NOW)


def test_a_workload_made_anew_under_its_name_inherits_no_decision():
    cluster = a_cluster(a_workload())
    cluster.admits()
    cluster.shows(a_workload(uid="another"))
    assert (cluster.workload().assignment, cluster.workload().reserved, cluster.node().free) == (None, (), 8000)
