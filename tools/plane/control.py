"""Talking to a plane's supervisor, and knowing which planes there are."""

import contextlib
import fcntl
import json
import os
import shutil
import socket
import time
from pathlib import Path
from typing import Any

from tools.plane import paths
from tools.plane.errors import PlaneError

_ANSWER_WITHIN_S = 120.0
_GONE_WITHIN_S = 20.0


def ask(run: Path, do: str, component: str = "") -> dict[str, Any]:
    """One request to the supervisor of the plane in `run`; PlaneError if there is none or it says no."""
    try:
        raw = _exchange(paths.scratch_dir(run) / "control", {"do": do, "component": component})
    except OSError as error:
        raise PlaneError(f"no plane named {run.name} is up: start one with `up --name {run.name}`.") from error
    reply: dict[str, Any] = json.loads(raw or '{"error": "the plane went down meanwhile."}')
    if "error" in reply:
        raise PlaneError(f"plane {run.name}: {reply['error']}")
    return reply


def _exchange(address: Path, request: dict[str, str]) -> bytes:
    with socket.socket(socket.AF_UNIX) as link, contextlib.ExitStack() as closing:
        link.settimeout(_ANSWER_WITHIN_S)
        link.connect(str(address))
        link.sendall(json.dumps(request).encode() + b"\n")
        return closing.enter_context(link.makefile("rb")).readline()


def names() -> list[str]:
    """The planes that are up, by name."""
    root = paths.run_root()
    return sorted(run.name for run in root.iterdir() if run.is_dir() and not _is_stale(run)) if root.is_dir() else []


def claim(run: Path) -> int:
    """Take a name: its new folder's lock, to be handed to the supervisor; PlaneError if a plane has it."""
    deadline = time.monotonic() + 2  # a janitor may still be sweeping
    while (lock := _try_claim(run)) is None:
        if time.monotonic() > deadline:
            raise PlaneError(f"a plane named {run.name} is already up: choose another --name, or `down` it first.")
        time.sleep(0.1)
    return lock


def _try_claim(run: Path) -> int | None:
    if run.exists() and not sweep(run):
        return None
    try:
        run.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        return None
    return _lock(run)


def sweep(run: Path) -> bool:
    """Remove what a plane left whose supervisor and janitor are both dead; False if one of them lives."""
    lock = _lock(run)
    if lock is None:
        return not run.exists()
    shutil.rmtree(paths.scratch_dir(run), ignore_errors=True)
    shutil.rmtree(run, ignore_errors=True)
    os.close(lock)
    return True


def take_down(run: Path) -> None:
    """End a plane and wait until nothing of it is left; fine if there is none."""
    with contextlib.suppress(PlaneError):
        ask(run, "down")
    wait_gone(run)


def wait_gone(run: Path) -> None:
    """Return when the plane's folders are removed; PlaneError after 20 s."""
    deadline = time.monotonic() + _GONE_WITHIN_S
    while run.exists() and not sweep(run):
        if time.monotonic() > deadline:
            raise PlaneError(f"plane {run.name} is still there: {run}")
        time.sleep(0.05)


def _is_stale(run: Path) -> bool:
    lock = _lock(run)
    if lock is None:
        return False
    os.close(lock)
    return True


def _lock(run: Path) -> int | None:
    """The lock on a folder, held as long as this descriptor or a copy in another process is open."""
    try:
        folder = os.open(run, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(folder)
        return None
    return folder
