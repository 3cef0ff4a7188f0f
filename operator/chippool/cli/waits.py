"""What starts are predicted from, read with the user's own rights from where the operator keeps it."""

from typing import Annotated

import typer

from chippool.cli.forecast_live import OPERATOR_NAMESPACE
from chippool.kube.client import ApiError, Client
from chippool.state.experience import LABEL, listed
from chippool.visibility.expectation import Known

OperatorNamespace = Annotated[
    str,
    typer.Option(
        "--operator-namespace", help="Where the operator runs, and keeps how long waits were.", metavar="NAME"
    ),
]
HERE = OPERATOR_NAMESPACE


async def remembered(client: Client, namespace: str) -> Known:
    """Return how long others waited; who may not read that is told so in the place of a time."""
    try:
        found = await client.get(f"/api/v1/namespaces/{namespace}/configmaps", labelSelector=LABEL)
    except ApiError as error:
        if error.status != 403:
            raise
        return Known(
            listed(None),
            f"you may not list ConfigMaps in {namespace}, where the operator keeps how long others waited; ask for "
            "that right, or name its namespace with --operator-namespace",
        )
    return Known(listed(found))
