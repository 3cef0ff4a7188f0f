"""Folders that appear complete or not at all."""

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.plane.progress import Steps


@contextlib.contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A folder beside `target` that is renamed to it at the end, and removed on failure."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        yield folder
        folder.chmod(0o755)
        with contextlib.suppress(FileExistsError, OSError):  # somebody else was first: theirs is the same
            folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def one_builder(lock: Path, steps: Steps) -> Iterator[None]:
    """Only one process at a time builds; the others wait and then find everything built."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with steps.step("waiting for another build of the plane"):
                fcntl.flock(held, fcntl.LOCK_EX)
        yield
