"""The cluster as the user's kubeconfig shows it: the same mirror as the operator's, and the same decisions."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from chippool.cli import waits
from chippool.cli.failures import Failure
from chippool.cli.options import Target
from chippool.kube.client import ApiError, Client
from chippool.sim.fleet import BadInputError
from chippool.sim.recorded import Recorded, mirror_of, recorded
from chippool.state.kinds import KINDS, Kind
from chippool.state.mirror import Mirror
from chippool.visibility.reading import Reading, decided

PAGE = "500"


class ForbiddenError(Exception):
    """The user may not list these kinds in the whole cluster."""

    def __init__(self, kinds: Sequence[str]) -> None:
        super().__init__(", ".join(kinds))
        self.kinds = tuple(kinds)


@asynccontextmanager
async def connected(target: Target) -> AsyncIterator[Client]:
    """Connect as kubectl would; NoClusterError if there is nothing to connect to."""
    client = await Client.connect(target.kubeconfig, target.context)
    try:
        yield client
    finally:
        await client.close()


def opened(path: Path) -> Recorded:
    """Return what a file of `chippool snapshot` has; Failure where it can't be read."""
    try:
        return recorded(path)
    except BadInputError as error:
        raise Failure(f"--snapshot: {error}.") from error


async def from_file(path: Path) -> Reading:
    """Return what a file of `chippool snapshot` shows, as of when it was taken."""
    found = opened(path)
    known = waits.recorded(found.memory)
    return await decided(mirror_of(found.items, found.taken_at), found.taken_at, known)


async def mirrored(client: Client) -> Mirror:
    """Return a mirror of the cluster as it is now; ForbiddenError, Failure or ApiError if it can't be listed."""
    mirror = Mirror(time.time)
    answers = await asyncio.gather(*(_list(client, kind, mirror) for kind in KINDS), return_exceptions=True)
    refused = [(kind, answer) for kind, answer in zip(KINDS, answers, strict=True) if isinstance(answer, BaseException)]
    forbidden = [kind.name for kind, answer in refused if isinstance(answer, ApiError) and answer.status == 403]
    for kind, answer in refused:
        if kind.name not in forbidden:
            raise _unserved(kind, answer)
    if forbidden:
        raise ForbiddenError(forbidden)
    return mirror


async def listed(client: Client, kind: Kind) -> AsyncIterator[dict[str, Any]]:
    """Yield the raw objects of a kind, page by page."""
    token = ""
    while True:
        more = {"continue": token} if token else {}
        page = await client.request("GET", kind.path, params={**kind.params, "limit": PAGE, **more})
        for item in page["items"]:
            yield item
        token = page["metadata"].get("continue", "")
        if not token:
            return


async def _list(client: Client, kind: Kind, mirror: Mirror) -> None:
    seen: set[str] = set()
    async for item in listed(client, kind):
        seen.add(item["metadata"]["uid"])
        _apply(mirror, kind, item)
    mirror.sweep(kind.name, seen)


def _apply(mirror: Mirror, kind: Kind, item: dict[str, dict[str, str]]) -> None:
    metadata = item["metadata"]
    try:
        record = kind.project(item)
    except Exception as error:  # noqa: BLE001  one object nobody understands must not hide the others
        sentence = f"{type(error).__name__}: {error}"
        mirror.spoiled(kind.name, metadata["uid"], metadata.get("namespace", ""), metadata["name"], sentence)
        return
    mirror.apply(kind.name, metadata["uid"], record)


def _unserved(kind: Kind, answer: BaseException) -> BaseException:
    if isinstance(answer, ApiError) and answer.status == 404:
        return Failure(
            f"This cluster does not serve {kind.name}: install chippool's CRDs with "
            "`chippool crds | kubectl apply --server-side -f -` or the chart, or choose another --context."
        )
    return answer
