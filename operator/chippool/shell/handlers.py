"""The life of ChipPools and ChipQueues, as kopf tells it: handlers record what is, `chippool.control` acts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import kopf

from chippool.shell.storages import NoDiffBase, NoProgress

GROUP = "chippool.io"
PLURALS = ("chippools", "chipqueues")


class Desk(Protocol):
    """Where the handlers leave what they saw; called from kopf's thread."""

    def seen(self, raw: Mapping[str, Any]) -> None:
        """Record a pool or queue as it is now."""

    def gone(self, raw: Mapping[str, Any]) -> None:
        """Forget a pool or queue that was deleted."""


class Login(Protocol):
    """Makes a session that is logged in; called from kopf's thread, again when the server has refused the last one."""

    async def __call__(self) -> kopf.AiohttpSession: ...


def registry(desk: Desk, login: Login, started: Callable[[], None]) -> kopf.OperatorRegistry:
    """Return every kopf handler of the operator."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.startup(registry=handlers)
    async def settle(settings: kopf.OperatorSettings, **_: Any) -> None:
        keep_quiet(settings)
        started()

    @kopf.on.login(registry=handlers, retries=3)
    async def log_in(**_: Any) -> kopf.AiohttpSession:
        return await login()

    for plural in PLURALS:

        @kopf.on.event(GROUP, plural, registry=handlers)
        async def note(event: kopf.RawEvent, **_: Any) -> None:
            record = desk.gone if event["type"] == "DELETED" else desk.seen
            record(event["object"])

    return handlers


class Patience:
    """Pauses in seconds after a failed request, for as long as it takes: an API server may be away for minutes."""

    def __iter__(self) -> Iterator[float]:
        yield from (0.5, 1.0, 2.0)
        while True:
            yield 5.0


def keep_quiet(settings: kopf.OperatorSettings) -> None:
    """Nothing of kopf's is written to the cluster, and it waits for the API server without giving up."""
    settings.posting.enabled = False
    settings.persistence.progress_storage = NoProgress()
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.finalizer = "chippool.io/kopf"
    settings.scanning.disabled = True
    settings.process.ultimate_exiting_timeout = None
    settings.networking.error_backoffs = Patience()
    settings.networking.request_timeout = 30.0
    settings.watching.server_timeout = 300  # the API server takes whole seconds only
