"""A control plane to use from Python: start it, act on it, end it."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools.plane import build, control, nodes, paths, users
from tools.plane.errors import PlaneError
from tools.plane.fleet import Fleet
from tools.plane.layout import Layout
from tools.plane.live import LiveFleet
from tools.plane.progress import Silent, Steps


class Plane:
    """A running plane. As a context manager it is down at the end, and with the process that started it."""

    def __init__(self, layout: Layout, supervisor: subprocess.Popen[bytes] | None = None) -> None:
        self._layout = layout
        self._supervisor = supervisor
        self.fleet = LiveFleet(layout)

    @classmethod
    def start(
        cls,
        name: str,
        fleet: Path | Fleet | None = None,
        *,
        audit: bool = True,
        owned: bool = True,
        steps: Steps | None = None,
    ) -> "Plane":
        """Start a plane and return when its API server is ready and all nodes of the fleet are Ready.

        An owned plane ends with this process, also by kill -9. PlaneError says what went wrong, with the log's tail.
        """
        steps = steps or Silent()
        wanted = Fleet.load(fleet) if isinstance(fleet, Path) else fleet
        programs = build.binaries(steps)
        plane = cls._launch(Layout(name, programs, audit, paths.run_dir(name), {}), steps, owned=owned)
        try:
            with steps.step("the default service account"):
                nodes.wait_for_service_account(plane._layout)
            if wanted is not None:
                plane._bring_up(wanted, steps)
        except BaseException:
            plane.down()
            raise
        return plane

    @classmethod
    def attach(cls, name: str) -> "Plane":
        """A plane that is up already, by name; leaving a `with` block ends it all the same."""
        return cls(Layout.from_json(control.ask(paths.run_dir(name), "describe")))

    @classmethod
    def _launch(cls, layout: Layout, steps: Steps, *, owned: bool) -> "Plane":
        lock = control.claim(layout.run)
        try:
            supervisor = _spawn(layout, lock, owned=owned)
        except BaseException:
            shutil.rmtree(layout.run, ignore_errors=True)
            raise
        finally:
            os.close(lock)
        try:
            return cls(_follow(supervisor, steps), supervisor)
        except BaseException:
            _end(supervisor)
            raise

    def _bring_up(self, fleet: Fleet, steps: Steps) -> None:
        with steps.step(f"{fleet.size} nodes") as note:
            for pool in fleet.pools:
                self.fleet.add(pool, note=note)
            self.fleet.wait_ready(note)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.down()

    @property
    def name(self) -> str:
        return self._layout.name

    @property
    def server(self) -> str:
        return self._layout.server

    @property
    def kubeconfig(self) -> Path:
        return self._layout.kubeconfig(users.ADMIN)

    @property
    def bin(self) -> Path:
        return self._layout.bin

    @property
    def audit_log(self) -> Path:
        """One JSON event a line, complete up to every answered request; gone with the plane."""
        return self._layout.audit_log

    @property
    def ca(self) -> Path:
        return self._layout.ca.cert

    @property
    def serving_cert(self) -> Path:
        """Valid for 127.0.0.1 and localhost, signed by `ca`: for another server beside the plane."""
        return self._layout.pair("serving").cert

    @property
    def serving_key(self) -> Path:
        return self._layout.pair("serving").key

    @property
    def ports(self) -> dict[str, int]:
        return self._layout.ports

    def log(self, component: str) -> Path:
        return self._layout.log(component)

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig with a client certificate for any user and groups; what they may do is RBAC's business."""
        path = self._layout.kubeconfig(users.file_name(user, tuple(groups)))
        return path if path.exists() else users.make_user(self._layout, path.stem, user, tuple(groups))

    def kubeconfig_for_service_account(self, namespace: str, name: str) -> Path:
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
        return self.kubeconfig_for(f"system:serviceaccount:{namespace}:{name}", groups)

    def kubectl(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002  # subprocess.run's name
        check: bool = True,
        as_user: str | None = None,
        as_groups: Sequence[str] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl; with `check`, CalledProcessError carries what it said as a note."""
        kubeconfig = self.kubeconfig_for(as_user, as_groups) if as_user else self.kubeconfig
        command = [str(self.bin / "kubectl"), f"--kubeconfig={kubeconfig}", *arguments]
        done = subprocess.run(command, input=input, capture_output=True, text=True, check=False)
        if check:
            with _noting(done.stderr):
                done.check_returncode()
        return done

    def pid(self, component: str) -> int | None:
        """The process id, or None if it has ended."""
        found: int | None = self.describe()["processes"][component]["pid"]
        return found

    def describe(self) -> dict[str, Any]:
        return control.ask(self._layout.run, "describe")

    def kill(self, component: str) -> None:
        """Kill -9; it stays dead until `restart`."""
        control.ask(self._layout.run, "kill", component)

    def stop_signal(self, component: str) -> None:
        """SIGSTOP: it hangs until `cont`."""
        control.ask(self._layout.run, "stop", component)

    def cont(self, component: str) -> None:
        control.ask(self._layout.run, "continue", component)

    def restart(self, component: str) -> None:
        """Kill -9 if it lives, start it anew on the same ports and data, and return when it is healthy."""
        control.ask(self._layout.run, "restart", component)

    def down(self) -> None:
        """End every process and remove every file; a plane that is down already is fine."""
        self.fleet.close()
        if self._supervisor is not None:
            _end(self._supervisor)
        control.take_down(self._layout.run)


def _spawn(layout: Layout, lock: int, *, owned: bool) -> subprocess.Popen[bytes]:
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


def _follow(supervisor: subprocess.Popen[bytes], steps: Steps) -> Layout:
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


def _end(supervisor: subprocess.Popen[bytes]) -> None:
    if supervisor.stdin is not None:
        supervisor.stdin.close()
    supervisor.terminate()
    try:
        supervisor.wait(20)
    except subprocess.TimeoutExpired:
        supervisor.kill()  # its janitor sweeps
        supervisor.wait()


@contextlib.contextmanager
def _noting(said: str) -> Iterator[None]:
    try:
        yield
    except subprocess.CalledProcessError as error:
        error.add_note(said)
        raise
