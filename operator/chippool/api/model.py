"""What every API model shares: frozen, camelCase outside, deaf to fields of later versions."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Json = dict[str, Any]


class ApiModel(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


class Metadata(ApiModel):
    """The part of ObjectMeta that is read."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    labels: Mapping[str, str] = Field(default_factory=dict)
    annotations: Mapping[str, str] = Field(default_factory=dict)
    finalizers: tuple[str, ...] = ()


def rule(expression: str, message: str, **more: str) -> Json:
    """Return a CEL rule of a schema; `more` has reason, fieldPath or messageExpression."""
    return {"rule": expression, "message": message} | more


def rules(*given: Json, **keywords: Any) -> Json:
    """Return schema extras: CEL rules, and vendor extensions (`list_type="set"` is x-kubernetes-list-type)."""
    extensions = {f"x-kubernetes-{name.replace('_', '-')}": value for name, value in keywords.items()}
    return extensions | ({"x-kubernetes-validations": list(given)} if given else {})


NAME_SYNTAX = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"

ObjectName = Annotated[str, Field(min_length=1, max_length=63, pattern=NAME_SYNTAX)]
"""Name of a pool, queue or class: lower case letters, digits, `-` and `.`."""
Tenancy = Literal["Internal", "External"]
"""Whose the work is: the owner's own, or a customer's to whom capacity is resold."""
LabelKey = Annotated[str, Field(min_length=1, max_length=317, pattern="^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$")]
LabelValue = Annotated[str, Field(max_length=63)]
