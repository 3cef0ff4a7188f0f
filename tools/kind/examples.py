"""The examples as a laptop can run them: images that exist, and no more CPU and memory than there is."""

from collections.abc import Iterator
from typing import Any

import yaml

from tools.plane import paths

EXAMPLES = paths.REPOSITORY / "examples"
PARTS = ("namespaces.yaml", "priorityclasses.yaml", "pools", "queues.yaml", "workloads")
IMAGE = "registry.k8s.io/pause:3.10"
"""Runs until it is told to end, on any architecture."""
_ONLY_REAL = ("command", "args", "resources")
"""Of a container: what its own image would do, and what it would need."""


def objects() -> Iterator[dict[str, Any]]:
    """In an order in which they can be applied."""
    for part in PARTS:
        path = EXAMPLES / part
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            yield from (light(one) for one in yaml.safe_load_all(file.read_text()) if one)


def light(value: Any) -> Any:
    """The same with every container running the image that does nothing."""
    if isinstance(value, list):
        return [light(one) for one in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("image"), str):
        return {**{key: light(part) for key, part in value.items() if key not in _ONLY_REAL}, "image": IMAGE}
    return {key: light(part) for key, part in value.items()}
