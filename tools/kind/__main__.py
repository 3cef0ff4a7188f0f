"""The commands: `python -m tools.kind up`, `chips`, `clear`, `down`."""

import os
import shutil
import subprocess
import sys

import typer
import yaml

from tools.kind import chips as advertising
from tools.kind import examples
from tools.kind.config import CONFIG
from tools.plane import build, paths
from tools.plane.errors import PlaneError
from tools.plane.progress import Steps

NAME = "chippool"
NAMESPACE = "chippool-system"
IMAGE, TAG = "chippool", "dev"
KUBECONFIG = paths.REPOSITORY / "build" / "kind" / "kubeconfig"
KINDS = "chipworkloads,chipqueues,chippools"
NEEDED = {
    "kind": "install kind 0.30 or later, whose nodes run Kubernetes 1.34 or later",
    "docker": "install Docker: it runs the nodes and builds the image",
}
app = typer.Typer(no_args_is_help=True, add_completion=False, help="A kind cluster with chips that are not there.")


@app.command()
def up() -> None:
    """Make the cluster if it isn't there, give its nodes chips, build and load the image, install the chart, apply the
    examples. Done again, it brings all of it to what the files say now."""
    steps = Steps()
    _need(*NEEDED)
    if NAME not in _said("kind", "get", "clusters").split():
        with steps.step("the cluster, of 13 nodes"):
            KUBECONFIG.parent.mkdir(parents=True, exist_ok=True)
            _run("kind", "create", "cluster", "--config", str(CONFIG), "--kubeconfig", str(KUBECONFIG))
    _run("kind", "export", "kubeconfig", "--name", NAME, "--kubeconfig", str(KUBECONFIG))
    with steps.step("chips for its nodes"):
        advertising.advertise(_kubectl)
    with steps.step("the image"):
        _run("docker", "build", "-t", f"{IMAGE}:{TAG}", str(paths.REPOSITORY))
        _run("kind", "load", "docker-image", f"{IMAGE}:{TAG}", "--name", NAME)
    with steps.step("the chart"):
        _install()
    with steps.step("the examples"):
        _kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump_all(examples.objects()))
    _say_what_next(steps)


@app.command()
def chips() -> None:
    """Give the nodes their chips, again: a node that a kubelet has made anew has none."""
    for node, (resource, count) in advertising.advertise(_kubectl).items():
        typer.echo(f"{node}: {count} {resource}")


@app.command()
def clear() -> None:
    """Delete the workloads, queues and pools: the cluster tests bring their own."""
    _kubectl("delete", "chipworkloads", "--all", "-A", "--wait")
    _kubectl("delete", "chipqueues,chippools", "--all", "--wait")


@app.command()
def down() -> None:
    """Delete the cluster."""
    _need("kind")
    _run("kind", "delete", "cluster", "--name", NAME, "--kubeconfig", str(KUBECONFIG))


def _install() -> None:
    values = [f"image.repository={IMAGE}", f"image.tag={TAG}", "image.pullPolicy=Never"]
    chosen = [part for value in values for part in ("--set", value)]
    chart = str(paths.REPOSITORY / "helm" / "chippool")
    _kubectl("apply", "--server-side", "--force-conflicts", "-f", str(paths.REPOSITORY / "crds"))
    # Deployments of an earlier image of the same tag see no change: they are told to restart.
    _helm("upgrade", "--install", "chippool", chart, "-n", NAMESPACE, "--create-namespace", *chosen)
    _kubectl("rollout", "restart", "deployment/chippool", "-n", NAMESPACE)
    _kubectl("rollout", "status", "deployment/chippool", "-n", NAMESPACE, "--timeout=3m")


def _say_what_next(steps: Steps) -> None:
    steps.say(
        f"Up. export KUBECONFIG={KUBECONFIG}, then `chippool top`; `make kind-test` runs the cluster tests on it."
    )


def _kubectl(*arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:  # noqa: A002
    return _run(_client("kubectl"), f"--kubeconfig={KUBECONFIG}", *arguments, input=input)


def _helm(*arguments: str) -> None:
    _run(_client("helm"), f"--kubeconfig={KUBECONFIG}", *arguments)


def _client(name: str) -> str:
    return str(build.clients_only(Steps()) / name)


def _said(*command: str) -> str:
    return _run(*command).stdout


def _run(*command: str, input: str | None = None) -> subprocess.CompletedProcess[str]:  # noqa: A002
    done = subprocess.run(command, input=input, check=False, capture_output=True, text=True, env=_environment())
    if done.returncode:
        raise PlaneError(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stderr.strip()}")
    return done


def _environment() -> dict[str, str]:
    return os.environ | {"DOCKER_BUILDKIT": "1"}


def _need(*programs: str) -> None:
    for name in programs:
        if shutil.which(name) is None:
            raise PlaneError(f"there is no {name} on PATH: {NEEDED[name]}.")


if __name__ == "__main__":
    try:
        app()
    except PlaneError as error:
        sys.exit(f"Error: {error}")
