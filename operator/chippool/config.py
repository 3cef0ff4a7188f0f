"""What whoever starts the operator may choose, and nothing else."""

import os
import socket
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import version

LEASE_NAME = "chippool"
PORT = 8080
VISIBILITY_SERVICE = "chippool-visibility"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def own_identity() -> str:
    """Return a name no other replica has: the pod's, or host and process."""
    return os.environ.get("POD_NAME") or f"{socket.gethostname()}-{os.getpid()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The choices of one operator process."""

    kubeconfig: str | None = None
    """None: $KUBECONFIG, ~/.kube/config, then the pod's service account."""
    context: str | None = None
    namespace: str | None = None
    """Where the Lease lives; None: the namespace of the kubeconfig or pod."""
    lease_name: str = LEASE_NAME
    identity: str = field(default_factory=own_identity)
    bind_address: str = "127.0.0.1"
    metrics_port: int = PORT
    """Serves /metrics, /healthz and /readyz; 0 takes a free one."""
    node_metrics: bool = False
    """Serves /metrics/nodes too, with some series for each node."""
    visibility_port: int | None = None
    """Serves visibility.chippool.io to the API server; 0 takes a free one, None serves nothing."""
    visibility_service: str = VISIBILITY_SERVICE
    """The Service that leads to it; the Secret with its certificate has the same name."""
    lost_after: float = 300.0
    """Seconds after which a node that is not Ready is given up, and chips that are not healthy."""
    log_format: LogFormat = LogFormat.TEXT
    log_level: LogLevel = LogLevel.INFO

    @property
    def agent(self) -> str:
        """What the API server's audit log calls this replica."""
        return f"chippool/{version('chippool')} ({self.identity})"
