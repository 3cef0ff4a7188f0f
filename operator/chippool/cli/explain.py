"""`chippool explain`: why a workload runs where it does, or why it waits."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from chippool.cli import native, options, restricted
from chippool.cli.asked import Answer, asked
from chippool.cli.cluster import ForbiddenError, connected, from_file, mirrored
from chippool.cli.failures import Failure, answered
from chippool.cli.structured import text
from chippool.cli.waits import HERE, OperatorNamespace, remembered
from chippool.core.ids import PoolName, WorkloadKey
from chippool.kube.client import Client
from chippool.state.native import is_native
from chippool.visibility.explanation import Explanation, NoWayError, explained
from chippool.visibility.explanation_text import sentences
from chippool.visibility.native import meant, shown_name
from chippool.visibility.reading import Reading, decided

KINDS = ("cw", "chipworkload", "chipworkloads", "chipworkload.chippool.io", "chipworkloads.chippool.io")


@dataclass(frozen=True, slots=True)
class About:
    """What is asked."""

    namespace: str | None
    name: str
    pool: str | None
    operator_namespace: str


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


def explain(
    workload: Annotated[
        str, typer.Argument(metavar="WORKLOAD", help="Name of a ChipWorkload; or job/NAME, pod/NAME, group/NAME.")
    ],
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    snapshot: options.Recorded = None,
    namespace: options.Namespace = None,
    pool: Annotated[
        str | None, typer.Option("--pool", help="Only what it lacks in this pool, also while it runs.", metavar="NAME")
    ] = None,
    operator_namespace: OperatorNamespace = HERE,
    output: Annotated[Output, typer.Option("--output", "-o")] = Output.TEXT,
) -> None:
    """Say why a workload runs where it does, or why it waits: what is short, where, by how much, and who holds it.

    Asks the operator by the API visibility.chippool.io where that is installed, which takes rights in the workload's
    namespace alone. Elsewhere it reads the whole cluster with your kubeconfig and needs no running operator; without
    the right to do that either, it says what the workload's own conditions say.
    """
    about = About(namespace, _name(workload), pool, operator_namespace)
    found = answered(_explained(options.Target(kubeconfig, context, snapshot), about))
    if output is not Output.TEXT:
        document = found.explanation if isinstance(found, Answer) else found
        typer.echo(text(document, options.Structured(output.value)))
        return
    _print(_lines(found))


def _lines(found: Explanation | Answer | restricted.OwnWords) -> Iterable[str]:
    match found:
        case Answer():
            return found.sentences
        case Explanation():
            return sentences(found)
        case _:
            return restricted.sentences(found)


def _name(argument: str) -> str:
    kind, slash, name = argument.rpartition("/")
    if kind in native.KINDS:
        return f"{native.KINDS[kind]}:{name}"
    if slash and kind not in KINDS:
        raise typer.BadParameter(
            f"{argument}: give the name of a ChipWorkload, or job/NAME, pod/NAME or group/NAME; its namespace with -n."
        )
    return name


async def _explained(target: options.Target, about: About) -> Explanation | Answer | restricted.OwnWords:
    name, pool = about.name, about.pool
    if target.snapshot is not None:
        return _found(await from_file(target.snapshot), about.namespace or "default", name, pool)
    async with connected(target) as client:
        where = about.namespace or client.namespace
        answer = await asked(client, where, name, pool)
        if answer is not None:
            return answer
        try:
            mirror = await mirrored(client)
            reading = await decided(mirror, known=await remembered(client, about.operator_namespace))
        except ForbiddenError as forbidden:
            return await _own_words(client, where, name, forbidden)
        return _found(reading, where, name, pool)


def _found(reading: Reading, namespace: str, name: str, pool: str | None) -> Explanation:
    key = WorkloadKey(f"{namespace}/{name}")
    try:
        found = explained(reading, meant(reading, key), PoolName(pool) if pool else None)
    except NoWayError as error:
        raise Failure(str(error)) from error
    if found is None:
        raise _missing(reading, namespace, name)
    return found


async def _own_words(client: Client, namespace: str, name: str, forbidden: ForbiddenError) -> restricted.OwnWords:
    if is_native(WorkloadKey(name)):
        raise native.unseen(name, forbidden.kinds)
    raw = await client.get(f"/apis/chippool.io/v1alpha1/namespaces/{namespace}/chipworkloads/{name}")
    if raw is None:
        raise Failure(f'There is no ChipWorkload "{name}" in namespace {namespace}; choose another with -n.')
    return restricted.own_words(raw, forbidden.kinds)


def _missing(reading: Reading, namespace: str, name: str) -> Failure:
    if is_native(WorkloadKey(name)):
        return native.missing(namespace, name)
    spoiled = [s for s in reading.mirror.spoiled_objects if (s.namespace, s.name) == (namespace, name)]
    if spoiled:
        return Failure(f'ChipWorkload "{name}" in namespace {namespace} could not be understood: {spoiled[0].error}')
    here = [shown_name(key) for key in reading.snapshot.workloads if key.startswith(f"{namespace}/")]
    near = difflib.get_close_matches(name, here, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "choose another with -n."
    return Failure(f'There is no ChipWorkload "{name}" in namespace {namespace}; {hint}')


def _print(lines: Iterable[str]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        typer.echo("\n".join(lines))
        return
    for at, line in enumerate(lines):
        depth = len(line) - len(line.lstrip())
        console.print(Padding(Text(line.lstrip(), style="bold" if not at else ""), (0, 0, 0, depth)))
