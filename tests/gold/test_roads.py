"""Golden scenarios whose point is what happens on the way: by role, with dates, to the end.

What their last column in the domain's table asks for beside lead and due date.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from models.case import State
from models.db import emergencies
from models.db.pool import Database
from models.errors import Conflict
from models.moment import CHINA, aware, now
from routing.catalogue import catalogue
from routing.engine import decide
from routing.escalating import follow, watch
from tests.gold.test_scenarios import DISPATCHED, facts
from tests.gold.test_scenarios import roles as roles_of
from tests.gold.test_scenarios import told as parts_of
from tests.gold.test_together import CITIES, OF, due, role, told
from tests.routing.kit import OPERATOR, handler
from tests.routing.together import RESULT, finish, state, units_at_work
from tests.routing.together import parts_of as children

for n in (2, 6, 7, 9, 22, 27):
    CITIES.setdefault(OF[n].city, parts_of(OF[n])[0])
for city in CITIES.values():
    catalogue(city)


@pytest.fixture(autouse=True)
def friday(time_machine: Any) -> Any:
    """Let it be the golden Friday."""
    time_machine.move_to(DISPATCHED)
    return time_machine


@pytest.mark.parametrize(
    ("water", "code", "end"), [(False, "K28", "06:10"), (True, "K31", "04:10")]
)
async def test_07_an_emergency_on_a_saturday_night(
    db: Database, friday: Any, water: bool, code: str, end: str
) -> None:
    """Hours run on through the weekend; everyone is told, downstream too; never fifteen days."""
    night = datetime(2026, 11, 21, 2, 10, tzinfo=CHINA)
    friday.move_to(night)
    desk = await told(db, 7, 1, received_at=night)
    neighbours = ["芗城区人民政府(下游)"]
    said: dict[str, Any] = {"crossing": True, "neighbours": neighbours, "water": water}
    await desk.act("accept")
    await desk.act("open_emergency", trigger="river", summary="河面油状物、死鱼", **said)
    assert await role(desk) == "ECO"
    assert await due(desk, code) == f"11-21 {end}"
    assert await due(desk, "K33") == "11-21 02:40"
    assert await due(desk, "K11") == "11-22 02:10"
    async with db.city(desk.city.adcode) as conn:
        whole = await emergencies.of_case(conn, desk.city.adcode, desk.number)
    assert whole is not None
    listed = {notice.role for notice in whole.notices}
    assert {"EMG", "FIR", "PSB", "WAT", "HEA", "MSA", "UTL"} <= listed
    assert neighbours[0] in {one.addressee for one in whole.notices if one.kind == "neighbour"}
    assert whole.event.emergency_no == desk.number
    await desk.act(
        "emergency_call", lines=["12345", "119", "承办单位"], said="立即到场、下游停取水"
    )
    with pytest.raises(Conflict):
        await desk.act("close", reply_text="已处置")


async def test_08_the_third_report_is_a_key_complaint(db: Database) -> None:
    """Anonymous reports count like any other: the third makes the main case a key complaint."""
    first = await told(db, 8, 1, kind="TS")
    await first.act("accept")
    main = (await first.case()).number
    for n in (2, 3):
        assert "repeated" not in (await first.case()).key_reasons
        again = await told(db, 8, n)
        await again.act("merge", into=main, reason="同一食堂")
    for step in (follow, watch):
        while await step(db, catalogue(first.city)):
            pass
    assert "repeated" in (await first.case()).key_reasons


async def test_09_a_question_is_answered_and_proves_nothing(db: Database) -> None:
    """Answered from the desk nothing is found true or untrue; else a unit has three days."""
    desk = await told(db, 9, 1)
    await desk.act("accept", dispatch=False)
    assert {code for _, code, _ in await desk.clocks()} == {"K03"}
    case = await desk.act("close", reply_text="执行《饮食业油烟排放标准》GB 18483。")
    assert case.result is not None
    assert case.result.get("outcome") is None
    assert await desk.tasks() == []
    other = await told(db, 9, 2)
    await other.act("accept")
    assert await role(other) == "UMA"
    assert await due(other, "K10") == "11-25 23:59"
    assert "K12" not in {code for _, code, _ in await other.clocks()}


def test_06_where_drinking_water_is_touched_it_is_urgent() -> None:
    """The pig farm is an ordinary matter, beside a water source an urgent one."""
    city, known, _ = parts_of(OF[6])
    beside = facts(city, known, flags=(*known.flags, "place:source_water"))
    assert decide(city, facts(city, known)).urgency == "P2"
    found = decide(city, beside)
    assert found.urgency == "P1"
    assert found.lead is not None
    assert found.lead.unit == "530922-ECO"
    assert {"WAT", "UTL"} <= roles_of(found)


async def test_27_two_that_return_to_each_other_are_told_who_leads(
    db: Database, friday: Any
) -> None:
    """Decided in three working days, for good; whoever had it first acts, the promise runs on."""
    desk = await told(db, 27, 1)
    await desk.act("accept")
    one, other = "330105-UMA", "330105-ECO"
    assert await role(desk) == "UMA"
    promised = await due(desk, "K12")
    why: dict[str, Any] = {"reason": "R1", "basis": "三定规定"}
    await desk.act("request_return", handler(one), proposed_unit=other, **why)
    await desk.act("secure", handler(one), step="evidence", note="已测外机噪声并拍照")
    await desk.act("approve_return")
    await desk.act("redispatch", lead_unit=other, reason="试派生态环境")
    await desk.act("request_return", handler(other), proposed_unit=one, **why)
    assert await due(desk, "K08") == "11-25 23:59"
    with pytest.raises(Conflict, match="dispute_open"):
        await desk.act("redispatch", lead_unit=one, reason="再派一次")
    friday.move_to(DISPATCHED + timedelta(days=3))
    said: dict[str, Any] = {"document": "会纪〔2026〕9号", "reason": "经营性噪声由综合执法主办"}
    await desk.act("adjudicate", OPERATOR, lead_unit=one, **said)
    case = await desk.case()
    assert (case.lead_unit, case.no_return) == (one, True)
    with pytest.raises(Conflict, match="return_forbidden"):
        await desk.act("request_return", handler(one), proposed_unit=other, **why)
    clocks = await desk.clocks()
    (running,) = [c for (_, code, _), c in clocks.items() if code == "K12" and not c.stopped_at]
    assert f"{aware(running.due_at):%m-%d %H:%M}" == promised
    assert f"*{one}" in await units_at_work(desk)


async def test_22_persuaded_first_and_the_police_only_where_that_was_in_vain(
    db: Database,
) -> None:
    """The community leads; when words do not help the police are designated, never ecology."""
    desk = await told(db, 22, 1)
    case = await desk.act("accept", township="330108002", reason="浦沿街道")
    assert await role(desk) == "PRO"
    assert case.urgency == "P3"
    police = next(task.unit for task in await desk.tasks() if task.role == "PSB")
    community = next(task.unit for task in await desk.tasks() if task.is_lead)
    await desk.act("secure", handler(community), step="persuasion", note="两次上门调解,不听劝")
    await desk.act(
        "redispatch", lead_unit=police, lead_role="PSB", reason="屡劝无效(治安管理处罚法)"
    )
    assert await role_now(desk) == "PSB"
    assert not any("ECO" in task.role for task in await desk.tasks())
    assert (await finish(desk, **RESULT)).state is State.CLOSED


async def role_now(desk: Any) -> str:
    """Name the role of whoever leads now."""
    leads = [task for task in await desk.tasks() if task.is_lead and task.state == "DISPATCHED"]
    return str(leads[-1].role)


async def test_02_smoke_and_voices_have_two_leads_and_one_answer(db: Database, friday: Any) -> None:
    """Smoke is the city management's, voices the police's; whoever has the smoke answers both."""
    desk = await told(db, 2, 1)
    await desk.act("accept")
    await desk.act("split")
    smoke, voices = await children(desk)
    assert [await role(one) for one in (desk, smoke, voices)] == ["UMA", "UMA", "PSB"]
    assert await due(desk, "K12") == "12-11 23:59"
    await finish(smoke, reply_text="已取缔占道烧烤")
    with pytest.raises(Conflict, match="parts_open"):
        await desk.act("consolidate")
    assert await state(desk) is State.DISPATCHED
    friday.move_to(DISPATCHED + timedelta(hours=9))
    police = handler(next(task.unit for task in await voices.tasks() if task.is_lead))
    seen: dict[str, Any] = {"at": now(), "people": ["李警官"], "place": "仓前街道", "found": True}
    await voices.act("sign", police, handler="张工")
    await voices.act("visit", police, finding="仍有喧哗", **seen)
    await finish(voices, reply_text="已劝离并告诫")
    await desk.act("consolidate")
    case = await desk.act("close")
    assert case.result is not None
    assert all(said in case.result["reply_text"] for said in ("已取缔占道烧烤", "已劝离并告诫"))
