"""`jiesu marks`: count a month's figures, write its report, list the cases behind a figure."""

from uuid import UUID

import msgspec

from deploy.database import must_fit, open_database
from deploy.settings import Settings
from models.case import CaseNo, show_case_no
from models.city_load import load_city
from models.db.pool import Database
from models.moment import now
from routing.catalogue import catalogue
from routing.mark_report import MonthlyReport, report_of
from routing.marks import cases_of, count, figure_of, month_of


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """The cases behind a figure: those that count in the numerator, and the others."""

    name: str
    counting: tuple[str, ...]
    others: tuple[str, ...]


async def report(settings: Settings, adcode: str, month: str) -> MonthlyReport:
    """Count a month of a city and give its report; the count is kept."""
    period, book = month_of(month), catalogue(load_city(adcode))
    async with open_database(settings) as dsn:
        await must_fit(dsn)
        db = await Database.connect(dsn, min_size=1, max_size=1, name="jiesu marks")
        try:
            async with db.city(adcode) as conn:
                run = await count(conn, book, period, "jiesu marks", now())
                return await report_of(conn, book, run)
        finally:
            await db.close()


async def cases(settings: Settings, adcode: str, run: UUID, name: str, of: str) -> Behind:
    """List the cases behind a figure of the city, of a county or of a unit (`of`)."""
    scope = "city" if of == adcode else "unit" if "-" in of else "county"
    async with open_database(settings) as dsn:
        await must_fit(dsn)
        db = await Database.connect(dsn, min_size=1, max_size=1, name="jiesu marks")
        try:
            async with db.city(adcode) as conn:
                one = await figure_of(conn, adcode, run, formula=name, scope=scope, area=of)
                behind = await cases_of(conn, adcode, run, one)
        finally:
            await db.close()
    shown = [(show_case_no(adcode, CaseNo(case.case_no)), case.counts) for case in behind]
    return Behind(
        name=name,
        counting=tuple(number for number, counts in shown if counts),
        others=tuple(number for number, counts in shown if not counts),
    )


def show_cases(found: Behind) -> str:
    """Write the cases to be read, a line each."""
    lines = [f"{found.name}:计入分子 {len(found.counting)} 件,仅计入分母 {len(found.others)} 件"]
    lines += [f"+ {number}" for number in found.counting]
    return "\n".join([*lines, *(f"- {number}" for number in found.others)])
