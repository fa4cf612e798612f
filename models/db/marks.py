"""Figures of a city's work with the cases behind them, as rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from models.db import queries
from models.db.pool import Connection
from models.db.rows import to_struct

_SQL: Final = queries.load("marks")
#: What may hold of a case with one of its units, in the order of the bits that `case_marks`
#: (migration 0018) sets.
CONDITIONS: Final = (
    "closed",  # closed in the period
    "dispatched",  # dispatched in the period; of the unit that leads it now
    "excluded",  # left out, as somebody asked and another granted
    "single",  # not one that has parts: those count for themselves
    "to_call",  # someone is to be asked about the present closing, or was
    "judged",  # its citizen said what came of it
    "verified",  # its citizen was asked, reached or not
    "solved",
    "satisfied",  # by and large at least
    "contacted_in_time",  # whoever reported was contacted within the term, as below
    "signed_in_time",  # by the unit that leads it now
    "promised",  # there is a term to close it by
    "closed_in_time",
    "returned",  # the unit was relieved of it, as it wished
    "reworked",  # a result of the unit was sent back
    "repeated",  # said again what another case says
    "ping_pong",  # the unit was a party to its being bounced to and fro
    "spot_checked",
    "spot_passed",
    "other_matter",  # no complaint about the environment, as data says; set by `keep_cases`
    "given",  # dispatched in the period; of each unit that ever led it
    "not_denied",  # its citizen did not say that nobody called; set by `keep_cases`
)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One count of what happened from `since` on, before `until`."""

    run_id: UUID
    since: datetime
    until: datetime
    made_at: datetime
    made_by: str


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure as counted: `scope` is city, county or unit, `area` which of them."""

    formula: str
    version: str
    scope: str
    area: str
    numerator: int
    denominator: int

    @property
    def share(self) -> float | None:
        """The figure itself, None where there is no case to count."""
        return self.numerator / self.denominator if self.denominator else None


class Counted(NamedTuple):
    """A formula as the store counts it: bits of the denominator, of the numerator, of neither."""

    code: str
    version: str
    base: int
    top: int
    without: int


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """A case behind a figure, and whether it counts in the numerator."""

    case_no: int
    counts: bool


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """How many cases a count has, and how many of the closed ones are left out.

    `others` are not among them: cases that are no complaints about the environment.
    """

    dispatched: int
    closed: int
    excluded: int
    others: int


def bits(conditions: Iterable[str]) -> int:
    """Give the bits of conditions; ValueError on one that there is not."""
    return sum(1 << CONDITIONS.index(name) for name in set(conditions))


async def count(  # noqa: PLR0917  # what, when, by which codes and formulas read in this order
    conn: Connection,
    city: str,
    run: Run,
    closing: Sequence[str],
    formulas: Sequence[Counted],
    others: Sequence[str] = (),
) -> None:
    """Count and keep the figures of a stretch of time with the cases behind them.

    `others` are the issue types that are no complaint about the environment.
    """
    key = (city, run.run_id)
    await conn.execute(_SQL["unhurried"])
    await conn.execute(_SQL["open_run"], *key, run.since, run.until, run.made_at, run.made_by)
    await conn.execute(_SQL["keep_cases"], *key, run.since, run.until, list(closing), list(others))
    columns = [list(column) for column in zip(*formulas, strict=True)]
    await conn.execute(_SQL["keep_figures"], *key, *columns)


async def get(conn: Connection, city: str, run_id: UUID) -> Run | None:
    """Give a count."""
    row = await conn.fetchrow(_SQL["run"], city, run_id)
    return to_struct(row, Run) if row else None


async def newest(conn: Connection, city: str, since: datetime, until: datetime) -> Run | None:
    """Give the newest count of a stretch of time."""
    row = await conn.fetchrow(_SQL["newest"], city, since, until)
    return to_struct(row, Run) if row else None


async def figures(conn: Connection, city: str, run_id: UUID) -> list[Figure]:
    """Give the figures of a count; a unit sees its own alone."""
    return [to_struct(row, Figure) for row in await conn.fetch(_SQL["figures"], city, run_id)]


async def cases_of(  # noqa: PLR0917  # which figure of which count reads in this order
    conn: Connection, city: str, run_id: UUID, scope: str, area: str, formula: Counted
) -> list[Behind]:
    """Give the cases behind a figure, those of its denominator."""
    wanted = (scope, area, formula.base, formula.top, formula.without)
    rows = await conn.fetch(_SQL["cases_of"], city, run_id, *wanted)
    return [to_struct(row, Behind) for row in rows]


async def totals(conn: Connection, city: str, run_id: UUID) -> Totals:
    """Count the cases of a run."""
    names = ("closed", "given", "single", "excluded", "other_matter")
    wanted = [bits([name]) for name in names]
    row = await conn.fetchrow(_SQL["totals"], city, run_id, *wanted)
    return msgspec.convert(dict(row.items() if row else {}), Totals)


async def others(conn: Connection, city: str, run_id: UUID) -> list[int]:
    """Give the cases of a run that are no complaints about the environment, in order."""
    rows = await conn.fetch(_SQL["others"], city, run_id, bits(["other_matter"]))
    return [row["case_no"] for row in rows]
