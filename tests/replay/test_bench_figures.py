from tools.bench.cluster import summary
from tools.bench.displace import summary as spread
from tools.replay.audit import by_user, call


def a_result(mode, rate, **more):
    return {"mode": mode, "jobs": 1000, "gang": 1, "round": 0, "pods_per_s": rate, **more}


def ours(rate):
    return a_result("chippool", rate, ready_s=20, writes_per_workload=4, operator_cpu_ms_per_workload=3)


def test_the_summary_compares_medians_with_every_other_mode():
    results = [a_result("plain", rate) for rate in (60, 70, 20)] + [ours(30), ours(45), ours(50)]
    said = summary(results)["1000x1"]
    assert said["pods_per_s"] == {"plain": 60, "chippool": 45}
    assert said["chippool_to"] == {"plain": 0.75}
    assert said["writes_per_workload"] == 4


def test_the_spread_of_a_hundred_samples_names_its_percentiles():
    said = spread([float(i) for i in range(100)])
    assert (said["p50_s"], said["p99_s"], said["max_s"]) == (50.0, 99.0, 99.0)


def an_event(user, verb, resource, subresource=None):
    return {
        "stage": "ResponseComplete",
        "verb": verb,
        "user": {"username": user},
        "objectRef": {"resource": resource, **({"subresource": subresource} if subresource else {})},
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": "2026-01-01T00:00:00.000000Z",
        "stageTimestamp": "2026-01-01T00:00:00.250000Z",
    }


def test_calls_are_counted_by_user_verb_and_subresource():
    events = [
        an_event("op", "patch", "pods"),
        an_event("op", "patch", "pods", "status"),
        an_event("kwok", "get", "nodes"),
    ]
    counted = by_user(map(call, events))
    assert counted == {
        "op": {"total": 2, "patch pods": 1, "patch pods/status": 1},
        "kwok": {"total": 1, "get nodes": 1},
    }


def test_the_times_of_a_call_are_exact_to_the_microsecond():
    one = call(an_event("op", "patch", "pods"))
    assert round(one.answered - one.received, 6) == 0.25
