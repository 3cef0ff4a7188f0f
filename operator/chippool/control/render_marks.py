"""Paths, names and moments as the API writes them."""

from datetime import UTC, datetime

from chippool.api.names import API_VERSION, SHADOW_PREFIX

ROOT = f"/apis/{API_VERSION}"


def shadow_class(name: str) -> str:
    """The PriorityClass of a class's pods: of the same value, and never preempting by itself."""
    return SHADOW_PREFIX + name


def time_text(seconds: float) -> str:
    """RFC 3339 in whole seconds, as the API's Time; `seconds` since the epoch."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
