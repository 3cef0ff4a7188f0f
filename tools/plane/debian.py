"""Debian's packages unpacked into the user's cache, without root: for programs that no other registry has."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tools.plane.commands import run
from tools.plane.progress import Steps

T = TypeVar("T")
PROGRAMS = ("apt-get", "apt-cache", "dpkg-deb")
"""What it takes."""


def is_here() -> bool:
    """Whether this machine has apt."""
    return all(map(shutil.which, PROGRAMS))


def asked(ask: Callable[[list[str]], T | None], home: Path, steps: Steps) -> tuple[T | None, list[str]]:
    """Ask apt, which is given the options that `ask` gets; once more with lists in `home` where its own know nothing.

    In a bare container the system's lists are empty, and root's. Returns the answer, and the options it came with.
    """
    found = ask([])
    if found:
        return found, []
    options = _own_lists(home / "apt")
    with steps.step("Debian's list of packages"):
        subprocess.run(["apt-get", *options, "-qq", "update"], capture_output=True, check=False)
    return ask(options), options


def answer(command: list[str]) -> subprocess.CompletedProcess[str]:
    """What apt says to a question, in English."""
    english = os.environ | {"LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=english)


def unpack(wanted: list[str], options: list[str], folder: Path) -> None:
    """Unpack packages, each name=version. PlaneError: one can't be had, or is broken."""
    download = ["apt-get", *options, "-qq", "-o", "APT::Sandbox::User=root", "download", *wanted]
    run(download, "are Debian's packages reachable?", cwd=folder)
    for package in sorted(folder.glob("*.deb")):
        run(["dpkg-deb", "-x", str(package), str(folder)], "the package is broken; remove it and try again")
        package.unlink()


def _own_lists(folder: Path) -> list[str]:
    for part in ("lists/partial", "archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    options = {
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "Debug::NoLocking": "true",
        "APT::Sandbox::User": "root",
    }
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
