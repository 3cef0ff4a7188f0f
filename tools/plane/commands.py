"""Other programs run to their end, with their own words where they fail."""

import subprocess
from pathlib import Path

from tools.plane.errors import PlaneError


def run(command: list[str], question: str, cwd: Path | None = None) -> None:
    """PlaneError with what the program said, and a question that leads to the cause."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PlaneError(f"`{' '.join(command)}` failed: {question}\n{done.stderr.strip()[-2000:]}")
