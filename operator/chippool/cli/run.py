"""`chippool run`: the operator itself."""

import asyncio
from typing import Annotated

import typer

from chippool.config import LEASE_NAME, PORT, VISIBILITY_SERVICE, LogFormat, LogLevel, Settings, own_identity
from chippool.kube.access import NoClusterError
from chippool.shell.checks import CannotStartError
from chippool.shell.lifecycle import operate
from chippool.shell.logs import set_up
from chippool.shell.rounds import gathering_loop


def run(
    *,
    kubeconfig: Annotated[
        str | None, typer.Option(help="Path of a kubeconfig; default: $KUBECONFIG, ~/.kube/config, then in-cluster.")
    ] = None,
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig.")] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace of the Lease.")] = None,
    lease_name: Annotated[str, typer.Option(help="Name of the Lease; replicas share it.")] = LEASE_NAME,
    identity: Annotated[
        str | None, typer.Option(help="Who holds the Lease; unique to this process. Default: pod or host and process.")
    ] = None,
    metrics_port: Annotated[
        int, typer.Option(help="Port of /metrics, /healthz and /readyz; 0 takes a free one.", min=0, max=65535)
    ] = PORT,
    node_metrics: Annotated[
        bool, typer.Option("--node-metrics", help="Also serve /metrics/nodes, with six series for each node.")
    ] = False,
    bind_address: Annotated[str, typer.Option(help="Address that port listens on.")] = "127.0.0.1",
    visibility_port: Annotated[
        int | None,
        typer.Option(
            help="Port of the API visibility.chippool.io; 0 takes a free one. Default: none.", min=0, max=65535
        ),
    ] = None,
    visibility_service: Annotated[
        str, typer.Option(help="Name of the Service that leads to it, and of the Secret with its certificate.")
    ] = VISIBILITY_SERVICE,
    lost_after: Annotated[
        float, typer.Option(help="Seconds after which a node that is not Ready, or chips that are not, count as lost.")
    ] = 300.0,
    log_format: Annotated[LogFormat, typer.Option(help="Format of the log on stderr.")] = LogFormat.TEXT,
    log_level: Annotated[LogLevel, typer.Option(help="Least severe records to log.")] = LogLevel.INFO,
) -> None:
    """Run the operator until SIGTERM or Ctrl-C."""
    settings = Settings(
        kubeconfig=kubeconfig,
        context=context,
        namespace=namespace,
        lease_name=lease_name,
        identity=identity or own_identity(),
        metrics_port=metrics_port,
        node_metrics=node_metrics,
        bind_address=bind_address,
        visibility_port=visibility_port,
        visibility_service=visibility_service,
        lost_after=lost_after,
        log_format=log_format,
        log_level=log_level,
    )
    set_up(log_format, log_level)
    try:
        with asyncio.Runner(loop_factory=gathering_loop) as runner:
            runner.run(operate(settings))
    except (CannotStartError, NoClusterError, OSError) as error:
        typer.echo(f"chippool run: {error}", err=True)
        raise typer.Exit(1) from error
