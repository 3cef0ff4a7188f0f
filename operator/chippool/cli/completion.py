"""`kubectl_complete-chippool`: what kubectl runs to complete `kubectl chippool …`, by its plugins' convention."""

import contextlib
import os
import sys

from chippool.cli.main import commands

NO_FILES = ":4"
"""Cobra's directive: nothing but these lines."""


def plugin() -> None:
    """Print what the last argument may become, a line each, and what the shell shall do with it."""
    words = ["chippool", *sys.argv[1:]]
    asked = {"_CHIPPOOL_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    os.environ.update(asked)
    with contextlib.suppress(SystemExit):
        commands(args=[], prog_name="chippool")
    sys.stdout.write(f"{NO_FILES}\n")
