"""What the chart renders, value by value; no cluster is needed for it."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from tools import chart, manifests
from tools.plane.build import clients_only
from tools.plane.progress import Silent

SCHEMA = json.loads((manifests.CHART / "values.schema.json").read_text())


@pytest.fixture(scope="module")
def helm():
    return clients_only(Silent()) / "helm"


def test_every_file_that_is_rendered_from_it_is_current(helm):
    """`make generate` writes them anew; read the diff."""
    for path, text in manifests.files(helm).items():
        assert path.read_text() == text, path


@pytest.mark.parametrize("switch", manifests.SWITCHES)
def test_helm_finds_nothing_to_complain_of_with_any_switch(helm, switch):
    command = [helm, "lint", "--strict", manifests.CHART, *manifests.options(manifests.SWITCHES[switch])]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_kustomization_is_the_plain_file_and_takes_another_image(helm, tmp_path):
    plain = manifests.PLAIN.read_text()
    assert objects(kustomized(helm, manifests.PLAIN.parent)) == objects(plain)
    shutil.copytree(manifests.PLAIN.parent, tmp_path / "deploy")
    images = [{"name": "ghcr.io/chippool/chippool", "newName": "registry.example.com/chippool", "newTag": "dev"}]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({"resources": ["deploy"], "images": images}))
    assert '"image": "registry.example.com/chippool:dev"' in json.dumps(objects(kustomized(helm, tmp_path)))


def kustomized(helm, folder):
    command = [helm.with_name("kubectl"), "kustomize", folder]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def objects(text):
    """In any order, and without the blank lines that kustomize adds to folded text."""
    found = (json.loads(re.sub(r"(\\n)+", r"\\n", json.dumps(one, sort_keys=True))) for one in yaml.safe_load_all(text))
    return sorted(found, key=lambda one: (one["kind"], one["metadata"]["name"]))


def test_no_golden_file_is_left_of_a_switch_that_is_gone():
    kept = {path.stem for path in manifests.GOLDEN.glob("*.yaml")}
    assert kept == {"default", *manifests.SWITCHES}


def test_every_value_has_a_switch_that_shows_what_it_changes():
    set_somewhere = {value.split("=")[0] for values in manifests.SWITCHES.values() for value in values}
    for key in keys(SCHEMA):
        if key in {"global", "resources", "networkPolicy.apiServerPorts"}:
            continue
        assert any(one == key or one.startswith((f"{key}.", f"{key}[")) for one in set_somewhere), key


def test_every_switch_changes_something():
    for name in manifests.SWITCHES:
        assert (manifests.GOLDEN / f"{name}.yaml").read_text(), name


def test_values_and_page_are_made_from_the_schema():
    assert (manifests.CHART / "values.yaml").read_text() == chart.values_yaml(SCHEMA)
    assert (manifests.CHART / "README.md").read_text() == chart.readme(SCHEMA)


def test_every_value_is_described():
    for key, value in keys(SCHEMA).items():
        assert value.get("description", "").endswith("."), key


def test_the_defaults_are_those_of_the_schema():
    values = yaml.safe_load((manifests.CHART / "values.yaml").read_text())
    for key, value in keys(SCHEMA).items():
        found = values
        for part in key.split("."):
            found = found.get(part)
        assert found == value.get("default"), key


@pytest.mark.parametrize("wrong", ["replicas=9", "metrics.port=80", "log.level=loud", "unknown=1", "enforcement=Maybe"])
def test_a_wrong_value_is_refused_with_its_name(helm, wrong):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        manifests.render(helm, wrong)

    assert wrong.split("=")[0].split(".")[-1] in caught.value.stderr


def test_an_off_that_yaml_takes_for_false_is_off(helm, tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text("enforcement: Off\n")
    assert manifests.render(helm, f"--values={values}") == manifests.render(helm)


def keys(schema, prefix=""):
    """Every value that has no values below it, by its path."""
    found = {}
    for key, value in schema["properties"].items():
        found |= keys(value, f"{prefix}{key}.") if "properties" in value else {f"{prefix}{key}": value}
    return found
