"""Complaints about officials: the unit complained of gets no part of them and sees nothing."""

import asyncio
from typing import Any

import msgspec
import pytest

from models.case import CaseNo, TaskState
from models.city import City
from models.db import accused as store
from models.db import cases, custody, links
from models.db.pool import Database
from models.errors import Conflict, Invalid, JiesuError, NotFound
from routing.accused import barred, candidates, found_in, superiors
from routing.catalogue import catalogue
from tests.routing.kit import CITY, EAST, OPERATOR, SECOND, WEST, Desk, handler, put_case

ECO, UMA, HUD = f"{EAST}-ECO", f"{EAST}-UMA", f"{EAST}-HUD"
BUREAU = f"{CITY}-ECO"
WORDS = "举报东区环保分局的人收了厂里的钱,一直不来查,厂里的烟天天往外冒"


async def put_complaint(
    db: Database, n: int = 50, text: str = WORDS, adcode: str | None = EAST, **more: Any
) -> CaseNo:
    """Put a complaint about officials into the store."""
    number = await put_case(db, n, "P06", kind="JC", adcode=adcode, **more)
    async with db.city(CITY) as conn:
        await conn.execute(
            "UPDATE cases SET text = $3 WHERE city = $1 AND case_no = $2", CITY, number, text
        )
    return number


@pytest.fixture
async def complaint(town: Database, city: City) -> Desk:
    """Give a complaint about the ecology branch of the east, waiting at the desk."""
    return Desk(town, city, await put_complaint(town))


async def seen_by(desk: Desk, unit: str) -> dict[str, int]:
    """Count what a unit's own connection sees of a case, table by table."""
    tables = ("cases", "task", "clock", "event", "custody", "dispute", "return_request")
    async with desk.db.city(CITY, unit) as conn:
        return {
            table: await conn.fetchval(
                f"SELECT count(*) FROM {table} WHERE city = $1 AND case_no = $2", CITY, desk.number
            )
            for table in tables
        }


@pytest.mark.parametrize("verb", ["accept", "redispatch", "adjudicate"])
async def test_no_act_gives_a_complaint_to_the_unit_complained_of(
    complaint: Desk, verb: str
) -> None:
    """Must never, 2: neither sending out, nor giving to another, nor designating."""
    if verb != "accept":
        await complaint.act("accept", lead_unit=HUD, reason="交由无关单位核查")
    data: dict[str, Any] = {"reason": "就归它管"}
    data |= {"document": "会商纪要3号"} if verb == "adjudicate" else {}
    with pytest.raises(Invalid, match="unit_complained_of"):
        await complaint.act(verb, lead_unit=ECO, **data)
    assert all(task.unit != ECO for task in await complaint.tasks())


async def test_the_unit_complained_of_does_not_help_either(complaint: Desk) -> None:
    """Not as a helper that a person names, and not as one that the catalogue adds."""
    with pytest.raises(Invalid, match="unit_complained_of"):
        await complaint.act("accept", lead_unit=HUD, reason="核查", cooperating=[ECO])
    await complaint.act("accept", lead_unit=HUD, reason="交由无关单位核查")
    assert all(task.unit != ECO for task in await complaint.tasks())


async def test_it_cannot_be_drawn_in_by_a_return(complaint: Desk) -> None:
    """A unit that proposes the one complained of in a dispute does not bring it to the table."""
    await complaint.act("accept", lead_unit=HUD, reason="交由无关单位核查")
    wish: dict[str, Any] = {"reason": "R1", "basis": "应由其负责", "proposed_unit": ECO}
    await complaint.act("request_return", handler(HUD), **wish)
    await complaint.act("deny_return", note="请办理")
    with pytest.raises(Invalid, match="unit_complained_of"):
        await complaint.act("request_return", handler(HUD), **(wish | {"basis": "再次申请"}))
    assert all(task.unit != ECO for task in await complaint.tasks())


async def test_a_case_that_turns_out_to_be_a_complaint_is_taken_from_the_helper(
    desk: Desk,
) -> None:
    """Once it is known what it is, the helper complained of is out and sees nothing any more."""
    await desk.act("accept", lead_unit=HUD, reason="由住建主办", cooperating=[ECO])
    assert (await seen_by(desk, ECO))["cases"] == 1
    async with desk.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET text = $2 WHERE case_no = $1", desk.number, WORDS)
    await desk.act("correct", kind="JC", reason="反映的是工作人员")
    (task,) = [task for task in await desk.tasks() if task.unit == ECO]
    assert task.state is TaskState.WITHDRAWN
    assert set((await seen_by(desk, ECO)).values()) == {0}
    await desk.act("correct", kind="TS", reason="又改回来")
    with pytest.raises(Invalid, match="unit_complained_of"):
        await desk.act("redispatch", lead_unit=ECO, reason="绕一圈派回去")


async def test_a_lead_complained_of_is_replaced_before_it_is_said(desk: Desk) -> None:
    """The desk is told to give the case to another unit first."""
    await desk.act("accept")
    async with desk.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET text = $2 WHERE case_no = $1", desk.number, WORDS)
    with pytest.raises(Invalid, match="unit_complained_of"):
        await desk.act("correct", kind="JC", reason="反映的是工作人员")
    await desk.act("redispatch", lead_unit=HUD, reason="交由无关单位")
    await desk.act("correct", kind="JC", reason="反映的是工作人员")
    assert set((await seen_by(desk, ECO)).values()) == {0}


async def test_a_task_that_is_there_all_the_same_shows_nothing(complaint: Desk) -> None:
    """Row-level security hides the case even from a unit that has a task of it."""
    await complaint.act("accept", lead_unit=HUD, reason="交由无关单位核查")
    async with complaint.db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO task (city, case_no, task_no, unit, role, is_lead, dispatched_at)"
            " VALUES ($1, $2, 9, $3, 'ECO', false, now())",
            CITY,
            complaint.number,
            ECO,
        )
    assert set((await seen_by(complaint, ECO)).values()) == {0}
    assert (await seen_by(complaint, HUD))["cases"] == 1


async def test_a_person_may_name_the_unit_or_clear_it(complaint: Desk) -> None:
    """What a person says stands in place of what was found in the words."""
    await complaint.act("name_accused", units=[UMA], reason="来电人说的是城管")
    async with complaint.db.city(CITY) as conn:
        assert await store.of_case(conn, CITY, complaint.number) == {UMA}
    with pytest.raises(Invalid, match="unit_complained_of"):
        await complaint.act("accept", lead_unit=UMA, reason="派给城管")
    await complaint.act("name_accused", units=[], reason="核实后不涉及本系统单位")
    case = await complaint.act("accept", lead_unit=ECO, reason="不涉及该局")
    assert case.lead_unit == ECO


async def test_naming_and_sending_out_at_once_never_leave_it_with_the_unit(
    complaint: Desk,
) -> None:
    """Of two who do so at once, the one who sends it there fails, or the naming is refused."""
    found = await asyncio.gather(
        complaint.act("name_accused", OPERATOR, units=[UMA], reason="来电人说的是城管"),
        complaint.act("accept", SECOND, lead_unit=UMA, reason="派给城管"),
        return_exceptions=True,
    )
    assert sum(isinstance(one, JiesuError) for one in found) == 1
    held = {task.unit for task in await complaint.tasks()}
    async with complaint.db.city(CITY) as conn:
        out = await store.of_case(conn, CITY, complaint.number)
    assert not held & out


async def test_what_is_under_the_bureau_complained_of_is_kept_out_too(
    town: Database, city: City
) -> None:
    """A branch does not look into its own bureau."""
    branches = [
        msgspec.structs.replace(u, parent=BUREAU)
        if u.code.endswith("-ECO") and u.code != BUREAU
        else u
        for u in city.units
    ]
    one = msgspec.structs.replace(city, units=tuple(branches))
    book = catalogue(one)
    number = await put_complaint(town, 51, "举报市生态环境局领导收钱")
    async with town.city(CITY) as conn:
        case = await cases.get(conn, CITY, number)
    assert case is not None
    out = barred(book, case, ())
    assert {BUREAU, ECO, f"{WEST}-ECO"} <= out
    assert superiors(book, {BUREAU}) == []
    assert superiors(book, {ECO}) == [BUREAU]
    offered = {unit.code for unit in candidates(book, case, ())}
    assert HUD in offered
    assert not offered & out
    assert f"{CITY}-RAI" not in offered


async def test_without_a_place_every_branch_may_be_meant(town: Database, city: City) -> None:
    """Where it is not known which branch, none of them gets it; the city's bureau may."""
    number = await put_complaint(town, 52, "环保所的人收钱不查", adcode=None)
    async with town.city(CITY) as conn:
        case = await cases.get(conn, CITY, number)
    assert case is not None
    assert found_in(catalogue(city), case) == {ECO, f"{WEST}-ECO"}


async def test_an_ordinary_case_names_nobody(desk: Desk) -> None:
    """A complaint about a factory that mentions an office keeps nobody from it."""
    async with desk.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET text = $2 WHERE case_no = $1", desk.number, WORDS)
    case = await desk.act("accept")
    assert case.lead_unit == ECO


def test_scenario_23_the_branch_of_panlong_has_no_part_in_it(kunming: City) -> None:
    """The county branch is found by its words and place; its superior is the city's bureau."""
    book = catalogue(kunming)
    assert superiors(book, {"530103-ECO"}) == ["530100-ECO"]


async def test_f07_the_pollution_inside_becomes_a_case_of_its_own(complaint: Desk) -> None:
    """It is told without the complaint, and nothing leads a unit from one to the other."""
    told = "东区化工厂的烟囱天天冒黑烟,附近居民受不了"
    await complaint.act("open_pollution", text=told)
    await complaint.act("open_pollution", text=told)
    async with complaint.db.city(CITY) as conn:
        (link,) = await links.of_case(conn, CITY, complaint.number)
        opened = await cases.get(conn, CITY, link.other_no)
        assert await custody.of_case(conn, CITY, link.other_no) == []
    assert opened is not None
    assert (link.kind, link.case_no) == ("related", complaint.number)
    assert (opened.text, opened.tags, opened.parent_no) == (told, None, None)
    assert (opened.state.value, opened.queue, opened.confidential) == ("NEW", "tag", True)
    async with complaint.db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO task (city, case_no, task_no, unit, role, is_lead, dispatched_at)"
            " VALUES ($1, $2, 1, $3, 'ECO', true, now())",
            CITY,
            opened.case_no,
            ECO,
        )
    async with complaint.db.city(CITY, ECO) as conn:
        assert await cases.get(conn, CITY, opened.case_no) is not None
        assert await links.of_case(conn, CITY, opened.case_no) == []
        events = await conn.fetch("SELECT data FROM event WHERE case_no = $1", opened.case_no)
    assert str(complaint.number) not in str([event["data"] for event in events])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("化工厂冒黑烟,环保局收了钱不管", "complaint_in_text"),
        ("化工厂冒黑烟,请回电 13800000000", "identity_in_text"),
    ],
)
async def test_the_case_of_its_own_tells_nothing_of_the_complaint(
    complaint: Desk, text: str, code: str
) -> None:
    """Neither whom it is about nor who it is from."""
    with pytest.raises(Invalid, match=code):
        await complaint.act("open_pollution", text=text)


async def test_only_a_complaint_about_officials_is_divided_so(desk: Desk) -> None:
    """Any other case with several matters is split."""
    with pytest.raises(Conflict, match="not_about_officials"):
        await desk.act("open_pollution", text="化工厂天天冒黑烟")


async def test_staff_of_the_unit_complained_of_are_told_of_no_such_case(complaint: Desk) -> None:
    """Acting on it by its number is answered as if it were not there."""
    await complaint.act("accept", lead_unit=HUD, reason="交由无关单位核查")
    with pytest.raises(NotFound):
        await complaint.act("sign", handler(ECO), handler="张工")


async def test_a_complaint_is_not_split_merged_or_related(
    complaint: Desk, town: Database, city: City
) -> None:
    """What units could see of another case must not lead to it, nor carry its words."""
    other = Desk(town, city, await put_case(town, 60))
    twin = Desk(town, city, await put_complaint(town, 61))
    await other.act("accept")
    await complaint.act("accept", lead_unit=HUD, reason="交由无关单位核查")
    parts = [{"types": ["A01"], "lead_unit": ECO}, {"types": ["N01"], "lead_unit": HUD}]
    with pytest.raises(Conflict, match="open_pollution_instead"):
        await complaint.act("split", parts=parts, reason="拆单")
    for one, into in ((complaint, other), (other, complaint)):
        for verb, data in (("merge", {"into": into.number}), ("relate", {"to": into.number})):
            with pytest.raises(Conflict, match="kept_apart"):
                await one.act(verb, reason="同一件事", **data)
    await twin.act("relate", to=complaint.number, reason="同一反映")
