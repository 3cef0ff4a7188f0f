"""How rights and their use are compared (tests/cluster/rights.py): what is lacking and what is too much is found."""

import json

from tests.cluster.rights import USER, Compared, Right, asked, granted, idle
from tests.cluster.rights_at_end import told
from tools import manifests

LEASE = Right("update", "coordination.k8s.io", "leases", "chippool-system", "chippool")
PODS = Right("list", "", "pods")


def a_line(verb, resource, *, decision="allow", user=USER, subresource="", group="", **where):
    target = {"resource": resource, "apiGroup": group, "subresource": subresource, **where}
    event = {"user": {"username": user}, "verb": verb, "objectRef": {k: v for k, v in target.items() if v}}
    return json.dumps(event | {"annotations": {"authorization.k8s.io/decision": decision}}, separators=(",", ":"))


def a_log(tmp_path, *lines):
    path = tmp_path / "audit.log"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_the_roles_of_the_operator_are_read_out_of_the_chart_and_no_others():
    rights = granted((manifests.GOLDEN / "default.yaml").read_text())
    assert {LEASE, PODS, Right("assign", "chippool.io", "chipworkloads")} <= rights
    assert Right("get", "chippool.io", "chipworkloads/scale") not in rights, "that is a user's"


def test_what_was_asked_is_told_from_what_was_forbidden(tmp_path):
    log = a_log(
        tmp_path,
        a_line("list", "pods"),
        a_line("create", "pods", subresource="eviction", namespace="team", name="p"),
        a_line("get", "secrets", decision="forbid"),
        a_line("delete", "nodes", user="somebody"),
    )
    found = asked(log)
    assert found.allowed == {PODS, Right("create", "", "pods/eviction")}
    assert found.forbidden == {Right("get", "", "secrets")}


def test_a_request_that_is_still_being_written_down_is_none(tmp_path):
    log = a_log(tmp_path, a_line("list", "pods"))
    with log.open("a") as file:
        file.write(a_line("list", "nodes")[:-5])
    assert asked(log).allowed == {PODS}


def test_a_right_that_nothing_used_is_idle():
    assert idle([PODS, Right("watch", "", "pods")], [PODS]) == [Right("watch", "", "pods")]
    assert idle([Right("*", "", "pods")], [PODS]) == [Right("*", "", "pods")], "it lets do more than was done"


def test_a_right_to_one_object_is_used_by_that_object_alone():
    other = Right("update", "coordination.k8s.io", "leases", "chippool-system", "other")
    assert idle([LEASE], [LEASE]) == []
    assert idle([LEASE], [other]) == [LEASE]


def test_what_only_policies_ask_for_is_never_idle():
    assert idle([Right("assign", "chippool.io", "chipworkloads")], []) == []


def test_a_run_of_all_files_says_that_rights_and_use_agree_and_one_that_lacks_a_file_that_it_can_not():
    (agree,) = told(Compared(9, [], []))
    assert "of 9 none was without use" in agree
    (idle_one,) = told(Compared(9, [PODS], []))
    assert idle_one == "ERROR the chart lets the operator list pods, and no test in tests/cluster needs it"
    (silent,) = told(Compared(9, [], ["test_drain"]))
    assert "not compared with their use, for want of test_drain" in silent
    assert list(told(None)) == [], "a run without a control plane"
