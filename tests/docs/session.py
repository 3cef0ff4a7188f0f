"""A shell somebody types the commands of a page into, one block after the other."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
FOREIGN = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "KUBECONFIG", "VIRTUAL_ENV", "FLEET")


class Session:
    """One bash in the repository's folder. It ends at the first command that fails, as `bash -e` does."""

    def __init__(self, folder: Path, given: Path | None = None, **environment: str) -> None:
        self._folder = folder
        self._count = 0
        own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"],
            cwd=ROOT,
            env={**own, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        if given:
            self.run(f". {given}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the shell and all that it left running in the background."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGTERM)
        with contextlib.suppress(BrokenPipeError):
            self._shell.stdin.close()
        self._shell.wait(20)

    def run(self, text: str, within: float = 120.0) -> str:
        """Run a block and return what it printed; AssertionError with that if it fails, or takes too long."""
        self._count += 1
        script, output, done = (self._folder / f"{self._count}.{kind}" for kind in ("sh", "out", "done"))
        script.write_text(text + "\n", encoding="utf-8")
        self._type(f". {script} > {output} 2>&1 < /dev/null\n: > {done}\n")
        deadline = time.monotonic() + within
        while not done.exists():
            said = output.read_text(encoding="utf-8") if output.exists() else ""
            assert self._shell.poll() is None, f"failed:\n{text}\n--- printed:\n{said}"
            assert time.monotonic() < deadline, f"not done within {within} s:\n{text}\n--- printed:\n{said}"
            time.sleep(0.05)
        return output.read_text(encoding="utf-8")

    def environment(self) -> Path:
        """Return a file that gives another shell the variables of this one."""
        path = self._folder / "environment.sh"
        self.run(f"declare -px | grep -v '^declare -[a-z]* BASH' > {path}")
        return path

    def _type(self, text: str) -> None:
        try:
            self._shell.stdin.write(text)
            self._shell.stdin.flush()
        except BrokenPipeError:
            self._shell.wait(10)
