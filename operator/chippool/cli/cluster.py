"""The cluster as the user's kubeconfig shows it: the same mirror as the operator's, and the same decisions."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from chippool.cli.failures import Failure
from chippool.cli.options import Target
from chippool.kube.client import ApiError, Client
from chippool.state.kinds import KINDS, Kind
from chippool.state.mirror import Mirror

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


async def _list(client: Client, kind: Kind, mirror: Mirror) -> None:
    seen: set[str] = set()
    token = ""
    while True:
        more = {"continue": token} if token else {}
        page = await client.request("GET", kind.path, params={**kind.params, "limit": PAGE, **more})
        for item in page["items"]:
            seen.add(item["metadata"]["uid"])
            _apply(mirror, kind, item)
        token = page["metadata"].get("continue", "")
        if not token:
            return mirror.sweep(kind.name, seen)


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
