"""Clusters for the command line: one pool of H800 nodes and one of another vendor, and who has them."""

from tests.state.build import (
    NPU,
    a_class,
    a_job,
    a_namespace,
    a_node,
    a_pod,
    a_pool,
    a_queue,
    a_variant,
    a_workload,
    an_assignment,
)


def stock(nodes=2, npus=1):
    """Queue q for namespace team, queue ads for namespace ads; whole nodes of 8 chips."""
    return (
        a_pool("h800"),
        a_pool("npu", resource=NPU),
        a_queue("q", ("train",), selector={"matchLabels": {"team": "team"}}),
        a_queue("ads", ("ads",), selector={"matchLabels": {"team": "ads"}}),
        a_class("train", 100),
        a_class("ads", 1000),
        a_namespace("team", {"team": "team"}),
        a_namespace("ads", {"team": "ads"}),
        *(a_node(f"n{i}") for i in range(1, nodes + 1)),
        *(a_node(f"npu{i}", pool="npu", resource=NPU) for i in range(1, npus + 1)),
    )


def running(name, nodes, *, namespace="team", variant="h800", pool="h800", resource="nvidia.com/gpu", **spec):
    """A gang that runs with one whole node a replica, its Job and its pods."""
    count = len(nodes)
    pods = (
        a_pod(
            f"{name}-{i}", name, namespace=namespace, node=node, phase="Running", ready=True, resource=resource, index=i
        )
        for i, node in enumerate(nodes)
    )
    return (
        a_workload(name, count, namespace=namespace, **spec),
        a_job(name, an_assignment(count, variant, pool), namespace=namespace, parallelism=count),
        *pods,
    )


def running_ads(name, nodes):
    return running(name, nodes, namespace="ads", queueName="ads", priorityClassName="ads")


def two_ways():
    """Prefers an H800 node, can do with one of the other vendor."""
    return [a_variant("h800", ["h800"]), a_variant("npu", ["npu"])]
