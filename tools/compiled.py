"""The core as machine code, built once for its sources and kept in the user's cache: `python -m tools.compiled`.

Prints the folder to put on PYTHONPATH: the package as it is here, with the compiled core in place of the interpreted
one (docs/adr/0015). Without a C compiler and Python's headers it prints an empty line, says so, and everything runs
interpreted.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tools.bootstrap import cache, installed_uv, step, uv_settings

_REPOSITORY = Path(__file__).resolve().parents[1]
_PACKAGE = _REPOSITORY / "operator" / "chippool"
_KEPT = 5
"""Builds that stay in the cache."""


def main() -> int:
    lacking = _lacking()
    if lacking:
        print(f"The core runs interpreted, at about half the speed: {lacking}.", file=sys.stderr)
        print()
        return 0
    print(_assembled(_built()))
    return 0


def _lacking() -> str:
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler}) here"
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    return "" if headers.exists() else f"the headers of this Python are missing ({headers.name})"


def _built() -> Path:
    """The folder of compiled modules for the core's sources as they are."""
    home = cache() / "core"
    kept = home / _digest()
    if not kept.exists():
        home.mkdir(parents=True, exist_ok=True)
        with (
            step("the core as machine code (mypyc, one to two minutes)"),
            tempfile.TemporaryDirectory(dir=home) as work,
        ):
            made = Path(work) / "made"
            _compile(Path(work), made)
            if not kept.exists():
                made.rename(kept)
        _forget_old(home)
    kept.touch()
    return kept


def _digest() -> str:
    """Of all that the modules are made from."""
    targets = tomllib.loads((_REPOSITORY / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    parts = [part.encode() for part in (sys.version, platform.platform(), json.dumps(targets))]
    parts += [
        part for file in sorted((_PACKAGE / "core").glob("*.py")) for part in (file.name.encode(), file.read_bytes())
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:20]


def _compile(work: Path, made: Path) -> None:
    """Build the very wheel that the image holds, of a copy since mypyc writes beside its sources; keep the modules."""
    source = work / "source"
    shutil.copytree(_PACKAGE, source / "operator" / "chippool", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(_REPOSITORY / name, source)
    command = [str(installed_uv()), "build", "--wheel", "--python", sys.executable, "--out-dir", str(work), "-q"]
    chosen = {"HATCH_BUILD_HOOK_ENABLE_MYPYC": "1", **uv_settings()}
    subprocess.run(command, cwd=source, env={**os.environ, **chosen}, check=True, stdout=sys.stderr)
    with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
        wheel.extractall(made, [name for name in wheel.namelist() if name.endswith((".so", ".pyd"))])


def _assembled(built: Path) -> Path:
    """A package of links: to the compiled modules, and to the rest as it is in the working tree."""
    links = sorted(_links(built))
    names = hashlib.sha256("\0".join(str(name) for name, _ in links).encode()).hexdigest()[:8]
    home = _REPOSITORY / "build" / "compiled"
    path = home / f"{built.name}-{names}"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home) as work:  # renamed once it is whole
            _link(Path(work) / "whole", links)
            (Path(work) / "whole").rename(path)
        _forget_old(home)
    return path


def _link(path: Path, links: list[tuple[Path, Path]]) -> None:
    for name, target in links:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).symlink_to(target)


def _links(built: Path) -> Iterator[tuple[Path, Path]]:
    package = Path(_PACKAGE.name)
    for module in built.rglob("*.*"):
        yield module.relative_to(built), module
    for entry in _PACKAGE.iterdir():
        if entry.name not in {"core", "__pycache__"}:
            yield package / entry.name, entry
    for source in (_PACKAGE / "core").glob("*.py"):
        yield package / "core" / source.name, source


def _forget_old(home: Path) -> None:
    builds = sorted((p for p in home.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in builds[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
