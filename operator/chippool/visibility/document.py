"""Records as documents for programs: the fields' names in camelCase, chips as numbers."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from chippool.core.ids import CHIP, Milli


def as_chips(milli: Milli) -> float | int:
    """A number of chips, whole where it is whole."""
    return milli // CHIP if milli % CHIP == 0 else milli / CHIP


def document(value: Any) -> Any:
    """Return a record, or what holds records, as plain maps and lists; fields that are None are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {field.name: getattr(value, field.name) for field in fields(value)}
        return {_camel(name): document(part) for name, part in found.items() if part is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): document(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [document(part) for part in value]
    return value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
