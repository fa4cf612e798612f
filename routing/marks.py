"""Figures of a month: counted once with the cases behind them, and read again as they were (F34).

A count keeps which version of which formula it used, and what held of each case, so that a figure
can be traced to its cases however the cases or the formulas change later.
"""

from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from models.db import marks as store
from models.db.marks import Behind, Figure, Run
from models.db.pool import Connection
from models.errors import Invalid, NotFound
from models.ids import uuid7
from models.moment import CHINA
from routing.catalogue import Catalogue
from routing.formulas import Measures, counted, measures
from routing.plan import is_closing

_DECEMBER: Final = 12


class Period(NamedTuple):
    """A stretch of time: from `since` on, before `until`."""

    since: datetime
    until: datetime


def month_of(text: str) -> Period:
    """Read a month as people write it, 2026-11; Invalid on anything else."""
    try:
        year, month = (int(part) for part in text.split("-"))
        return month_from(date(year, month, 1))
    except ValueError as error:
        raise Invalid("month_malformed", "月份应形如 2026-11。") from error


def month_from(day: date) -> Period:
    """Give the month of a day, in China's time."""
    after = (day.year + 1, 1) if day.month == _DECEMBER else (day.year, day.month + 1)
    return Period(datetime(day.year, day.month, 1, tzinfo=CHINA), datetime(*after, 1, tzinfo=CHINA))


async def count(  # noqa: PLR0917  # what, when and who read in this order
    conn: Connection,
    book: Catalogue,
    period: Period,
    by: str,
    at: datetime,
    known: Measures | None = None,
) -> Run:
    """Count the figures of a period by the versions that hold on its first day, and keep them."""
    rules, city = known or measures(), book.city.adcode
    formulas = rules.on(period.since.astimezone(CHINA).date())
    run = Run(run_id=uuid7(), since=period.since, until=period.until, made_at=at, made_by=by)
    closing = [code for code, clock in book.clocks.items() if is_closing(clock)]
    await store.count(conn, city, run, closing, counted(formulas), rules.others.of(city))
    return run


async def cases_of(
    conn: Connection, city: str, run_id: UUID, figure: Figure, known: Measures | None = None
) -> list[Behind]:
    """Give the cases behind a figure by the version of its formula, those of the denominator."""
    formula = (known or measures()).version(figure.formula, figure.version)
    return await store.cases_of(conn, city, run_id, figure.scope, figure.area, formula.counted)


async def figure_of(
    conn: Connection, city: str, run_id: UUID, *, formula: str, scope: str, area: str
) -> Figure:
    """Find one figure of a count; NotFound where it has none."""
    for one in await store.figures(conn, city, run_id):
        if (one.formula, one.scope, one.area) == (formula, scope, area):
            return one
    raise NotFound("figure_unknown", "这次统计中没有该指标,或本岗位不能查看。")
