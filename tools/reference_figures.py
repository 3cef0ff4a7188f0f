"""The page of measured figures, made from what lies in proof/: each with its command, date and machine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROOF = Path(__file__).parents[1] / "proof"
Json = dict[str, Any]
Row = tuple[str, str]


def figures_page() -> str:
    """A table for each file; what was measured on a busy machine says so by its load."""
    lines = [
        "# Figures",
        "",
        "What was measured, with the command that gives it. Everything is in [proof](../../proof/README.md).",
        "",
    ]
    for name, title, rows in _PARTS:
        found = json.loads((PROOF / f"{name}.json").read_text())
        machine = found["machine"]
        lines += [f"## {title}", "", f"`{found['command']}`, {found['date']}: {_said(machine)}.", ""]
        lines += ["| | |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows(found)), ""]
    return "\n".join(lines)


def _said(machine: Json) -> str:
    core = f", core {machine['core']}" if "core" in machine else ""
    load = f", load {machine['load_1m']:g} as it ended" if "load_1m" in machine else ""
    return f"{machine['cpus']} CPUs ({machine['processor']}), Python {machine['python']}{core}{load}"


def _percent(part: float, digits: int) -> str:
    return f"{100 * part:.{digits}f} %"


def _cluster(found: Json) -> Iterator[Row]:
    for shape, one in found["summary"].items():
        if "pods_per_s" not in one:
            continue
        for mode, rate in one["pods_per_s"].items():
            yield f"{shape}, {mode}: pods a second", f"{rate:g}"
        for mode, ratio in one["chippool_to"].items():
            yield f"{shape}, chippool to {mode}", f"{ratio:g}"
        yield f"{shape}: API writes a workload", f"{one['writes_per_workload']:g}"
        yield f"{shape}: until every status says Ready", f"{one['ready_s']:g} s"
    yield "from create to Running where something must be displaced, p50", f"{found['displacing']['p50_s']:g} s"
    yield "the same, p99", f"{found['displacing']['p99_s']:g} s"


def _core(found: Json) -> Iterator[Row]:
    for one in found["results"]:
        full = "95 % full" if one["full"] else "empty"
        yield f"{one['nodes']:,} nodes, {one['pending']:,} pending, {full}, {one['uses']}", f"{one['median_s']:g} s"
    for one in found["growth"]:
        full = "95 % full" if one["full"] else "empty"
        nodes = " → ".join(f"{count:,}" for count in one["nodes"])
        yield f"growth, {nodes} nodes, {one['pending']:,} pending, {full}, {one['uses']}", f"x {one['ratio']:g}"


def _replay(found: Json) -> Iterator[Row]:
    yield "workloads submitted, completed", f"{found['submitted']:,}, {found['completed']:,}"
    yield "starts of the operator", str(found["operator_starts"])
    yield "displacements", ", ".join(f"{count} {reason}" for reason, count in found["displacements"].items())
    yield "breaches of what must hold", str(found["invariant_violations"])
    checks = found["hold_checks"]
    yield "holds checked by brute force, and wrong", f"{checks['holds_checked']:,}, {len(checks['mismatches'])}"


def _scale(found: Json) -> Iterator[Row]:
    yield f"start to synced, {found['nodes']:,} nodes and {found['pods']:,} pods", f"{found['start_to_synced_s']:g} s"
    yield "resident memory", f"{found['resident_mib']:g} MiB"


def _scrape(found: Json) -> Iterator[Row]:
    yield (
        f"series, {found['nodes']:,} nodes, {found['queues']} queues, {found['classes']} classes",
        f"{found['series']:,}",
    )
    yield "a scrape, median and longest", f"{found['scrape_ms']['median']:g} and {found['scrape_ms']['most']:g} ms"


def _packing(found: Json) -> Iterator[Row]:
    for one in found["results"]:
        published = f" (published {one['published']:.2f})" if one.get("published") else ""
        yield f"{one['pods']}, {one['policy']}: chips given", f"{one['mean']:.2f} % ± {one['sd']:.2f}{published}"


def _jobs(found: Json) -> Iterator[Row]:
    for name, row in found["results"].items():
        yield name, ", ".join(f"{one['mean_jct_hours']:g} h at {one['rate']:g}" for one in row)
    for sentence in found["missed"]:
        yield "missed", sentence


def _eta(found: Json) -> Iterator[Row]:
    for one in found["results"]:
        name = one["replay"]
        yield f"{name}: waits over ten minutes judged, of workloads", f"{one['judged']:,} of {one['workloads']:,}"
        usual = one["off_by_the_class_median"]
        yield f"{name}: median error, powers of two", f"{one['off']:g} ({usual:g} by the median wait of the class)"
        yield f"{name}: better by", _percent(one["better_by"], 0)
        yield f"{name}: within the 80 % interval", _percent(one["within_the_interval"], 0)


def _backtest(found: Json) -> Iterator[Row]:
    for one in found["results"]:
        yield f"{one['chip']}: mean absolute error in chips", f"{one['mae']:g} (at most {one['at_most']:g})"
        parts = (_percent(one[part], 1) for part in ("coverage", "coverage_of_last_third"))
        yield f"{one['chip']}: within the 80 % band, and of the last third", ", ".join(parts)


def _what_if(found: Json) -> Iterator[Row]:
    for one in found["results"]:
        where = f"{one['nodes']:,} nodes, {one['workloads']:,} workloads, {one['uses']}"
        yield f"{one['question']}: {where}", f"{one['median_s']:g} s"


def _board(found: Json) -> Iterator[Row]:
    paint, update = found["firstPaintMilliseconds"], found["liveUpdateSeconds"]
    where = f"{found['nodes']:,} nodes and {found['workloads']:,} workloads"
    yield f"first paint, {where}: median and longest", f"{paint['median']:.0f} and {paint['most']:.0f} ms"
    yield (
        "from a change to the page that shows it: median and longest",
        f"{update['median']:g} and {update['most']:g} s",
    )


def _laws(found: Json) -> Iterator[Row]:
    yield "laws, random cases of all of them", f"{len(found['laws'])}, {found['cases']:,}"
    yield "laws that failed", str(sum(1 for law in found["laws"].values() if law["failing"]))


def _day(found: Json) -> Iterator[Row]:
    yield f"checks in {found['hours']:g} hours of cluster time", f"{found['checks']:,}"
    yield "violations", str(len(found["violations"]))


_PARTS = (
    ("bench-cluster", "Pods a second on a control plane", _cluster),
    ("bench-core", "One decision", _core),
    ("scale", "Start and memory", _scale),
    ("scrape", "A scrape of the metrics", _scrape),
    ("replay", "A real trace on a control plane", _replay),
    ("replay-kill", "The same, the operator killed in between", _replay),
    ("packing", "Packing", _packing),
    ("jobs", "Mean time from arrival to end of jobs on unlike chips", _jobs),
    ("eta", "When waiting work starts, as told at submission", _eta),
    ("backtest", "Demand forecast, a back-test on a real list", _backtest),
    ("what-if", "What if", _what_if),
    ("board", "The board in a browser", _board),
    ("day", "A random day with failures", _day),
    ("laws", "Laws", _laws),
)
