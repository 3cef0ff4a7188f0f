"""A control plane to use from Python: start it, act on it, end it."""

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools.plane import accounts, build, control, nodes, paths, users
from tools.plane.fleet import Fleet
from tools.plane.launch import end, launch
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
        layout, supervisor = launch(Layout(name, programs, audit, paths.run_dir(name), {}), steps, owned=owned)
        plane = cls(layout, supervisor)
        try:
            _furnish(layout, plane.fleet, wanted, steps)
        except BaseException:
            plane.down()
            raise
        return plane

    @classmethod
    def attach(cls, name: str) -> "Plane":
        """A plane that is up already, by name; leaving a `with` block ends it all the same."""
        return cls(Layout.from_json(control.ask(paths.run_dir(name), "describe")))

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
        """A kubeconfig with a new token of an account that exists, as a pod has it; CalledProcessError without one."""
        path = self._layout.kubeconfig(users.file_name(f"{namespace}-{name}", ("account",)))
        return accounts.kubeconfig(self.kubectl, path, namespace, name)

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
            end(self._supervisor)
        control.take_down(self._layout.run)


def _furnish(layout: Layout, live: LiveFleet, fleet: Fleet | None, steps: Steps) -> None:
    with steps.step("the default service account"):
        nodes.wait_for_service_account(layout)
    if fleet is not None:
        live.bring_up(fleet, steps)


@contextlib.contextmanager
def _noting(said: str) -> Iterator[None]:
    try:
        yield
    except subprocess.CalledProcessError as error:
        error.add_note(said)
        raise
