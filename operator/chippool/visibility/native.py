"""Native pods and Jobs in answers: how users write their names, and which workload they mean."""

from chippool.core.ids import WorkloadKey
from chippool.state.native import JOB, POD
from chippool.visibility.reading import Reading


def shown_name(key: WorkloadKey) -> str:
    """Return a workload's name as users write it."""
    return key.partition("/")[2].replace(":", "/", 1)


def meant(reading: Reading, key: WorkloadKey) -> WorkloadKey:
    """Return the workload meant by NAMESPACE/NAME, or by NAMESPACE/KIND:NAME: a pod's or Job's, whoever made it."""
    namespace, _, name = key.partition("/")
    kind, _, own = name.rpartition(":")
    if not kind or key in reading.snapshot.workloads:
        return key
    here = [key for key in reading.snapshot.workloads if key.startswith(f"{namespace}/")]
    pods = {pod.name: key for key in here for pod in reading.mirror.pods(key)} if kind == POD else {}
    made = WorkloadKey(f"{namespace}/{own}")
    if kind == JOB and (found := reading.mirror.made(made)) is not None and found.kind == "Job":
        return made
    return pods.get(own, key)
