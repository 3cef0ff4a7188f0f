"""Cases about quota alone (Kueue's tables), in chippool's words.

A flavor of a resource is a pool, and the flavors of a queue are the variants of its work, in their order. Nominal quota
is guaranteed, the borrowing limit stands above it, a cohort is the parent; a queue without a cohort can't borrow, so
its limit is what is guaranteed to it. There are no nodes in these cases: a pool is one node with all that is nominal.
"""

from collections import Counter
from dataclasses import dataclass, replace

from chippool.core.plan import Admit, Displace, Hold
from tests.conformance.amounts import PODS, chips, used
from tests.conformance.world import World, milli, weight
from tests.core.build import a_class, a_node, a_pool, a_queue, a_variant, a_workload, decision_of

FILLER = "used"


@dataclass(frozen=True, slots=True)
class Ends:
    """What one decision came to."""

    evicted: frozenset
    mode: str
    flavor: str


def play(case):
    """One decision about the workload that comes in."""
    world = a_world(case.facts)
    plan = world.round()
    evicted = frozenset(d.workload.removeprefix("ns/") for d in plan.decisions if isinstance(d, Displace))
    decision = decision_of(plan, "in")
    if isinstance(decision, Admit):
        mode = "Preempt" if evicted else "Fit"
        return Ends(evicted, mode, decision.variant)
    assert isinstance(decision, Hold)
    return Ends(evicted, "Preempt" if _may_displace(case.facts) and _fits_alone(case.facts) else "NoFit", "")


def _may_displace(facts):
    """Whether it asks for no more than is nominal to its queue in some flavor; or may displace while it borrows."""
    _, _, name = incoming(facts)
    own, key = next(q for q in queues_of(facts) if q["name"] == name), _key(facts)
    nominal = [chips(r, quota.get("nominal", 0)) for _, r, quota in _quotas(own) if r == key]
    borrows = own.get("preemption", {}).get("BorrowWithinCohort", {}).get("Policy", "Never") != "Never"
    return borrows or total(facts)[key] <= max(nominal, default=0)


def _fits_alone(facts):
    """Whether it would get in if nobody else were there."""
    world = a_world({**facts, "admitted": (), "usage_milli": {}, "other_usage_milli": {}})
    return isinstance(decision_of(world.round(), "in"), Admit)


# --- the world


def queues_of(facts):
    return facts.get("queues") or [q for q in (facts["queue"], facts.get("other_queue")) if q]


def incoming(facts):
    """Its requests by podset, its priority and its queue."""
    if "incoming" not in facts:
        sets = [(p["count"], p["request_per_pod"]) for p in facts["podsets"]]
        return sets, 0, facts["queue"]["name"]
    coming = facts["incoming"]
    sets = [(1, p["request"]) for p in coming["podsets"]] if "podsets" in coming else [(1, coming.get("request", {}))]
    return sets, coming["priority"], facts["target_queue"]


def total(facts):
    """What comes in asks for in all, by resource."""
    found = {}
    for count, request in incoming(facts)[0]:
        for resource, amount in request.items():
            found[resource] = found.get(resource, 0) + count * chips(resource, amount)
    if any(_flavors_of(queue, PODS) for queue in queues_of(facts)):
        found[PODS] = sum(count for count, _ in incoming(facts)[0])
    return {resource: amount for resource, amount in found.items() if amount}


def flavors(facts, resource):
    """The flavors the workload that comes in may use, in order."""
    chosen = [one[resource]["flavor"] for one in facts.get("assigned", ()) if isinstance(one, dict) and resource in one]
    if chosen:
        return chosen
    name = incoming(facts)[2]
    parents = {c["name"]: c.get("cohort") for c in facts.get("cohorts", ())}
    by_name = {q["name"]: q for q in (*queues_of(facts), *facts.get("cohorts", ()))}
    at, found, above = name, [], set()
    while at in by_name and at not in above:
        above.add(at)
        found += _flavors_of(by_name[at], resource)
        at = by_name[at].get("cohort") if at == name else parents.get(at)
    if not found:
        found = [f for q in by_name.values() for f in _flavors_of(q, resource)]
    found = list(dict.fromkeys(found))
    wanted = facts.get("incoming", {}).get("flavor")
    return [wanted] if wanted else found


def _flavors_of(queue, resource):
    return [f["flavor"] for group in queue.get("groups") or () for f in group if resource in f["quota"]]


def pool_of(resource, flavor):
    return f"{flavor}/{resource}"


def a_world(facts):
    queues = list(_queues(facts))
    stock = _stock(facts)
    workloads = [*_admitted(facts), *_fillers(facts), _incoming(facts)]
    classes = sorted({w.class_name for w in workloads})
    return World(
        nodes=[_node(facts, pool, stock) for pool in stock],
        pools=[a_pool(pool) for pool in stock],
        queues=queues,
        classes=[a_class(name, int(name.removeprefix("p"))) for name in classes],
        workloads={w.key: w for w in workloads},
    )


def _node(facts, pool, stock):
    """One node with all there is of a flavor; other resources of the flavor are room beside the chips."""
    flavor, size = pool.rpartition("/")[0], milli(stock[pool])
    beside = Counter()
    for has in _used_beside(facts):
        beside.update(has.get(flavor, {}))
    room = {
        resource: milli(amount - beside[resource])
        for p, amount in stock.items()
        for own, resource in [p.rsplit("/", 1)]
        if own == flavor
    }
    node = a_node(pool, 1, pool)
    return replace(
        node, installed=size, allocatable=size, free=size, capacity=node.capacity | room, room=node.room | room
    )


def _quotas(queue):
    for group in queue.get("groups") or ():
        for flavor in group:
            for resource, quota in flavor["quota"].items():
                yield pool_of(resource, flavor["flavor"]), resource, quota


def _stock(facts):
    found = {}
    for queue in (*queues_of(facts), *facts.get("cohorts", ())):
        for pool, resource, quota in _quotas(queue):
            found[pool] = found.get(pool, 0) + chips(resource, quota.get("nominal", 0))
    return found


def _queues(facts):
    classes = sorted({f"p{a['priority']}" for a in facts.get("admitted", ())} | {"p0", f"p{incoming(facts)[1]}"})
    queues, cohorts = queues_of(facts), {c["name"]: c for c in facts.get("cohorts", ())}
    named = {q["cohort"] for q in (*queues, *cohorts.values()) if q.get("cohort")}
    for queue in queues:
        yield _queue(queue, classes, _own(queue), alone=not queue.get("cohort"))
    for name in sorted(named | cohorts.keys()):
        cohort = cohorts.get(name, {"name": name})
        yield _queue(cohort, classes, _inclusive(name, [*queues, *cohorts.values()], cohort), alone=False)


def _queue(queue, classes, guaranteed, *, alone):
    limits = dict(guaranteed) if alone else {}
    for pool, resource, quota in _quotas(queue):
        if "borrow_limit" in quota:
            limits[pool] = guaranteed.get(pool, 0) + chips(resource, quota["borrow_limit"])
    return a_queue(
        queue["name"],
        classes,
        limits=limits,
        parent=queue.get("cohort"),
        guaranteed=guaranteed,
        weight=weight(queue.get("fair_weight")),
    )


def _own(queue):
    return {pool: chips(resource, quota.get("nominal", 0)) for pool, resource, quota in _quotas(queue)}


def _inclusive(name, everybody, cohort):
    """A cohort is guaranteed its own quota and all that is below it."""
    found = _own(cohort)
    for child in everybody:
        if child.get("cohort") != name:
            continue
        is_cohort = any(c.get("cohort") == child["name"] for c in everybody)
        below = _inclusive(child["name"], everybody, child) if is_cohort else _own(child)
        for pool, amount in below.items():
            found[pool] = found.get(pool, 0) + amount
    return found


def _admitted(facts):
    for age, one in enumerate(facts.get("admitted", ())):
        resource, amount, requests = _split(_asked(one), _key(facts))
        pool = pool_of(resource, one["flavor"])
        yield a_workload(
            one["name"],
            f"p{one['priority']}",
            a_variant(pool, 1, amount, requests=requests),
            queue=one["queue"],
            on=[pool],
            created=-100.0 if "created" not in one else 0.0,
            uid=f"{age:04}-{one['name']}",
        )


def _asked(admitted):
    return {r: wish for r, amount in admitted["request"].items() if (wish := chips(r, amount))}


def _key(facts):
    """The resource that stands for chips."""
    return min(total(facts))


def _split(asked, key):
    """The resource that stands for chips, how much of it, and what has to be there of others on the node."""
    (resource, amount), *rest = sorted(asked.items(), key=lambda entry: (entry[0] != key, entry))
    return resource, amount, tuple((r, milli(wish)) for r, wish in rest)


USAGE = (("usage_milli", "queue"), ("other_usage_milli", "other_queue"))


def _used_beside(facts):
    """Use of other resources by what has no chips, by flavor."""
    for word, _ in USAGE:
        yield {flavor: has for flavor, has in used(facts, word).items() if _key(facts) not in has}
    for one in facts.get("admitted", ()):
        if _key(facts) not in _asked(one):
            yield {one["flavor"]: _asked(one)}


def _fillers(facts):
    """Use that is only told by number, as work of the lowest priority there is."""
    for word, queue in USAGE:
        for flavor, has in used(facts, word).items():
            resource, amount, requests = _split(has, _key(facts))
            pool = pool_of(resource, flavor)
            yield a_workload(
                f"{FILLER}-{queue}-{flavor}",
                "p0",
                a_variant(pool, 1, amount, requests=requests),
                queue=facts[queue]["name"],
                on=[pool],
                created=-100.0,
            )


def _incoming(facts):
    _, priority, queue = incoming(facts)
    resource, amount, requests = _split(total(facts), _key(facts))
    ways = [a_variant(pool_of(resource, f), 1, amount, name=f, requests=requests) for f in flavors(facts, resource)]
    return a_workload("in", f"p{priority}", *ways, queue=queue, created=0.0, uid="9999-in")


# --- comparing


def differences(case, ends):
    """Sentences about what the decision is instead of what it should be."""
    facts = case.facts
    if "expect_evicted" in facts:
        wanted = {e["name"] for e in facts["expect_evicted"]}
        if wanted != ends.evicted:
            yield f"evicts {_listed(ends.evicted)} instead of {_listed(wanted)}"
        return
    mode = facts["expect"]["mode"]
    if mode != ends.mode:
        yield f"is {ends.mode}{f' in {ends.flavor}' if ends.flavor else ''} instead of {mode}"
        return
    wanted = {
        said["flavor"] for p in facts["expect"]["podsets"] for r, said in p["flavors"].items() if r in total(facts)
    }
    if mode == "Fit" and wanted != {ends.flavor}:
        yield f"takes {ends.flavor} instead of {_listed(wanted)}"


def _listed(names):
    return ", ".join(sorted(names)) or "nobody"
