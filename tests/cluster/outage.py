"""How long what is broken stays broken: the full time where `make proof` asks for it (CHIPPOOL_PROOF=1)."""

import os

OUTAGE_S = 60.0 if os.environ.get("CHIPPOOL_PROOF") else 20.0
"""Longer than a lease lasts (15 s) in either case."""
