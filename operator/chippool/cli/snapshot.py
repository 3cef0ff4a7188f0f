"""`chippool snapshot`: the cluster as a file, for `simulate cluster`, `top` and `explain` elsewhere, for reports."""

import gzip
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from chippool.api import names
from chippool.api.hami import DIALECTS
from chippool.cli import options
from chippool.cli.anonymous import anonymised
from chippool.cli.cluster import connected, listed
from chippool.cli.failures import Failure, answered, computed
from chippool.cli.kept import OPERATOR_NAMESPACE, OperatorNamespace
from chippool.cli.kept import listed as memory
from chippool.kube.client import Client
from chippool.sim.recorded import KIND, MEMORY
from chippool.state import experience, history
from chippool.state.kinds import KINDS
from chippool.visibility.words import moment

Json = dict[str, Any]
DROPPED = frozenset(
    {
        *("managedFields", "selfLink", "finalizers"),
        *("env", "envFrom", "command", "args", "lifecycle", "volumeMounts", "volumeDevices", "workingDir", "ports"),
        *(
            "livenessProbe",
            "readinessProbe",
            "startupProbe",
            "imagePullSecrets",
            "serviceAccount",
            "serviceAccountName",
        ),
        *("images", "nodeInfo", "addresses", "volumesInUse", "volumesAttached", "daemonEndpoints", "volumes"),
        *("hostIP", "hostIPs", "podIP", "podIPs", "podCIDR", "podCIDRs", "providerID"),
    }
)
"""What no decision looks at, wherever it stands: least of all what containers are started with."""
ANNOTATIONS = ("chippool.io/", "simulate.chippool.io/", "batch.kubernetes.io/", "controller.kubernetes.io/pod-deletion")
DEVICES = frozenset(key for one in DIALECTS.values() for key in (one.registered, one.allocated, one.chosen))


def snapshot(
    *,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Where to; .gz packs it. Default: stdout.", metavar="FILE")
    ] = None,
    anonymous: Annotated[
        bool,
        typer.Option("--anonymous", help="With made-up names of namespaces, workloads, queues, classes and nodes."),
    ] = False,
    operator: OperatorNamespace = OPERATOR_NAMESPACE,
) -> None:
    """Write the cluster into a file, as far as decisions look at it, and what the operator remembers of it.

    Left out are environment, commands and arguments of containers, volumes, addresses and everything else that nothing
    is decided by. `top`, `explain`, `pools`, `queues`, `workloads`, `what-if`, `forecast`, `board` and `simulate
    cluster` read it with --snapshot.
    """
    found = answered(_taken(options.Target(kubeconfig, context), operator))
    items = anonymised(found) if anonymous else found
    document = {
        "apiVersion": names.API_VERSION,
        "kind": KIND,
        "takenAt": moment(time.time()),
        "takenBy": f"chippool {version('chippool')}",
        "items": items,
    }
    computed(lambda: _write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n", file))
    if file is not None:
        typer.echo(f"{len(items)} objects in {file}{' (anonymous)' if anonymous else ''}.", err=True)


async def _taken(target: options.Target, operator: str) -> list[Json]:
    async with connected(target) as client:
        items = [trimmed(kind.name, item) for kind in KINDS async for item in listed(client, kind)]
        return [*items, *await _remembered(client, operator)]


async def _remembered(client: Client, operator: str) -> list[Json]:
    """Return what was asked for and how long others waited; who may not read that is told what the file lacks."""
    found = [
        item for label in (history.LABEL, experience.LABEL) for item in await memory(client, operator, label) or ()
    ]
    if not found:
        typer.echo(
            f"The file has no runway and no expected starts: the operator keeps nothing in {operator} yet, or you may "
            "not list ConfigMaps there (--operator-namespace names another).",
            err=True,
        )
    return [trimmed(MEMORY, dict(item)) for item in found]


def trimmed(kind: str, raw: Json) -> Json:
    """Return an object without what nothing is decided by."""
    found: Json = _without(raw)
    metadata = found["metadata"]
    kept = {key: value for key, value in (metadata.get("annotations") or {}).items() if _is_kept(key)}
    metadata.pop("annotations", None)
    return {**found, "kind": kind, "metadata": metadata | ({"annotations": kept} if kept else {})}


def _is_kept(annotation: str) -> bool:
    return annotation.startswith(ANNOTATIONS) or annotation in DEVICES


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(part) for key, part in value.items() if key not in DROPPED}
    return [_without(part) for part in value] if isinstance(value, list) else value


def _write(document: bytes, file: Path | None) -> None:
    if file is None:
        sys.stdout.buffer.write(document)
        return
    try:
        file.write_bytes(gzip.compress(document, mtime=0) if file.suffix == ".gz" else document)
    except OSError as error:
        raise Failure(f"--file {file} can't be written: {error.strerror}") from error
