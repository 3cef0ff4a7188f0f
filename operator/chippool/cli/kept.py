"""What the operator keeps in ConfigMaps of its namespace, read with the user's own rights."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from chippool.cli.failures import Failure
from chippool.kube.client import ApiError, Client

Json = Mapping[str, Any]

OPERATOR_NAMESPACE = "chippool-system"

OperatorNamespace = Annotated[
    str, typer.Option("--operator-namespace", help="Where the operator runs.", metavar="NAME")
]


async def listed(client: Client, namespace: str, label: str) -> list[Json] | None:
    """Return those with the label; None: the user may not."""
    try:
        found = await client.get(f"/api/v1/namespaces/{namespace}/configmaps", labelSelector=label)
    except ApiError as error:
        if error.status != 403:
            raise
        return None
    return list((found or {}).get("items", []))


def labelled(items: Iterable[Json], label: str) -> list[Json]:
    """Return those of some ConfigMaps that have the label."""
    return [item for item in items if label in (item["metadata"].get("labels") or {})]


async def required(client: Client, namespace: str, label: str, what: str) -> list[Json]:
    """The same; Failure, with `what` is kept there: the user may not."""
    found = await listed(client, namespace, label)
    if found is None:
        raise Failure(
            f"You may not list ConfigMaps in {namespace}, where the operator keeps {what}: ask for that right, or name "
            "its namespace with --operator-namespace."
        )
    return found
