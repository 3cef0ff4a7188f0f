"""What operators asked of the API server, beside what the chart lets them: no right is missing, none is too much.

Every module notes what its plane's audit log shows, in a file of its own; a run of all of them compares the sum.
"""

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from itertools import product
from pathlib import Path

import orjson
import yaml

from tests.cluster.cluster import CHART, NAMESPACE, ROOT
from tools.plane.build import binaries
from tools.plane.progress import Silent

FOLDER = ROOT / "build" / "rights"
ACCOUNT = "chippool"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
ASKED_BY_POLICIES = frozenset({"assign"})
"""The admission policies' authorizer asks for it: no request shows it."""
Json = dict


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """A verb on a resource; namespace and name say where alone it holds, or was used."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        what = f"{self.verb} {self.resource}" + (f".{self.group}" if self.group else "")
        where = "/".join(part for part in (self.namespace, self.name) if part)
        return f"{what} ({where})" if where else what

    def allows(self, used: "Right") -> bool:
        mine, its = astuple(self), astuple(used)
        return mine[:3] == its[:3] and all(
            not limit or limit == found for limit, found in zip(mine[3:], its[3:], strict=True)
        )


# --- what was asked


@dataclass(frozen=True, slots=True)
class Asked:
    allowed: frozenset[Right]
    forbidden: frozenset[Right]
    """Refused by RBAC; what an admission policy or quota refuses was allowed to ask."""


def asked(log: Path, user: str = USER) -> Asked:
    """What a user's requests in an audit log were, and how they were decided."""
    found: dict[str, set[Right]] = {"allow": set(), "forbid": set()}
    for event in _events(log, user):
        decision = (event.get("annotations") or {}).get("authorization.k8s.io/decision", "")
        if decision and event.get("objectRef"):
            found[decision].add(_used(event))
    return Asked(frozenset(found["allow"]), frozenset(found["forbid"]))


def _events(log: Path, user: str) -> Iterator[Json]:
    mark = f'"username":"{user}"'.encode()
    with log.open("rb") as file:
        lines = (line for line in file if mark in line and line.endswith(b"\n"))
        yield from (event for event in map(orjson.loads, lines) if event["user"]["username"] == user)


def _used(event: Json) -> Right:
    """Where it was, as far as a role can say where: names and namespaces of users' objects count for nothing."""
    target = event["objectRef"]
    resource = "/".join(part for part in (target["resource"], target.get("subresource")) if part)
    namespace, name = target.get("namespace", ""), target.get("name", "")
    where = (namespace, name) if namespace in {"", NAMESPACE, "kube-system"} else ()
    return Right(event["verb"], target.get("apiGroup", ""), resource, *where)


# --- what may be asked


def granted(rendered: str) -> frozenset[Right]:
    """Every verb that the roles of a rendered chart give to the operator's account."""
    parts = [part for part in yaml.safe_load_all(rendered) if part]
    roles = {
        _key(part, part["kind"], part["metadata"]["name"]): part["rules"] for part in parts if part["kind"] in _ROLES
    }
    bindings = [part for part in parts if part["kind"] in _ROLES.values() and _is_of_operator(part)]
    return frozenset(
        right
        for binding in bindings
        for rule in roles.get(_key(binding, binding["roleRef"]["kind"], binding["roleRef"]["name"]), ())
        for right in _rights(rule, binding["metadata"].get("namespace", ""))
    )


_ROLES = {"ClusterRole": "ClusterRoleBinding", "Role": "RoleBinding"}


def _key(part: Json, kind: str, name: str) -> tuple[str, str, str]:
    """A Role is found beside what binds it."""
    return kind, part["metadata"].get("namespace", "") if kind == "Role" else "", name


def _is_of_operator(binding: Json) -> bool:
    return any(one["kind"] == "ServiceAccount" and one["name"] == ACCOUNT for one in binding["subjects"])


def _rights(rule: Json, namespace: str) -> Iterator[Right]:
    for verb, group, resource in product(rule["verbs"], rule["apiGroups"], rule["resources"]):
        for name in rule.get("resourceNames", [""]):
            yield Right(verb, group, resource, namespace, name)


def idle(grants: Iterable[Right], uses: Iterable[Right]) -> list[Right]:
    """The rights that none of the uses needed."""
    used = list(uses)
    wanted = sorted(right for right in grants if right.verb not in ASKED_BY_POLICIES)
    return [right for right in wanted if not any(right.allows(use) for use in used)]


# --- over all modules


def note(module: str, log: Path) -> None:
    """Keep what a module's operators asked; AssertionError if they lacked a right."""
    found = asked(log)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{module}.json").write_text(json.dumps([astuple(right) for right in sorted(found.allowed)], indent=0))
    missing = found.forbidden - found.allowed  # a server that has just started refuses until it knows the roles
    assert not missing, f"the chart does not let the operator {', '.join(map(str, sorted(missing)))}"


@dataclass(frozen=True, slots=True)
class Compared:
    """How what the chart gives compares with what was asked, after the modules that have noted theirs."""

    given: int
    idle: list[Right]
    """None while a module is missing: it may have needed what the others did not."""
    missing: list[str]


def compared(since: float) -> Compared | None:
    """Compare with the notes made since (seconds since the epoch); None if there are none at all."""
    notes = {path.stem: FOLDER / f"{path.stem}.json" for path in sorted(Path(__file__).parent.glob("test_*.py"))}
    missing = [name for name, path in notes.items() if not (path.exists() and path.stat().st_mtime >= since)]
    if len(missing) == len(notes):
        return None
    grants = granted(_rendered())
    if missing:
        return Compared(len(grants), [], missing)
    uses = {Right(*parts) for path in notes.values() for parts in json.loads(path.read_text())}
    return Compared(len(grants), idle(grants, uses), [])


def _rendered() -> str:
    """With everything in it that some test installs."""
    command = [str(binaries(Silent()) / "helm"), "template", "chippool", str(CHART), "-n", NAMESPACE]
    command += ["--set", "visibility.enabled=true"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
