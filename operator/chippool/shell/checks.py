"""What must be so before the operator may start, each with a sentence that says what to do."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from chippool.kube.client import ApiError, Client

OLDEST = (1, 34)
OLDEST_NATIVE = (1, 36)
"""Whose admission policies put the gate on native pods."""
KINDS = frozenset({"chippools", "chipqueues", "chipworkloads"})
GROUP_PATH = "/apis/chippool.io/v1alpha1"
AGAIN_S = 2.0

logger = logging.getLogger(__name__)

RIGHTS = (
    ("assign", "chippool.io", "chipworkloads"),
    ("watch", "chippool.io", "chipworkloads"),
    ("patch", "chippool.io", "chipworkloads/status"),
    ("delete", "chippool.io", "chipworkloads"),
    ("watch", "chippool.io", "chippools"),
    ("patch", "chippool.io", "chippools"),
    ("patch", "chippool.io", "chippools/status"),
    ("watch", "chippool.io", "chipqueues"),
    ("patch", "chippool.io", "chipqueues"),
    ("patch", "chippool.io", "chipqueues/status"),
    ("watch", "", "nodes"),
    ("watch", "", "namespaces"),
    ("watch", "", "pods"),
    ("patch", "", "pods"),
    ("create", "", "pods/eviction"),
    ("watch", "batch", "jobs"),
    ("create", "batch", "jobs"),
    ("patch", "batch", "jobs"),
    ("delete", "batch", "jobs"),
    ("watch", "apps", "deployments"),
    ("create", "apps", "deployments"),
    ("patch", "apps", "deployments"),
    ("watch", "apps", "statefulsets"),
    ("create", "", "services"),
    ("create", "scheduling.k8s.io", "priorityclasses"),
    ("delete", "scheduling.k8s.io", "priorityclasses"),
    ("watch", "scheduling.k8s.io", "priorityclasses"),
    ("create", "events.k8s.io", "events"),
)


NO_NATIVE = (
    "the API server is %s: pods with the label chippool.io/queue-name get their gate from Kubernetes %d.%d or later;"
    " here they run without chippool, so make ChipWorkloads"
)


class CannotStartError(Exception):
    """The operator may not start here; the text says why and what to do."""


async def check_cluster(client: Client) -> None:
    """Run every check, waiting for the API server as long as it takes; raises CannotStartError."""
    checks: tuple[Callable[[Client], Awaitable[None]], ...] = (check_version, check_kinds, check_rights)
    for check in checks:
        await _patiently(client, check)


async def check_version(client: Client) -> None:
    """Refuse a Kubernetes that is too old."""
    found = await client.request("GET", "/version")
    if server_version(found) < OLDEST:
        raise CannotStartError(
            f"The API server is {found.get('gitVersion')}; chippool needs Kubernetes {OLDEST[0]}.{OLDEST[1]} or later."
        )
    if server_version(found) < OLDEST_NATIVE:
        logger.warning(NO_NATIVE, found.get("gitVersion"), *OLDEST_NATIVE)


def server_version(found: dict[str, Any]) -> tuple[int, int]:
    """Return major and minor of a /version answer; providers write things like `34+`."""
    numbers = [re.match(r"\d+", str(found.get(part, ""))) for part in ("major", "minor")]
    major, minor = (int(number.group()) if number else 0 for number in numbers)
    return (major, minor)


async def check_kinds(client: Client) -> None:
    """Refuse to start where the three kinds are not served."""
    served = await client.get(GROUP_PATH)
    names = {resource["name"] for resource in (served or {}).get("resources", ())}
    missing = sorted(KINDS - names)
    if missing:
        raise CannotStartError(
            f"{', '.join(missing)} of chippool.io/v1alpha1 are not served: install the CRDs with"
            " `chippool crds | kubectl apply --server-side -f -` or the chart."
        )


async def check_rights(client: Client) -> None:
    """Refuse to start with less than all the rights the operator uses."""
    answers = await asyncio.gather(*(client.can_i(verb, group, resource) for verb, group, resource in RIGHTS))
    refused = [_named(*right) for right, allowed in zip(RIGHTS, answers, strict=True) if not allowed]
    if refused:
        raise CannotStartError(
            f"The operator's identity may not {', '.join(refused)}: bind the chart's ClusterRole to it."
        )


def _named(verb: str, group: str, resource: str) -> str:
    return f"{verb} {resource}.{group}" if group else f"{verb} {resource}"


async def _patiently(client: Client, check: Callable[[Client], Awaitable[None]]) -> None:
    said = ""
    while True:
        try:
            return await check(client)
        except ApiError as error:
            if error.status in {401, 403}:
                raise CannotStartError(f"The API server refuses us: {error.message}") from error
            if error.message != said:
                logger.warning("waiting for the API server: %s", error.message)
            said = error.message
        await asyncio.sleep(AGAIN_S)
