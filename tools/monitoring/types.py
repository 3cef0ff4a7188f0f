"""Dashboards checked by Grafana's own types: TypeScript's compiler, strict, on the very JSON."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.monitoring.packages import SCHEMA, grafana_types, node
from tools.plane.progress import Steps


def complaints(boards: Mapping[str, str], steps: Steps | None = None) -> str:
    """What the compiler says of dashboards by name; empty where it has nothing to say."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        (folder / "node_modules").symlink_to(grafana_types(steps) / "node_modules")
        for name in ("json.ts", "package.json", "tsconfig.json"):
            shutil.copy(SCHEMA / name, folder)
        lines = [f"export const {name}: Checked = {text};" for name, text in boards.items()]
        (folder / "dashboards.ts").write_text("\n".join(['import type { Checked } from "./json.ts";', *lines]))
        compiler = folder / "node_modules" / "typescript" / "lib" / "tsc.js"
        done = subprocess.run([node(), compiler, "--project", folder], capture_output=True, text=True, check=False)
        return done.stdout if done.returncode else ""
