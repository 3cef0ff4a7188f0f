"""Records printed for programs."""

from typing import Any

import orjson
import yaml

from chippool.cli.options import Structured
from chippool.visibility.document import document


def text(value: Any, how: Structured) -> str:
    """Return the document of a record as JSON or YAML."""
    if how is Structured.JSON:
        return orjson.dumps(document(value), option=orjson.OPT_INDENT_2).decode()
    return yaml.safe_dump(document(value), sort_keys=False, allow_unicode=True, width=120).rstrip()
