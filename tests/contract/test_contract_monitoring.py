"""What the chart makes of dashboards and rules, and when."""

import json
import subprocess

import pytest
import yaml

from tests.contract.conftest import CHART
from tools.plane.build import binaries
from tools.plane.progress import Silent

pytestmark = pytest.mark.plane  # for helm alone


def rendered(*switches):
    helm = binaries(Silent()) / "helm"
    chosen = [word for switch in switches for word in ("--set", f"monitoring.{switch}")]
    command = [helm, "template", "chippool", CHART, "-n", "chippool-system", *chosen]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [one for one in yaml.safe_load_all(text) if one]


def of(kind, objects):
    return [one for one in objects if one["kind"] == kind]


def test_nothing_of_it_is_there_that_was_not_asked_for():
    """A cluster may have neither Grafana nor the CRDs of the Prometheus operator."""
    assert not {"ConfigMap", "PrometheusRule", "ServiceMonitor"} & {one["kind"] for one in rendered()}


def test_dashboards_are_config_maps_that_a_sidecar_takes_in():
    found = of("ConfigMap", rendered("dashboards.enabled=true", "dashboards.namespace=grafana"))
    files = {path.name: json.loads(path.read_text()) for path in (CHART / "dashboards").glob("*.json")}
    shown = {name: json.loads(text) for one in found for name, text in one["data"].items()}
    assert shown == files
    for one in found:
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert one["metadata"]["namespace"] == "grafana"
    assert len({one["metadata"]["name"] for one in found}) == len(files)


def test_rules_are_those_of_the_files_under_the_labels_a_prometheus_selects_by():
    found = of("PrometheusRule", rendered("rules.enabled=true", "rules.labels.release=stack"))
    files = [yaml.safe_load(path.read_text()) for path in sorted((CHART / "rules").glob("*.yaml"))]
    assert [one["spec"] for one in found] == files
    assert {one["metadata"]["labels"]["release"] for one in found} == {"stack"}


def test_the_service_monitor_selects_the_service_of_the_metrics_and_its_port():
    objects = rendered("serviceMonitor.enabled=true", "serviceMonitor.interval=15s")
    (monitor,) = of("ServiceMonitor", objects)
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    selected = [one for one in of("Service", objects) if wanted <= one["metadata"]["labels"].items()]
    ports = {port["name"] for one in selected for port in one["spec"]["ports"]}
    assert [(point["port"], point["interval"]) for point in monitor["spec"]["endpoints"]] == [("metrics", "15s")]
    assert "metrics" in ports


def test_nodes_are_scraped_only_where_they_are_asked_for():
    def paths(*switches):
        (monitor,) = of("ServiceMonitor", rendered("serviceMonitor.enabled=true", *switches))
        return [point.get("path", "/metrics") for point in monitor["spec"]["endpoints"]]

    assert paths() == ["/metrics"]
    assert paths("nodeMetrics=true") == ["/metrics", "/metrics/nodes"]


@pytest.mark.parametrize("wrong", ["dashboards.enabled=2", "serviceMonitor.interval=often", "rulez.enabled=true"])
def test_values_that_make_no_sense_are_refused(wrong):
    with pytest.raises(subprocess.CalledProcessError):
        rendered(wrong)
