"""`chippool drain NODE`: moves what chippool manages off a node, and touches nothing else."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from chippool.api.duration import seconds
from chippool.cli import options
from chippool.cli.cluster import connected
from chippool.cli.drain_plan import Next, Resident, next_steps, told
from chippool.cli.failures import Exit, Failure, answered, computed
from chippool.cli.listing import whole
from chippool.cli.top_live import followed
from chippool.control.learner import Learner
from chippool.core.ids import NodeName
from chippool.kube.client import ApiError, Client
from chippool.state.facts import key_of
from chippool.state.mirror import Mirror
from chippool.state.records import PodRecord
from chippool.state.translate_pod import pod

LOOK_S = 1.0
NAMED = 5
MERGE = "application/merge-patch+json"
ENDED = frozenset({"Succeeded", "Failed"})
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class How:
    """What the flags say; seconds."""

    within: float
    patient: bool
    dry_run: bool


def drain(
    node: Annotated[str, typer.Argument(metavar="NODE", help="Name of a Node; node/NAME is fine too.")],
    *,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    timeout: Annotated[str, typer.Option(help="Give up after so long, such as 1h; the node stays cordoned.")] = "10m",
    now: Annotated[
        bool, typer.Option("--now", help="Evict at once, whether there is room elsewhere or not; budgets still hold.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go first, and what would wait.")] = False,
) -> None:
    """Cordon a node and move chippool's work off it: each replica only once there is room for it elsewhere.

    A service moves one replica at a time, a gang all that it has there at once. Pods that chippool does not manage are
    left alone and named at the end; `kubectl drain` is for those.
    """
    within = computed(lambda: _seconds(timeout))
    target = options.Target(kubeconfig, context)
    how = How(within=within, patient=not now, dry_run=dry_run)
    answered(_drained(target, NodeName(node.removeprefix("node/")), how))


def _seconds(said: str) -> float:
    try:
        return seconds(said)
    except ValueError as error:
        raise Failure(f"--timeout: {error}", Exit.USAGE) from error


async def _drained(target: options.Target, node: NodeName, how: How) -> None:
    async with connected(target) as client:
        if await client.get(f"/api/v1/nodes/{node}") is None:
            raise Failure(f'There is no node "{node}".')
        mirror = await whole(client, "drain")
        if how.dry_run:
            ours, _ = await _pods(client, node)
            _say_plan(node, _next(mirror, node, ours, how))
            return
        await client.request("PATCH", f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}}, content_type=MERGE)
        typer.echo(f"{node} is cordoned: nothing new is placed there.")
        async with followed(client, mirror):
            await _until_empty(client, mirror, node, how)


async def _until_empty(client: Client, mirror: Mirror, node: NodeName, how: How) -> None:
    """Look, evict what may go, say what is new, until nothing of ours is left."""
    deadline, said = time.monotonic() + how.within, set[str]()
    while True:
        ours, others = await _pods(client, node)
        if not ours:
            return _say_end(node, others)
        step = await asyncio.to_thread(_next, mirror, node, ours, how)
        lines = [line for one in step.evict for line in await _evict(client, one)] + told(step.stays)
        for line in lines:
            if line not in said:
                typer.echo(line)
        said |= {*lines}
        if time.monotonic() > deadline:
            raise Failure(_left(node, ours, step, how))
        await asyncio.sleep(LOOK_S)


def _next(mirror: Mirror, node: NodeName, ours: Sequence[Resident], how: How) -> Next:
    return next_steps(Learner().taught(mirror.look()), time.time(), node, ours, patient=how.patient)


async def _pods(client: Client, node: NodeName) -> tuple[list[Resident], list[str]]:
    """Return our pods there that have not ended, and the names of others that a drain would evict."""
    found = await client.request("GET", "/api/v1/pods", params={"fieldSelector": f"spec.nodeName={node}"})
    living = [raw for raw in found["items"] if (raw.get("status") or {}).get("phase") not in ENDED]
    records = [(raw, pod(raw)) for raw in living]
    ours = [_resident(record) for _, record in records if record.workload]
    rest = (raw for raw, record in records if not record.workload and not _belongs_to_it(raw))
    return ours, sorted(f"{raw['metadata']['namespace']}/{raw['metadata']['name']}" for raw in rest)


def _resident(record: PodRecord) -> Resident:
    alone = record.native is not None and record.native.owner is None
    return Resident(key_of(record), record.name, record.uid, record.deleting, alone)


def _belongs_to_it(raw: Json) -> bool:
    """Pods of DaemonSets and those the kubelet runs by itself are part of the node."""
    owners = raw["metadata"].get("ownerReferences") or ()
    return any(owner["kind"] in {"DaemonSet", "Node"} for owner in owners)


async def _evict(client: Client, one: Resident) -> list[str]:
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": one.name, "namespace": one.namespace},
        "deleteOptions": {"preconditions": {"uid": one.uid}},
    }
    try:
        await client.request("POST", f"/api/v1/namespaces/{one.namespace}/pods/{one.name}/eviction", body)
    except ApiError as error:
        if error.status in {404, 409}:
            return []  # gone by itself, or another one of its name: the next look tells
        if error.status == 429:
            return [f"{one.key} stays for now: {error.message}"]
        raise
    return [f"{one.namespace}/{one.name} of {one.key} is evicted."]


def _say_plan(node: NodeName, step: Next) -> None:
    for one in step.evict:
        typer.echo(f"{one.namespace}/{one.name} of {one.key} would go at once.")
    for line in told(step.stays):
        typer.echo(line)
    if not step.evict and not step.stays:
        typer.echo(f"Nothing of chippool's is on {node}.")
    typer.echo("Dry run: nothing was changed.")


def _say_end(node: NodeName, others: Sequence[str]) -> None:
    typer.echo(f"Nothing of chippool's is left on {node}. `kubectl uncordon {node}` gives it back.")
    if others:
        typer.echo(
            f"{len(others)} other pod{'s are' if len(others) > 1 else ' is'} there still: {_some(others)}; "
            f"`kubectl drain {node} --ignore-daemonsets` evicts them."
        )


def _left(node: NodeName, ours: Sequence[Resident], step: Next, how: How) -> str:
    why = "; ".join(told(step.stays)) or "they are being evicted"
    return (
        f"After {how.within:g} s {len(ours)} pods of chippool's are left on {node}, which stays cordoned: {why}. "
        "Run it again to go on, with --now to wait for no room, or `kubectl uncordon` it."
    )


def _some(listed: Iterable[str]) -> str:
    every = [*listed]
    rest = len(every) - NAMED
    return ", ".join(every[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
