"""Everything a bare machine needs: run by `make` with the system's python3, before anything is installed.

Makes .venv with the locked dependencies. Of the network it needs PyPI only. Written for old interpreters on purpose:
one that is too old must be able to say so.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

UV = "0.13.9"
OLDEST = (3, 11)
REPOSITORY = Path(__file__).resolve().parents[1]
SYSTEM_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
STAMP = REPOSITORY / ".venv" / "chippool-setup"


def main() -> int:
    """Set up, or say what is missing."""
    problem = missing()
    if problem:
        say(f"Error: {problem}")
        return 1
    if is_current():
        return 0
    sync(installed_uv())
    STAMP.write_text(digest())
    return 0


def missing() -> str:
    """Return what this machine lacks, as a sentence."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        return (
            f"python3 is {found} here, and chippool needs {OLDEST[0]}.{OLDEST[1]} or later: install one, or run make "
            "with PYTHON=/path/to/python3."
        )
    try:
        import ensurepip  # noqa: F401, PLC0415
        import venv  # noqa: F401, PLC0415
    except ImportError:
        return (
            "this python3 lacks the venv module: install it (on Debian and Ubuntu: apt install python3-venv), "
            "or run make with PYTHON=/path/to/python3."
        )
    return ""


def is_current() -> bool:
    """Tell whether .venv was made from the files as they are now."""
    return STAMP.is_file() and STAMP.read_text() == digest() and (REPOSITORY / ".venv" / "bin" / "python").exists()


def digest() -> str:
    """Return the fingerprint of what .venv is made from."""
    made_of = [REPOSITORY / "uv.lock", REPOSITORY / "pyproject.toml"]
    parts = [path.read_bytes() for path in made_of] + [UV.encode(), str(REPOSITORY).encode(), sys.version.encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def installed_uv() -> Path:
    """Return uv's path; installed once a machine, in the user's cache."""
    home = cache() / "tools" / f"uv-{UV}-py{sys.version_info[0]}.{sys.version_info[1]}"
    uv = home / "bin" / "uv"
    if works(uv):
        return uv
    with step("uv " + UV):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "uv==" + UV], check=True)
    return uv


def works(uv: Path) -> bool:
    """Tell whether uv is there whole; an interrupted installation is not."""
    try:
        return subprocess.run([str(uv), "--version"], stdout=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def sync(uv: Path) -> None:
    """Bring .venv to what uv.lock says."""
    chosen = dict(uv_settings(), UV_PROJECT_ENVIRONMENT=".venv")
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    with step("the packages of uv.lock into .venv"):
        subprocess.run([str(uv), "sync", "--frozen"], cwd=str(REPOSITORY), env=dict(environment, **chosen), check=True)


def uv_settings() -> dict[str, str]:
    """Return what uv has to know wherever it is run."""
    settings = {"UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}
    if has_system_certificates():
        settings["UV_SYSTEM_CERTS"] = "true"  # as pip does; a company's proxy may have an authority of its own
    return settings


def has_system_certificates() -> bool:
    """Tell whether this machine says whom it trusts; a bare container may not."""
    return any(path.is_file() and path.stat().st_size for path in map(Path, SYSTEM_CERTIFICATES))


def cache() -> Path:
    """Return the folder in the user's cache that the whole project uses."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chippool"


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Say what goes on, and how long it took."""
    started = time.time()
    say(f"installing {title} ...")
    yield
    say(f"installing {title}: done ({time.time() - started:.1f} s)")


def say(sentence: str) -> None:
    """Say it on stderr, at once."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as failed:
        say(f"Error: `{' '.join(failed.cmd)}` failed; is PyPI reachable?")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
