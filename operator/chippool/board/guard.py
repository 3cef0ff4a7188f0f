"""Who may ask: whoever has the address with its token, from a page of the board itself, on this machine."""

import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

HOSTS = frozenset({"127.0.0.1", "localhost"})
TOKEN_BYTES = 24
SAME = frozenset({"same-origin", "none"})
"""Of Sec-Fetch-Site: the page itself, or an address that was typed."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

logger = logging.getLogger(__name__)


class RefusedError(Exception):
    """Becomes an answer with this status, and the sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


class Guard:
    """Stands before every route."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    @web.middleware
    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let through what may be asked; the headers are on every answer, refusals too."""
        try:
            self._check(request)
            return await handler(request)
        except RefusedError as refused:
            return refusal(refused.status, refused.sentence)
        except web.HTTPMethodNotAllowed:
            return refusal(405, f"Nothing here takes {request.method}: the board changes nothing.")
        except web.HTTPNotFound:
            return refusal(404, "There is nothing at this address.")
        except web.HTTPRequestEntityTooLarge:
            return refusal(413, "This is more than the board reads at once.")
        except ConnectionError:
            raise  # who asked is gone
        except Exception as error:
            logger.exception("the board could not answer")
            return refusal(500, f"This is a fault of chippool itself: {error!r}. Please report it.")

    def _check(self, request: web.Request) -> None:
        """The host first: by another name this is another site's way in (DNS rebinding)."""
        host, _, port = request.headers.get("Host", "").rpartition(":")
        if host not in HOSTS or port != str(_port(request)):
            raise RefusedError(421, "The board answers to http://127.0.0.1 and its own port alone.")
        given = request.path.split("/")[1].encode()
        if not hmac.compare_digest(given, self._token):
            raise RefusedError(
                404, "This is not the board's address: use the whole one that `chippool board` printed, token included."
            )
        self._check_origin(request, f"http://{host}:{port}")

    def _check_origin(self, request: web.Request, own: str) -> None:
        origin = request.headers.get("Origin")
        elsewhere = origin is not None and origin != own
        if elsewhere or request.headers.get("Sec-Fetch-Site", "none") not in SAME:
            raise RefusedError(403, "The board answers to its own page, not to another site's.")
        if request.method == "POST" and origin is None:
            raise RefusedError(403, "A question must say by its Origin that it comes from the board's own page.")


def refusal(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)


async def sign(_: web.Request, answer: web.StreamResponse) -> None:
    """Put our headers on an answer, whoever made it."""
    answer.headers.update(HEADERS)


def _port(request: web.Request) -> int:
    """Where it came in."""
    assert request.transport is not None
    port: int = request.transport.get_extra_info("sockname")[1]
    return port
