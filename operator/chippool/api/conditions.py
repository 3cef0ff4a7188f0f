"""metav1.Condition, and the one list of them every kind has."""

from typing import Annotated, Literal

from pydantic import Field

from chippool.api.model import ApiModel, rules


class Condition(ApiModel):
    """One thing that is known of an object, with its reason and a sentence a person understands."""

    type: str = Field(max_length=316)
    """What is known."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""
    reason: str = Field(max_length=1024)
    """Why, in one word: the same as in events, metrics and the command line."""
    message: str = Field(default="", max_length=32768)
    """Why, in a sentence."""
    last_transition_time: str = Field(json_schema_extra={"format": "date-time"})
    """When `status` last changed."""
    observed_generation: int = Field(default=0, ge=0)
    """The generation of the spec this was said of."""


Conditions = Annotated[
    tuple[Condition, ...], Field(max_length=16, json_schema_extra=rules(list_type="map", list_map_keys=["type"]))
]


def find(conditions: tuple[Condition, ...], kind: str) -> Condition | None:
    """Return the condition of a type."""
    return next((condition for condition in conditions if condition.type == kind), None)


def holds(conditions: tuple[Condition, ...], kind: str) -> bool:
    """Say whether a condition is there and True."""
    found = find(conditions, kind)
    return found is not None and found.status == "True"
