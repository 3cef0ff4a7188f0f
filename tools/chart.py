"""Writes what of the chart is made from its values' schema: `python -m tools.chart FOLDER`."""

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

WIDTH = 118
Json = dict[str, Any]

VALUES_HEAD = "# Made from values.schema.json by `make generate`: change defaults and words there.\n"
README_HEAD = """# The chart of chippool

[chippool](../../README.md) gives every accelerator to the work that matters most. The chart brings the CRDs, the
operator (two replicas, of which the Lease lets one act), no more rights than it uses, the admission policies without
which anybody could say "admitted", and roles for users.

    helm install chippool helm/chippool -n chippool-system --create-namespace

Needs Kubernetes 1.34 or later. [How to install](../../docs/how-to/install.md) has the other ways, and what to look at
afterwards. [How to upgrade](../../docs/how-to/upgrade.md) says how the CRDs come along, which Helm installs and then
leaves alone, and how to take chippool away again without harm to what runs.

## Values

Made from [values.schema.json](values.schema.json), against which Helm checks them.

| value | default | |
|---|---|---|
"""


def main() -> None:
    folder = Path(sys.argv[1])
    schema = json.loads((folder / "values.schema.json").read_text())
    (folder / "values.yaml").write_text(values_yaml(schema))
    (folder / "README.md").write_text(readme(schema))


def values_yaml(schema: Json) -> str:
    """The defaults, each below what it means."""
    return VALUES_HEAD + "".join("\n" + block for block in _blocks(schema, ""))


def _blocks(schema: Json, indent: str) -> Iterator[str]:
    for key, value in schema["properties"].items():
        if "properties" in value:
            inner = "".join(_blocks(value, indent + "  "))
            yield f"{_comment(value, indent)}{indent}{key}:\n{inner}"
        elif "default" in value:
            yield f"{_comment(value, indent)}{indent}{key}: {_inline(value['default'])}\n"


def _comment(value: Json, indent: str) -> str:
    mark = f"{indent}# "
    lines = textwrap.wrap(
        _told(value), WIDTH, initial_indent=mark, subsequent_indent=mark, break_long_words=False, break_on_hyphens=False
    )
    return "".join(f"{line}\n" for line in lines)


def readme(schema: Json) -> str:
    """A page with a row for each value."""
    return README_HEAD + "".join(_rows(schema, ""))


def _rows(schema: Json, prefix: str) -> Iterator[str]:
    for key, value in schema["properties"].items():
        if "properties" in value:
            yield from _rows(value, f"{prefix}{key}.")
        elif "default" in value:
            yield f"| `{prefix}{key}` | `{_inline(value['default'])}` | {_told(value)} |\n"


def _told(value: Json) -> str:
    """What a value means and may be."""
    allowed = [one for one in value.get("enum", ()) if isinstance(one, str)]
    if allowed:
        return f"{value['description']} ({', '.join(allowed)})"
    if value.get("type") == "integer":
        return f"{value['description']} ({value['minimum']} to {value['maximum']})"
    return str(value["description"])


def _inline(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("...\n").strip()


if __name__ == "__main__":
    main()
