"""Raw JSON over a bounded set of kept-alive connections; the API server's errors are translated here, once."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import aiohttp
import orjson
from yarl import URL

from chippool.kube.access import Access, find_access
from chippool.kube.connector import Connector

CONNECTIONS = 64  # a dozen watches, 32 writers, the Lease, and room
ANSWER_S = 30.0  # the API server itself gives up on most requests after 60 s
CONNECT_S = 5.0
KEEPALIVE_S = 60.0  # below the 90 s after which the API server closes an idle connection
READ_BYTES = 1 << 20
UNREACHABLE = 0
AGENT = "chippool"

JSON = "application/json"
NO_PARAMS: Mapping[str, str] = {}


class ApiError(Exception):
    """The API server's refusal, in its own words; status 0 means it could not be reached or did not answer in time."""

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after


class Client:
    """One cluster; make it with `connect`, end it with `close`. `agent` is what the server's audit log calls us."""

    def __init__(
        self, access: Access, *, connections: int = CONNECTIONS, answer: float = ANSWER_S, agent: str = AGENT
    ) -> None:
        self.namespace = access.namespace
        self._access = access
        self._answer = answer
        self._session = aiohttp.ClientSession(
            connector=Connector(
                limit=connections, ssl=True if access.ssl is None else access.ssl, keepalive_timeout=KEEPALIVE_S
            ),
            read_bufsize=READ_BYTES,
            headers={"Accept": JSON, "User-Agent": agent},
        )

    @classmethod
    async def connect(cls, kubeconfig: str | None = None, context: str | None = None) -> "Client":
        """Find the cluster as kubectl does, else in-cluster; nothing is sent yet. Raises NoClusterError."""
        return cls(await find_access(kubeconfig, context))

    async def close(self) -> None:
        await self._session.close()

    async def get(self, path: str, **params: str) -> dict[str, Any] | None:
        """Return the object or list at `path`, None where there is none (404); raises ApiError otherwise."""
        try:
            return await self.request("GET", path, params=params)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = JSON,
        params: Mapping[str, str] = NO_PARAMS,
        within: float | None = None,
    ) -> dict[str, Any]:
        """Send one request and return the server's object; raises ApiError, also when `within` seconds have passed."""
        timeout = aiohttp.ClientTimeout(total=within or self._answer, sock_connect=CONNECT_S)
        data = None if body is None else orjson.dumps(body)
        headers = {} if data is None else {"Content-Type": content_type}
        seen = self._access.read_at
        try:
            return await self._exchange(method, path, data=data, headers=headers, params=params, timeout=timeout)
        except ApiError as error:
            if error.status != 401:
                raise
        await self._access.renew(seen)
        return await self._exchange(method, path, data=data, headers=headers, params=params, timeout=timeout)

    async def batches(self, path: str, params: Mapping[str, str], *, idle: float) -> AsyncGenerator[list[bytes]]:
        """Yield the lines of a watch as they arrive, many at once; the first, empty batch says the server has answered.

        Ends when the server ends it; raises ApiError when it refuses, breaks off, or is silent for `idle` seconds.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=idle)
        seen = self._access.read_at
        try:
            async with self._session.request("GET", self._url(path), **await self._how(params, timeout)) as answer:
                if answer.status >= 400:
                    raise _refusal(answer, await answer.read())
                yield []
                async for lines in _lines(answer.content):
                    yield lines
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(self._access.server, error) from error
        except ApiError as error:
            if error.status == 401:
                await self._access.renew(seen)
            raise

    async def stream(self, path: str, params: Mapping[str, str], *, idle: float = 150.0) -> AsyncGenerator[bytes]:
        """Yield the lines of a watch one by one; see `batches`."""
        async with aclosing(self.batches(path, params, idle=idle)) as batches:
            async for lines in batches:
                for line in lines:
                    yield line

    async def can_i(self, verb: str, group: str, resource: str, namespace: str = "", name: str = "") -> bool:
        """Ask the server whether we may (SelfSubjectAccessReview); `resource` may name a subresource: pods/eviction."""
        resource, _, subresource = resource.partition("/")
        asked = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked | {"namespace": namespace, "name": name}},
        }
        answer = await self.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
        return bool(answer["status"].get("allowed"))

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None,
        headers: dict[str, str],
        params: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  aiohttp's own
    ) -> dict[str, Any]:
        how = await self._how(params, timeout, headers)
        try:
            async with self._session.request(method, self._url(path), data=data, **how) as answer:
                raw = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(self._access.server, error) from error
        if answer.status >= 400:
            raise _refusal(answer, raw)
        return _parsed(answer, raw)

    async def _how(
        self,
        params: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
        headers: Mapping[str, str] = NO_PARAMS,
    ) -> dict[str, Any]:
        token = await self._access.authorization()
        return {
            "params": params,
            "timeout": timeout,
            "headers": headers if token is None else {**headers, "Authorization": token},
            "proxy": self._access.proxy,
            "server_hostname": self._access.server_hostname,
        }

    def _url(self, path: str) -> URL:
        return URL(self._access.server + path, encoded=True)


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[list[bytes]]:
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield lines  # a line without its end is never used: the connection broke within it


def _parsed(answer: aiohttp.ClientResponse, raw: bytes) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError(answer.status, "NotJSON", f"No JSON from {answer.url}: {_text(raw)}") from error
    return parsed


def _refusal(answer: aiohttp.ClientResponse, raw: bytes) -> ApiError:
    try:
        status = orjson.loads(raw)
        reason, message = status["reason"], status["message"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        reason, message = answer.reason or "", _text(raw)
    message = message or f"{answer.status} {answer.reason}"
    return ApiError(answer.status, reason, message, _seconds(answer.headers.get("Retry-After")))


def _unreachable(server: str, error: Exception) -> ApiError:
    said = str(getattr(error, "os_error", error)) or type(error).__name__
    return ApiError(UNREACHABLE, "Unreachable", f"The API server {server} does not answer: {said}")


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdigit() else None


def _text(raw: bytes) -> str:
    return raw[:300].decode(errors="replace").strip()
