"""Writes the reference pages that are made from code: `python -m tools.reference docs/reference`."""

import re
import sys
from pathlib import Path

from chippool.core import reasons
from chippool.core.reasons import MISTAKES, Reason
from tools.reference_figures import figures_page
from tools.reference_kinds import kind_pages
from tools.reference_metrics import metrics_page
from tools.reference_options import options_page
from tools.rules import rules_page


def main() -> None:
    folder = Path(sys.argv[1])
    folder.joinpath("reasons.md").write_text(reasons_page())
    folder.joinpath("decisions.md").write_text(rules_page())
    folder.joinpath("metrics.md").write_text(metrics_page())
    folder.joinpath("figures.md").write_text(figures_page())
    folder.joinpath("options.md").write_text(options_page())
    for name, page in kind_pages().items():
        folder.joinpath(name).write_text(page)


def reasons_page() -> str:
    """Every reason under the heading it stands below in the code."""
    lines = ["# Reasons", "", "The same word in conditions, events, metrics and on the command line.", ""]
    source = Path(reasons.__file__).read_text()
    for line in source.partition("class Reason")[2].partition("MISTAKES")[0].splitlines():
        if heading := re.match(r"\s+# (.+)", line):
            lines += ["", f"**{heading[1]}**", ""]
        if member := re.match(r"\s+\w+ = \"(\w+)\"", line):
            mistake = " (a person must act)" if Reason(member[1]) in MISTAKES else ""
            lines.append(f"- `{member[1]}`{mistake}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
