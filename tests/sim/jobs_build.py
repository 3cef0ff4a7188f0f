"""Builders for lists of jobs."""

from chippool.core.ids import PoolName, WorkloadKey
from chippool.sim.jobs import Job

HOUR = 3600.0


def a_job(name, arrival=0.0, hours=1.0, chips=1, queue="all", priority=0, **speeds):
    """One that takes so many hours at speed 1; arrival in hours."""
    rates = {PoolName(pool): speed for pool, speed in (speeds or {"fast": 1.0}).items()}
    return Job(WorkloadKey(name), arrival * HOUR, hours * HOUR, chips, rates, rates, queue, priority)


def pools(**counts):
    return {PoolName(pool): count for pool, count in counts.items()}


def a_list(path, *rows, columns="job_id,model,gpus,total_steps,unit_arrival,steps_per_s_fast,steps_per_s_slow"):
    path.write_text("\n".join((columns, *rows)) + "\n")
    return path
