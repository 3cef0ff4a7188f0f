"""`chippool report`: what the chips of a day, a week or a month did, for whom, and who sits on a wrong one."""

import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from chippool.cli import options
from chippool.cli.cluster import connected, mirrored
from chippool.cli.failures import Exit, Failure, answered, computed
from chippool.cli.kept import OPERATOR_NAMESPACE, OperatorNamespace, required
from chippool.cli.options import Structured, Target
from chippool.cli.report_csv import as_csv
from chippool.cli.report_data import Report, report
from chippool.cli.report_html import as_html
from chippool.cli.report_text import show
from chippool.cli.structured import text
from chippool.core.budget import Period, begun, ends
from chippool.core.ledger import Day
from chippool.kube.client import Client
from chippool.state.ledgers import DAYS, LABEL, days_of
from chippool.visibility.reading import decided


class Span(StrEnum):
    """Calendar periods in UTC."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Form(StrEnum):
    """For people, for sheets, for programs, or a page with plots."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


def tell(
    *,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    period: Annotated[Span, typer.Option(help="Calendar period, in UTC.")] = Span.MONTH,
    since: Annotated[
        str | None, typer.Option(help="A day of it; default: today, for the period that runs.", metavar="YYYY-MM-DD")
    ] = None,
    namespace: OperatorNamespace = OPERATOR_NAMESPACE,
    output: Annotated[Form, typer.Option("--output", "-o")] = Form.TABLE,
) -> None:
    """Report what chips did and yielded, by pool, queue and priority class, and who sits on a wrong one.

    It reads the ledger that the operator keeps, for 64 days, and the cluster as it is. `-o html` is one page with
    plots, which needs nothing else: chippool report -o html > report.html
    """
    at = computed(lambda: _moment(since))
    found = answered(_told(Target(kubeconfig, context), namespace, period, at))
    match output:
        case Form.TABLE:
            show(found)
        case Form.CSV:
            typer.echo(as_csv(found), nl=False)
        case Form.JSON:
            typer.echo(text(found, Structured.JSON))
        case Form.HTML:
            typer.echo(as_html(found), nl=False)


async def _told(target: Target, namespace: str, span: Span, at: float | None) -> Report:
    async with connected(target) as client:
        mirror, days = await mirrored(client), await ledger(client, namespace)
    now = time.time()
    period = Period(span.value.capitalize())
    since = begun(period, now if at is None else at)
    until = min(now, ends(period, since))
    if at is not None and at > now:
        raise Failure("--since: that day is still to come.", Exit.USAGE)
    chosen = [day for day in days if since <= day.day * 86400 < until]
    if not chosen:
        first = f"the ledger begins on {_date(days[0].day)}" if days else "nothing is in it yet"
        raise Failure(f"The ledger has nothing of that {span.value}: {first}, and it keeps {DAYS} days.")
    return report(chosen, await decided(mirror), since, until)


async def ledger(client: Client, namespace: str) -> list[Day]:
    """Return the days that the operator remembers; Failure: they can't be read."""
    return days_of(await required(client, namespace, LABEL, "the ledger"))


def _moment(since: str | None) -> float | None:
    if since is None:
        return None
    try:
        return datetime.strptime(since, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise Failure(f"--since: {since!r} is no day: write it as 2026-11-28.", Exit.USAGE) from error


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86400, UTC).strftime("%Y-%m-%d")
