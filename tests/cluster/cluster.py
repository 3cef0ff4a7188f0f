"""A plane with the chart on it, as helm installs it, and operators under a token of the chart's own account."""

import itertools
import json
import time
from pathlib import Path

from tests.cluster import manifests
from tests.cluster.operator_process import Operator
from tests.cluster.reading import Reader
from tests.helm import helm
from tools.plane.plane import Plane

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm/chippool"
NAMESPACE = "chippool-system"
_numbers = itertools.count()


class Cluster:
    """What the tests of a module share: one plane, one namespace at a time, any number of operators."""

    def __init__(self, plane: Plane, folder: Path) -> None:
        self.plane = plane
        self._reader = Reader(plane.kubectl, plane.kubeconfig)
        self._folder = folder
        self.namespace = "default"
        self.operators: list[Operator] = []
        self.operator_kubeconfig = Path()

    def furnish(self) -> None:
        """Install the chart, its operator at rest (ours run beside it), and pools, classes and the queue `team`."""
        self.helm("upgrade", "--install", "chippool", str(CHART), "--create-namespace", "--set", "replicas=0")
        self.operator_kubeconfig = self.plane.kubeconfig_for_service_account(NAMESPACE, "chippool")
        self.apply(*manifests.pools(), *manifests.classes(), manifests.a_queue("team"))

    def helm(self, *arguments: str) -> str:
        """Run helm on the release's namespace."""
        return helm(self.plane, "-n", NAMESPACE, *arguments)

    def start_operator(self, identity: str | None = None, kubeconfig: Path | None = None, *more: str) -> Operator:
        kubeconfig = kubeconfig or self.operator_kubeconfig
        number = next(_numbers)
        log = self._folder / f"operator-{number}.log"
        operator = Operator(kubeconfig, log, identity or f"operator-{number}", *more)
        self.operators.append(operator)
        return operator

    def forget_lease(self) -> None:
        """As if the Lease of a killed operator had run out: it would take 15 s."""
        self.plane.kubectl("delete", "lease", "chippool", "-n", "chippool-system")

    def new_namespace(self, name: str) -> None:
        self.namespace = f"{name}-{next(_numbers)}"[:50]
        self.plane.kubectl("create", "namespace", self.namespace)
        self.eventually(
            lambda: self.find("serviceaccount", "default") is not None,
            "the namespace has its service account",
            within=120,
        )

    def leave_namespace(self) -> None:
        """Delete all of the test's work and wait until its pods are gone, so that the next test has all chips."""
        for what in (
            "chipworkloads",
            "jobs,deployments,statefulsets",
            "pods",
        ):  # kubectl would wait for one after the other
            self.plane.kubectl("delete", what, "--all", "-n", self.namespace, "--wait=false", check=False)
        self.eventually(lambda: not self.items("pods"), "all pods of the test are gone", within=60)
        self.plane.kubectl("delete", "namespace", self.namespace, "--wait=false")

    # --- talking with the API server

    def apply(self, *objects: dict) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.plane.kubectl("apply", "-n", self.namespace, "-f", "-", input=json.dumps(listed))

    def pass_second(self) -> None:
        """Let what is applied next be younger: creation times are whole seconds, and equal ones leave it to the uid."""
        second = int(time.time())
        self.eventually(lambda: int(time.time()) > second, "the next second has begun")

    def patch(self, what: str, name: str, body: dict, *more: str) -> None:
        self.plane.kubectl("patch", what, name, "-n", self.namespace, "--type=merge", "-p", json.dumps(body), *more)

    def delete(self, what: str, name: str, *more: str) -> None:
        self.plane.kubectl("delete", what, name, "-n", self.namespace, "--wait=false", *more)

    def find(self, what: str, name: str) -> dict | None:
        return self._reader.find(what, name, self.namespace)

    def items(self, what: str, *more: str) -> list[dict]:
        return self._reader.items(what, self.namespace, *more)

    # --- what a test asks about

    def condition(self, name: str, kind: str, what: str = "chipworkload") -> dict:
        """The condition of that type, empty while there is none."""
        found = self.find(what, name) or {}
        return next((c for c in found.get("status", {}).get("conditions", []) if c["type"] == kind), {})

    def is_true(self, name: str, kind: str) -> bool:
        return self.condition(name, kind).get("status") == "True"

    def running(self, name: str) -> list[dict]:
        """The workload's pods that run."""
        pods = self.items("pods", "-l", f"chippool.io/workload={name}")
        return [p for p in pods if p["status"]["phase"] == "Running" and "deletionTimestamp" not in p["metadata"]]

    def events(self, name: str) -> list[dict]:
        found = self.items("events.events.k8s.io")
        return [e for e in found if e.get("regarding", {}).get("name") == name]

    def wait_true(self, name: str, kind: str, within: float = 30.0) -> None:
        self.eventually(lambda: self.is_true(name, kind), f"{name} is {kind}", within, about=name)

    def wait_held(self, name: str, reason: str, within: float = 30.0) -> str:
        """Wait until it is not admitted for this reason; the sentence that says so."""
        self.eventually(
            lambda: self.condition(name, "Admitted").get("reason") == reason, f"{name} waits: {reason}", within, name
        )
        return self.condition(name, "Admitted")["message"]

    def eventually(self, holds, what: str, within: float = 30.0, about: str | None = None) -> None:
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {within} s: {what}\n{self._evidence(about)}")
            time.sleep(0.1)

    def _evidence(self, about: str | None) -> str:
        said = [json.dumps((self.find("chipworkload", about) or {}).get("status"), indent=1)] if about else []
        return "\n".join([*said, *(f"--- {o.identity}\n{o.tail()}" for o in self.operators if o.running)])
