"""Of each project the controller, built from its Go module, and what its own kustomization installs, kept in the cache.

One go.mod for all three, so that what they share is compiled once. Nothing of theirs is in this repository.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.plane import paths, toolchain
from tools.plane.build import ENVIRONMENT, Binary, clients_only, hash_of, run_go, workshop
from tools.plane.errors import PlaneError
from tools.plane.progress import Steps
from tools.plane.staging import one_builder

GO = Path(__file__).parent / "go"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A project: its Go module, the package of its controller there, and what the linker writes into it."""

    name: str
    module: str
    package: str
    stamps: tuple[str, ...] = ()

    @property
    def binary(self) -> Binary:
        return Binary(self.name, str(GO), f"{self.module}{self.package}", self.stamps)


NEIGHBOURS = (
    Neighbour("jobset", "sigs.k8s.io/jobset", ""),
    Neighbour("lws", "sigs.k8s.io/lws", "/cmd"),
    Neighbour("kueue", "sigs.k8s.io/kueue", "/cmd/kueue", ("-X sigs.k8s.io/kueue/pkg/version.GitVersion=v0.19.2",)),
)


def neighbours(steps: Steps) -> Path:
    """The folder with each controller NAME and its objects NAME.json; built first where the cache has none."""
    folder = paths.cache_root() / "neighbours" / fingerprint()
    if _missing(folder):
        kubectl = clients_only(steps) / "kubectl"
        with one_builder(paths.builds() / ".lock", steps), workshop(folder) as work:
            _fill(folder, work, kubectl, steps)
    return folder


def fingerprint() -> str:
    """A hash of all they are made of: go.mod, go.sum, flags, platform."""
    flags = [(one.name, one.package, one.stamps) for one in NEIGHBOURS]
    return hash_of(GO.glob("go.*"), flags, ENVIRONMENT)


def _missing(folder: Path) -> list[Neighbour]:
    return [one for one in NEIGHBOURS if not ((folder / one.name).exists() and _objects(folder, one).exists())]


def _fill(folder: Path, work: Path, kubectl: Path, steps: Steps) -> None:
    missing = _missing(folder)
    go = toolchain.go(steps)
    if missing:
        steps.say("Building JobSet, LeaderWorkerSet and Kueue for the cluster tests: once, about 5 minutes on 2 cores.")
    for number, one in enumerate(missing, 1):
        with steps.step(f"building {one.name} ({number}/{len(missing)})") as note:
            run_go(go, one.binary, work, note)
            kept = _objects(work, one)
            kept.write_text(_published(go, one, kubectl))
        kept.replace(_objects(folder, one))
        (work / one.name).replace(folder / one.name)


def _objects(folder: Path, one: Neighbour) -> Path:
    return folder / f"{one.name}.json"


def _published(go: Path, one: Neighbour, kubectl: Path) -> str:
    """What `kubectl apply -k` of the module's default installation would send, as a list that is quickly read."""
    module = _said([str(go), "list", "-m", "-f", "{{.Dir}}", one.module]).strip()
    made = _said([str(kubectl), "kustomize", f"{module}/config/default"])
    return json.dumps([part for part in yaml.load_all(made, Loader=yaml.CSafeLoader) if part])


def _said(command: list[str]) -> str:
    environment = os.environ | ENVIRONMENT | {"GOROOT": ""}
    done = subprocess.run(command, cwd=GO, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PlaneError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout
