"""kind-config.yaml read by kind's own Go types, strictly: built from the pinned module, kept in the user's cache."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tools.plane import paths, toolchain
from tools.plane.build import ENVIRONMENT
from tools.plane.errors import PlaneError
from tools.plane.progress import Steps
from tools.plane.staging import one_builder, staged

CONFIG = paths.REPOSITORY / "kind-config.yaml"
MODULE = Path(__file__).parent / "go"


def load(path: Path, steps: Steps) -> dict[str, Any]:
    """What kind understands, its defaults filled in; PlaneError says what it does not know."""
    done = subprocess.run([_reader(steps), path], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PlaneError(f"{path}: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _reader(steps: Steps) -> Path:
    home = paths.cache_root() / "kind" / _fingerprint()
    program = home / "readconfig"
    if not program.exists():
        with one_builder(paths.cache_root() / "kind" / ".lock", steps):
            if not program.exists():
                _build(home, steps)
    return program


def _fingerprint() -> str:
    made_of = b"\0".join(path.read_bytes() for path in sorted(MODULE.iterdir()))
    return hashlib.sha256(made_of + repr(ENVIRONMENT).encode()).hexdigest()[:16]


def _build(home: Path, steps: Steps) -> None:
    go = toolchain.go(steps)
    with steps.step("the reader of kind's configuration (from Go modules)"), staged(home) as folder:
        done = subprocess.run(
            [go, "build", "-trimpath", "-o", folder / "readconfig", "."],
            cwd=MODULE,
            env=os.environ | ENVIRONMENT | {"GOROOT": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PlaneError(f"the reader of kind's configuration could not be built from {MODULE}:\n{done.stderr}")
