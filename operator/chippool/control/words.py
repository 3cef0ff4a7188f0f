"""Why pods could not even be made, or do not become Ready, where they do not say so themselves: events tell."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from chippool.core.ids import WorkloadKey
from chippool.core.model import Snapshot
from chippool.core.plan import Decision, Displace, Plan
from chippool.core.reasons import Reason
from chippool.kube.client import ApiError, Client
from chippool.state.records import MadeRecord, PodRecord

ANSWER_S = 3.0
"""A sentence is worth this much delay of a decision, not more."""


class Known(Protocol):
    """What is asked of the mirror."""

    def made(self, key: WorkloadKey) -> MadeRecord | None: ...

    def pods(self, key: WorkloadKey) -> tuple[PodRecord, ...]: ...


async def explained(plan: Plan, snapshot: Snapshot, known: Known, client: Client) -> Plan:
    """Return the plan with the cluster's own sentence added wherever a workload did not start and no pod says why."""
    silent = [decision.workload for decision in plan.decisions if _is_silent(decision, snapshot)]
    if not silent:
        return plan
    answers = await asyncio.gather(*(own_words(client, known.made(key), known.pods(key)) for key in silent))
    words = dict(zip(silent, answers, strict=True))
    decisions = tuple(_told(decision, words.get(decision.workload, "")) for decision in plan.decisions)
    return replace(plan, decisions=decisions)


async def own_words(client: Client, made: MadeRecord | None, pods: Iterable[PodRecord]) -> str:
    """Return why no pod could be made, else the first unready pod's last warning; empty where nobody tells in time."""
    asked = [(made.namespace, made.uid, "reason=FailedCreate")] if made else []
    unready = [pod for pod in pods if not (pod.ready or pod.gated or pod.deleting or pod.finished)]
    asked += [(pod.namespace, pod.uid, "type=Warning") for pod in sorted(unready, key=lambda pod: pod.name)[:1]]
    try:
        async with asyncio.timeout(ANSWER_S):
            for namespace, uid, which in asked:
                if words := await _last_event(client, namespace, f"involvedObject.uid={uid},{which}"):
                    return words
    except (ApiError, TimeoutError):
        pass
    return ""


async def _last_event(client: Client, namespace: str, selector: str) -> str:
    found = await client.get(f"/api/v1/namespaces/{namespace}/events", fieldSelector=selector)
    events = (found or {}).get("items", [])
    return max(((_moment(event), event["message"]) for event in events), default=("", ""))[1]


def _is_silent(decision: Decision, snapshot: Snapshot) -> bool:
    if not isinstance(decision, Displace) or decision.reason is not Reason.NOT_STARTED:
        return False
    return not snapshot.workloads[decision.workload].error


def _told(decision: Decision, words: str) -> Decision:
    if not words or not isinstance(decision, Displace):
        return decision
    return replace(decision, message=f"{decision.message.rstrip('.')}: {words}")


def _moment(event: dict[str, str]) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or ""
