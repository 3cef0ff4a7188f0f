"""Where the placement gate is, and the patches that take it off without restarting anything."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from chippool.api import names
from chippool.cli.failures import Failure
from chippool.control import render_marks as marks
from chippool.core.reasons import Reason
from chippool.kube.client import ApiError, Client
from chippool.state.annotations import displaced_of

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
PAGE = "500"
OBSERVED_S = 30.0


@dataclass(frozen=True, slots=True)
class Gated:
    """What chippool holds: a pod, Job or Deployment by the gate (in its template), a pool or queue by the finalizer."""

    kind: str
    path: str
    raw: Json

    @property
    def name(self) -> str:
        metadata = self.raw["metadata"]
        return "/".join(metadata[part] for part in ("namespace", "name") if part in metadata)

    @property
    def fixed(self) -> bool:
        """A Job that is not suspended: the API server lets nobody change its template."""
        return self.kind == "Job" and not self.raw["spec"].get("suspend")


async def gated(client: Client, namespace: str | None) -> list[Gated]:
    """Return templates first: a pod made from one that is still gated would be gated."""
    managed = {"labelSelector": names.WORKLOAD}
    unbound = {"fieldSelector": "spec.nodeName="}
    jobs = [o async for o in _listed(client, "Job", "/apis/batch/v1", "jobs", namespace, managed)]
    services = [o async for o in _listed(client, "Deployment", "/apis/apps/v1", "deployments", namespace, managed)]
    pods = [o async for o in _listed(client, "Pod", "/api/v1", "pods", namespace, unbound)]
    return [found for found in (*jobs, *services, *pods) if _has_gate(_pod_spec(found)) and not _has_ended(found)]


async def in_use(client: Client) -> list[Gated]:
    """Return pools and queues with the finalizer that only the operator takes off: they could never be deleted."""
    found: list[Gated] = []
    for kind in ("ChipPool", "ChipQueue"):
        try:
            found += [one async for one in _listed(client, kind, marks.ROOT, f"{kind.lower()}s", None, {})]
        except ApiError as error:
            if error.status != 404:  # without the CRDs there are none
                raise
    return [one for one in found if _finalizers(one.raw) != _kept(one.raw)]


def _finalizers(raw: Json) -> list[str]:
    return raw["metadata"].get("finalizers") or []


def _kept(raw: Json) -> list[str]:
    return [name for name in _finalizers(raw) if name != names.FINALIZER]


async def displaced_natives(client: Client, namespace: str | None) -> list[str]:
    """Return the Jobs of anybody's own that chippool suspended for others."""
    jobs = [found async for found in _listed(client, "Job", "/apis/batch/v1", "jobs", namespace, {})]
    return [found.name for found in jobs if found.raw["spec"].get("suspend") and _was_displaced(found.raw)]


def _was_displaced(job: Json) -> bool:
    labels = (job["spec"]["template"].get("metadata") or {}).get("labels") or {}
    lost = displaced_of((job["metadata"].get("annotations") or {}).get(names.DISPLACED, ""))
    return names.QUEUE_NAME in labels and lost is not None and lost.reason is not Reason.SUSPENDED


async def open_gate(client: Client, found: Gated) -> None:
    """Take the gate off; ApiError if the server refuses."""
    match found.kind:
        case "Pod":
            await _patch(client, found.path, {"metadata": _same(found.raw), "spec": _open(_pod_spec(found))})
        case "Job":
            await _patch(client, found.path, {"metadata": _same(found.raw), "spec": _open_template(found.raw)})
        case "ChipPool" | "ChipQueue":
            version = {"resourceVersion": found.raw["metadata"]["resourceVersion"]}
            await _patch(
                client, found.path, {"metadata": _same(found.raw) | version | {"finalizers": _kept(found.raw)}}
            )
        case _:
            await _open_deployment(client, found)


async def _open_deployment(client: Client, found: Gated) -> None:
    """Paused, template and ReplicaSets can change alike, and nothing rolls out when it goes on."""
    was_paused = bool(found.raw["spec"].get("paused"))
    await _patch(client, found.path, {"metadata": _same(found.raw), "spec": {"paused": True}})
    try:
        for path, template in [pair async for pair in _replica_sets(client, found)]:
            await _patch(client, path, {"spec": template})
        changed = await _patch(client, found.path, {"spec": _open_template(found.raw)})
        await _observed(client, found.path, changed["metadata"]["generation"])
    finally:
        if not was_paused:
            await _patch(client, found.path, {"spec": {"paused": None}})


async def _replica_sets(client: Client, found: Gated) -> AsyncIterator[tuple[str, Json]]:
    uid, namespace = found.raw["metadata"]["uid"], found.raw["metadata"]["namespace"]
    async for one in _listed(client, "ReplicaSet", "/apis/apps/v1", "replicasets", namespace, {}):
        owners = one.raw["metadata"].get("ownerReferences") or ()
        if any(owner["uid"] == uid for owner in owners) and _has_gate(_pod_spec(one)):
            yield one.path, _open_template(one.raw)


async def _observed(client: Client, path: str, generation: int) -> None:
    """Wait until the Deployment controller has seen the template, or going on would roll it out."""
    try:
        async with asyncio.timeout(OBSERVED_S):
            while await _seen_generation(client, path) < generation:  # noqa: ASYNC110
                await asyncio.sleep(0.2)  # one object, seldom: not worth a watch
    except TimeoutError:
        raise Failure(f"The Deployment controller does not look at {path}; try again when it runs.") from None


async def _seen_generation(client: Client, path: str) -> int:
    found = await client.request("GET", path)
    return int((found.get("status") or {}).get("observedGeneration", 0))


async def _listed(
    client: Client, kind: str, prefix: str, plural: str, namespace: str | None, params: Mapping[str, str]
) -> AsyncIterator[Gated]:
    path = f"{prefix}/namespaces/{namespace}/{plural}" if namespace else f"{prefix}/{plural}"
    more: dict[str, str] = {}
    while True:
        page = await client.request("GET", path, params={**params, "limit": PAGE, **more})
        for raw in page["items"]:
            space = f"namespaces/{raw['metadata']['namespace']}/" if "namespace" in raw["metadata"] else ""
            yield Gated(kind, f"{prefix}/{space}{plural}/{raw['metadata']['name']}", raw)
        if not (token := page["metadata"].get("continue", "")):
            return
        more = {"continue": token}


async def _patch(client: Client, path: str, body: Json) -> Json:
    return await client.request("PATCH", path, body, content_type=MERGE)


def _same(raw: Json) -> Json:
    return {"uid": raw["metadata"]["uid"]}  # refused if another one has the name by now


def _pod_spec(found: Gated) -> Json:
    spec: Json = found.raw["spec"]
    return spec if found.kind == "Pod" else spec["template"]["spec"]


def _has_gate(pod: Json) -> bool:
    return any(gate["name"] == names.GATE for gate in pod.get("schedulingGates") or ())


def _has_ended(found: Gated) -> bool:
    """A Job that makes no pods any more; pods that wait at the gate have not ended, nor do Deployments."""
    said = (found.raw.get("status") or {}).get("conditions") or ()
    return found.kind == "Job" and any(c["type"] in {"Complete", "Failed"} and c["status"] == "True" for c in said)


def _open(pod: Json) -> Json:
    others = [gate for gate in pod.get("schedulingGates") or () if gate["name"] != names.GATE]
    return {"schedulingGates": others or None}


def _open_template(raw: Json) -> Json:
    return {"template": {"spec": _open(raw["spec"]["template"]["spec"])}}
