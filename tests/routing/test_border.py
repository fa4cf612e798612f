"""Matters of two districts, of another city and of zones: who leads, who helps, who is told."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from models.case import Case, Queue, State, TaskState
from models.city import Binding, City, Unit
from models.city_load import load_city
from models.db import disputes as store
from models.db import letters
from models.db.pool import Database
from models.decision import Decision
from models.errors import Conflict, Invalid, JiesuError
from routing.border import read, shared_with, with_neighbours
from routing.catalogue import catalogue
from routing.engine import decide
from routing.facts import facts_of
from routing.stage import RouteStage
from routing.umpire import Umpire
from tests.gold.scenarios import Scenario, scenarios
from tests.routing.kit import (
    CITY,
    EAST,
    FRIDAY,
    OPERATOR,
    SECOND,
    WEAK_ZONE,
    WEST,
    Desk,
    handler,
    put_case,
    put_city,
    small_city,
)

ECO, FAR, HUD = f"{EAST}-ECO", f"{WEST}-ECO", f"{EAST}-HUD"
TEAM = f"{CITY}-ENF"
RIVERS = (f"{EAST}-RES", f"{WEST}-RES")
BORDER = "东区和西区交界的地方,夜里有一股焦味,不知道哪里飘来的"
LETTER: dict[str, Any] = {
    "to_name": "邻市生态环境局",
    "to_city": "330600",
    "body": "交界河道水体发黑,请协查上游排污情况并回复。",
}


def whole_city() -> City:
    """Give the small city with an enforcement team and river chiefs."""
    made = small_city()
    units = [Unit(code=TEAM, name="市执法支队", short_name="市支队", level="city")]
    units += [
        Unit(
            code=code,
            name=f"{code}河长办",
            short_name=f"河长办{code}",
            level="county",
            adcodes=(code[:6],),
        )
        for code in RIVERS
    ]
    units += [
        msgspec.structs.replace(u, adcodes=(u.code[:6],)) if u.level == "county" else u
        for u in made.units
    ]
    bindings = [
        Binding(role="ECO_ENF", territory=CITY, unit=TEAM),
        *(Binding(role="RES", territory=code[:6], unit=code) for code in RIVERS),
    ]
    return small_city(units=tuple(units), bindings=(*made.bindings, *bindings))


@pytest.fixture(scope="module")
def broad() -> City:
    """Give the small city with an enforcement team and river chiefs."""
    made = whole_city()
    catalogue(made)
    return made


@pytest.fixture
async def near(db: Database, broad: City) -> Desk:
    """Give a case of the east at the desk of that city."""
    await put_city(db, broad)
    return Desk(db, broad, await put_case(db, 1))


async def say(desk: Desk, text: str) -> None:
    """Let the case's report say something."""
    async with desk.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET text = $2 WHERE case_no = $1", desk.number, text)


async def units_of(desk: Desk) -> dict[str, bool]:
    """Give who has an open part in the case, and whether they lead it."""
    gone = (TaskState.RETURNED, TaskState.WITHDRAWN)
    return {t.unit: t.is_lead for t in await desk.tasks() if t.state not in gone}


async def test_f65_a_report_from_a_border_brings_in_the_other_side(near: Desk) -> None:
    """The affected district leads, the other helps, the city's team coordinates, all at once."""
    await say(near, BORDER)
    await near.act("accept")
    found = await units_of(near)
    assert found[ECO] is True
    assert found[FAR] is found[TEAM] is False
    case = await near.case()
    assert shared_with(case) == {WEST}
    assert case.decision is not None
    assert "7日内" in case.decision.trace[-1].effect
    clocks = (await near.clocks()).values()
    assert {c.unit for c in clocks if c.code == "K04"} >= {ECO, FAR, TEAM}


async def test_the_machine_does_so_by_itself(near: Desk) -> None:
    """A case that needs nobody goes out with both sides."""
    await say(near, BORDER)
    async with near.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET queue = 'route' WHERE case_no = $1", near.number)
    await RouteStage(near.db, {CITY: near.city}).run_once(CITY)
    found = await units_of(near)
    assert (found[ECO], found[FAR], found[TEAM]) == (True, False, False)


async def test_a_name_far_from_any_border_brings_in_nobody(near: Desk) -> None:
    """Whoever lives in one district and works in another is on no border."""
    await say(near, "我住东区,在西区上班,楼下饭店的烟很大")
    assert read(catalogue(near.city), await near.case()).counties == ()


async def test_a_person_may_say_that_a_matter_is_two_districts(near: Desk) -> None:
    """Within five hundred metres, or the source beyond the border; along a river both chiefs."""
    await near.act("accept")
    with pytest.raises(Invalid, match="border_far"):
        await near.act("share", adcode=WEST, basis="boundary", distance_m=501)
    with pytest.raises(Invalid, match="border_far"):
        await near.act("share", adcode=WEST, basis="boundary")
    with pytest.raises(Invalid, match="county_own"):
        await near.act("share", adcode=EAST, basis="source")
    with pytest.raises(Invalid, match="letter_instead"):
        await near.act("share", adcode="330600", basis="source")
    case = await near.act("share", adcode=WEST, basis="river", distance_m=500)
    assert case.lead_unit == ECO
    found = await units_of(near)
    assert {FAR, TEAM, *RIVERS} <= found.keys()
    assert [unit for unit, leads in found.items() if leads] == [ECO]
    with pytest.raises(Conflict, match="shared_already"):
        await near.act("share", SECOND, adcode=WEST, basis="source")


async def test_two_who_share_a_matter_at_once_share_it_once(near: Desk) -> None:
    """Nobody gets two tasks; a retry changes nothing."""
    await near.act("accept")
    wish: dict[str, Any] = {"adcode": WEST, "basis": "source"}
    found = await asyncio.gather(
        near.act("share", OPERATOR, **wish),
        near.act("share", SECOND, **wish),
        return_exceptions=True,
    )
    assert sum(isinstance(one, JiesuError) for one in found) == 1
    tasks = [task.unit for task in await near.tasks()]
    assert len(tasks) == len(set(tasks))


async def test_the_other_side_is_no_reason_to_return_but_a_dispute_of_seven_days(
    near: Desk, time_machine: Any
) -> None:
    """Undecided after seven days it is the city bureau's to designate; nobody bounced it before."""
    time_machine.move_to(FRIDAY)
    await say(near, BORDER)
    await near.act("accept")
    wish = {"reason": "R2", "basis": "源头在西区", "proposed_unit": FAR}
    await near.act("request_return", handler(ECO), **wish)
    async with near.db.city(CITY) as conn:
        (found,) = await store.of_case(conn, CITY, near.number)
    assert (found.cause, found.level, set(found.parties)) == ("territory", "city", {ECO, FAR})
    with pytest.raises(Conflict, match="dispute_open"):
        await near.act("approve_return")
    umpire = Umpire(near.db, {CITY: near.city}, "one")
    time_machine.move_to(FRIDAY + timedelta(days=6))
    assert await umpire.run_once(CITY) == 0
    time_machine.move_to(FRIDAY + timedelta(days=8))
    assert await umpire.run_once(CITY) == 1
    assert (await near.case()).queue is Queue.REVIEW
    case = await near.act(
        "adjudicate", lead_unit=FAR, body="ECO", document="指定管辖通知1号", reason="源头在西区"
    )
    assert (case.lead_unit, case.no_return) == (FAR, True)
    assert (await units_of(near))[TEAM] is False


async def test_another_city_gets_letters_and_never_a_task(near: Desk) -> None:
    """One to it, one to the authority above both; a receipt is kept, and given once."""
    await near.act("accept")
    before = await units_of(near)
    await near.act("send_letter", **LETTER)
    await near.act("send_letter", **LETTER)
    assert await units_of(near) == before
    async with near.db.city(CITY) as conn:
        one, above = await letters.of_case(conn, CITY, near.number)
        assert len(await letters.waiting(conn, CITY, 10)) == 2
    assert (one.kind, one.to_name, above.kind) == ("transfer", "邻市生态环境局", "coordinate")
    assert one.number.endswith("-函1")
    await near.act("receive_letter", number=one.number, received_by="邻市局值班室")
    with pytest.raises(Conflict, match="received_already"):
        await near.act("receive_letter", SECOND, number=one.number, received_by="邻市局办公室")
    await near.act("answer_letter", number=one.number, reply="已查明为我市某企业,正在处理。")
    with pytest.raises(Invalid, match="letter_unknown"):
        await near.act("receive_letter", number="无此函", received_by="邻市局")
    async with near.db.city(CITY) as conn:
        kept = (await letters.of_case(conn, CITY, near.number))[0]
    assert (kept.received_by, kept.reply) == ("邻市局值班室", "已查明为我市某企业,正在处理。")
    async with near.db.city(CITY, ECO) as conn:
        assert await letters.of_case(conn, CITY, near.number) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"body": "来电人电话 13800000000,请联系"}, "identity_in_text"),
        ({"to_city": CITY}, "city_own"),
        ({"to_unit": ECO}, "dispatch_instead"),
        ({"to_unit": "990100-NONE"}, "unit_unknown"),
        ({"to_name": None}, "addressee_required"),
        ({"body": " "}, "body_required"),
    ],
)
async def test_a_letter_is_refused_where_it_says_too_much_or_goes_astray(
    near: Desk, change: dict[str, Any], code: str
) -> None:
    """No numbers of people, no letter to one's own units, an addressee and a matter."""
    with pytest.raises(Invalid, match=code):
        await near.act("send_letter", **(LETTER | change))


async def test_two_who_send_the_same_letter_at_once_send_it_once(near: Desk) -> None:
    """The other one is told."""
    await near.act("accept")
    found = await asyncio.gather(
        near.act("send_letter", OPERATOR, **LETTER),
        near.act("send_letter", SECOND, **LETTER),
        return_exceptions=True,
    )
    assert sum(isinstance(one, JiesuError) for one in found) == 1
    assert (await near.verbs()).count("case:letter:issued") == 1


async def test_a_body_outside_the_government_is_written_to_and_never_leads(near: Desk) -> None:
    """The railway administration gets a letter; a task is refused, by hand or by designation."""
    rail = f"{CITY}-RAI"
    with pytest.raises(Invalid, match="letter_instead"):
        await near.act("accept", lead_unit=rail, reason="铁路噪声")
    await near.act("accept")
    with pytest.raises(Invalid, match="letter_instead"):
        await near.act("redispatch", lead_unit=rail, reason="铁路噪声")
    with pytest.raises(Invalid, match="letter_instead"):
        await near.act("adjudicate", lead_unit=rail, document="纪要1号", reason="铁路噪声")
    await near.act("send_letter", to_unit=rail, body="请协助核实夜间鸣笛情况。")
    async with near.db.city(CITY) as conn:
        (one,) = await letters.of_case(conn, CITY, near.number)
    assert (one.to_unit, one.to_name) == (rail, "铁路监管局")


async def test_a_zone_without_power_does_not_lead_enforcement(near: Desk) -> None:
    """It may answer an inquiry, and help; a complaint is the branch's or the county's."""
    weak = f"{WEAK_ZONE}-ZON"
    with pytest.raises(Invalid, match="unit_cannot_enforce"):
        await near.act("accept", lead_unit=weak, reason="园区内企业")
    inquiry = Desk(near.db, near.city, await put_case(near.db, 2, kind="ZX"))
    assert (await inquiry.act("accept", lead_unit=weak, reason="园区解答")).lead_unit == weak
    await near.act("accept", cooperating=[weak], reason="园区协助")
    assert (await units_of(near))[weak] is False


def told(scenario: Scenario) -> tuple[City, Decision]:
    """Decide a golden scenario as the stage does, with what its text says."""
    city, known = load_city(scenario.city), scenario.facts
    assert known is not None
    case = msgspec.structs.replace(
        plain_case(city),
        text=scenario.text,
        kind=known.kind,
        types=known.types,
        urgency=known.urgency,
        adcode=known.adcode,
        source_category=(),
    )
    decision = decide(city, facts_of(case, FRIDAY))
    return city, with_neighbours(catalogue(city), case, decision, FRIDAY)


def plain_case(city: City) -> Case:
    """Give a case of a city of which nothing is known."""
    known: dict[str, Any] = dict.fromkeys(Case.__struct_fields__)
    tuples = {"types": (), "review_reasons": (), "key_reasons": ()}
    plain = {"city": city.adcode, "case_no": 1, "revision": 1, "attempts": 0, "level": 0}
    texts = {"channel": "12345_TEL", "source": "12345", "text": "", "received_at": FRIDAY}
    flags = {"state": State.SCREEN, "no_return": False, "confidential": True}
    return Case(**(known | tuples | plain | texts | flags))


def scenario(n: int) -> Scenario:
    """Give a golden scenario."""
    return next(one for one in scenarios() if one.n == n)


def test_scenario_03_two_districts_and_the_citys_team() -> None:
    """The affected district's branch leads, the neighbour's helps, the city's team coordinates."""
    _, decision = told(scenario(3))
    assert decision.lead is not None
    assert decision.lead.unit == "500106-ECO"
    helpers = {part.unit for part in decision.cooperating}
    assert {"500107-ECO", "500000-ENF"} <= helpers
    assert "cross_city" not in decision.reasons


def test_scenario_28_another_city_is_written_to_and_a_person_sees_to_it() -> None:
    """The own branch leads with the river chief; the other city's units have no part in it."""
    city, decision = told(scenario(28))
    assert decision.lead is not None
    assert decision.lead.unit == "330109-ECO"
    parts = [part.unit for part in decision.cooperating if part.unit]
    assert "330109-RES" in parts
    assert set(parts) <= {unit.code for unit in city.units}
    assert "cross_city" in decision.reasons
    assert "绍兴市" in decision.trace[-1].effect
