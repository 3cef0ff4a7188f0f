"""Where builds are cached and where a running plane keeps its files."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

from tools.plane.errors import PlaneError

REPOSITORY = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


def cache_root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chippool"


def builds() -> Path:
    return cache_root() / "plane"


def run_root() -> Path:
    return cache_root() / "run"


def run_dir(name: str) -> Path:
    """The folder of the plane of that name; PlaneError if it can't be one."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", name):
        raise PlaneError(f"{name!r} can't name a plane: use up to 63 letters, digits, dots, dashes and underscores.")
    return run_root() / name


def scratch_dir(run: Path) -> Path:
    """The short-lived folder for etcd's data and the control socket: in memory where possible, and a short path,
    because a Unix socket's address may not exceed 108 bytes."""
    digest = hashlib.sha256(str(run).encode()).hexdigest()[:12]
    return _memory() / f"chippool-{os.getuid()}-{digest}"


def _memory() -> Path:
    shm = Path("/dev/shm")
    return shm if shm.is_dir() and os.access(shm, os.W_OK) else Path(tempfile.gettempdir())
