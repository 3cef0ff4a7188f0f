"""Amounts of cases about quota, in chips."""

import re
from decimal import Decimal

UNITS = {"": 1, "m": Decimal("0.001"), "k": 10**3, "M": 10**6, "G": 10**9}
UNITS |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
BYTES = 2**20
"""A chip stands for a mebibyte where a quota is of memory."""
PODS = "pods"
"""What a pod takes one of, and need not ask for."""


def chips(resource, amount):
    """A Kubernetes quantity as a number of chips."""
    number, unit = re.fullmatch(r"(-?[\d.]+)([A-Za-z]*)", str(amount)).groups()
    value = Decimal(number) * UNITS[unit]
    return float(value / BYTES if resource == "memory" and unit else value)


def used(facts, word):
    """By flavor and resource what is in use; memory is told in bytes, pods one by one."""
    found = {}
    for place, amount in (facts.get(word) or {}).items():
        flavor, resource = place.rsplit("/", 1)
        unit = {"memory": BYTES, PODS: 1}.get(resource, 1000)
        found.setdefault(flavor, {})[resource] = int(amount) / unit
    return found
