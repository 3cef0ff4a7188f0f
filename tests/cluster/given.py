"""A cluster somebody gave us by KUBECONFIG (kind, or anybody's), in the place of a plane of our own.

Only on request (`CHIPPOOL_TEST_CLUSTER=1`): the tests install CRDs and policies there and run work on its chips.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pytest

from tools.plane import accounts

WISH = "CHIPPOOL_TEST_CLUSTER"


class GivenCluster:
    """What tests need of a plane, as far as a cluster that is not ours can offer it."""

    def __init__(self, kubeconfig: Path, binaries: Path) -> None:
        self.kubeconfig = kubeconfig
        self.bin = binaries
        self._folder = TemporaryDirectory(prefix="chippool-given-")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def kubectl(
        self,
        *args: str,
        input: str | None = None,  # noqa: A002  as subprocess.run has it
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        command = [str(self.bin / "kubectl"), "--kubeconfig", str(self.kubeconfig), *args]
        return subprocess.run(command, input=input, check=check, capture_output=True, text=True)

    def kubeconfig_for_service_account(self, namespace: str, name: str) -> Path:
        """With a token of the account, in a folder that goes with this process."""
        path = Path(self._folder.name) / f"{namespace}-{name}.kubeconfig"
        return accounts.kubeconfig(self.kubectl, path, namespace, name)

    def __getattr__(self, name: str) -> Sequence[str]:
        return pytest.skip(f"needs the plane's own processes ({name}), and KUBECONFIG names a cluster that is given")


def wished() -> bool:
    return os.environ.get(WISH) == "1"


def given(binaries: Path) -> GivenCluster | None:
    """The cluster KUBECONFIG names, if the tests were asked to use it."""
    path = os.environ.get("KUBECONFIG", "")
    return GivenCluster(Path(path), binaries) if wished() and path else None
