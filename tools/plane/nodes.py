"""Nodes through the API: made fast, changed one at a time, waited for."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import Any

import aiohttp

from tools.plane import api
from tools.plane.errors import PlaneError
from tools.plane.layout import Layout
from tools.plane.progress import Note

_WRITERS = 24
_POLL_S = 0.1
_READY_WITHIN_S = 300.0
_UNFIT = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
Node = dict[str, Any]


def make(layout: Layout, wanted: Iterable[Node], note: Note) -> list[str]:
    """Create the nodes, as many at a time as the server takes well; their names."""
    return api.run(_make(layout, wanted, note))


async def _make(layout: Layout, wanted: Iterable[Node], note: Note) -> list[str]:
    waiting = iter(wanted)
    made: list[str] = []
    async with api.session(layout) as session, asyncio.TaskGroup() as writers:
        for _ in range(_WRITERS):
            writers.create_task(_write(session, layout, waiting, made, note))
    return made


async def _write(
    session: aiohttp.ClientSession, layout: Layout, waiting: Iterator[Node], made: list[str], note: Note
) -> None:
    for node in waiting:
        await api.call(session, "POST", f"{layout.server}/api/v1/nodes", node)
        made.append(node["metadata"]["name"])
        note(f"{len(made)} made")


def get(layout: Layout, name: str) -> Node:
    found = api.run(_one(layout, "GET", f"/api/v1/nodes/{name}"))
    if not found:
        raise PlaneError(f"there is no node {name!r}.")
    return found


def patch(layout: Layout, name: str, change: object) -> None:
    api.run(_one(layout, "PATCH", f"/api/v1/nodes/{name}", change))


def patch_status(layout: Layout, name: str, change: object) -> None:
    api.run(_one(layout, "PATCH", f"/api/v1/nodes/{name}/status", {"status": change}))


def delete(layout: Layout, name: str) -> None:
    api.run(_one(layout, "DELETE", f"/api/v1/nodes/{name}"))


def listed(layout: Layout, selector: str = "") -> list[Node]:
    found = api.run(_one(layout, "GET", f"/api/v1/nodes?resourceVersion=0&labelSelector={selector}"))
    items: list[Node] = found["items"]
    return items


async def _one(layout: Layout, method: str, path: str, body: object = None) -> dict[str, Any]:
    async with api.session(layout) as session:
        return await api.call(session, method, layout.server + path, body, kind=api.STRATEGIC)


def is_ready(node: Node) -> bool:
    """Ready, and without the taints that say otherwise."""
    conditions = {one["type"]: one["status"] for one in node.get("status", {}).get("conditions", [])}
    taints = {taint["key"] for taint in node["spec"].get("taints", [])}
    return conditions.get("Ready") == "True" and taints.isdisjoint(_UNFIT)


def wait_ready(layout: Layout, selector: str, note: Note) -> None:
    """Return when every selected node is Ready; PlaneError names those that are not after five minutes."""
    deadline = time.monotonic() + _READY_WITHIN_S
    while late := [node["metadata"]["name"] for node in listed(layout, selector) if not is_ready(node)]:
        if time.monotonic() > deadline:
            raise PlaneError(f"{len(late)} nodes did not become Ready: {', '.join(late[:5])}; see kwok's log.")
        note(f"{len(late)} not Ready yet")
        time.sleep(max(_POLL_S, len(late) / 500))  # a list of 5,000 nodes is dear


def wait_for_service_account(layout: Layout) -> None:
    """Return when pods can be made in the namespace default."""
    deadline = time.monotonic() + 60
    while not api.run(_one(layout, "GET", "/api/v1/namespaces/default/serviceaccounts/default")):
        if time.monotonic() > deadline:
            raise PlaneError("the default service account did not appear; see kube-controller-manager's log.")
        time.sleep(_POLL_S)
