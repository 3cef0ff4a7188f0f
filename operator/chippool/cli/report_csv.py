"""The report for sheets: a line for each pool and day, chip-hours."""

import csv
import io
from dataclasses import astuple, fields

from chippool.cli.report_data import DayReport, Report


def as_csv(found: Report) -> str:
    """Return the lines, with a head."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(field.name for field in fields(DayReport))
    writer.writerows(astuple(day) for day in found.days)
    return out.getvalue()
