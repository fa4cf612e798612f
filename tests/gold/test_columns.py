"""What the last column of golden scenarios demands on the way, on the real store, by role and date.

The scenarios' city, words and facts are those of scenarios.toml.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from models.case import Actor, Queue, State
from models.db import grids
from models.db import marks as store
from models.db.pool import Database
from models.errors import Conflict, Invalid
from models.grid import Grade, Grid
from models.moment import CHINA, aware, now
from routing.archiving import Archiver
from routing.catalogue import catalogue
from routing.engine import decide
from routing.formulas import measures
from routing.mark_report import markdown, report_of
from routing.marks import count, month_of
from routing.resuming import Resumer
from tests.gold.test_scenarios import DISPATCHED, facts, roles
from tests.gold.test_scenarios import told as parts_of
from tests.gold.test_together import CITIES, OF, due, role, told
from tests.routing.grid import FOUND, put_worker, worker
from tests.routing.kit import OPERATOR, SECOND, Desk, handler
from tests.routing.together import RESULT, finish

NUMBERS = (1, 4, 5, 11, 13, 16, 17, 22, 30)
for n in NUMBERS:
    CITIES.setdefault(OF[n].city, parts_of(OF[n])[0])
for city in CITIES.values():
    catalogue(city)
measures()  # the program reads its files before it serves
_NIGHT: dict[str, Any] = {"people": ["张工", "李工"], "place": "关上街道工地", "found": True}


@pytest.fixture(autouse=True)
def friday(time_machine: Any) -> Any:
    """Let it be the golden Friday."""
    time_machine.move_to(DISPATCHED)
    return time_machine


async def staff(desk: Desk, of_role: str) -> Actor:
    """Give someone of the unit that has a part in a role."""
    return handler(next(task.unit for task in await desk.tasks() if task.role == of_role))


async def lead(desk: Desk) -> Actor:
    """Give someone of the unit that leads."""
    return handler(next(t.unit for t in await desk.tasks() if t.is_lead and t.state != "WITHDRAWN"))


async def at_work(desk: Desk) -> Actor:
    """Let the lead sign, and give it."""
    unit = await lead(desk)
    await desk.act("sign", unit, handler="张工")
    return unit


async def close(desk: Desk) -> State:
    """Approve what the lead handed in, let the helpers go, and close."""
    done = next(t for t in await desk.tasks() if t.is_lead and t.state == "SUBMITTED")
    await desk.act("approve", SECOND, task_no=done.task_no)
    for task in await desk.tasks():
        if not task.is_lead and task.state in ("DISPATCHED", "SIGNED", "IN_PROGRESS"):
            await desk.act("withdraw", task_no=task.task_no, reason="无须协办")
    return (await desk.act("close", OPERATOR)).state


async def test_01_a_permit_is_no_reason_to_refuse_and_is_explained(
    db: Database, friday: Any
) -> None:
    """Urgent; looked at the same night; true papers end as partly true, with what was checked."""
    desk = await told(db, 1, 1)
    for code in ("night_permit", "has_permit"):
        with pytest.raises(Invalid, match="rejection_unknown"):
            await desk.act("reject", code=code, notice="施工单位有夜间施工证明")
    case = await desk.act("accept")
    assert (await role(desk), case.urgency) == ("ECO", "P1")
    assert await due(desk, "K09") == "11-20 16:30"
    assert await due(desk, "K12") == "11-25 23:59"
    unit = await at_work(desk)
    said: dict[str, Any] = {
        "outcome": "partly_true",
        "measures": ["none"],
        "reply_text": "夜间施工证明真实、在公示时段内且属工艺必须连续,噪声未超标,已要求再次公告。",
        "reply_method": "phone",
    }
    friday.move_to(DISPATCHED + timedelta(hours=1))
    await desk.act("visit", unit, at=now(), finding="白天核对证明", **_NIGHT)
    with pytest.raises(Conflict, match="evidence_missing"):
        await desk.act("submit", unit, **said)
    friday.move_to(datetime(2026, 11, 20, 23, 40, tzinfo=CHINA))
    await desk.act("visit", unit, at=now(), finding="核验证明真伪、时段、公示", **_NIGHT)
    await desk.act("submit", unit, **said)
    assert await close(desk) is State.CLOSED
    result = (await desk.case()).result
    assert result is not None
    assert (result["outcome"], result["reply_text"]) == ("partly_true", said["reply_text"])


@pytest.mark.parametrize(
    ("flags", "city", "holds"),
    [
        (("time:noon",), "530100", True),
        (("time:night",), "530100", False),
        (("time:noon",), "330100", False),
    ],
)
def test_01_noon_is_asked_of_the_citys_own_rules(
    flags: tuple[str, ...], city: str, holds: bool
) -> None:
    """Kunming restricts building at noon, from 12 to 14; no such rule is applied elsewhere."""
    kunming, known, _ = parts_of(OF[1])
    here = kunming if city == "530100" else CITIES[city]
    place = known.adcode if here is kunming else "330106"
    found = decide(here, facts(here, known, flags=flags, adcode=place))
    held = [step for step in found.trace if step.matched and "12时至14时" in step.effect]
    assert bool(held) is holds
    assert {step.tier for step in held} <= {"T3"}


async def test_04_words_come_before_orders(db: Database) -> None:
    """Whoever runs the square talks first; only where that was in vain is anything ordered."""
    desk = await told(db, 4, 1)
    case = await desk.act("accept", township=_town("350600", "芝山街道"), reason="芝山街道")
    assert (await role(desk), case.urgency) == ("UMA", "P2")
    assert await due(desk, "K09") == "11-23 23:59"
    assert not any("ECO" in task.role for task in await desk.tasks())
    unit = await at_work(desk)
    for measure in ("order", "case", "ban"):
        with pytest.raises(Conflict, match=r"first_step_missing.*劝阻"):
            await desk.act("submit", unit, **RESULT | {"measures": [measure]})
    square = await staff(desk, "PRO")
    await desk.act("secure", square, step="evidence", note="录下音量")
    with pytest.raises(Conflict, match="first_step_missing"):
        await desk.act("submit", unit, **RESULT)
    await desk.act("secure", square, step="persuasion", note="居委会三次上门劝阻,仍不降音量")
    await desk.act("submit", unit, **RESULT)
    assert await close(desk) is State.CLOSED


async def test_04_where_words_were_enough_nothing_else_is_asked(db: Database) -> None:
    """Persuasion is a result of its own."""
    desk = await told(db, 4, 1)
    await desk.act("accept")
    assert (await finish(desk, measures=["persuade"])).state is State.CLOSED


async def test_11_what_takes_longer_is_extended_and_explained(db: Database, friday: Any) -> None:
    """Never without a word to the citizen; the end moves once, and the plan is what is answered."""
    desk = await told(db, 11, 1)
    case = await desk.act("accept")
    assert (await role(desk), case.urgency) == ("TRA", "P2")
    parts = {task.role for task in await desk.tasks()}
    assert {"ECO", "NAR"} <= parts
    assert await due(desk, "K12") == "12-11 23:59"
    assert case.decision is not None
    assert "CAA" in roles(case.decision)
    assert not (parts | roles(case.decision)) & {"PSB", "UMA"}
    assert any("综合治理方案" in step.effect for step in case.decision.trace if step.matched)
    unit = await at_work(desk)
    friday.move_to(DISPATCHED + timedelta(days=14))
    wish: dict[str, Any] = {"n": 5, "reason": "须会同机场编制综合治理方案"}
    with pytest.raises(Invalid, match="citizen_not_told"):
        await desk.act("request_extension", unit, told="none", **wish)
    await desk.act("request_extension", unit, told="phone", told_note="已说明须综合治理", **wish)
    assert await due(desk, "K12") == "12-11 23:59"
    await desk.act("grant_extension")
    running = [c for (_, code, _), c in (await desk.clocks()).items() if code == "K12"]
    (left,) = [clock for clock in running if clock.stopped_at is None]
    assert f"{aware(left.due_at):%m-%d %H:%M}" == "12-18 23:59"
    friday.move_to(DISPATCHED + timedelta(days=20, hours=9))
    seen: dict[str, Any] = _NIGHT | {"place": "长水街道某小区", "finding": "夜间起降噪声实测"}
    await desk.act("visit", unit, at=now(), **seen)
    plan = "单次起降无执法手段,已纳入机场周边噪声综合治理方案,分期实施并公开进展。"
    await desk.act("submit", unit, **RESULT | {"measures": ["none"], "reply_text": plan})
    assert await close(desk) is State.CLOSED


async def test_13_outside_the_ban_people_are_persuaded(db: Database) -> None:
    """The town goes first; nobody is fined before place and time are found to be in the ban."""
    desk = await told(db, 13, 1)
    case = await desk.act("accept", township=_town("530900", "勐撒镇"), reason="勐撒镇")
    assert (await role(desk), case.urgency) == ("STR", "P1")
    assert await due(desk, "K12") == "11-25 23:59"
    unit = await at_work(desk)
    for measure in ("order", "case", "ban"):
        with pytest.raises(Conflict, match=r"first_step_missing.*区外只作劝导"):
            await desk.act("submit", unit, **RESULT | {"measures": [measure]})
    await desk.act("submit", unit, **RESULT | {"measures": ["persuade"]})
    assert await close(desk) is State.CLOSED


async def test_13_within_the_ban_it_is_punished(db: Database) -> None:
    """Once it is noted on what basis place and time are in the ban."""
    desk = await told(db, 13, 1)
    await desk.act("accept", township=_town("530900", "勐撒镇"), reason="勐撒镇")
    unit = await at_work(desk)
    basis = "县政府禁烧通告:集镇建成区及周边全年禁烧,现场在区内"
    await desk.act("secure", unit, step="within_ban", note=basis)
    await desk.act("submit", unit, **RESULT | {"measures": ["case"]})
    assert await close(desk) is State.CLOSED


def _town(city: str, name: str) -> str:
    return next(one.code for one in CITIES[city].divisions if one.name == name)


async def test_16_nothing_is_cleared_away_before_it_is_secured(db: Database) -> None:
    """The cleaners wait for whoever secures the scene, and so does the lead's own result."""
    desk = await told(db, 16, 1)
    case = await desk.act("accept")
    assert (await role(desk), case.urgency) == ("ECO", "P1")
    assert {"HEA", "SAN", "PSB"} <= {task.role for task in await desk.tasks()}
    unit, cleaners = await at_work(desk), await staff(desk, "SAN")
    await desk.act("sign", cleaners, handler="环卫班组")
    cleared = RESULT | {"reply_text": "已清运消毒", "measures": ["none"]}
    for who in (cleaners, unit):
        with pytest.raises(Conflict, match=r"first_step_missing.*固定现场"):
            await desk.act("submit", who, **cleared)
    health = await staff(desk, "HEA")
    await desk.act("sign", health, handler="卫监员")
    await desk.act("submit", health, **RESULT | {"reply_text": "批号指向某诊所"})
    await desk.act("secure", unit, step="evidence", note="警戒、拍照、登记批号,封存移交")
    await desk.act("submit", cleaners, **cleared)
    await desk.act("submit", unit, **RESULT)
    for task in await desk.tasks():
        if task.role in ("SAN", "HEA"):
            await desk.act("approve", SECOND, task_no=task.task_no)
    assert await close(desk) is State.CLOSED


async def test_17_a_river_of_two_counties_is_boths_and_the_citys_water_bureaus(
    db: Database,
) -> None:
    """The county of the place leads; the other's water bureau helps, the city's coordinates."""
    desk = await told(db, 17, 1)
    case = await desk.act("accept")
    assert (case.lead_unit, case.urgency) == ("530926-WAT", "P1")
    assert await due(desk, "K12") == "11-25 23:59"
    await desk.act("share", adcode="530923", basis="river", note="采砂船在耿马、永德间来回")
    units = {task.unit: task for task in await desk.tasks()}
    assert {"530923-WAT", "530900-WAT", "530926-RES", "530923-RES"} <= set(units)
    assert [unit for unit, task in units.items() if task.is_lead] == ["530926-WAT"]
    assert "530900-ENF" not in units
    after = await desk.case()
    assert after.decision is not None
    assert {"530923-WAT", "530900-WAT"} <= {part.unit for part in after.decision.cooperating}
    assert "ECO" in roles(after.decision)


async def test_22_neighbours_are_in_no_figure_of_complaints(db: Database) -> None:
    """Closed like any case; the month's report lists it apart, with what says so."""
    desk, smoke = await told(db, 22, 1), await told(db, 5, 2)
    await desk.act("accept", township="330108002", reason="浦沿街道")
    with pytest.raises(Conflict, match="first_step_missing"):
        await finish(desk)
    await desk.act("secure", await lead(desk), step="persuasion", note="上门调解")
    await desk.act("submit", await lead(desk), **RESULT | {"measures": ["persuade"]})
    assert await close(desk) is State.CLOSED
    await smoke.act("accept")
    assert (await finish(smoke)).state is State.CLOSED
    book = catalogue(desk.city)
    async with db.city(desk.city.adcode) as conn:
        run = await count(conn, book, month_of("2026-11"), "chief", now())
        report = await report_of(conn, book, run)
        found = await store.others(conn, desk.city.adcode, run.run_id)
    assert found == [desk.number]
    assert (report.totals.closed, report.totals.others) == (1, 1)
    counted = {number for line in report.figures for number in (*line.counting, *line.others)}
    assert {number[-6:] for number in counted} == {"000002"}
    apart = markdown(report).split("附三")[1]
    assert "N13" in apart
    assert "法典599" in apart


TOWN, CELL = "430104001", "430104001001"
CROSSING: dict[str, Any] = {"place": "岳麓收费站出口第一个路口", "what": "看哪家厂冒黑烟"}


async def vague(db: Database) -> Desk:
    """Put scenario 30 before the desk, with a worker at the crossing nearest to it."""
    desk = await told(db, 30, 1, adcode=None, queue="review")
    tree = (
        Grid(code="430100", name="长沙市", level=1, parent=None, grade=Grade.GENERAL),
        Grid(code="430104", name="岳麓区", level=2, parent="430100", grade=Grade.GENERAL),
        Grid(code=TOWN, name="望月湖街道", level=3, parent="430104", grade=Grade.GENERAL),
        Grid(code=CELL, name="收费站网格", level=4, parent=TOWN, grade=Grade.GENERAL),
    )
    async with db.city("430100") as conn:
        await grids.replace_tree(conn, "430100", tree, now())
    await put_worker(db, CELL, "430100")
    return desk


async def _past(desk: Desk, statement: str) -> None:
    """Let time pass for the stages, which go by the store's clock."""
    async with desk.db.city(desk.city.adcode) as conn:
        await conn.execute(statement)


REFUSAL: dict[str, Any] = {"code": "NA7", "notice": "线索不详,无法核查"}


async def test_30_asked_once_and_looked_at_meanwhile_then_done_to_the_end(
    db: Database, friday: Any
) -> None:
    """Never refused at once: the grid finds the chimney, its place is set, the case is archived."""
    desk = await vague(db)
    with pytest.raises(Conflict, match="supplement_first"):
        await desk.act("reject", **REFUSAL)
    case = await desk.act("ask_supplement", question="请补充是哪个高速口、厂名")
    assert case.suspended_at is not None
    await desk.act("ask_grid", grid=CELL, **CROSSING)
    with pytest.raises(Conflict, match="suspended"):
        await desk.act("ask_supplement", question="请再补充")
    friday.move_to(DISPATCHED + timedelta(hours=2))
    seen = FOUND | {"found_at": now().isoformat(), "finding": "出口东侧砖厂冒黑烟"}
    await desk.act("grid_report", worker(CELL), n=1, **seen)
    friday.move_to(DISPATCHED + timedelta(days=6))
    await _past(desk, "UPDATE suspension SET until = now() - interval '1 minute'")
    assert await Resumer(db, {desk.city.adcode: desk.city}).run_once(desk.city.adcode) == 1
    with pytest.raises(Conflict, match="grid_found_it"):
        await desk.act("reject", **REFUSAL)
    case = await desk.act("accept", adcode="430104", reason="网格核实厂址")
    assert (await role(desk), case.lead_unit, case.urgency) == ("ECO", "430104-ECO", "P2")
    assert (await finish(desk)).state is State.CLOSED
    await _past(desk, "UPDATE cases SET closed_at = now() - interval '2 days'")
    archiver = Archiver(db, {desk.city.adcode: desk.city})
    assert await archiver.run_once(desk.city.adcode) == 1
    assert (await desk.case()).state is State.ARCHIVED


async def test_30_where_there_is_no_number_the_grids_look_is_all(db: Database, friday: Any) -> None:
    """Nobody can be asked: the grid looks first, and only what it cannot find is put away."""
    desk = await vague(db)
    with pytest.raises(Conflict, match=r"supplement_first.*网格"):
        await desk.act("reject", **REFUSAL)
    await desk.act("ask_grid", grid=CELL, **CROSSING)
    with pytest.raises(Conflict, match="supplement_first"):
        await desk.act("reject", **REFUSAL)
    friday.move_to(DISPATCHED + timedelta(hours=2))
    nothing = FOUND | {"result": "unverifiable", "finding": "路口两侧未见冒烟的厂"}
    seen = nothing | {"found_at": now().isoformat()}
    await desk.act("grid_report", worker(CELL), n=1, **seen)
    case = await desk.act("reject", **REFUSAL)
    assert (case.state, case.queue) == (State.REJECTED, None)
    assert "grid:reported" in await desk.verbs()
    assert case.queue is not Queue.REVIEW
