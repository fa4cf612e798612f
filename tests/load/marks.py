"""How long a month's marks of a city take at a hundred thousand closed cases.

Run it by name: `pytest tests/load/marks.py -s`; the whole suite leaves it out.
"""

import time

from models.city import City
from models.db import marks as store
from models.db.pool import Database
from models.moment import now
from routing.catalogue import catalogue
from routing.formulas import measures
from routing.mark_report import report_of
from routing.marks import count, month_of
from tests.routing.conftest import city, town
from tests.routing.kit import CITY
from tests.routing.test_mark_plans import fill

__all__ = ["city", "town"]
measures()  # the program reads its files before it serves
_CASES = 100_000
_MOST_S = 5.0


async def test_a_month_of_a_hundred_thousand(town: Database, city: City) -> None:
    """All of them dispatched and most closed within the month; counting takes five seconds."""
    await fill(town, _CASES, spread=30_000, events=6)
    async with town.city(CITY) as conn:
        began = time.perf_counter()
        run = await count(conn, catalogue(city), month_of("2026-11"), "x", now())
        took = time.perf_counter() - began
        report = await report_of(conn, catalogue(city), run)
        whole = time.perf_counter() - began
        found = await store.figures(conn, CITY, run.run_id)
    print(f"{report.totals}: {len(found)} figures in {took:.2f} s, with report {whole:.2f} s")  # noqa: T201
    assert took <= _MOST_S
