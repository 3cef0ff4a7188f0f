"""What every command that talks to a cluster takes, under kubectl's names."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
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


Recorded = Annotated[
    Path | None,
    typer.Option("--snapshot", help="A file of `chippool snapshot`, in the place of a cluster.", metavar="FILE"),
]


class Structured(StrEnum):
    """How to print for programs."""

    JSON = "json"
    YAML = "yaml"


class Tabular(StrEnum):
    """A table for people, or the same for programs."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Target:
    """Which cluster, as whom; or which file."""

    kubeconfig: str | None
    context: str | None
    snapshot: Path | None = None
    """A file instead."""
