"""The connections of a session, none of which is left open when the session and its event loop end."""

import asyncio
import contextlib
import socket
from typing import Any
from weakref import WeakSet

import aiohttp
from aiohttp.connector import AddrInfoType

_TURNS = 20
"""Of the event loop: a connection that was cut is gone after four."""


class Connector(aiohttp.TCPConnector):
    """aiohttp's own waits at its end only for the connections that are idle then.

    One that was broken off, a watch or a cancelled request, says goodbye in TLS and stays until the server has too.
    """

    def __init__(self, **how: Any) -> None:
        self._sockets: WeakSet[socket.socket] = WeakSet()
        super().__init__(socket_factory=self._socket, **how)

    async def close(self, *, abort_ssl: bool = False) -> None:
        """End all connections; returns when they are gone."""
        await super().close(abort_ssl=abort_ssl)
        for one in self._open():
            with contextlib.suppress(OSError):  # it was never connected, or the server has gone already
                one.shutdown(socket.SHUT_RDWR)
        for _ in range(_TURNS):
            if not self._open():
                return
            await asyncio.sleep(0)

    def _socket(self, address: AddrInfoType) -> socket.socket:
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        self._sockets.add(made)
        return made

    def _open(self) -> list[socket.socket]:
        return [one for one in self._sockets if one.fileno() >= 0]
