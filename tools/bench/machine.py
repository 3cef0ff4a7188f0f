"""What a figure was measured on, so that it can be judged elsewhere."""

import datetime as dt
import os
import platform
import sys
from pathlib import Path
from typing import Any

from chippool.core import cycle


def machine() -> dict[str, Any]:
    """Cores, memory (GiB), processor, kernel and interpreter of this machine, and whether the core was compiled."""
    return {
        "cpus": os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": sys.version.split()[0],
        "core": "interpreted" if cycle.__file__.endswith(".py") else "compiled",
        "load_1m": round(os.getloadavg()[0], 2),
    }


def today() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%d")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
