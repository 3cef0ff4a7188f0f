"""Who asks: the API server's front proxy says so in headers, and proves by its certificate that it is the one.

As "Authentication Flow" of Kubernetes' aggregation layer has it. Which authority, which names and which headers, the
API server publishes itself in a ConfigMap.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
from multidict import MultiMapping

CONFIG = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"


class NoFrontProxyError(Exception):
    """The API server does not say how its front proxy proves itself; the text says what to do."""


@dataclass(frozen=True, slots=True)
class FrontProxy:
    """How to know the front proxy, and where it writes down who asks."""

    authority: str
    """PEM: who signs its certificate."""
    names: tuple[str, ...]
    """Common names it may have; none means any the authority has signed."""
    user_headers: tuple[str, ...]
    uid_headers: tuple[str, ...]
    group_headers: tuple[str, ...]
    extra_prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class User:
    """Who asks, as RBAC knows him."""

    name: str
    uid: str
    groups: tuple[str, ...]
    extra: Mapping[str, tuple[str, ...]]


def front_proxy(config: Mapping[str, Any] | None) -> FrontProxy:
    """Read the ConfigMap; NoFrontProxyError where there is nothing in it."""
    data = (config or {}).get("data") or {}
    authority, users = data.get("requestheader-client-ca-file", ""), _listed(data, "requestheader-username-headers")
    if not authority or not users:
        raise NoFrontProxyError(
            "the API server has no aggregation layer (kube-system/extension-apiserver-authentication names "
            "no requestheader-client-ca-file): start it with that flag, or install with visibility.enabled=false"
        )
    return FrontProxy(
        authority=authority,
        names=_listed(data, "requestheader-allowed-names"),
        user_headers=users,
        uid_headers=_listed(data, "requestheader-uid-headers"),
        group_headers=_listed(data, "requestheader-group-headers"),
        extra_prefixes=tuple(prefix.lower() for prefix in _listed(data, "requestheader-extra-headers-prefix")),
    )


def user_of(proxy: FrontProxy, certificate: Mapping[str, Any] | None, headers: MultiMapping[str]) -> User | None:
    """Return who asks; None where nobody trusted says so. The TLS layer has checked the certificate's signature."""
    if not certificate or (proxy.names and not set(_common_names(certificate)) & set(proxy.names)):
        return None
    name = _first(headers, proxy.user_headers)
    if not name:
        return None
    groups = tuple(group for header in proxy.group_headers for group in headers.getall(header, ()))
    return User(name, _first(headers, proxy.uid_headers), groups, _extra(headers, proxy.extra_prefixes))


def _listed(data: Mapping[str, str], key: str) -> tuple[str, ...]:
    return tuple(orjson.loads(data.get(key) or "[]"))


def _common_names(certificate: Mapping[str, Any]) -> Iterator[str]:
    """Of the shape `ssl.SSLSocket.getpeercert` returns."""
    for part in certificate.get("subject", ()):
        yield from (value for key, value in part if key == "commonName")


def _first(headers: MultiMapping[str], names: Sequence[str]) -> str:
    return next((value for name in names if (value := headers.get(name))), "")


def _extra(headers: MultiMapping[str], prefixes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for header, value in headers.items():
        for prefix in prefixes:
            if header.lower().startswith(prefix):
                key = unquote(header.lower().removeprefix(prefix))
                found[key] = (*found.get(key, ()), value)
    return found
