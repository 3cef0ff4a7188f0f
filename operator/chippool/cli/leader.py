"""Whether an operator works on this cluster now, as its Lease tells."""

from datetime import UTC, datetime
from typing import Any

from chippool.config import LEASE_NAME
from chippool.kube.client import ApiError, Client

Json = dict[str, Any]


async def running_operator(client: Client) -> str:
    """Return who renewed the operator's Lease not long ago, empty for nobody or where it can't be seen."""
    try:
        leases = await client.request(
            "GET", "/apis/coordination.k8s.io/v1/leases", params={"fieldSelector": f"metadata.name={LEASE_NAME}"}
        )
    except ApiError as error:
        if error.status == 403:
            return ""
        raise
    return next((_holder(lease) for lease in leases["items"] if _alive(lease["spec"])), "")


def _holder(lease: Json) -> str:
    return f"{lease['spec']['holderIdentity']} (Lease {lease['metadata']['namespace']}/{lease['metadata']['name']})"


def _alive(spec: Json) -> bool:
    if not spec.get("holderIdentity") or not spec.get("renewTime"):
        return False
    renewed = datetime.fromisoformat(spec["renewTime"])
    patience: float = max(2 * spec.get("leaseDurationSeconds", 15), 30)
    return (datetime.now(UTC) - renewed).total_seconds() < patience
