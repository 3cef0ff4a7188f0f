"""`chippool what-if`: what would become of whom if the cluster were another, by the operator's own decisions."""

import io
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from chippool.api.duration import seconds
from chippool.cli import options, waits
from chippool.cli.cluster import ForbiddenError, connected, mirrored, opened
from chippool.cli.failures import Exit, Failure, answered, computed
from chippool.cli.forecast_live import Histories, histories, histories_of, known_of
from chippool.cli.kept import OPERATOR_NAMESPACE
from chippool.cli.plots import svg, written
from chippool.cli.structured import text
from chippool.cli.what_if_document import documented
from chippool.cli.what_if_flags import Wishes, changes, gains
from chippool.cli.what_if_text import lines
from chippool.control.learner import Learner
from chippool.kube.client import Client
from chippool.shell import memory
from chippool.sim.recorded import mirror_of
from chippool.sim.submitted import Surroundings, latest
from chippool.sim.whatif import what_if
from chippool.sim.whatif_drawing import drawn
from chippool.sim.whatif_stock import Stock, Told, changed_stock
from chippool.state.history import ring_of
from chippool.state.mirror import Mirror

Several = list[str] | None
PAGE = 1000
"""Characters a line may have in a pipe or file: it is nobody's screen, so nothing is cut."""


@dataclass(frozen=True, slots=True)
class How:
    plot: Path | None
    within: float
    """Seconds."""


def _option(name: str, metavar: str, said: str) -> Any:
    return typer.Option(name, metavar=metavar, help=said, rich_help_panel="Changes (each may be given several times)")


def ask_what_if(
    *,
    lose: Annotated[Several, _option("--lose", "POOL=N|N%", "Lose so many chips, whole nodes spread over it.")] = None,
    lose_node: Annotated[Several, _option("--lose-node", "NODE", "Lose this node.")] = None,
    lose_rack: Annotated[
        Several, _option("--lose-rack", "VALUE", "Lose all nodes with this value in a level of a pool's topology.")
    ] = None,
    add_chips: Annotated[Several, _option("--add-chips", "POOL=N", "Add nodes like most of the pool's.")] = None,
    ban: Annotated[
        Several, _option("--ban", "POOL", "Ban export of its chips, as once spec.supply.graceUntil has passed.")
    ] = None,
    efficiency: Annotated[
        Several,
        _option("--efficiency", "[POOL/]PURPOSE=F", "Let software make F chips of one for this purpose."),
    ] = None,
    limit: Annotated[Several, _option("--limit", "QUEUE/POOL=N", "Let the queue have so many chips at most.")] = None,
    grow: Annotated[
        Several, _option("--grow", "serving|NS/NAME=F", "Let all services, or one, ask for F times its replicas.")
    ] = None,
    submit: Annotated[list[Path] | None, _option("--submit", "FILE", "Submit the ChipWorkloads of a file.")] = None,
    priority: Annotated[
        Several, _option("--priority", "NS/NAME=CLASS", "Give a workload another priority class.")
    ] = None,
    within: Annotated[
        str | None,
        typer.Option(help="Let so much time pass, such as 1h: timeouts, cooldowns and maxRuntime.", metavar="TIME"),
    ] = None,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    snapshot: options.Recorded = None,
    namespace: options.Namespace = None,
    operator_namespace: Annotated[
        str, typer.Option(help="Where the operator runs, and keeps what was asked for.", metavar="NAME")
    ] = OPERATOR_NAMESPACE,
    plot: Annotated[
        Path | None, typer.Option(help="Draw pools before and after, by class, into this .svg.", metavar="FILE")
    ] = None,
    output: Annotated[options.Tabular, typer.Option("--output", "-o")] = options.Tabular.TABLE,
) -> None:
    """Say who would run, move, shrink, lose its chips or wait if the cluster were changed so. Nothing is changed.

    All changes are made together, whatever their order: losses first, then what is added. Reads the cluster with your
    kubeconfig and decides with the operator's own code; needs no running operator.
    """
    wishes = Wishes(
        lose=tuple(lose or ()),
        lose_node=tuple(lose_node or ()),
        lose_rack=tuple(lose_rack or ()),
        add_chips=tuple(add_chips or ()),
        ban=tuple(ban or ()),
        limit=tuple(limit or ()),
        grow=tuple(grow or ()),
        submit=tuple(submit or ()),
        priority=tuple(priority or ()),
        efficiency=tuple(efficiency or ()),
    )
    how = computed(lambda: How(svg(plot), _seconds(within)))
    if snapshot is None:
        scene = answered(_look(options.Target(kubeconfig, context), namespace, operator_namespace))
    else:
        scene = computed(lambda: _of_file(snapshot, namespace or "default"))
    found = computed(lambda: _answer(wishes, scene, how))
    if output is not options.Tabular.TABLE:
        typer.echo(text(documented(found, scene.now), options.Structured(output.value)))
        return
    _print(found, scene.now)


def _print(found: Told, now: float) -> None:
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(*lines(found, now), sep="\n")
        return
    page = Console(width=PAGE, file=io.StringIO(), highlight=False)
    with page.capture() as captured:
        page.print(*lines(found, now), sep="\n")
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _answer(wishes: Wishes, scene: Surroundings, how: How) -> Told:
    wanted, gained = changes(wishes, scene), gains(wishes, scene)
    memory.settle()
    with _progress() as bar:
        task = bar.add_task("decisions", total=None)
        tell = lambda _: bar.advance(task)  # noqa: E731
        found = what_if(scene.snapshot, wanted, scene.now, tell, how.within, scene.experience)
    if how.plot is not None:
        written(how.plot, drawn(found))
    return Told(found, scene.stock, changed_stock(scene.stock, found, wanted, gained))


async def _look(target: options.Target, namespace: str | None, operator: str) -> Surroundings:
    async with connected(target) as client:
        try:
            mirror = await mirrored(client)
        except ForbiddenError as forbidden:
            raise Failure(
                f"what-if decides on the whole cluster, and you may not list {', '.join(forbidden.kinds)} in all "
                "namespaces. Ask for the chart's ClusterRole chippool-observer, or one with the verb list on them."
            ) from forbidden
        scene = _scene(mirror, time.time(), namespace or client.namespace, await _remembered(client, operator))
        return replace(scene, experience=(await waits.remembered(client, operator)).experience)


async def _remembered(client: Client, namespace: str) -> Histories:
    """What was asked for until now; who may not read that is told nothing of how long the stock lasts."""
    try:
        return await histories(client, namespace)
    except Failure:
        return {}


def _of_file(path: Path, namespace: str) -> Surroundings:
    found = opened(path)
    scene = _scene(mirror_of(found.items, found.taken_at), found.taken_at, namespace, histories_of(found.memory))
    return replace(scene, experience=waits.recorded(found.memory).experience)


def _scene(mirror: Mirror, moment: float, namespace: str, kept: Histories) -> Surroundings:
    snapshot = Learner().taught(mirror.snapshot())
    known = {pool: known_of(mirror, pool, kept.get(pool, {})) for pool in sorted(mirror.pool_records)}
    rings = {pool: ring for pool, data in kept.items() if pool in known and (ring := ring_of(data)) is not None}
    # Admissions carry the operator's clock, which may be ahead of this one; nothing is from the future.
    now = max(moment, latest(snapshot))
    return Surroundings(snapshot, mirror.pool_records, namespace, now, Stock(known, rings))


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("decision {task.completed}"), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _seconds(within: str | None) -> float:
    try:
        return 0.0 if within is None else seconds(within)
    except ValueError as error:
        raise Failure(f"--within: {error}", Exit.USAGE) from error
