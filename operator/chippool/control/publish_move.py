"""Moving what runs: a service by one patch of its Deployment, a gang by stopping its Job and going on elsewhere.

The made object says where to from the first write on; what is still to be done is read off it, after a restart too.
"""

from chippool.control import publish_object as objects
from chippool.control.publish_known import Known
from chippool.control.render import Rendered, same_but_chips
from chippool.core.ids import WorkloadKey
from chippool.kube.writer import Write
from chippool.state.annotations import time_text
from chippool.state.records import MadeRecord


def move(key: WorkloadKey, known: Known, made: MadeRecord, rendered: Rendered, order: int) -> list[Write]:
    """Return the write that carries a move out, nothing where it is on its way."""
    view = known.view(key)
    if view is None or view.assignment is None or view.displaced is None or made.assignment == view.assignment:
        return []
    if made.kind == "Deployment":
        return [objects.roll_over(made, rendered, order)]
    return [objects.hold(made, view.assignment, view.displaced, order)]


def is_held(made: MadeRecord) -> bool:
    """Whether its Job was stopped to go on elsewhere."""
    return made.kind == "Job" and made.suspended and made.assignment is not None and made.outcome is None


def go_on(key: WorkloadKey, known: Known, made: MadeRecord, rendered: Rendered) -> list[Write]:
    """Return what lets a held Job go on: as it is once its pods are on their way out, else when they are gone.

    Of another rendering: its DELETE; what follows is made as for any admission.
    """
    pods = [pod for pod in known.pods(key) if pod.made_uid == made.uid and not pod.finished]
    if any(not pod.deleting for pod in pods):
        return []  # the Job controller has not seen yet that it is stopped
    if made.rendered == rendered.stamp:
        return [objects.resume(made, rendered, 0)]
    if pods:
        return []
    if same_but_chips(made.rendered, rendered.stamp):
        return [objects.resume(made, rendered, 0)]
    return [objects.delete(made, 0)]


def is_rolling_over(key: WorkloadKey, known: Known, made: MadeRecord) -> bool:
    """Whether old replicas of a service that moves still run."""
    view = known.view(key)
    if not objects.rolls_over(made) or view is None or view.assignment is None:
        return False
    now = time_text(view.assignment.admitted_at)
    return any(pod.admission and pod.admission != now and not pod.finished for pod in known.pods(key))
