"""`python -m tests.conformance FOLDER`: the table of a folder of cases; ends with 1 if a case fails."""

import sys

from tests.conformance.facts import read
from tests.conformance.verdict import FAIL, judge, table

verdicts = [judge(case) for case in read(sys.argv[1])]
print("\n".join(table(verdicts)))
sys.exit(any(v.word == FAIL for v in verdicts))
