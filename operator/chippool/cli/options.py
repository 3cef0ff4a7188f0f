"""What every command that talks to a cluster takes, under kubectl's names."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

Kubeconfig = Annotated[
    str | None,
    typer.Option(
        "--kubeconfig", help="Path of a kubeconfig; default: $KUBECONFIG, then ~/.kube/config.", metavar="PATH"
    ),
]
Context = Annotated[str | None, typer.Option("--context", help="Context of the kubeconfig.", metavar="NAME")]
Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Namespace; default: the kubeconfig's.", metavar="NAME")
]


class Structured(StrEnum):
    """How to print for programs."""

    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Target:
    """Which cluster, as whom."""

    kubeconfig: str | None
    context: str | None
