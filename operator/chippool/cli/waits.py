"""What starts are predicted from, read with the user's own rights from where the operator keeps it, or from a file."""

from collections.abc import Iterable
from typing import Annotated

import typer

from chippool.cli.kept import OPERATOR_NAMESPACE, Json, labelled, listed
from chippool.core.eta import Experience
from chippool.kube.client import Client
from chippool.state.experience import LABEL
from chippool.state.experience import listed as learnt
from chippool.visibility.expectation import UNSEEN, Known

OperatorNamespace = Annotated[
    str,
    typer.Option(
        "--operator-namespace", help="Where the operator runs, and keeps how long waits were.", metavar="NAME"
    ),
]
HERE = OPERATOR_NAMESPACE


async def remembered(client: Client, namespace: str) -> Known:
    """Return how long others waited; who may not read that is told so in the place of a time."""
    found = await listed(client, namespace, LABEL)
    if found is None:
        return Known(
            Experience(),
            f"you may not list ConfigMaps in {namespace}, where the operator keeps how long others waited; ask for "
            "that right, or name its namespace with --operator-namespace",
        )
    return Known(learnt({"items": found}))


def recorded(memory: Iterable[Json]) -> Known:
    """Return the same of a file's ConfigMaps."""
    found = labelled(memory, LABEL)
    return Known(learnt({"items": found})) if found else UNSEEN
