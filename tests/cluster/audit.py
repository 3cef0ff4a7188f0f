"""Who wrote what when, from the plane's audit log alone: what the operator believes is not asked."""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.cluster.cluster import Cluster
from tools.replay.audit import Call, read
from tools.replay.invariants import record, violations
from tools.replay.ledger import Ledger

OPERATOR = "system:serviceaccount:chippool-system:chippool"
"""The user it acts as."""
ASKING = frozenset({"selfsubjectaccessreviews"})
"""Posted, and change nothing."""


class Audit:
    """The log of a cluster's plane, read anew at every question, from the given moment on (seconds since the epoch)."""

    def __init__(self, cluster: Cluster, since: float = 0.0) -> None:
        self._cluster = cluster
        self._log = cluster.plane.audit_log
        self._since = since

    def from_now(self) -> "Audit":
        """Return the part of the log that is still to be written."""
        return Audit(self._cluster, time.time())

    def calls(self) -> list[Call]:
        return [call for call in read(self._log) if call.received > self._since]

    def writes(self, identity: str) -> list[Call]:
        """Return what one replica has written, or tried to, in the order of the answers; not its Lease."""
        return [call for call in self.calls() if _is_of(call, identity)]

    def changes(self, identity: str) -> list[Call]:
        """Return its writes but those that left all as it was.

        A write on its way while a process is stopped comes late, and is right if it says what is there already: then
        its answer shows a version that an earlier answer has shown.
        """
        shown: set[str | None] = set()
        changing = []
        for call in self.calls():
            version = call.response.get("metadata", {}).get("resourceVersion")
            if _is_of(call, identity) and not (call.succeeded and version and version in shown):
                changing.append(call)
            shown.add(version)
        return changing

    def end(self) -> int:
        """Return how long the log is now, for `wait_writes`."""
        return self._log.stat().st_size

    def wait_writes(self, identity: str, count: int, within: float = 30.0, *, after: int | None = None) -> None:
        """Return as soon as so many writes of a replica are in the log, from now or from an earlier `end` on."""
        deadline = time.monotonic() + within
        with self._log.open("rb") as file:
            file.seek(self.end() if after is None else after)
            while count > 0:
                assert time.monotonic() < deadline, f"{identity} did not write {count} times more within {within} s"
                line = file.readline()
                if line.endswith(b"\n"):
                    count -= _may_be_of(line, identity)
                    continue
                file.seek(-len(line), os.SEEK_CUR)
                time.sleep(0.001)

    def jobs_made(self, namespace: str) -> Counter[str]:
        """Return how many Jobs of each name there were; also those whose maker was gone before it had its answer."""
        jobs = record(self.calls(), [OPERATOR], {}).jobs.values()
        return Counter(job.name for job in jobs if job.namespace == namespace)

    def stops(self, namespace: str) -> Counter[str]:
        """Return how often the operator suspended the Job of each name."""
        patched = (c for c in self._done(namespace) if (c.verb, c.resource) == ("patch", "jobs"))
        ours = (c for c in patched if c.user == OPERATOR)
        return Counter(call.name for call in ours if call.request.get("spec", {}).get("suspend") is True)

    def runs(self, namespace: str) -> dict[tuple[str, str], int]:
        """Return how many pods each index of each workload has had on a node."""
        found: defaultdict[tuple[str, str], int] = defaultdict(int)
        for pod in Ledger(self._done(namespace)).managed():
            found[pod.workload, pod.index] += pod.bound is not None
        return dict(found)

    def violations(self) -> list[str]:
        """Return every breach of what must hold on the plane whatever happens, since its start."""
        seen = record(list(read(self._log)), [OPERATOR], _stock(self._cluster))
        return [f"{violation.rule}: {violation.what}" for violation in violations(seen)]

    def _done(self, namespace: str) -> Iterator[Call]:
        return (c for c in self.calls() if c.succeeded and c.writes and c.namespace == namespace)


def _stock(cluster: Cluster) -> dict[str, dict[str, int]]:
    """Chips by node; they do not change while a plane of ours is up."""
    nodes = {node["metadata"]["name"]: node["status"]["capacity"] for node in cluster.items("nodes")}
    return {
        name: {resource: int(amount) for resource, amount in capacity.items() if "/" in resource}
        for name, capacity in nodes.items()
    }


def _is_of(call: Call, identity: str) -> bool:
    return call.writes and f"({identity})" in call.agent and call.resource not in {"leases", *ASKING}


def _may_be_of(line: bytes, identity: str) -> bool:
    """Tell without parsing: this is asked many thousand times."""
    if f"({identity})".encode() not in line or b'"resource":"leases"' in line:
        return False
    return any(verb in line for verb in (b'"verb":"create"', b'"verb":"patch"')) and b"accessreviews" not in line
