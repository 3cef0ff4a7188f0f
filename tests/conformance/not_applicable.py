"""Where chippool differs on purpose: classes of cases by what is in their facts, each with the rule that differs.

A class never excuses by itself: a case of it that ends as expected passes, and only one that ends otherwise is not
applicable. Whatever is merely not built yet has no place here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.conformance import quotas
from tests.conformance.facts import Case
from tests.conformance.features import (
    asks_beyond_its_guarantee,
    asks_for_more_than_a_chip_and_a_part,
    guarantees_do_not_add_up,
    has_room_left_over,
    is_short_of_replicas,
    labels_matter,
    lower_priority_elsewhere,
    moves_work_of_more_priority,
    not_all_is_lent,
    policy_forbids,
    queues_have_priorities,
    room_in_a_later_flavor,
    several_borrow,
    shares_beyond_guarantees,
    works_without_chips,
)
from tests.conformance.words import unknown

UNKNOWN = "words that are not known"


@dataclass(frozen=True, slots=True)
class Class:
    """`rule` names the part of the rules that says otherwise."""

    name: str
    rule: str
    reason: str
    holds: Callable[[Case], bool]


def _jobs(predicate):
    return lambda case: case.of_jobs and predicate(case.facts)


def _quotas(predicate):
    return lambda case: not case.of_jobs and predicate(case.facts)


def _asks_for_nothing(facts):
    return not quotas.total(facts)


def _unlike_pools(facts):
    """What it asks for is in groups of flavors apart, or its podsets may go to flavors apart."""
    asked = quotas.total(facts)
    groups = [
        {r for flavor in group for r in flavor["quota"]} & asked.keys()
        for queue in quotas.queues_of(facts)
        for group in queue.get("groups") or ()
    ]
    apart = sum(bool(found) for found in groups) > len(quotas.queues_of(facts)) or (
        len(asked) > 1 and not any(asked.keys() <= found for found in groups)
    )
    together = all("group" in podset for podset in facts.get("podsets") or facts["incoming"].get("podsets", ()))
    sets = quotas.incoming(facts)[0]
    return apart or (len(sets) > 1 and not together and any(len(quotas.flavors(facts, r)) > 1 for r in asked))


def _policy(facts, word):
    name = quotas.incoming(facts)[2]
    own = next(q for q in quotas.queues_of(facts) if q["name"] == name)
    return own.get("preemption", {}).get(word)


def _fungibility(facts, word):
    return facts.get("queue", {}).get("fungibility", {}).get(word)


def _differs_by_more_than_facts(case):
    return any(twin.facts.get("derived") != case.facts.get("derived") for twin in case.twins)


CLASSES = (
    Class(
        "what matters is not in the facts",
        "Decisions 1: never anything random",
        "The same facts always give the same plan, and another case with the very same facts ends otherwise: what they "
        "differ by was not recorded.",
        _differs_by_more_than_facts,
    ),
    Class(
        "no chips asked for",
        "ChipWorkload: chipsPerReplica",
        "A workload asks for chips; without any there is nothing to decide.",
        _quotas(_asks_for_nothing),
    ),
    Class(
        "work or quota without chips",
        "ChipQueue: quotas are of chips of a pool",
        "Quotas count chips; cpu and memory only have to be free on the node, and pods without chips are left to "
        "kube-scheduler.",
        _jobs(works_without_chips),
    ),
    Class(
        "one workload in unlike pools",
        "ChipWorkload: a variant runs in one pool",
        "All replicas of a workload run in one pool, and only its chips have a quota.",
        _quotas(_unlike_pools),
    ),
    Class(
        "grown by a bigger copy",
        "ChipWorkload: replicas is mutable while admitted",
        "A workload grows as the object it is; there is no second one that takes its place.",
        _quotas(lambda facts: "ElasticJobsViaWorkloadSlices" in str(facts.get("featureGates"))),
    ),
    Class(
        "guarantees do not add up",
        "ChipQueue: guarantees of siblings may not exceed the parent's, nor those of the roots the pool",
        "More is guaranteed than there is: every guarantee shrinks by the same part instead of being a first come, "
        "first served promise.",
        _jobs(guarantees_do_not_add_up),
    ),
    Class(
        "shares beyond the guarantee",
        "Decisions 6b and 1",
        "Only who is within its guarantee takes chips back from borrowers. Beyond it the smallest share is asked "
        "first when chips are given, and nobody is displaced for it.",
        lambda case: asks_beyond_its_guarantee(case) if case.of_jobs else shares_beyond_guarantees(case.facts),
    ),
    Class(
        "a gang that lost replicas",
        "Decisions 8",
        "What is missing of an admitted gang is placed first, by displacing if it must be, before the gang gives up.",
        _jobs(lambda facts: any(is_short_of_replicas(job) and not job["preemptible"] for job in facts["jobs"])),
    ),
    Class(
        "one step of a cycle alone",
        "Decisions 4, 6 and 7",
        "The case runs one action of a cycle; a cycle here is whole, and lets no chips idle that somebody may use.",
        _jobs(has_room_left_over),
    ),
    Class(
        "a later variant has room",
        "Decisions 2 and 6",
        "Only a workload that does not fit displaces: a variant that fits now is taken before anybody is displaced for "
        "one that is preferred.",
        _quotas(room_in_a_later_flavor),
    ),
    Class(
        "moves on rather than borrow",
        "Decisions 2 and 3",
        "Variants are taken in their order; that the preferred one is borrowed is no reason to take the next.",
        _quotas(lambda facts: _fungibility(facts, "WhenCanBorrow") == "TryNextFlavor"),
    ),
    Class(
        "displaces its equals",
        "Decisions 6a",
        "Only lower priority is displaced inside a queue; of equals the older one is admitted first and then stays.",
        _quotas(lambda facts: _policy(facts, "WithinClusterQueue") == "LowerOrNewerEqualPriority"),
    ),
    Class(
        "priority between queues",
        "Decisions 6a",
        "Lower priority gives way in the whole pool, whatever queue it is in; there is no policy by queue and no "
        "threshold.",
        _quotas(lower_priority_elsewhere),
    ),
    Class(
        "a policy of a queue",
        "Decisions 6a and 6b",
        "The same holds for every queue: lower priority gives way, and what is borrowed is given back, whatever its "
        "priority; no queue chooses otherwise.",
        _quotas(policy_forbids),
    ),
    Class(
        "priority of a queue",
        "Decisions 1",
        "The order is by the priority of the work, then by the share of the queue; a queue has a weight, no priority.",
        _jobs(queues_have_priorities),
    ),
    Class(
        "moves work of higher priority",
        "Decisions 6",
        "Work of the same or lower priority is moved for others; nobody makes work restart that comes before his own.",
        _jobs(moves_work_of_more_priority),
    ),
    Class(
        "who of several borrowers gives back",
        "Decisions 6: cheapest first",
        "Of all that is borrowed the lowest priority goes, then who loses the least work, the youngest, whichever "
        "queue borrows the most.",
        _jobs(several_borrow),
    ),
    Class(
        "quota of several resources",
        "ChipQueue: quotas are of chips of a pool",
        "One resource stands for the chips; of the others nobody has a quota, they have to be free on the node.",
        _quotas(lambda facts: len(quotas.total(facts)) > 1),
    ),
    Class(
        "what is not lent",
        "Decisions 3 and 6b",
        "A queue lends all that it does not use, and gets it back when it asks: there is no limit to lending.",
        _quotas(not_all_is_lent),
    ),
    Class(
        "a gang with too few pods",
        "ChipWorkload: replicas, minReplicas",
        "A workload's pods are made for it, all that it needs: there are never fewer pods than minReplicas.",
        _jobs(lambda facts: any(job["min_member"] > len(job["pods"]) for job in facts["jobs"])),
    ),
    Class(
        "chips and a part of one",
        "ChipWorkload: chipsPerReplica may be a fraction below 1",
        "A replica has whole chips, or a part of one.",
        _jobs(lambda facts: any(map(asks_for_more_than_a_chip_and_a_part, facts["jobs"]))),
    ),
    Class(
        "labels of a flavor",
        "A node fits a replica when: nodeSelector, affinity and taints",
        "Which chips a workload may have depends on labels and taints of nodes, and the facts do not say those.",
        _quotas(labels_matter),
    ),
    Class(
        UNKNOWN,
        "A field lands together with what it does",
        "The facts have words for something that chippool has no field for.",
        unknown,
    ),
)


def class_of(case):
    """The first class a case belongs to, or None; one that can't be asked of a case does not hold of it."""
    return next((c for c in CLASSES if _holds(c, case)), None)


def _holds(cls, case):
    try:
        return bool(cls.holds(case))
    except Exception:
        return False
