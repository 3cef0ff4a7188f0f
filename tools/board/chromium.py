"""A Chromium for tests and pictures of the page: the machine's own, else Debian's in the user's cache, without root."""

import hashlib
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tools.plane import debian, paths
from tools.plane.errors import PlaneError
from tools.plane.progress import Silent, Steps
from tools.plane.staging import one_builder, staged

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FONT = "fonts-dejavu-core"
FONTS = """<fontconfig>
  <dir>/usr/share/fonts</dir><dir prefix="relative">usr/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


@dataclass(frozen=True, slots=True)
class Browser:
    """The program, and what its environment must say beside ours."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)


def home() -> Path:
    return paths.cache_root() / "chromium"


def chromium(steps: Steps | None = None) -> Browser:
    """The one on PATH, else Debian's; PlaneError says what to do where there is neither."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is not None:
        return Browser(Path(found))
    steps = steps or Silent()
    with one_builder(home() / ".lock", steps):
        return _unpacked(_debian(steps))


def _unpacked(folder: Path) -> Browser:
    libraries = sorted({found.parent for found in folder.glob("**/lib/*-linux-gnu*/**/*.so*")})
    said = {"LD_LIBRARY_PATH": ":".join(map(str, [*libraries, *_given("LD_LIBRARY_PATH")]))}
    if not Path("/etc/fonts/fonts.conf").exists():
        said["FONTCONFIG_FILE"] = str(folder / "fonts.conf")
    return Browser(folder / "usr/lib/chromium/chromium", said)


def _given(name: str) -> list[str]:
    return [os.environ[name]] if os.environ.get(name) else []


def _debian(steps: Steps) -> Path:
    if not debian.is_here():
        return _kept() or _missing("this machine has no apt to fetch Debian's package with")
    wanted, options = debian.asked(_wanted, home(), steps)
    if not wanted:
        return _kept() or _missing("apt knows no package chromium here")
    folder = home() / f"debian-{hashlib.sha256(' '.join(wanted).encode()).hexdigest()[:16]}"
    if not folder.exists():
        with steps.step(f"Chromium (Debian's package, and {len(wanted) - 1} that it needs)"), staged(folder) as new:
            debian.unpack(wanted, options, new)
            (new / "fonts.conf").write_text(FONTS)
    return folder


def _wanted(options: list[str]) -> list[str]:
    """Name=version of chromium and of all that it needs and this machine lacks; what would be upgraded stays as is."""
    done = debian.answer(["apt-get", *options, "-s", "--no-install-recommends", "install", "chromium", FONT])
    found = re.findall(r"^Inst (\S+) \((\S+)", done.stdout, re.MULTILINE) if done.returncode == 0 else []
    return sorted(f"{name}={version}" for name, version in found)


def _kept() -> Path | None:
    return max(home().glob("debian-*"), default=None)


def _missing(why: str) -> Path:
    raise PlaneError(f"There is no Chromium: {why}. Put chromium on PATH.")
