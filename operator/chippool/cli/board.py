"""`chippool board`: a page on this machine that shows the cluster as the user's kubeconfig does."""

import asyncio
import contextlib
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from chippool.board.server import Board
from chippool.board.source import Source
from chippool.cli import options, waits
from chippool.cli.cluster import connected, opened
from chippool.cli.failures import Failure, answered
from chippool.cli.forecast_live import Histories, histories, histories_of
from chippool.cli.kept import OPERATOR_NAMESPACE, OperatorNamespace
from chippool.cli.listing import whole
from chippool.cli.top_live import followed
from chippool.sim.recorded import mirror_of
from chippool.visibility.expectation import Known


@dataclass(frozen=True, slots=True)
class How:
    port: int
    opens: bool
    operator: str
    """Its namespace."""


def board(
    *,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    snapshot: options.Recorded = None,
    namespace: options.Namespace = None,
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; 0: any that is free.", min=0, max=65535)] = 0,
    opens: Annotated[bool, typer.Option("--open", help="Open it in your browser.")] = False,
    operator: OperatorNamespace = OPERATOR_NAMESPACE,
) -> None:
    """Serve a page with pools, the queue, explanations, what-if, racks and the outlook of the stock, until Ctrl-C.

    It is served to this machine alone. Reads the cluster with your kubeconfig, so that it shows what you may see;
    changes nothing, and needs no running operator. Its address has a token: whoever has it sees what you see, as long
    as it is served.
    """
    target = options.Target(kubeconfig, context, snapshot)
    answered(_served(target, namespace, How(port, opens, operator)))


async def _served(target: options.Target, namespace: str | None, how: How) -> None:
    async with _made(target, namespace, how.operator) as made, _listening(made, how) as address:
        typer.echo(f"The board is at {address}")
        typer.echo("It is served to this machine alone, as long as this runs; Ctrl-C ends it.", err=True)
        if how.opens:
            webbrowser.open(address)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


@asynccontextmanager
async def _made(target: options.Target, namespace: str | None, operator: str) -> AsyncIterator[Board]:
    """Read all there is before anybody is told an address: the page has its figures at once."""
    if target.snapshot is not None:
        yield await _of_file(target, namespace)
        return
    async with connected(target) as client:
        mirror = await whole(client, "board")
        async with followed(client, mirror) as feeds:
            source = Source(mirror, feeds, waits=lambda: waits.remembered(client, operator))
            await source.look()
            yield Board(
                source,
                mirror,
                name=target.context or "",
                namespace=namespace or client.namespace,
                histories=lambda: histories(client, operator),
            )


async def _of_file(target: options.Target, namespace: str | None) -> Board:
    assert target.snapshot is not None
    found = opened(target.snapshot)
    mirror, kept = mirror_of(found.items, found.taken_at), histories_of(found.memory)

    async def known() -> Known:
        return waits.recorded(found.memory)

    async def remembered() -> Histories:
        return kept

    source = Source(mirror, waits=known, taken_at=found.taken_at)
    await source.look()
    read = remembered if kept else None
    return Board(source, mirror, name=target.snapshot.name, namespace=namespace or "default", histories=read)


@asynccontextmanager
async def _listening(made: Board, how: How) -> AsyncIterator[str]:
    try:
        async with made.served(how.port) as address:
            yield address
    except OSError as error:
        raise Failure(f"--port {how.port}: {error.strerror or error}; choose another, or 0 for any.") from error
