"""Fetching one pinned package from PyPI with whichever installer this machine has."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.plane.errors import PlaneError


def unpack(requirement: str, into: Path) -> None:
    """Unpack a pinned requirement, without its dependencies, into a folder; PlaneError if no installer can."""
    said = "no installer was found"
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write(requirement + "\n")
        listed.flush()
        for installer in _installers():
            command = [*installer, "install", "-q", "--no-deps", "--target", str(into), "-r", listed.name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return
            said = done.stderr.strip()
    package = requirement.split(maxsplit=1)[0]
    raise PlaneError(f"{package} could not be fetched from PyPI: install pip or uv, or check the network.\n{said}")


def _installers() -> list[list[str]]:
    uv = shutil.which("uv")
    found = [[uv, "pip"]] if uv else []
    pythons = [sys.executable, shutil.which("python3")]
    return found + [[python, "-m", "pip"] for python in pythons if python and _has_pip(python)]


def _has_pip(python: str) -> bool:
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
