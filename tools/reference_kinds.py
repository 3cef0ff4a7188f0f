"""The reference pages of the kinds: every field of a CRD with its type, default and meaning, and what is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chippool.api.schema import crds

Schema = dict[str, Any]
PARTS = {
    "spec": "What you ask for.",
    "status": "What the operator says. Who only reads it needs no right to the operator.",
}
SCOPES = {"Cluster": "one for the cluster", "Namespaced": "in a namespace"}
LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "minProperties": "at least {} entries",
    "maxProperties": "at most {} entries",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field with its path from the object's root, such as `spec.access[].use`."""

    path: str
    schema: Schema
    required: bool


def kind_pages() -> dict[str, str]:
    """Return each kind's page by its file name."""
    return {f"{crd['spec']['names']['singular']}.md": kind_page(crd) for crd in crds()}


def kind_page(crd: Schema) -> str:
    """Return the page of one kind as Markdown."""
    names, version = crd["spec"]["names"], crd["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    asked = f"`kubectl get {names['shortNames'][0]}`, or `kubectl get {names['categories'][0]}` for all kinds"
    found = f"`apiVersion: {crd['spec']['group']}/{version['name']}`, {SCOPES[crd['spec']['scope']]}; {asked}."
    said = [f"# {names['kind']}", schema["description"], f"{found} Fields in bold are required."]
    for part, meaning in PARTS.items():
        fields = list(walk(part, schema["properties"][part]))
        said += [f"## {part}", meaning, table(part, fields)]
    said += ["## What is refused", "By the API server, with this sentence, beside types and limits.", refused(schema)]
    said += ["## Columns", columns(version["additionalPrinterColumns"])]
    return "\n\n".join(said) + "\n"


def walk(path: str, schema: Schema) -> Iterator[Field]:
    """Yield all fields below a path, each before those inside of it."""
    inside, mark = _inside(schema)
    for name, part in inside.get("properties", {}).items():
        field = Field(f"{path}{mark}.{name}", part, name in inside.get("required", ()))
        yield field
        yield from walk(field.path, part)


def _inside(schema: Schema) -> tuple[Schema, str]:
    """Return the schema of what a list or map is of, with the mark that says so in a path."""
    if schema.get("type") == "array":
        return schema["items"], "[]"
    if isinstance(schema.get("additionalProperties"), dict):
        return schema["additionalProperties"], "{}"
    return schema, ""


def table(part: str, fields: list[Field]) -> str:
    """Return the fields as a Markdown table."""
    lines = ["| field | type | default | meaning |", "|---|---|---|---|"]
    for field in fields:
        name = f"`{field.path.removeprefix(part + '.')}`"
        default = f"`{_as_text(field.schema['default'])}`" if field.schema.get("default", "") != "" else ""
        meaning = " ".join([*field.schema.get("description", "").split(), _limits(field.schema)]).strip()
        cells = [f"**{name}**" if field.required else name, kind_of(field.schema), default, meaning]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def kind_of(schema: Schema) -> str:
    """Return a field's type in words."""
    if schema.get("type") == "array":
        return f"list of {kind_of(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {kind_of(schema['additionalProperties'])}"
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    return str(schema.get("format") if schema.get("format") == "date-time" else schema.get("type", "any"))


def _limits(schema: Schema) -> str:
    of = schema["items"] if schema.get("type") == "array" and "properties" not in schema["items"] else {}
    said = [words.format(schema[key]) for key, words in LIMITS.items() if _tells(key, schema)]
    said += [f"each {words.format(of[key])}" for key, words in LIMITS.items() if _tells(key, of)]
    said += [f"matches `{one['pattern']}`" for one in (schema, of) if "pattern" in one]
    return f"({'; '.join(said)})" if said else ""


def _tells(key: str, schema: Schema) -> bool:
    """Say whether a limit is worth telling: that something is not empty, and caps nobody meets, are not."""
    return schema.get(key) is not None and not (key.startswith("min") and key != "minimum" and schema[key] == 1)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def refused(schema: Schema) -> str:
    """Return every CEL rule with its message, under the field it is on."""
    lines: list[str] = []
    for path, part in _with_rules("", schema):
        for rule in part["x-kubernetes-validations"]:
            message = rule.get("message") or f"what this says: `{rule['messageExpression']}`"
            lines += [f"- {f'`{path}`: ' if path else ''}{message}", "", f"    `{rule['rule']}`", ""]
    return "\n".join(lines).rstrip() or "Nothing more."


def _with_rules(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    if "x-kubernetes-validations" in schema:
        yield path, schema
    inside, mark = _inside(schema)
    if inside is not schema and "x-kubernetes-validations" in inside:
        yield path + mark, inside
    for name, part in inside.get("properties", {}).items():
        yield from _with_rules(f"{path}{mark}.{name}".lstrip("."), part)


def columns(shown: list[Schema]) -> str:
    """Return what `kubectl get` shows, the columns of `-o wide` last."""
    rows = (
        f"| {one['name']} | `{one['jsonPath']}` | {'`-o wide`' if one.get('priority') else ''} |"
        for one in sorted(shown, key=lambda column: int(column.get("priority", 0)))
    )
    return "\n".join(["| column | of | |", "|---|---|---|", *rows])
