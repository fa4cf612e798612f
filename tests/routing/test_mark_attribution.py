"""Whose work a figure measures: each unit's own, and of the closing that counts."""

from datetime import date, datetime
from typing import Any

import msgspec
import pytest

from models.db import marks as store
from models.db.marks import Run
from models.errors import Conflict
from models.moment import CHINA
from routing.catalogue import catalogue
from routing.formulas import measures
from routing.marks import cases_of, count, figure_of, month_of
from tests.routing.kit import CITY, EAST, SECOND, Desk, handler
from tests.routing.moments import ECO, RESULT, UNIT, Time
from tests.routing.test_verifying import ANGRY, HAPPY, close, name

measures()  # read before any test, as a server does
UMA = f"{EAST}-UMA"
OTHER = handler(UMA)
ELSEWHERE = {"reason": "R3", "basis": "属城管职责", "proposed_unit": UMA}


async def counted(desk: Desk, month: str = "2026-11") -> Run:
    """Count a month."""
    async with desk.db.city(CITY) as conn:
        at = datetime(2027, 1, 1, tzinfo=CHINA)
        return await count(conn, catalogue(desk.city), month_of(month), "chief", at)


async def shown(desk: Desk, run: Run, area: str = CITY) -> dict[str, tuple[int, int]]:
    """Give the figures of a count for the city or a unit, each traced to its cases."""
    found = {}
    async with desk.db.city(CITY) as conn:
        for one in await store.figures(conn, CITY, run.run_id):
            if one.area != area:
                continue
            behind = await cases_of(conn, CITY, run.run_id, one)
            assert len({case.case_no for case in behind}) == len(behind) == one.denominator
            assert sum(case.counts for case in behind) == one.numerator
            found[one.formula] = (one.numerator, one.denominator)
    return found


async def figures(desk: Desk, area: str = CITY, month: str = "2026-11") -> dict[str, Any]:
    """Count a month and give the figures of the city or a unit."""
    return await shown(desk, await counted(desk, month), area)


async def pass_on(desk: Desk, time: Time) -> None:
    """Let ecology return a case to the desk, which gives it to the city's management."""
    time.at("2026-11-20T15:30")
    await desk.act("request_return", UNIT, **ELSEWHERE)
    await desk.act("approve_return", note="同意")
    await desk.act("redispatch", lead_unit=UMA, reason="属城管职责")
    time.at("2026-11-20T16:00")
    await desk.act("sign", OTHER, handler="李工")


async def test_f34_a_return_is_the_mark_of_who_returned(working: Desk, time: Time) -> None:
    """Who took the case over returned nothing; the city's figure counts the case once."""
    await pass_on(working, time)
    run = await counted(working)
    assert (await shown(working, run, ECO))["returned"] == (1, 1)
    assert (await shown(working, run, UMA))["returned"] == (0, 1)
    assert (await shown(working, run, EAST))["returned"] == (1, 1)
    assert (await shown(working, run))["returned"] == (1, 1)
    assert "signed_in_time" not in await shown(working, run, ECO)
    assert (await shown(working, run, UMA))["signed_in_time"] == (1, 1)


async def test_f34_a_return_counts_while_nobody_leads(working: Desk, time: Time) -> None:
    """A case that was returned and waits at the desk is among those that were dispatched."""
    time.at("2026-11-20T15:30")
    await working.act("request_return", UNIT, **ELSEWHERE)
    await working.act("approve_return", note="同意")
    run = await counted(working)
    assert (await shown(working, run))["returned"] == (1, 1)
    assert (await shown(working, run, ECO))["returned"] == (1, 1)
    async with working.db.city(CITY) as conn:
        assert (await store.totals(conn, CITY, run.run_id)).dispatched == 1


async def test_f33_ping_pong_is_the_mark_of_those_who_played(working: Desk, time: Time) -> None:
    """Who is designated in the end has no part in it."""
    await pass_on(working, time)
    time.at("2026-11-20T16:30")
    back = ELSEWHERE | {"proposed_unit": ECO, "basis": "仍属生态环境部门"}
    await working.act("request_return", OTHER, **back)
    third = f"{EAST}-HUD"
    time.at("2026-11-25T10:00")
    await working.act(
        "adjudicate", lead_unit=third, body="ECO", document="测环协〔2026〕3号", reason="指定"
    )
    run = await counted(working)
    marks = {unit: (await shown(working, run, unit))["ping_pong"] for unit in (ECO, UMA, third)}
    assert marks == {ECO: (1, 1), UMA: (1, 1), third: (0, 1)}
    assert (await shown(working, run))["ping_pong"] == (1, 1)


async def test_f34_a_call_of_the_unit_before_is_not_of_this_one(working: Desk, time: Time) -> None:
    """The first contact that counts is the present lead's own."""
    await name(working)
    await working.act("contact", UNIT, method="phone", result="reached")
    await pass_on(working, time)
    time.at("2026-11-24T10:00")
    await working.act("submit", OTHER, **RESULT)
    await working.act("approve")
    for task in await working.tasks():
        if not task.is_lead and task.state == "DISPATCHED":
            await working.act("withdraw", task_no=task.task_no, reason="无须协办")
    await working.act("close")
    assert (await figures(working, UMA))["response"] == (0, 1)


async def test_f34_a_call_that_the_citizen_denies_is_no_response(working: Desk, time: Time) -> None:
    """What a unit says of its call does not stand against the citizen's word."""
    await name(working)
    await working.act("contact", UNIT, method="phone", result="reached")
    await close(working, time)
    assert (await figures(working))["response"] == (1, 1)
    await working.act("callback", **(HAPPY | {"contacted": False}))
    assert (await figures(working))["response"] == (0, 1)


async def test_f34_a_formula_that_changes_in_mid_month_holds_from_the_next(
    working: Desk, time: Time
) -> None:
    """A month has one version of each figure; what was counted by the old one stays readable."""
    await name(working)
    await close(working, time)
    await working.act("callback", **(HAPPY | {"satisfaction": 2}), redo=False, reason="已尽责")
    old = next(one for one in measures().formulas if one.code == "satisfied")
    before = msgspec.structs.replace(old, valid_to=date(2026, 11, 14))
    after = msgspec.structs.replace(
        old, version="2", valid_from=date(2026, 11, 15), counts=("solved",)
    )
    kept = tuple(one for one in measures().formulas if one.code != "satisfied")
    known = msgspec.structs.replace(measures(), formulas=(*kept, before, after))
    found = []
    async with working.db.city(CITY) as conn:
        for month in ("2026-11", "2026-12"):
            await conn.execute("UPDATE cases SET closed_at = $1", month_of(month).since)
            await conn.execute("UPDATE verification SET at = $1", month_of(month).since)
            at = datetime(2027, 1, 1, tzinfo=CHINA)
            book, period = catalogue(working.city), month_of(month)
            run = await count(conn, book, period, "chief", at, known)
            one = await figure_of(
                conn, CITY, run.run_id, formula="satisfied", scope="city", area=CITY
            )
            behind = await cases_of(conn, CITY, run.run_id, one, known)
            found.append((one.version, one.numerator, [case.counts for case in behind]))
    assert found == [("1", 0, [False]), ("2", 1, [True])]


async def test_f34_a_helpers_rework_is_not_the_leads(working: Desk, time: Time) -> None:
    """What a cooperating unit must do again is not charged to the lead."""
    helper = next(task for task in await working.tasks() if not task.is_lead)
    joins = handler(helper.unit)
    await working.act("sign", joins, handler="王工")
    await working.act("submit", joins, **RESULT)
    await working.act("rework", task_no=helper.task_no, reason="数据不全")
    await working.act("submit", joins, **(RESULT | {"reply_text": "补充数据如附件"}))
    await working.act("approve", task_no=helper.task_no)
    await close(working, time)
    assert (await figures(working, ECO))["reworked"] == (0, 1)


async def test_f34_who_cannot_be_called_is_in_no_figure_of_callbacks(
    working: Desk, time: Time
) -> None:
    """Also before the case is archived: nobody was to be asked."""
    await name(working, anonymous=True)
    await close(working, time)
    assert "response" not in await figures(working)


async def test_f34_a_word_on_an_earlier_answer_is_not_on_this_one(
    working: Desk, time: Time
) -> None:
    """Closed again after rework and not called yet: nothing is known of this answer."""
    await name(working)
    await close(working, time)
    time.at("2026-11-24T10:00")
    await working.act("callback", **ANGRY, redo=True, reason="仍有噪声")
    await close(working, time, "2026-11-26T10:00")
    made = await figures(working)
    assert (made["response"], made["reworked"]) == ((0, 1), (1, 1))
    assert "solved" not in made


async def test_f34_the_last_minute_of_a_month_and_a_call_in_the_next(
    working: Desk, time: Time
) -> None:
    """A case counts in the month of its last closing; what its citizen said later counts there."""
    await name(working)
    await close(working, time, "2026-11-30T23:59:59.999")
    first = await counted(working)
    assert "solved" not in await shown(working, first)
    time.at("2026-12-01T09:00")
    await working.act("callback", **HAPPY)
    assert (await figures(working))["solved"] == (1, 1)
    assert "closed_in_time" not in await figures(working, month="2026-12")
    assert "solved" not in await shown(working, first)


async def test_f34_opened_again_it_counts_where_it_is_closed_again(
    working: Desk, time: Time
) -> None:
    """The month in which it was closed first no longer counts it as closed; a kept count does."""
    await name(working)
    await close(working, time, "2026-11-30T23:59")
    kept = await counted(working)
    time.at("2026-12-01T09:00")
    await working.act("callback", **ANGRY, redo=True, reason="仍有噪声")
    assert "closed_in_time" not in await figures(working)
    await close(working, time, "2026-12-03T10:00")
    assert (await figures(working, month="2026-12"))["reworked"] == (1, 1)
    assert "closed_in_time" not in await figures(working)
    assert (await shown(working, kept))["closed_in_time"] == (1, 1)


async def test_f36_left_out_is_one_closing_not_the_next(working: Desk, time: Time) -> None:
    """An exclusion uses the ceiling of its month and covers no later answer."""
    await name(working)
    await close(working, time)
    await working.act("ask_exclusion", UNIT, cause="unreasonable", reason="要求过高")
    await working.act("grant_exclusion", SECOND)
    assert "response" not in await figures(working)
    time.at("2026-12-01T10:00")
    await working.act("callback", **ANGRY, redo=True, reason="仍有噪声")
    await close(working, time, "2026-12-03T10:00")
    december = await figures(working, month="2026-12")
    assert (december["response"], december["reworked"]) == ((0, 1), (1, 1))
    await working.act("ask_exclusion", UNIT, cause="force_majeure", reason="台风停工")
    await working.act("grant_exclusion", SECOND)
    assert "response" not in await figures(working, month="2026-12")


async def test_f36_a_wish_for_an_earlier_closing_is_settled_no_more(
    working: Desk, time: Time
) -> None:
    """It was asked of another answer: it can be denied, and asked anew."""
    await name(working)
    await close(working, time)
    await working.act("ask_exclusion", UNIT, cause="unreasonable", reason="要求过高")
    time.at("2026-12-01T10:00")
    await working.act("callback", **ANGRY, redo=True, reason="仍有噪声")
    await close(working, time, "2026-12-03T10:00")
    with pytest.raises(Conflict, match="exclusion_outdated"):
        await working.act("grant_exclusion", SECOND)
    await working.act("deny_exclusion", SECOND, note="已重办,请重新申请")
    await working.act("ask_exclusion", UNIT, cause="unreasonable", reason="重办后仍要求过高")
    await working.act("grant_exclusion", SECOND)
