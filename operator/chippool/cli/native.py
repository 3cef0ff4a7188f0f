"""Native pods and Jobs on the command line: `job/NAME`, `pod/NAME`, `group/NAME`."""

from collections.abc import Sequence

from chippool.cli.failures import Failure
from chippool.state.native import GROUP, JOB, POD

KINDS = {
    **dict.fromkeys(("job", "jobs", "job.batch", "jobs.batch"), JOB),
    **dict.fromkeys(("po", "pod", "pods"), POD),
    **dict.fromkeys(("group", "groups"), GROUP),
}
"""What users may write, and what a workload of it is called by."""


def missing(namespace: str, name: str) -> Failure:
    """Return what is to be said of a pod or Job that is no workload."""
    kind, _, own = name.partition(":")
    return Failure(
        f"chippool does not manage {kind} {own} in namespace {namespace}: there is none, it has ended, it asks for no "
        "chips, or it was made without the label chippool.io/queue-name in its pod template."
    )


def unseen(name: str, kinds: Sequence[str]) -> Failure:
    """Return what is to be said to somebody with rights in one namespace only."""
    what = name.replace(":", "/", 1)
    return Failure(
        f"You may not list {', '.join(kinds)} in all namespaces, and native pods have no status of chippool's: "
        f"`kubectl events --for {what}` has what was said of it."
    )
