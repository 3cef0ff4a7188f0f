"""Starting a plane's supervisor and following what it reports."""

import contextlib
import json
import os
import shutil
import subprocess
import sys

from tools.plane import control, paths
from tools.plane.errors import PlaneError
from tools.plane.layout import Layout
from tools.plane.progress import Steps

Supervisor = subprocess.Popen[bytes]


def launch(layout: Layout, steps: Steps, *, owned: bool) -> tuple[Layout, Supervisor]:
    """Start the plane; its layout, now with ports, and the process that owns it."""
    supervisor = _claim_and_spawn(layout, owned=owned)
    try:
        return _follow(supervisor, steps), supervisor
    except BaseException:
        end(supervisor)
        control.wait_gone(layout.run)
        raise


def _claim_and_spawn(layout: Layout, *, owned: bool) -> Supervisor:
    lock = control.claim(layout.run)
    try:
        return _spawn(layout, lock, owned=owned)
    except BaseException:
        shutil.rmtree(layout.run, ignore_errors=True)
        raise
    finally:
        os.close(lock)  # the supervisor has a copy


def _spawn(layout: Layout, lock: int, *, owned: bool) -> Supervisor:
    command = [sys.executable, "-m", "tools.plane.supervisor", json.dumps(layout.to_json()), "--lock", str(lock)]
    layout.log("supervisor").parent.mkdir()
    with layout.log("supervisor").open("ab") as log:
        return subprocess.Popen(
            [*command, *(["--owned"] if owned else [])],
            stdin=subprocess.PIPE if owned else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=paths.REPOSITORY,
            pass_fds=(lock,),
            start_new_session=True,
        )


def _follow(supervisor: Supervisor, steps: Steps) -> Layout:
    """Shows what the supervisor reports until it is ready; PlaneError with its words if it fails."""
    assert supervisor.stdout is not None
    with supervisor.stdout, contextlib.ExitStack() as shown:
        for line in supervisor.stdout:
            said = json.loads(line)
            shown.pop_all().close()
            if "ready" in said:
                return Layout.from_json(said["ready"])
            if "failed" in said:
                raise PlaneError(said["failed"])
            shown.enter_context(steps.step(said["step"]))
    raise PlaneError("the plane was taken down while it started.")


def end(supervisor: Supervisor) -> None:
    """Let the supervisor take the plane down, and wait for it."""
    if supervisor.stdin is None:
        supervisor.terminate()
    else:
        supervisor.stdin.close()
    try:
        supervisor.wait(20)
    except subprocess.TimeoutExpired:
        supervisor.kill()  # its janitor sweeps
        supervisor.wait()
