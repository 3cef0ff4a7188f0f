"""Objects as their users and the operator would write them."""

ASSIGNMENT = '{"admittedAt":"2026-01-01T00:00:00.000Z","pool":"nvidia-h800","replicas":2,"variant":"h800"}'
GATE = {"name": "chippool.io/placement"}


def a_workload(name, *, mode="Gang", replicas=2, **spec):
    return {
        "apiVersion": "chippool.io/v1alpha1",
        "kind": "ChipWorkload",
        "metadata": {"name": name, "namespace": "arena"},
        "spec": {
            "queueName": "training",
            "priorityClassName": "llm-training",
            "mode": mode,
            "replicas": replicas,
            "template": {"spec": {"containers": [{"name": "main", "image": "registry.example.com/main:1"}]}},
            "variants": [{"name": "h800", "poolNames": ["nvidia-h800"], "chipsPerReplica": 8}],
        }
        | spec,
    }


def a_pod_template(name, *, gated=True, run_for=None, **spec):
    chips = {"nvidia.com/gpu": "8"}
    container = {"name": "main", "image": "registry.example.com/main:1", "resources": {"limits": chips}}
    return {
        "metadata": {
            "labels": {"chippool.io/workload": name},
            "annotations": {"plane.chippool.io/run-for": run_for} if run_for else {},
        },
        "spec": {"containers": [container], "schedulingGates": [GATE] if gated else []} | spec,
    }


def owned_by(workload):
    metadata = workload["metadata"]
    return {
        "apiVersion": workload["apiVersion"],
        "kind": "ChipWorkload",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def a_job(name, *, owner=None, annotations=None, suspend=False, replicas=2, **template):
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(name, owner, annotations),
        "spec": {
            "completionMode": "Indexed",
            "completions": replicas,
            "parallelism": replicas,
            "podReplacementPolicy": "Failed",
            "suspend": suspend,
            "template": a_pod_template(name, restartPolicy="Never", **template),
        },
    }


def a_deployment(name, *, owner=None, annotations=None, replicas=2, **template):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(name, owner, annotations),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"chippool.io/workload": name}},
            "template": a_pod_template(name, **template),
        },
    }


def _metadata(name, owner, annotations):
    return {
        "name": name,
        "namespace": "arena",
        "labels": {"chippool.io/workload": name},
        "annotations": annotations or {},
        "ownerReferences": [owned_by(owner)] if owner else [],
    }
