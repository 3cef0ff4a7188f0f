"""The generated CRDs: current, structural, described and bounded."""

from pathlib import Path

import pytest

from chippool.api.schema import crds, to_yaml, write

ROOT = Path(__file__).parents[2]
CRDS = {crd["spec"]["names"]["kind"]: crd for crd in crds()}


def parts(schema, path="spec"):
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from parts(part, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from parts(schema[key], f"{path}[]")


def schema_of(kind):
    return CRDS[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def all_parts():
    for kind in CRDS:
        properties = schema_of(kind)["properties"]
        for name in ("spec", "status"):
            yield from parts(properties[name], f"{kind}.{name}")


@pytest.mark.parametrize("directory", ["crds", "helm/chippool/crds"])
def test_the_committed_files_are_what_the_models_say(directory, tmp_path):
    write(tmp_path)

    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / directory).iterdir()}
    assert made == kept, "run `make generate`"


def test_the_same_models_give_the_same_files():
    assert [to_yaml(crd) for crd in crds()] == [to_yaml(crd) for crd in crds()]


def test_every_field_is_described():
    for path, schema in all_parts():
        if not path.endswith("[]"):
            assert schema.get("description"), path


def test_every_part_has_a_type_and_nothing_is_referred_to():
    for path, schema in all_parts():
        assert "type" in schema or schema.get("x-kubernetes-int-or-string"), path
        assert not {"$ref", "$defs", "title", "const"} & schema.keys(), path


def test_lists_and_maps_are_bounded_and_lists_say_how_they_merge():
    for path, schema in all_parts():
        if schema.get("type") == "array":
            assert "maxItems" in schema, path
            assert "x-kubernetes-list-type" in schema, path
        if "additionalProperties" in schema:
            assert "maxProperties" in schema, path


def test_integers_have_a_format():
    for path, schema in all_parts():
        if schema.get("type") == "integer":
            assert schema["format"] in ("int32", "int64"), path


def test_every_rule_has_a_sentence():
    roots = ((kind, schema_of(kind)) for kind in CRDS)
    for path, schema in [*roots, *all_parts()]:
        for rule in schema.get("x-kubernetes-validations", []):
            assert rule["rule"], path
            assert len(rule["message"].split()) > 3, path


@pytest.mark.parametrize(("kind", "short"), [("ChipPool", "cpool"), ("ChipQueue", "chq"), ("ChipWorkload", "cw")])
def test_every_kind_has_its_short_name_category_and_status(kind, short):
    spec = CRDS[kind]["spec"]

    assert spec["names"]["shortNames"] == [short]
    assert spec["names"]["categories"] == ["chips"]
    assert spec["versions"][0]["subresources"]["status"] == {}
    conditions = schema_of(kind)["properties"]["status"]["properties"]["conditions"]
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]


def test_only_workloads_scale():
    scaled = {kind for kind, crd in CRDS.items() if "scale" in crd["spec"]["versions"][0]["subresources"]}

    assert scaled == {"ChipWorkload"}
