"""What a run of jobs came to."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from chippool.core.ids import WorkloadKey
from chippool.sim.jobs import HOUR
from chippool.sim.rounds import World


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the measured jobs, from arrival to end; the longest single wait for chips is that of all jobs."""

    jobs: int
    mean_jct_hours: float
    p99_jct_hours: float
    longest_wait_hours: float
    moves_per_job: float


def figures(world: World, measured: Collection[WorkloadKey]) -> Figures:
    ended = [one for one in world.ended if one.job.key in measured]
    took = np.array([one.seconds for one in ended]) / HOUR
    return Figures(
        jobs=len(ended),
        mean_jct_hours=round(float(took.mean()), 3),
        p99_jct_hours=round(float(np.percentile(took, 99)), 2),
        longest_wait_hours=round(world.longest_wait / HOUR, 2),
        moves_per_job=round(sum(one.moves for one in ended) / len(ended), 3),
    )
