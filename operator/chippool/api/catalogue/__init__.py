"""What is published of chips: peak figures and measured serving, with their sources; a blank is unknown."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

REFERENCE = "H100-SXM5-80GB"
"""The chip that others are compared with."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one model; None is unknown."""

    bf16_tflops: float | None
    """Dense peak."""
    decode: float | None = None
    """Measured tokens a second and chip, decoding a large model."""


@cache
def catalogue() -> Mapping[str, Facts]:
    """Every model that something is known of, by its name in lower case."""
    decode = {row["model"]: _number(row["decode_tok_s_per_chip"]) for row in _rows("serving.csv")}
    return {
        row["model"].lower(): Facts(_number(row["bf16_dense_tflops"]), decode.get(row["model"]))
        for row in _rows("chips.csv")
    }


def facts_of(model: str) -> Facts:
    """What is known of a model, under its name in the catalogue."""
    return catalogue().get(model.lower(), Facts(None))


def reference() -> Facts:
    return facts_of(REFERENCE)


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files(__package__).joinpath(name).read_text(encoding="utf-8").splitlines()))


def _number(written: str) -> float | None:
    return float(written) if written else None
