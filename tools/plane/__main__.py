"""`python -m tools.plane`: the plane from a shell."""

import signal
import sys

from tools.plane.cli import app
from tools.plane.errors import PlaneError


def main() -> int:
    """Run the command; a PlaneError is its sentence on stderr and exit code 1."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a plane half started goes down as after Ctrl-C
    try:
        app(standalone_mode=False)
    except PlaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
