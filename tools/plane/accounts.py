"""Kubeconfigs of service accounts, with a token such as their pods get."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import yaml

LASTS = "24h"
"""Longer than any plane is up."""


def kubeconfig(kubectl: Callable[..., subprocess.CompletedProcess[str]], path: Path, namespace: str, name: str) -> Path:
    """Write the kubeconfig of an account of the cluster that kubectl talks to; CalledProcessError if there is none."""
    token = kubectl("create", "token", name, "-n", namespace, f"--duration={LASTS}").stdout.strip()
    view = json.loads(kubectl("config", "view", "--raw", "--minify", "-o", "json").stdout)
    cluster, user = view["clusters"][0], f"system:serviceaccount:{namespace}:{name}"
    context = {"cluster": cluster["name"], "user": user, "namespace": namespace}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": user,
        "clusters": [cluster],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": user, "context": context}],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path
