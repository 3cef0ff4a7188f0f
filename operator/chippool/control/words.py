"""Why the pods of a Job could not even be made: the API server tells its controller, and that an event."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from chippool.core.ids import WorkloadKey
from chippool.core.model import Snapshot
from chippool.core.plan import Decision, Displace, Plan
from chippool.core.reasons import Reason
from chippool.kube.client import ApiError, Client
from chippool.state.records import MadeRecord

ANSWER_S = 3.0
"""A sentence is worth this much delay of a decision, not more."""

Made = Callable[[WorkloadKey], MadeRecord | None]


async def explained(plan: Plan, snapshot: Snapshot, made: Made, client: Client) -> Plan:
    """Return the plan with the API server's sentence added wherever a Job did not start and no pod says why."""
    jobs = {decision.workload: made(decision.workload) for decision in plan.decisions if _is_silent(decision, snapshot)}
    asked = {key: job for key, job in jobs.items() if job is not None}
    if not asked:
        return plan
    answers = await asyncio.gather(*(own_words(client, job) for job in asked.values()))
    words = dict(zip(asked, answers, strict=True))
    decisions = tuple(_told(decision, words.get(decision.workload, "")) for decision in plan.decisions)
    return replace(plan, decisions=decisions)


async def own_words(client: Client, job: MadeRecord) -> str:
    """Return the last FailedCreate event of a Job; empty where there is none, or no answer in time."""
    path = f"/api/v1/namespaces/{job.namespace}/events"
    selector = f"involvedObject.uid={job.uid},reason=FailedCreate"
    try:
        async with asyncio.timeout(ANSWER_S):
            found = await client.get(path, fieldSelector=selector)
    except (ApiError, TimeoutError):
        return ""
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
