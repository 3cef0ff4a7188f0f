"""Work of anybody's own on the plane: Jobs, Deployments, StatefulSets and pods that ask the queue `team` for chips."""

from tests.cluster.manifests import H800, PLANE

GATE = "chippool.io/placement"


def a_template(*, chips=8, cls="training", group=None, size=None, pool=H800, restart="Never", does=None, app=None):
    labels = {"chippool.io/queue-name": "team", "app": app, "chippool.io/group": group}
    labels["chippool.io/group-size"] = None if size is None else str(size)
    container = {"name": "main", "image": "registry.example/main:1"}
    container["resources"] = {"limits": {"nvidia.com/gpu": str(chips), "cpu": "1"}}
    return {
        "metadata": {
            "labels": {key: value for key, value in labels.items() if value},
            "annotations": {PLANE + key.replace("_", "-"): str(value) for key, value in (does or {}).items()},
        },
        "spec": {
            "restartPolicy": restart,
            "terminationGracePeriodSeconds": 1,
            "priorityClassName": cls,
            "nodeSelector": pool,
            "containers": [container],
        },
    }


def a_job(name, parallelism=1, completions=None, **more):
    spec = {"parallelism": parallelism, "completions": parallelism if completions is None else completions}
    return _made("batch/v1", "Job", name, {**spec, "template": a_template(app=name, **more)})


def a_deployment(name, replicas=1, **more):
    return _made("apps/v1", "Deployment", name, _kept(name, replicas, **more))


def a_stateful_set(name, replicas=1, policy="OrderedReady", **more):
    spec = {"serviceName": name, "podManagementPolicy": policy}
    return _made("apps/v1", "StatefulSet", name, {**spec, **_kept(name, replicas, **more)})


def a_pod(name, **more):
    template = a_template(app=name, **more)
    metadata = {"name": name, **template["metadata"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def a_job_set(name, jobs, **more):
    """A JobSet of Jobs by name, each with so many pods; `group` makes one workload of them all."""
    size = sum(jobs.values())
    policy = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}

    def replicated(job, parallelism):
        spec = {"parallelism": parallelism, "completions": parallelism, "backoffLimit": 0, "podFailurePolicy": policy}
        return {"name": job, "template": {"spec": {**spec, "template": a_template(app=name, size=size, **more)}}}

    spec = {"replicatedJobs": [replicated(job, parallelism) for job, parallelism in jobs.items()]}
    return _made("jobset.x-k8s.io/v1alpha2", "JobSet", name, spec)


def a_leader_worker_set(name, size, replicas=1, **more):
    """Each replica is a leader and its workers, `size` pods together."""
    template = a_template(app=name, restart="Always", size=size * replicas, **more)
    spec = {"replicas": replicas, "leaderWorkerTemplate": {"size": size, "workerTemplate": template}}
    return _made("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", name, spec)


def _kept(name, replicas, **more):
    template = a_template(app=name, restart="Always", **more)
    return {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}


def _made(version, kind, name, spec):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


# --- what a test asks about


def pods_of(cluster, app):
    return [p for p in cluster.items("pods", "-l", f"app={app}") if "deletionTimestamp" not in p["metadata"]]


def running(cluster, app):
    """The nodes of its pods that run, by name of the pod."""
    return {
        pod["metadata"]["name"]: pod["spec"]["nodeName"]
        for pod in pods_of(cluster, app)
        if pod["status"]["phase"] == "Running"
    }


def gated(cluster, app):
    gates = ([gate["name"] for gate in pod["spec"].get("schedulingGates", [])] for pod in pods_of(cluster, app))
    return sum(GATE in found for found in gates)


def wait_running(cluster, app, count, within=30.0):
    cluster.eventually(lambda: len(running(cluster, app)) == count, f"{count} pods of {app} run", within)
    return running(cluster, app)


def wait_gated(cluster, app, count, within=30.0):
    cluster.eventually(
        lambda: gated(cluster, app) == count and not running(cluster, app), f"{count} pods of {app} wait", within
    )


def reasons(cluster, name):
    return {event["reason"] for event in cluster.events(name)}
