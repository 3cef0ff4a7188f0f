"""Small records for tests of the loop."""

from chippool.core.constraints import Constraints
from chippool.core.ids import CHIP, ClassName, Namespace, PoolName, QueueName, VariantName, WorkloadKey
from chippool.core.model import Ask, Class, Mode, Queue, Snapshot, Variant, Workload


def a_snapshot(*workloads: Workload, queues: tuple[Queue, ...] = (), classes: tuple[Class, ...] = ()) -> Snapshot:
    return Snapshot(
        nodes={},
        pools={},
        queues={queue.name: queue for queue in queues},
        classes={entry.name: entry for entry in classes},
        namespaces={},
        workloads={workload.key: workload for workload in workloads},
    )


def a_workload(name: str = "train", *, uid: str = "u1", generation: int = 1, replicas: int = 1) -> Workload:
    ask = Ask(chips=CHIP, requests=(("pods", 1),), constraints=Constraints())
    return Workload(
        key=WorkloadKey(f"team/{name}"),
        uid=uid,
        generation=generation,
        namespace=Namespace("team"),
        queue=QueueName("research"),
        class_name=ClassName("batch"),
        mode=Mode.GANG,
        replicas=replicas,
        variants=(Variant(VariantName("h800"), (PoolName("h800"),), replicas, ask),),
        created=0.0,
        start_timeout=600.0,
    )


def a_queue(*class_names: str) -> Queue:
    return Queue(QueueName("research"), frozenset(ClassName(name) for name in class_names), ())
