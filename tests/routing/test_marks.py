"""Figures of a month: counted from cases, traced to them, and kept with their versions."""

import asyncio
from datetime import date
from typing import Any

import msgspec
import pytest

from models.case import Actor, State
from models.city import City
from models.data_files import read_toml
from models.db import exclusions
from models.db import marks as store
from models.db.marks import CONDITIONS, Figure, Run
from models.db.pool import Database
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.moment import aware, now
from routing.catalogue import catalogue
from routing.formulas import Formula, Measures, measures, read_measures
from routing.mark_report import markdown, report_of
from routing.marks import cases_of, count, figure_of, month_of
from routing.rules import DATA
from tests.routing.histories import Life, lives, put, recount
from tests.routing.kit import CITY, OPERATOR, SECOND, Desk, put_case
from tests.routing.moments import ECO, UNIT, Time
from tests.routing.test_verifying import ANGRY, HAPPY, close, name

MONTH = month_of("2026-11")
CODES = {one.code for one in measures().formulas}
STRANGER = Actor(kind="citizen", name="x")
UNIT_FIGURES = ("unit", ECO)


async def counted(db: Database, city: City, known: Measures | None = None) -> Run:
    """Count November."""
    async with db.city(CITY) as conn:
        return await count(conn, catalogue(city), MONTH, "chief", now(), known)


async def figures(db: Database, run: Run, unit: str | None = None) -> list[Figure]:
    """Give the figures of a count, as a unit sees them where named."""
    async with db.city(CITY, unit) as conn:
        return await store.figures(conn, CITY, run.run_id)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_f34_every_figure_is_a_recount_of_its_cases(
    town: Database, city: City, seed: int
) -> None:
    """For random histories every figure of city, county and unit equals a count case by case."""
    found = lives(seed, 150)
    async with town.city(CITY) as conn:
        await put(conn, found)
    run = await counted(town, city)
    made = await figures(town, run)
    assert {one.formula for one in made if one.scope == "city"} == CODES
    assert {one.scope for one in made} == {"city", "county", "unit"}
    for one in made:
        within = [life for life in found if _within(life, one)]
        unit = one.area if one.scope == "unit" else None
        top, base = recount(one.formula, within, unit)
        assert 0 <= one.numerator <= one.denominator
        assert (one.numerator, one.denominator) == (len(top), len(base)), one
        async with town.city(CITY) as conn:
            behind = await cases_of(conn, CITY, run.run_id, one)
        assert {case.case_no for case in behind} == base
        assert {case.case_no for case in behind if case.counts} == top


def _within(life: Life, one: Figure) -> bool:
    return one.area in {CITY, life.unit, life.former, life.adcode}


async def test_f34_a_figure_stays_what_it_was_counted_to_be(town: Database, city: City) -> None:
    """A case that changes later changes a new count, not the kept one, nor its cases."""
    found = lives(4, 40)
    async with town.city(CITY) as conn:
        await put(conn, found)
    first = await counted(town, city)
    before = await figures(town, first)
    async with town.city(CITY) as conn:
        await conn.execute("UPDATE verification SET solved = NOT solved, satisfaction = 1")
    second = await counted(town, city)
    assert await figures(town, first) == before
    assert await figures(town, second) != before
    one = next(f for f in before if (f.formula, f.scope) == ("satisfied", "city"))
    async with town.city(CITY) as conn:
        behind = await cases_of(conn, CITY, first.run_id, one)
        newest = await store.newest(conn, CITY, *MONTH)
    assert sum(case.counts for case in behind) == one.numerator
    assert newest is not None
    assert newest.run_id == second.run_id


async def test_f34_whether_who_was_not_reached_counts_is_the_versions(
    town: Database, city: City
) -> None:
    """A period is counted by the version of its first day, and the figure names it."""
    table = read_toml(DATA / "marks.toml")
    table["formula"] = [
        *_versions(table["formula"], valid_to=date(2026, 10, 31)),
        *_versions(table["formula"], valid_from=date(2026, 11, 1), version="2"),
    ]
    known = read_measures(table)
    found = lives(5, 80)
    async with town.city(CITY) as conn:
        await put(conn, found)
    run = await counted(town, city, known)
    one = next(f for f in await figures(town, run) if (f.formula, f.scope) == ("solved", "city"))
    kept = [life for life in found if not life.excluded and life.types != ["N13"]]
    reached = [life for life in kept if life.is_closed and life.asked]
    assert one.version == "2"
    assert one.denominator == sum(life.how in ("judged", "unreached") for life in reached)
    assert [f.version for f in known.on(date(2026, 10, 1)) if f.code == "solved"] == ["1"]


def _versions(formulas: list[dict[str, Any]], **given: Any) -> list[dict[str, Any]]:
    counting = {"of": ["closed", "to_call", "verified"], "not_connected": "counted"}
    return [
        one | given | (counting if given.get("version") == "2" else {})
        for one in formulas
        if one["code"] == "solved"
    ]


async def test_f34_no_complaint_about_the_environment_is_in_no_figure(
    town: Database, city: City
) -> None:
    """A case of listed types alone is kept and listed, but counted in a city that must."""
    found = lives(9, 80)
    async with town.city(CITY) as conn:
        await put(conn, found)
    counting = msgspec.structs.replace(
        measures(), others=msgspec.structs.replace(measures().others, but=(CITY,))
    )
    pets = {one.no for one in found if one.types == ["N13"]}
    reports = []
    for known in (measures(), counting):
        run = await counted(town, city, known)
        async with town.city(CITY) as conn:
            reports.append(await report_of(conn, catalogue(city), run, known))
    usual, wide = reports
    in_time = [one.is_dispatched or one.is_closed for one in found if one.no in pets]
    assert len(usual.other_matters) == sum(in_time) > 0
    assert wide.other_matters == ()
    assert wide.totals.dispatched > usual.totals.dispatched
    shown = {number for line in usual.figures for number in (*line.counting, *line.others)}
    assert not shown & set(usual.other_matters)
    assert usual.other_matters[0] in markdown(usual).split("附三")[1]
    assert "N13" in markdown(usual)
    assert "N13" not in markdown(wide, counting)
    with pytest.raises(Invalid, match="type_unknown"):
        msgspec.structs.replace(counting.others, types=("Q9",)).__post_init__()


def test_f34_a_formula_says_who_it_leaves_out() -> None:
    """A figure from callbacks that does not say whether the unreached count is refused."""
    solved = next(one for one in measures().formulas if one.code == "solved")
    for wrong in ({"not_connected": "counted"}, {"of": ("closed", "judged", "sunny")}):
        with pytest.raises(Invalid):
            Formula(**({f: getattr(solved, f) for f in solved.__struct_fields__} | wrong))
    twice = msgspec.structs.replace(measures(), formulas=(solved, solved))
    with pytest.raises(Invalid, match="two_versions"):
        twice.on(date(2026, 11, 1))
    assert len(CONDITIONS) == len(set(CONDITIONS))


async def test_f34_real_acts_make_the_figures(working: Desk, time: Time) -> None:
    """A case that lived through acts counts as its life says: reworked once, then satisfied."""
    await name(working)
    await working.act("contact", UNIT, method="phone", result="reached")
    await close(working, time)
    await working.act("callback", **ANGRY, redo=True, reason="仍有噪声")
    await close(working, time, "2026-11-26T10:00")
    await working.act("callback", **HAPPY)
    run = await counted(working.db, working.city)
    made = {
        one.formula: (one.numerator, one.denominator)
        for one in await figures(working.db, run)
        if (one.scope, one.area) == UNIT_FIGURES
    }
    assert made == {
        "response": (1, 1),
        "solved": (1, 1),
        "satisfied": (1, 1),
        "signed_in_time": (1, 1),
        "closed_in_time": (1, 1),
        "returned": (0, 1),
        "reworked": (1, 1),
        "repeated": (0, 1),
        "ping_pong": (0, 1),
    }


async def test_f34_a_unit_sees_its_own_figures_and_no_cases(town: Database, city: City) -> None:
    """Aggregates alone, and none so small that it tells who said what."""
    async with town.city(CITY) as conn:
        await put(conn, lives(6, 60))
    run = await counted(town, city)
    mine = await figures(town, run, ECO)
    assert {(one.scope, one.area) for one in mine} == {UNIT_FIGURES}
    assert min(one.denominator for one in mine) >= 5
    async with town.city(CITY, ECO) as conn:
        assert await conn.fetchval("SELECT count(*) FROM mark_case") == 0
        with pytest.raises(NotFound):
            await figure_of(conn, CITY, run.run_id, formula="solved", scope="city", area=CITY)


async def test_f35_graded_lists_may_be_switched_off(town: Database, city: City) -> None:
    """Units of like size stand in grades without places; a city may have no lists at all."""
    async with town.city(CITY) as conn:
        await put(conn, lives(7, 150))
    run = await counted(town, city)
    book = catalogue(city)
    off = msgspec.structs.replace(
        measures(), lists=msgspec.structs.replace(measures().lists, off=(CITY,))
    )
    async with town.city(CITY) as conn:
        report = await report_of(conn, book, run)
        without = await report_of(conn, book, run, off)
    assert report.lists
    assert without.lists == ()
    named = [unit for one in report.lists for unit in one.units]
    assert len(named) == len(set(named))
    assert "分档" in markdown(report)
    assert "分档" not in markdown(without)


async def test_f36_left_out_only_by_another_person(working: Desk, time: Time) -> None:
    """What another person approved does not count; the unit that asked cannot approve."""
    await name(working)
    await close(working, time)
    await working.act("callback", **ANGRY, redo=False, reason="要求超出法定职责")
    await working.act("ask_exclusion", UNIT, cause="unreasonable", reason="反复提出同一无理要求")
    with pytest.raises(Forbidden):
        await working.act("grant_exclusion", UNIT)
    before = await counted(working.db, working.city)
    assert any(one.formula == "satisfied" for one in await figures(working.db, before))
    await working.act("grant_exclusion", SECOND)
    after = await counted(working.db, working.city)
    assert all(one.formula != "satisfied" for one in await figures(working.db, after))
    assert (await working.case()).state is State.ARCHIVED


async def test_f36_nobody_settles_their_own_wish(working: Desk, time: Time) -> None:
    """The desk may ask too; then someone else of the desk settles it, with a word to a denial."""
    await close(working, time)
    await working.act("ask_exclusion", OPERATOR, cause="force_majeure", reason="台风停工")
    with pytest.raises(Conflict, match="second_person_needed"):
        await working.act("grant_exclusion", OPERATOR)
    with pytest.raises(Invalid, match="note_required"):
        await working.act("deny_exclusion", SECOND)
    await working.act("deny_exclusion", SECOND, note="台风已过")
    with pytest.raises(Forbidden):
        await working.act("ask_exclusion", STRANGER, cause="explained", reason="x")


async def wishes(town: Database, city: City, how_many: int) -> list[Desk]:
    """Give closed cases of one unit, each asked to be left out of November."""
    made = [Desk(town, city, await put_case(town, n)) for n in range(1, how_many + 1)]
    async with town.city(CITY) as conn:
        await conn.execute(
            "UPDATE cases SET state = 'CLOSED', queue = NULL, lead_unit = $1, dispatched_at ="
            " '2026-11-03', closed_at = '2026-11-04'",
            ECO,
        )
    for one in made:
        await one.act("ask_exclusion", OPERATOR, cause="explained", reason="已上报说明")
    return made


async def test_f36_the_ceiling_raises_an_alarm(town: Database, city: City) -> None:
    """The last exclusion under a unit's ceiling is told of, none goes over it."""
    made = await wishes(town, city, 4)
    for one in made[:3]:
        await one.act("grant_exclusion", SECOND)
    with pytest.raises(Conflict, match="exclusion_ceiling"):
        await made[3].act("grant_exclusion", SECOND)
    told = [(await one.verbs())[-1] == "marks:exclusion:ceiling" for one in made]
    assert told == [False, False, True, False]
    async with town.city(CITY) as conn:
        assert len(await exclusions.granted_in(conn, CITY, date(2026, 11, 1))) == 3
        run = await count(conn, catalogue(city), MONTH, "x", now())
        report = await report_of(conn, catalogue(city), run)
    assert [(one.unit, one.reached) for one in report.left_out] == [(ECO, True)]
    assert report.totals.excluded == 3


async def test_f36_what_was_left_out_may_be_let_count_again(town: Database, city: City) -> None:
    """By another person than who asked, with a word; the place under the ceiling is free again."""
    made = await wishes(town, city, 4)
    for one in made[:3]:
        await one.act("grant_exclusion", SECOND)
    with pytest.raises(Conflict, match="second_person_needed"):
        await made[0].act("revoke_exclusion", OPERATOR, note="核查不实")
    with pytest.raises(Invalid, match="note_required"):
        await made[0].act("revoke_exclusion", SECOND)
    before = await counted(town, city)
    await made[0].act("revoke_exclusion", SECOND, note="核查不实")
    with pytest.raises(Conflict, match="not_excluded"):
        await made[3].act("revoke_exclusion", SECOND, note="核查不实")
    after = await counted(town, city)
    reworked = [
        next(
            one for one in await figures(town, run) if (one.formula, one.area) == ("reworked", ECO)
        )
        for run in (before, after)
    ]
    assert [one.denominator for one in reworked] == [1, 2]
    await made[3].act("grant_exclusion", SECOND)
    await made[0].act("ask_exclusion", OPERATOR, cause="explained", reason="补充说明")


async def test_f36_many_at_once_do_not_pass_the_ceiling(town: Database, city: City) -> None:
    """Whoever settles wishes of one unit at the same moment: three are granted, and no more."""
    made = await wishes(town, city, 6)
    tried = [one.act("grant_exclusion", SECOND) for one in made]
    came = await asyncio.gather(*tried, return_exceptions=True)
    refused = [one for one in came if isinstance(one, BaseException)]
    assert [type(one) for one in refused] == [Conflict] * 3
    verbs = [verb for one in made for verb in await one.verbs()]
    assert verbs.count("marks:exclusion:granted") == 3
    assert verbs.count("marks:exclusion:ceiling") == 1


async def test_f45_the_monthly_report_names_the_cases_of_its_numbers(
    town: Database, city: City
) -> None:
    """The report is readable, says how it counted, and each number lists its cases."""
    async with town.city(CITY) as conn:
        await put(conn, lives(8, 60))
    run = await counted(town, city)
    async with town.city(CITY) as conn:
        report = await report_of(conn, catalogue(city), run)
    for line in report.figures:
        assert len(line.counting) == line.numerator
        assert len(line.counting) + len(line.others) == line.denominator
    text = markdown(report)
    assert text.startswith("# 测试市生态环境投诉办理月报(2026年11月)")
    assert str(run.run_id) in text
    assert f"统计于 {aware(run.made_at):%Y-%m-%d %H:%M}" in text
    assert ("本月未满" in text) is (run.made_at < MONTH.until)
    late = msgspec.structs.replace(run, made_at=MONTH.until)
    async with town.city(CITY) as conn:
        assert "本月未满" not in markdown(await report_of(conn, catalogue(city), late))
    solved = next(line for line in report.figures if line.code == "solved")
    assert f"| 解决率 | {solved.numerator} | {solved.denominator} |" in text
    assert solved.counting[0] in text
    assert "未接通不计入分母" in text


def test_f45_months_are_chinas() -> None:
    """A month begins at midnight in China, and a wrong one is refused."""
    assert MONTH.since.isoformat() == "2026-11-01T00:00:00+08:00"
    assert month_of("2026-12").until.isoformat() == "2027-01-01T00:00:00+08:00"
    for wrong in ("2026", "2026-13", "november"):
        with pytest.raises(Invalid):
            month_of(wrong)
