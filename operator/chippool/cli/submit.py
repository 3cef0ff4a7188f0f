"""`chippool submit`: a ChipWorkload from a few flags, sent or only shown."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from chippool.api import names
from chippool.cli import options
from chippool.cli.cluster import connected
from chippool.cli.failures import Exit, Failure, answered, computed
from chippool.cli.structured import text
from chippool.kube.client import ApiError

Json = dict[str, Any]


class DryRun(StrEnum):
    NONE = "none"
    CLIENT = "client"
    SERVER = "server"


class Output(StrEnum):
    NAME = "name"
    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the flags say."""

    name: str
    queue: str
    priority_class: str
    image: str
    pools: tuple[str, ...]
    chips: str
    replicas: int
    min_replicas: int | None
    service: bool
    command: tuple[str, ...]
    env: tuple[str, ...]
    cpu: str | None
    memory: str | None
    max_runtime: str | None


def submit(
    name: Annotated[str, typer.Argument(help="Name of the ChipWorkload.")],
    command: Annotated[
        list[str] | None, typer.Argument(help="What each replica runs, after --; default: the image's own.")
    ] = None,
    *,
    queue: Annotated[str, typer.Option("--queue", "-q", help="The ChipQueue it waits in.")],
    priority_class: Annotated[str, typer.Option("--class", "-c", help="Its PriorityClass.")],
    image: Annotated[str, typer.Option(help="The image of every replica.")],
    pool: Annotated[
        list[str],
        typer.Option(
            help="A pool it may run in; several in order of preference. POOL=IMAGE for another image there.",
            metavar="POOL[=IMAGE]",
        ),
    ],
    chips: Annotated[str, typer.Option(help="Chips per replica; below 1 a share of one, such as 0.25.")] = "1",
    replicas: Annotated[int, typer.Option("--replicas", "-r", min=0)] = 1,
    min_replicas: Annotated[int | None, typer.Option(min=1, help="It starts with so many, and grows.")] = None,
    service: Annotated[bool, typer.Option("--service", help="It runs on, as a Deployment; else to its end.")] = False,
    env: Annotated[list[str] | None, typer.Option("--env", "-e", help="Environment.", metavar="NAME=VALUE")] = None,
    cpu: Annotated[str | None, typer.Option(help="CPU that each replica asks for.")] = None,
    memory: Annotated[str | None, typer.Option(help="Memory that each replica asks for.")] = None,
    max_runtime: Annotated[str | None, typer.Option(help="It is ended after so long, such as 24h.")] = None,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    namespace: options.Namespace = None,
    dry_run: Annotated[
        DryRun, typer.Option(help="client: only show it. server: have the API server check it, and keep nothing.")
    ] = DryRun.NONE,
    output: Annotated[Output, typer.Option("--output", "-o")] = Output.NAME,
) -> None:
    """Make a ChipWorkload from a few flags; what they can't say, say with `--dry-run client -o yaml` and an editor.

    chippool submit train -q team -c training --image example.com/train:1 --pool h800 --chips 8 -- python train.py
    """
    wish = Wish(
        *(name, queue, priority_class, image, tuple(pool), chips, replicas, min_replicas, service),
        *(tuple(command or ()), tuple(env or ()), cpu, memory, max_runtime),
    )
    made = computed(lambda: workload(wish))
    if dry_run is not DryRun.CLIENT:
        target = options.Target(kubeconfig, context)
        made = answered(_sent(target, namespace, made, check_only=dry_run is DryRun.SERVER))
    elif namespace:
        made["metadata"]["namespace"] = namespace
    _say(made, dry_run, output)


def workload(wish: Wish) -> Json:
    """Return the object; Failure names the flag that makes no sense."""
    spec = {
        "queueName": wish.queue,
        "priorityClassName": wish.priority_class,
        "mode": "Service" if wish.service else "Gang",
        "replicas": wish.replicas,
        "minReplicas": wish.min_replicas,
        "maxRuntime": wish.max_runtime,
        "template": {"spec": _pod(wish)},
        "variants": [_variant(wish, pool) for pool in wish.pools],
    }
    kept = {key: value for key, value in spec.items() if value is not None}
    return {
        "apiVersion": names.API_VERSION,
        "kind": "ChipWorkload",
        "metadata": {"name": wish.name},
        "spec": kept,
    }


def _pod(wish: Wish) -> Json:
    asked = {name: amount for name, amount in (("cpu", wish.cpu), ("memory", wish.memory)) if amount}
    container: Json = {"name": "main", "image": wish.image}
    container |= {"command": list(wish.command)} if wish.command else {}
    container |= {"env": [_variable(one) for one in wish.env]} if wish.env else {}
    container |= {"resources": {"requests": asked}} if asked else {}
    return ({} if wish.service else {"restartPolicy": "Never"}) | {"containers": [container]}


def _variable(said: str) -> Json:
    name, equals, value = said.partition("=")
    if not equals or not name:
        raise Failure(f"--env {said}: give NAME=VALUE.", Exit.USAGE)
    return {"name": name, "value": value}


def _variant(wish: Wish, said: str) -> Json:
    pool, _, image = said.partition("=")
    chips: int | str = int(wish.chips) if wish.chips.isdecimal() else wish.chips
    variant: Json = {"name": pool[:63], "poolNames": [pool], "chipsPerReplica": chips}
    other = {"spec": {"containers": [{"name": "main", "image": image}]}}
    return variant | ({"patch": other} if image else {})


async def _sent(target: options.Target, namespace: str | None, made: Json, *, check_only: bool) -> Json:
    async with connected(target) as client:
        where = namespace or client.namespace
        params = {"fieldManager": "chippool-submit"} | ({"dryRun": "All"} if check_only else {})
        path = f"/apis/{names.API_VERSION}/namespaces/{where}/chipworkloads"
        try:
            return await client.request("POST", path, made, params=params)
        except ApiError as error:
            if error.status == 404:
                raise Failure(
                    f"Namespace {where} is not there, or the cluster does not serve chippool's kinds: {error.message}"
                ) from error
            raise


def _say(made: Json, dry_run: DryRun, output: Output) -> None:
    if output is not Output.NAME:
        made.get("metadata", {}).pop("managedFields", None)
        typer.echo(text(made, options.Structured(output.value)))
        return
    name, namespace = made["metadata"]["name"], made["metadata"].get("namespace")
    how = "" if dry_run is DryRun.NONE else f" ({dry_run} dry run)"
    typer.echo(f"chipworkload.chippool.io/{name} created{how}")
    if dry_run is DryRun.NONE:
        typer.echo(f"Ask why it waits or runs: chippool explain {name} -n {namespace}", err=True)
