"""What PromQL expressions name."""

import re

from chippool.metrics.families import FAMILIES, Kind

_HISTOGRAMS = {family.shown for family in FAMILIES if family.kind is Kind.HISTOGRAM}


def metrics_of(text: str) -> set[str]:
    """Names of chippool's metrics and of what is recorded of them, a histogram's parts under its own name."""
    found = re.findall(r"\b(?:[a-z_]+:)?chippool_[a-z_]+(?::[a-z]+)?\b", text.replace("label_chippool_io_pool", ""))
    return {_whole(name) for name in found}


def _whole(name: str) -> str:
    bare = re.sub(r"_(bucket|sum|count)$", "", name)
    return bare if bare in _HISTOGRAMS else name
