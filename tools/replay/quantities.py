"""Kubernetes quantities as exact numbers."""

from fractions import Fraction

_SUFFIXES = {
    "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000),
    "k": Fraction(10**3), "M": Fraction(10**6), "G": Fraction(10**9), "T": Fraction(10**12), "P": Fraction(10**15),
    "Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40), "Pi": Fraction(2**50),
}  # fmt: skip


def quantity(text: str | int) -> Fraction:
    """`500m` is 1/2, `2Gi` 2³¹; ValueError if it is none."""
    said = str(text)
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if said.endswith(suffix):
            return Fraction(said.removesuffix(suffix)) * _SUFFIXES[suffix]
    return Fraction(said)
