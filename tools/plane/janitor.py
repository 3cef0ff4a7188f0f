"""Cleans up after a supervisor that was killed: a small shell that waits for its stdin to close."""

import subprocess
from pathlib import Path

# The pause lets the kernel end the processes first, which would write on.
_SCRIPT = 'cat >/dev/null; sleep 0.3; rm -rf "$@"; sleep 0.3; rm -rf "$@"'


class Janitor:
    """Holds the plane's lock until it is done, so that nobody takes the name while it still sweeps."""

    def __init__(self, folders: tuple[Path, ...], lock: int) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "janitor", *map(str, folders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            pass_fds=(lock,),
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """Send it home before it does anything: its supervisor cleans up itself."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()
