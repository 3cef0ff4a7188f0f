"""`python -m tools.neighbours` builds them (once) and prints their folder."""

import sys

from tools.neighbours.build import neighbours
from tools.plane.errors import PlaneError
from tools.plane.progress import Steps

try:
    print(neighbours(Steps()))
except PlaneError as error:
    sys.exit(str(error))
