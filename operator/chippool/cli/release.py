"""`chippool release`: let go of everything chippool holds at its gate, before it is uninstalled."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from chippool.cli import options
from chippool.cli.cluster import connected
from chippool.cli.failures import Failure, answered
from chippool.cli.gates import Gated, displaced_natives, gated, in_use, open_gate
from chippool.cli.leader import running_operator
from chippool.kube.client import ApiError, Client

AT_ONCE = 16
EXAMPLES = 5
TEMPLATES = ("Job", "Deployment")
FIXED = (
    "the API server lets nobody change the template of a Job that runs, so a pod it makes anew would wait at the gate "
    "again: run `chippool release` once more then, or delete the Job."
)
SUSPENDED = "Still suspended, as chippool had displaced them; set spec.suspend to false to run them:"


def release(
    *,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Only in this namespace; default: in all.", metavar="NAME")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take chippool's scheduling gate off all pods and templates, so that they run without it. For before an uninstall.

    kube-scheduler then places the pods wherever they fit, in its own order. Pools and queues in use lose their
    finalizer, so that they can be deleted. Stop the operator first.
    """
    answered(_release(options.Target(kubeconfig, context), namespace, dry_run=dry_run, yes=yes))


async def _release(target: options.Target, namespace: str | None, *, dry_run: bool, yes: bool) -> None:
    async with connected(target) as client:
        found = await gated(client, namespace)
        work = [one for one in found if not one.fixed] + ([] if namespace else await in_use(client))
        _announce(found, work)
        if natives := await displaced_natives(client, namespace):
            typer.echo(f"{SUSPENDED} Jobs {_some(natives)}")
        leader = await running_operator(client)
        if dry_run:
            typer.echo(f"The operator still runs: {leader}." if leader else "Dry run: nothing was changed.")
            return
        if leader:
            raise Failure(f"The operator still runs: {leader}. Stop it first: set the chart's replicas to 0.")
        if work:
            await _confirm(yes=yes)
            _report(work, await _open_all(client, work))


def _announce(found: Sequence[Gated], work: Sequence[Gated]) -> None:
    if not found:
        typer.echo("Nothing waits at chippool's gate.")
    for kind, count in Counter(one.kind for one in work).items():
        names = [one.name for one in work if one.kind == kind]
        typer.echo(f"{count} {kind}{'s'[: count != 1]} to release: {_some(names)}")
    fixed = [one.name for one in found if one.fixed]
    if fixed:
        typer.echo(f"{len(fixed)} Job{'s'[: len(fixed) != 1]} can't be changed: {_some(fixed)}: {FIXED}")


async def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not await asyncio.to_thread(typer.confirm, "Release them?"):
        raise Failure("Nothing was changed.")


async def _open_all(client: Client, work: Sequence[Gated]) -> list[str]:
    """Templates, then pods and the rest; returns a sentence for each that was refused."""
    refused: list[str] = []
    templates = [one for one in work if one.kind in TEMPLATES]
    for batch in (templates, [one for one in work if one.kind not in TEMPLATES]):
        turns = asyncio.Semaphore(AT_ONCE)
        answers = await asyncio.gather(*(_open(client, one, turns) for one in batch))
        refused += [answer for answer in answers if answer]
    return refused


async def _open(client: Client, one: Gated, turns: asyncio.Semaphore) -> str:
    async with turns:
        try:
            await open_gate(client, one)
        except ApiError as error:
            return "" if error.status == 404 else f"{one.kind} {one.name}: {error.message}"
        return ""


def _report(work: Sequence[Gated], refused: Sequence[str]) -> None:
    typer.echo(f"{len(work) - len(refused)} of {len(work)} released.")
    suspended = [one.name for one in work if one.kind == "Job"]
    if suspended:
        typer.echo(f"{SUSPENDED} Jobs {_some(suspended)}")
    if refused:
        raise Failure(f"{len(refused)} could not be released. {' '.join(refused[:EXAMPLES])}")


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    rest = len(listed) - EXAMPLES
    return ", ".join(listed[:EXAMPLES]) + (f" and {rest} more" if rest > 0 else "")
