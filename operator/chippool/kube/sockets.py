"""Every socket of a session, so that none is left open when the session and its event loop end."""

import asyncio
import contextlib
import socket
from weakref import WeakSet

from aiohttp.connector import AddrInfoType

_TURNS = 20
"""Of the event loop: a connection that was cut is gone after four."""


class Sockets:
    """Made for a connector (`socket_factory`), which itself waits only for the connections that are idle at its end.

    One that was broken off, a watch or a cancelled request, says goodbye in TLS and stays until the server has too.
    """

    def __init__(self) -> None:
        self._made: WeakSet[socket.socket] = WeakSet()

    def make(self, address: AddrInfoType) -> socket.socket:
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        self._made.add(made)
        return made

    async def cut(self) -> None:
        """End those that are still open; returns when they are gone."""
        for one in self._open():
            with contextlib.suppress(OSError):  # it was never connected, or the server has gone already
                one.shutdown(socket.SHUT_RDWR)
        for _ in range(_TURNS):
            if not self._open():
                return
            await asyncio.sleep(0)

    def _open(self) -> list[socket.socket]:
        return [one for one in self._made if one.fileno() >= 0]
