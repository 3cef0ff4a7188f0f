"""The CRDs, made from the models: `python -m chippool.api.schema DIRECTORY…` writes them."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from chippool.api.columns import POOL, QUEUE, WORKLOAD, Column
from chippool.api.model import Json
from chippool.api.names import GROUP, VERSION
from chippool.api.pool import ChipPool
from chippool.api.queue import ChipQueue
from chippool.api.workload import ChipWorkload

INT32 = 2**31 - 1
DROPPED = ("title", "const", "$ref", "anyOf", "default", "properties", "items", "additionalProperties")
SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def crds() -> tuple[Json, ...]:
    """Return the CustomResourceDefinitions of this version."""
    return (
        _crd(ChipPool, "Cluster", "cpool", POOL, {"status": {}}),
        _crd(ChipQueue, "Cluster", "chq", QUEUE, {"status": {}}),
        _crd(ChipWorkload, "Namespaced", "cw", WORKLOAD, {"status": {}, "scale": SCALE}),
    )


def to_yaml(crd: Json) -> str:
    """Return a CRD as its file has it."""
    return yaml.safe_dump(crd, sort_keys=False, width=120, allow_unicode=True)


def write(directory: Path) -> None:
    """Write every CRD into a directory, a file each."""
    directory.mkdir(parents=True, exist_ok=True)
    for crd in crds():
        name = f"{GROUP}_{crd['spec']['names']['plural']}.yaml"
        (directory / name).write_text(to_yaml(crd), encoding="utf-8")


def _crd(model: type[BaseModel], scope: str, short: str, columns: tuple[Column, ...], subresources: Json) -> Json:
    kind = model.__name__
    plural = f"{kind.lower()}s"
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": subresources,
        "additionalPrinterColumns": [column.as_json() for column in columns],
        "schema": {"openAPIV3Schema": structural(model)},
    }
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
        "shortNames": [short],
        "categories": ["chips"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": scope, "names": names, "versions": [version]},
    }


def structural(model: type[BaseModel]) -> Json:
    """Return a model's schema as a CRD may have it: nothing referred to, nothing left untyped."""
    schema = model.model_json_schema(by_alias=True)
    definitions = schema.pop("$defs", {})
    schema["properties"]["metadata"] = {"type": "object"}
    for described in ("apiVersion", "kind"):
        schema["properties"][described] = {"type": "string"}
    schema["required"] = ["spec"]
    return _plain(schema, definitions)


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Json]) -> Json:
    source = _resolved(schema, definitions)
    plain = {key: value for key, value in source.items() if key not in DROPPED}
    if _is_worth_telling(source.get("default")):
        plain["default"] = source["default"]
    if "additionalProperties" in source and isinstance(source["additionalProperties"], dict):
        plain["additionalProperties"] = _plain(source["additionalProperties"], definitions)
    if "items" in source:
        plain["items"] = _plain(source["items"], definitions)
    if "properties" in source:
        plain["properties"] = {name: _plain(part, definitions) for name, part in source["properties"].items()}
    return _typed(plain, source)


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Json]) -> Json:
    """Follow a reference, and an option that may be null; what stands beside it goes first."""
    beside = {key: value for key, value in schema.items() if key not in ("$ref", "anyOf", "title")}
    if "$ref" in schema:
        return {**_resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions), **beside}
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        return {**_resolved(options[0], definitions), **beside}
    return {**beside, "anyOf": options} if options else dict(schema)


def _typed(plain: Json, source: Json) -> Json:
    if plain.get("x-kubernetes-int-or-string"):
        plain["anyOf"] = [{"type": "integer"}, {"type": "string"}]
        plain.pop("maxLength", None)
    if plain.get("type") == "integer":
        plain["format"] = "int32" if source.get("maximum", INT32 + 1) <= INT32 else "int64"
    if plain.get("x-kubernetes-preserve-unknown-fields"):
        plain.pop("additionalProperties", None)
    return {key: plain[key] for key in sorted(plain)}


def _is_worth_telling(default: Any) -> bool:
    return default not in (None, {}, [], ()) or default is False


def main() -> None:
    for directory in sys.argv[1:]:
        write(Path(directory))


if __name__ == "__main__":
    main()
