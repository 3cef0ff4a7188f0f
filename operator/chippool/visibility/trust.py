"""The Secret that all replicas serve with, and the APIService that has the API server trust it."""

import base64
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from chippool.kube.client import ApiError, Client
from chippool.visibility.certificate import Serving, make, serves

APISERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.visibility.chippool.io"
MERGE = "application/merge-patch+json"
PARTS = {"authorities": "ca.crt", "certificate": "tls.crt", "key": "tls.key"}


class NotInstalledError(Exception):
    """What the chart makes is not there; the text says what."""


class Trust:
    """Looks after both; the replica whose write comes first makes the certificate, and the others take it over."""

    def __init__(
        self, client: Client, *, namespace: str, service: str, clock: Callable[[], dt.datetime] | None = None
    ) -> None:
        self._client = client
        self._named = f"{namespace}/{service}"
        self._secret = f"/api/v1/namespaces/{namespace}/secrets/{service}"
        self._host = f"{service}.{namespace}.svc"
        self._clock = clock or (lambda: dt.datetime.now(dt.UTC))

    async def look(self) -> Serving:
        """Return what to serve with, made or renewed where needed; raises NotInstalledError or ApiError."""
        serving = await self._serving()
        await self._have_trusted(serving)
        return serving

    async def _serving(self) -> Serving:
        secret = await self._client.get(self._secret)
        if secret is None:
            raise NotInstalledError(
                f"there is no Secret {self._named}: install the chart with visibility.enabled=true (it makes it empty)"
            )
        found, now = _of(secret), self._clock()
        if serves(found, self._host, now):
            return found
        made = make(self._host, now, earlier=found.authorities)
        try:
            await self._client.request("PUT", self._secret, secret | {"data": _encoded(made)})
        except ApiError as error:
            if error.status != 409:
                raise
            return await self._serving()  # another replica was first
        return made

    async def _have_trusted(self, serving: Serving) -> None:
        service = await self._client.get(APISERVICE)
        if service is None:
            raise NotInstalledError(
                "there is no APIService v1alpha1.visibility.chippool.io: install the chart with visibility.enabled=true"
            )
        bundle = _base64(serving.authorities)
        if service["spec"].get("caBundle") != bundle:
            change = {"spec": {"caBundle": bundle}}
            await self._client.request("PATCH", APISERVICE, change, content_type=MERGE)


def _of(secret: Mapping[str, Any]) -> Serving:
    data = secret.get("data") or {}
    parts = {part: base64.b64decode(data.get(key, "")).decode(errors="replace") for part, key in PARTS.items()}
    return Serving(**parts)


def _encoded(serving: Serving) -> dict[str, str]:
    return {key: _base64(getattr(serving, part)) for part, key in PARTS.items()}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
