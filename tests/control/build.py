"""Workloads, their objects and what the mirror says of them, in the words of the tests."""

import json
from dataclasses import dataclass, field, replace

from chippool.api.chips import milli_chips
from chippool.core.constraints import Constraints
from chippool.core.ids import PoolName, WorkloadKey
from chippool.core.model import Ask, Assignment, Displaced, Mode, Pool, Variant, Workload
from chippool.core.reasons import Reason
from chippool.state.hami import hami
from chippool.state.records import MadeRecord, PodRecord, PoolCounts, PoolRecord, QueueCounts, WorkloadRecord

NOW = 1_800_000_000.0
KEY = WorkloadKey("ads/ctr")
H800 = PoolName("nvidia-h800")
NPU = PoolName("ascend-910b")
RESOURCES = {H800: "nvidia.com/gpu", NPU: "huawei.com/Ascend910"}


def a_spec(mode="Gang", replicas=1, chips=8, **more):
    return {
        "queueName": "ads",
        "priorityClassName": "revenue",
        "mode": mode,
        "replicas": replicas,
        "template": {"spec": {"containers": [{"name": "main", "image": "train:1"}]}},
        "variants": [
            {"name": "h800", "poolNames": [H800, NPU], "chipsPerReplica": chips},
            {"name": "npu", "poolNames": [NPU], "chipsPerReplica": chips},
        ],
        **more,
    }


def a_workload(spec, *, name="ctr", namespace="ads", **more):
    variants = tuple(
        Variant(
            variant["name"],
            tuple(variant["poolNames"]),
            variant.get("replicas", spec["replicas"]),
            Ask(milli_chips(variant["chipsPerReplica"]), (("pods", 1),), Constraints()),
        )
        for variant in spec["variants"]
    )
    given = {
        "key": WorkloadKey(f"{namespace}/{name}"),
        "uid": f"uid-{name}",
        "generation": 1,
        "namespace": namespace,
        "queue": spec["queueName"],
        "class_name": spec["priorityClassName"],
        "mode": Mode(spec["mode"]),
        "replicas": spec["replicas"],
        "min_replicas": spec.get("minReplicas"),
        "variants": variants,
        "created": NOW - 100,
        "start_timeout": 600.0,
    }
    return Workload(**{**given, **more})


def a_record(spec=None, *, name="ctr", namespace="ads", status=None, not_modelled=(), **more):
    spec = spec or a_spec()
    view = a_workload(spec, name=name, namespace=namespace, **more)
    return WorkloadRecord(
        uid=view.uid,
        namespace=namespace,
        name=name,
        version="7",
        view=view,
        spec=json.dumps(spec).encode(),
        status=json.dumps(status or {}).encode(),
        not_modelled=not_modelled,
    )


def an_assignment(variant="h800", pool=H800, replicas=1, at=NOW):
    return Assignment(variant, pool, replicas, at)


def a_displacement(reason=Reason.PREEMPTED, by=None, count=1, message="A workload of higher priority needs its chips."):
    return Displaced(NOW - 50, reason, by, count, 0, 1, message)


def a_job(record, **more):
    given = {
        "uid": "uid-job",
        "kind": "Job" if record.view.mode is Mode.GANG else "Deployment",
        "namespace": record.namespace,
        "name": record.name,
        "version": "42",
        "owner_uid": record.uid,
        "deleting": False,
        "assignment": None,
        "displaced": None,
        "rendered": "",
        "suspended": False,
        "replicas": 1,
        "succeeded": 0,
        "outcome": None,
    }
    return MadeRecord(**{**given, **more})


def a_pod(made, **more):
    given = dict.fromkeys(("bound", "gated", "other_gates", "deleting", "finished", "succeeded", "ready", "ran"), False)
    named = {"uid": "uid-pod", "namespace": made.namespace, "name": "p", "workload": made.name, "made_uid": made.uid}
    rest = {"node": "n1", "requests": (), "constraints": None, "index": 0}
    return PodRecord(**{**given, **named, **rest, "unschedulable": "", "error": "", **more})


def a_pool(name=H800, resource=None, *, shared=False):
    resource = resource or RESOURCES[name]
    sharing = hami(resource, None) if shared else None
    view = Pool(name, resource, fractions=sharing.fractions if sharing else frozenset())
    return PoolRecord(f"uid-{name}", name, "3", 1, view, (), "", b"{}", sharing)


@dataclass
class Cluster:
    """A mirror as far as publishing asks one."""

    records: dict = field(default_factory=dict)
    views: dict = field(default_factory=dict)
    objects: dict = field(default_factory=dict)
    there: tuple = ()
    pool_records: dict = field(default_factory=lambda: {name: a_pool(name) for name in RESOURCES})
    counts: PoolCounts = field(default_factory=PoolCounts)
    queue: QueueCounts = field(default_factory=lambda: QueueCounts({}, {}))

    def workload(self, key):
        return self.records.get(key)

    def view(self, key):
        return self.views.get(key)

    def made(self, key):
        return self.objects.get(key)

    def pods(self, _):
        return self.there

    def pool_counts(self, _):
        return self.counts

    def queue_counts(self, _):
        return self.queue


def a_cluster(record, made=None, **seen):
    """One workload; `seen` is what its view says beyond the spec."""
    key = record.view.key
    view = replace(record.view, **seen)
    return Cluster({key: record}, {key: view}, {} if made is None else {key: made})
