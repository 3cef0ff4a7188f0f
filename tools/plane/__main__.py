"""`python -m tools.plane`: the plane from a shell."""

import signal
import sys

from tools.plane.cli import app
from tools.plane.errors import PlaneError


def main() -> None:
    """Run the command; a PlaneError is its sentence on stderr and exit code 1, Ctrl-C is 130."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a plane half started goes down as after Ctrl-C
    try:
        app()
    except PlaneError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
