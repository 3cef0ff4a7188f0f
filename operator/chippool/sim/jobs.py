"""Lists of jobs in the columns of Gavel's (OSDI '20): what arrives when, how long it is, how fast it runs where."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np

from chippool.core.ids import PoolName, QueueName, WorkloadKey

HOUR = 3600.0
ONLY_QUEUE = QueueName("all")
_RATE = "steps_per_s_"


class BadListError(ValueError):
    """The list can't be read or simulated; the text names the line and column."""


@dataclass(frozen=True, slots=True)
class Job:
    """`arrival` in seconds; `rates` in steps a second by pool, `believed` what the policy is told of them."""

    key: WorkloadKey
    arrival: float
    steps: float
    chips: int
    rates: Mapping[PoolName, float]
    believed: Mapping[PoolName, float]
    queue: QueueName = ONLY_QUEUE
    priority: int = 0


def read_jobs(path: Path, pools: Mapping[PoolName, int], rate: float) -> list[Job]:
    """The jobs in order of arrival, at `rate` jobs an hour; every one fits some pool."""
    with path.open(newline="", encoding="utf-8") as file:
        table = csv.DictReader(file)
        _check_columns(table.fieldnames or (), pools)
        jobs = [_job(row, line, pools, HOUR / rate) for line, row in enumerate(table, start=2)]
    _check_names(jobs)
    return sorted(jobs, key=lambda job: (job.arrival, job.key))


def _check_names(jobs: Iterable[Job]) -> None:
    seen = set()
    for line, job in enumerate(jobs, start=2):
        if job.key in seen:
            raise BadListError(f"line {line}: job_id {job.key!r} is there twice")
        seen.add(job.key)


def _check_columns(there: Sequence[str], pools: Iterable[PoolName]) -> None:
    wanted = ["job_id", "total_steps", "unit_arrival", *(_RATE + pool for pool in pools)]
    missing = [name for name in wanted if name not in there]
    if missing:
        raise BadListError(f"column {missing[0]} is missing; a list needs {', '.join(wanted)}")


def _job(row: Mapping[str, str | None], line: int, pools: Mapping[PoolName, int], unit: float) -> Job:
    chips = _chips(row, line)
    rates = {pool: _number(row, _RATE + pool, line) for pool in pools}
    rates = {pool: rate for pool, rate in rates.items() if rate > 0 and chips <= pools[pool]}
    if not rates:
        raise BadListError(f"line {line}: no pool of --cluster has {chips} chips and a rate above 0 for this job")
    return Job(
        key=WorkloadKey(str(row["job_id"])),
        arrival=_number(row, "unit_arrival", line) * unit,
        steps=_number(row, "total_steps", line),
        chips=chips,
        rates=rates,
        believed=rates,
        queue=QueueName(row.get("queue") or ONLY_QUEUE),
        priority=int(_number(row, "priority", line)) if row.get("priority") else 0,
    )


def _chips(row: Mapping[str, str | None], line: int) -> int:
    said = row.get("gpus") or "1"
    if not said.isdecimal() or int(said) == 0:
        raise BadListError(f"line {line}: gpus is {said!r}, which is no whole number of 1 or more")
    return int(said)


def _number(row: Mapping[str, str | None], column: str, line: int) -> float:
    try:
        value = float(row[column] or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise BadListError(f"line {line}: {column} is {row[column]!r}, which is no number of 0 or more")
    return value


def dealt(jobs: Iterable[Job], queues: int, classes: int) -> list[Job]:
    """The same jobs dealt out to so many queues and priority classes, by a hash of their names."""
    return [
        replace(job, queue=QueueName(f"queue-{_hash('queue', job) % queues}"), priority=_hash("class", job) % classes)
        for job in jobs
    ]


def _hash(what: str, job: Job) -> int:
    return int.from_bytes(blake2b(f"{what} {job.key}".encode(), digest_size=8).digest())


def misjudged(jobs: Sequence[Job], sigma: float, seed: int) -> list[Job]:
    """The same jobs, with log-normal errors in what the policy is told of their rates."""
    noise = np.random.default_rng(seed)
    return [
        replace(job, believed={pool: rate * math.exp(noise.normal(0, sigma)) for pool, rate in job.rates.items()})
        for job in jobs
    ]
