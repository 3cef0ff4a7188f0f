"""One control plane for all contract tests, with the chart on it, an operator's identity and two curious users."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.contract.build import ASSIGNMENT, a_job
from tests.helm import helm
from tools.plane.plane import Plane

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "chippool"
SMALL = ROOT / "examples" / "fleets" / "small.yaml"
OPERATOR = "system:serviceaccount:chippool-system:chippool"
OPERATOR_GROUPS = ("system:serviceaccounts", "system:serviceaccounts:chippool-system")
ARENA = "arena"


@dataclass(frozen=True)
class User:
    """Somebody who talks to the API server of a plane with kubectl."""

    plane: Plane
    name: str
    groups: tuple[str, ...] = ()

    def kubectl(self, *arguments, given=None, check=True):
        text = given if given is None or isinstance(given, str) else json.dumps(given)
        return self.plane.kubectl(*arguments, input=text, check=check, as_user=self.name, as_groups=self.groups)

    def create(self, thing):
        return json.loads(self.kubectl("create", "-f", "-", "-o", "json", given=thing).stdout)

    def apply(self, thing):
        return self.kubectl("apply", "--server-side", "-f", "-", given=thing)

    def patch(self, kind, name, change, *, how="merge", more=()):
        return self.kubectl("patch", kind, name, "-n", ARENA, f"--type={how}", "-p", json.dumps(change), *more)

    def refused(self, *arguments, given=None):
        """Return what the API server said when it refused."""
        done = self.kubectl(*arguments, given=given, check=False)
        assert done.returncode != 0, f"not refused: {done.stdout}"
        return done.stderr

    def refused_patch(self, kind, name, change, *, how="merge", more=()):
        return self.refused("patch", kind, name, "-n", ARENA, f"--type={how}", "-p", json.dumps(change), *more)


@pytest.fixture(scope="session")
def plane():
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with Plane.start(f"contract-{worker}", SMALL) as up:
        helm(up, "install", "chippool", str(CHART), "-n", "chippool-system", "--create-namespace")
        up.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        up.kubectl("create", "namespace", ARENA)
        looks_before_it_patches(up)
        eventually(lambda: policies_bite(up))
        eventually(lambda: up.kubectl("get", "cw", "-n", ARENA, check=False).returncode == 0)  # `explain` asks once
        yield up


def looks_before_it_patches(plane):
    """Kubectl does, with which these tests act as the operator; itself it has no right to get these, and needs none."""
    kinds = "pods,jobs.batch,deployments.apps,chipworkloads.chippool.io,chipworkloads.chippool.io/status"
    plane.kubectl("create", "clusterrole", "kubectl-looks", "--verb=get", f"--resource={kinds}")
    plane.kubectl("create", "clusterrolebinding", "kubectl-looks", "--clusterrole=kubectl-looks", f"--user={OPERATOR}")


def eventually(holds, *, within=30.0):
    """Ask again and again, as fast as kubectl answers."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"did not become true within {within} s"


def policies_bite(plane):
    """The API server takes a moment to compile admission policies."""
    name = "early-bird"
    marks = {"chippool.io/assignment": ASSIGNMENT}
    user = User(plane, "eager")
    plane.kubectl("create", "clusterrolebinding", name, "--clusterrole=edit", "--user=eager", check=False)
    forged = user.kubectl("create", "--dry-run=server", "-f", "-", given=a_job(name, annotations=marks), check=False)
    return "only chippool may" in forged.stderr


@pytest.fixture(scope="session")
def admin(plane):
    return User(plane, "admin", ("system:masters",))


@pytest.fixture(scope="session")
def operator(plane):
    return User(plane, OPERATOR, OPERATOR_GROUPS)


@pytest.fixture(scope="session", params=["edit", "admin"])
def eve(plane, request):
    """A user with the cluster's role `edit` or `admin` in one namespace."""
    name = f"eve-with-{request.param}"
    plane.kubectl(
        "create", "rolebinding", name, "-n", ARENA, f"--clusterrole={request.param}", f"--user={name}", check=False
    )
    user = User(plane, name)
    eventually(lambda: user.kubectl("auth", "can-i", "create", "cw", "-n", ARENA, check=False).stdout == "yes\n")
    return user


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]
