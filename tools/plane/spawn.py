"""Child processes that cannot outlive their parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def dies_with_parent(death: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A preexec function: the child gets this signal when the thread that forked it ends, even by kill -9."""
    parent = os.getpid()

    def preexec() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, death)
        if os.getppid() != parent:
            os._exit(1)  # the parent died between fork and prctl

    return preexec


def end_group(process: subprocess.Popen[str], patience: float = 10) -> None:
    """Interrupt a child and all of its own, then kill what is left after `patience` seconds."""
    for ending in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, ending)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
