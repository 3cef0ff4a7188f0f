"""Manifests for the plane's tests, and waiting for what they lead to."""

import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

from tools.plane.plane import Plane

PREFIX = "plane.chippool.io/"


def annotated(**behaviour: str) -> dict[str, str]:
    return {PREFIX + key.replace("_", "-"): value for key, value in behaviour.items()}


def a_template(chips=1, grace=30, restart="Never", node=None, selector=None, **behaviour) -> dict[str, Any]:
    container = {"name": "main", "image": "registry.example/main:1", "resources": {"limits": {"nvidia.com/gpu": chips}}}
    spec = {"restartPolicy": restart, "terminationGracePeriodSeconds": grace, "containers": [container]}
    spec |= {"nodeSelector": selector} if selector else {}
    spec |= {"nodeName": node} if node else {}
    return {"metadata": {"annotations": annotated(**behaviour)}, "spec": spec}


def a_pod(name, finalizers=(), **template) -> dict[str, Any]:
    made = a_template(**template)
    metadata = {"name": name, "finalizers": list(finalizers)} | made["metadata"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": made["spec"]}


def a_job(name, backoff_limit=0, pods=1, **template) -> dict[str, Any]:
    spec = {"backoffLimit": backoff_limit, "parallelism": pods, "completions": pods, "template": a_template(**template)}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def apply(plane: Plane, *manifests: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    plane.kubectl("apply", "-f", "-", input=json.dumps(listed))


def wait(plane: Plane, what: str, *conditions: str, seconds: int = 20) -> None:
    for condition in conditions:
        plane.kubectl("wait", what, f"--for={condition}", f"--timeout={seconds}s")


def get(plane: Plane, *what: str) -> dict[str, Any]:
    return json.loads(plane.kubectl("get", *what, "-o", "json").stdout)


def pods_of(plane: Plane, job: str) -> list[dict[str, Any]]:
    return get(plane, "pods", f"--selector=job-name={job}")["items"]


def eventually(holds, what: str, within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.05)


def audited(log: Path, resource: str, name: str) -> list[dict[str, Any]]:
    """The successful writes on one object, in order, from the audit log."""
    events = (json.loads(line) for line in log.read_text().splitlines())
    return [event for event in events if _is_about(event, resource, name)]


def _is_about(event: dict[str, Any], resource: str, name: str) -> bool:
    about = event.get("objectRef", {})
    written = event["verb"] in ("create", "update", "patch", "delete") and event["responseStatus"]["code"] < 300
    return written and (about.get("resource"), about.get("name")) == (resource, name)


def at(event: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(event["stageTimestamp"])
