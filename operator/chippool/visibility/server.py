"""Serves the API by TLS, and keeps up with what it is served with: our certificate, the front proxy's authority."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from chippool.kube.client import ApiError, Client
from chippool.state.mirror import Mirror
from chippool.visibility.api import Api
from chippool.visibility.certificate import Serving
from chippool.visibility.desk import Desk
from chippool.visibility.expectation import UNSEEN, Known
from chippool.visibility.frontproxy import CONFIG, FrontProxy, NoFrontProxyError, front_proxy
from chippool.visibility.trust import NotInstalledError, Trust

LOOK_S = 60.0
AGAIN_S = 5.0

logger = logging.getLogger(__name__)


class Visibility:
    """One replica's server; `port` is the real one once it listens. What goes wrong here never stops the operator."""

    def __init__(
        self,
        client: Client,
        mirror: Mirror,
        *,
        address: str,
        port: int,
        namespace: str,
        service: str,
        synced: Callable[[], bool],
        known: Callable[[], Known] = lambda: UNSEEN,
        look: float = LOOK_S,
    ) -> None:
        self.port = port
        self.trouble = ""
        self._address, self._look_s = address, look
        self._client = client
        self._trust = Trust(client, namespace=namespace, service=service)
        self._served_with: tuple[Serving, FrontProxy] | None = None
        api = Api(client=client, desk=Desk(mirror, known=known), proxy=self._proxy, synced=synced)
        self._runner = web.AppRunner(api.application(), access_log=None, handle_signals=False, shutdown_timeout=1)

    async def run(self) -> None:
        """Serve until cancelled; OSError where the port is taken."""
        await self._runner.setup()
        try:
            while True:
                pause = AGAIN_S if await self._step() else self._look_s
                await asyncio.sleep(pause)
        finally:
            await self._runner.cleanup()

    async def _step(self) -> str:
        """Look once; returns the trouble there is."""
        try:
            proxy = front_proxy(await self._client.get(CONFIG))
            await self._serve(await self._trust.look(), proxy)
            trouble = ""
        except (NotInstalledError, NoFrontProxyError) as error:
            trouble = str(error)
        except (ApiError, ssl.SSLError, ValueError) as error:
            trouble = f"what the visibility API is served with can't be read or written: {error}"
        if trouble and trouble != self.trouble:
            logger.warning("visibility API: %s", trouble)
        self.trouble = trouble
        return trouble

    async def _serve(self, serving: Serving, proxy: FrontProxy) -> None:
        """Listen anew where anything has changed: connections that stand go on as they were."""
        if self._served_with == (serving, proxy):
            return
        context = tls(serving, proxy)
        for site in [*self._runner.sites]:
            await site.stop()
        await web.TCPSite(self._runner, self._address, self.port, ssl_context=context).start()
        self.port = self._runner.addresses[0][1]
        self._served_with = serving, proxy
        logger.info("serves the visibility API", extra={"fields": {"port": self.port}})

    def _proxy(self) -> FrontProxy:
        assert self._served_with is not None  # nothing listens before
        return self._served_with[1]


def tls(serving: Serving, proxy: FrontProxy) -> ssl.SSLContext:
    """Return how to serve: whoever shows a certificate must have it from the front proxy's authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL  # without one the answer is a 401 that says what to do
    context.load_verify_locations(cadata=proxy.authority)
    with TemporaryDirectory() as folder:  # ssl takes our own certificate from files alone
        path = Path(folder) / "serving.pem"
        path.touch(mode=0o600)
        path.write_text(serving.certificate + serving.key)
        context.load_cert_chain(path)
    return context
