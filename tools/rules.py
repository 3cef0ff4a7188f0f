"""The page of the rules: each with its name, where it is in the code, and an example that is a test at the same time.

Where a rule is in the code its module says itself ("Rule 6: …"), and so does the scenario that is its example.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "operator" / "chippool"
SCENARIOS = ROOT / "tests" / "scenarios" / "cases"
_SAYS = re.compile(r"Rules? (\d+)[a-c]?(?:(?: to | and |, )(\d+)[a-c]?)?\b")


@dataclass(frozen=True, slots=True)
class Rule:
    number: int
    name: str
    text: str
    example: str = ""
    """In words, for a rule that no single plan shows."""


RULES = (
    Rule(
        1,
        "Order",
        "Value of the PriorityClass, then the queue with the smallest weighted dominant share as chips are given out, "
        "then age, then uid. A displaced workload keeps its age. Nothing is ever random.",
    ),
    Rule(
        2,
        "Scarcity before preference",
        "Variants in the order of preference, weighed by their speeds where several workloads compete for unlike "
        "chips: a chip is left to work of the same or higher priority that has no other variant, if this workload has "
        "one.",
    ),
    Rule(
        3,
        "Quota",
        "What a queue uses and what is asked stay within the limit at every level of the tree; beyond its guarantee it "
        "borrows. Who may use a pool says its access list; its reserve stays free below a class.",
    ),
    Rule(
        4,
        "All or none, then growing",
        "A workload starts with at least minReplicas at once, or not at all; everybody gets theirs before anybody "
        "grows. Growth is by priority, then in turns between queues, into free chips that nobody within its guarantee "
        "waits for, and into what others, of whom it may take by rule 6, have past their own minReplicas.",
    ),
    Rule(
        5,
        "Nodes",
        "Whole-node requests take whole nodes; smaller ones go where what is left over is worth most to what is really "
        "asked for, inside the topology domain that is wanted.",
    ),
    Rule(
        6,
        "Displacement",
        "Only if nothing else fits: (a) lower priority, (b) borrowed, scavenged and resold chips by one within its "
        "guarantee, (c) trade between unlike chips. Cheapest first: shrink, migrate, evict; among equals who loses the "
        "least work. No victim that could have stayed.",
    ),
    Rule(
        7,
        "Reservation and backfill",
        "The blocked head keeps a reservation; smaller work goes ahead only if that does not delay it.",
    ),
    Rule(
        8,
        "Lost nodes",
        "Replicas of a lost node are placed elsewhere first: spares, then displacement. The gang keeps its other "
        "nodes; what can't be made whole within replaceTimeout gives everything back.",
    ),
    Rule(
        9,
        "Nothing twice, nothing on half a mirror",
        "A decision is taken for true in memory until the watch confirms it or a deadline releases it; while a list is "
        "incomplete nothing is decided.",
        "An admitted gang whose Job the watch has not shown yet holds its nodes already: the next decision, half a "
        "second later, gives them to nobody else. `tests/laws/test_snapshot_law.py` says so of random histories, and "
        "`tests/cluster/test_restarts.py` of a killed operator.",
    ),
    Rule(
        10,
        "Every decision has its reason",
        "One word for condition, event, metric and command line, and one sentence. A Hold says what is short, where, "
        "by how much, and who holds it: queues and classes, never names.",
        "`Asks for 4 x 8 chips of h800: not that many are free on whole nodes, and work of lower priority does not "
        "hold enough of it.` All words: [reasons](reasons.md); what to do about each: "
        "[what a reason asks of you](../how-to/what-a-reason-asks-of-you.md).",
    ),
)


def rules_page() -> str:
    """Every rule, its modules and its examples."""
    modules, scenarios = _by_rule(sorted(PACKAGE.rglob("*.py"))), _by_rule(sorted(SCENARIOS.glob("*.yaml")))
    lines = [
        "# The rules",
        "",
        "In the order in which they decide. An example is a small cluster and the plan it leads to; all of them are",
        "tests (`tests/scenarios`, where the format is described).",
        "Why it is so: [how it decides](../explanation/decisions.md).",
    ]
    for rule in RULES:
        lines += ["", f"## {rule.number}. {rule.name}", "", rule.text, ""]
        where = ", ".join(_linked(path) for path in modules[rule.number])
        lines += [f"In the code: {where}" if where else "Not built yet."]
        lines += ["", rule.example] if rule.example else []
        for case in scenarios[rule.number]:
            lines += ["", "```yaml", case.read_text().rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _by_rule(paths: list[Path]) -> defaultdict[int, list[Path]]:
    found: defaultdict[int, list[Path]] = defaultdict(list)
    for path in paths:
        for number in _numbers(path.read_text().partition("\n")[0]):
            found[number].append(path)
    return found


def _numbers(line: str) -> list[int]:
    said = _SAYS.search(line)
    if said is None:
        return []
    first, last = int(said[1]), int(said[2] or said[1])
    return list(range(first, last + 1)) if " to " in said[0] else sorted({first, last})


def _linked(path: Path) -> str:
    return f"[`{path.relative_to(PACKAGE)}`](../../{path.relative_to(ROOT)})"
