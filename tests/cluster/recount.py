"""What an operator believes beside what the API server has, each counted by itself."""

from collections import Counter

from tests.cluster.cluster import Cluster
from tests.cluster.operator_process import Operator

POOLS = {"h800": "h800", "h20": "h20", "ascend910b": "npu"}
"""Nodes of a fleet's pool are those of a ChipPool."""


def believed(operator: Operator) -> dict[str, float]:
    """Return the chips in use by pool, and how many workloads there are, as its metrics say."""
    chips = {pool: _in_use(operator, pool) for pool in POOLS.values()}
    return {**chips, "workloads": operator.metric("chippool_workloads")}


def counted(cluster: Cluster) -> dict[str, float]:
    """Return the same, recounted from the API server's objects."""
    nodes = {node["metadata"]["name"]: _pool(node) for node in cluster.items("nodes")}
    pods = [pod for pod in cluster.items("pods", "-A") if pod["spec"].get("nodeName") and not _ended(pod)]
    used: Counter[str] = Counter(dict.fromkeys(POOLS.values(), 0))
    for pod in pods:
        used[nodes[pod["spec"]["nodeName"]]] += sum(_chips(container) for container in pod["spec"]["containers"])
    return {**used, "workloads": len(cluster.items("chipworkloads", "-A"))}


def wait_no_ghost(cluster: Cluster, operator: Operator, within: float = 60.0) -> None:
    """Wait until the operator believes what is."""
    cluster.eventually(lambda: believed(operator) == counted(cluster), "the mirror is what the server has", within)


def _in_use(operator: Operator, pool: str) -> float:
    states = ("allocated", "releasing")
    return sum(operator.metric("chippool_pool_chips", pool=pool, state=state) for state in states)


def _pool(node: dict) -> str:
    return POOLS[node["metadata"]["labels"]["plane.chippool.io/pool"]]


def _ended(pod: dict) -> bool:
    return pod["status"]["phase"] in {"Succeeded", "Failed"}


def _chips(container: dict) -> int:
    limits = container["resources"].get("limits", {})
    return sum(int(amount) for resource, amount in limits.items() if "/" in resource)
