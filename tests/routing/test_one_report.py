"""What holds of a case holds of its parts: who may lead them, who must not know, what is argued."""

from typing import Any, Final

import pytest

from models.case import State
from models.city import Chief, City, Unit
from models.db import accused as store
from models.db import copies, invariants
from models.db.pool import Database
from models.errors import Conflict, Invalid, JiesuError, NotFound
from routing.accused import NAMED
from routing.catalogue import catalogue
from routing.commands import act
from tests.routing.kit import (
    CITY,
    EAST,
    OPERATOR,
    WEAK_ZONE,
    Desk,
    handler,
    put_case,
    put_city,
    small_city,
)
from tests.routing.together import AGR, ECO, HUD, PARTS, UMA, finish, parts_of, split, units_at_work

RULED: Final[dict[str, Any]] = {"document": "会商纪要〔2026〕3号", "reason": "按三定规定"}
OLD: Final = f"{EAST}-OLD"


def part(types: str, lead: str, **more: Any) -> dict[str, Any]:
    """Tell of one part."""
    return {"types": [types], "lead_unit": lead, **more}


async def refused(doing: Any) -> str:
    """Give the code with which something is refused."""
    with pytest.raises(JiesuError) as refusal:
        await doing
    return refusal.value.code


async def hidden_from(desk: Desk) -> frozenset[str]:
    """Name the units from which a case is hidden."""
    async with desk.db.city(CITY) as conn:
        return await store.of_case(conn, CITY, desk.number)


async def broken(desk: Desk) -> set[str]:
    """Name what does not hold of the stored cases; cases put in have no history."""
    async with desk.db.city(CITY) as conn:
        found = await invariants.violations(conn, CITY)
    return {one.invariant for one in found} - {"case_numbers_have_no_gap", "every_case_has_history"}


@pytest.mark.parametrize("named", [{"types": ["P06"]}, {"types": ["A05"], "kind": "JC"}])
async def test_never_2_a_complaint_about_officials_is_no_part(
    desk: Desk, named: dict[str, Any]
) -> None:
    """Split off it would go to the very unit that it complains of."""
    await desk.act("accept", lead_unit=HUD, reason="交由无关单位核查")
    told = {"lead_unit": ECO, "gist": "举报东区环保分局的人收了厂里的钱"} | named
    with pytest.raises(Conflict, match="open_pollution_instead"):
        await desk.act("split", parts=[part("A01", HUD), told], reason="两件事")
    assert await parts_of(desk) == []


@pytest.mark.parametrize(
    ("lead", "types", "code"),
    [
        (f"{CITY}-RAI", "N11", "letter_instead"),
        (f"{WEAK_ZONE}-ZON", "N02", "unit_cannot_enforce"),
        (OLD, "S01", "unit_abolished"),
    ],
)
async def test_a_part_is_led_by_whom_a_case_may_be_led_by(
    desk: Desk, lead: str, types: str, code: str
) -> None:
    """Not by a body that gets letters, a zone without power, or a unit that is no more."""
    await desk.act("accept")
    with pytest.raises(Invalid, match=code):
        await desk.act("split", parts=[part("A01", ECO), part(types, lead)], reason="两件事")
    assert await parts_of(desk) == []


@pytest.mark.parametrize("verb", ["redispatch", "adjudicate"])
async def test_a_unit_that_is_no_more_gets_no_case(desk: Desk, verb: str) -> None:
    """Nobody would sign there."""
    with pytest.raises(Invalid, match="unit_abolished"):
        await desk.act("accept", lead_unit=OLD, reason="改派")
    await desk.act("accept")
    more = RULED if verb == "adjudicate" else {"reason": "改派"}
    with pytest.raises(Invalid, match="unit_abolished"):
        await desk.act(verb, lead_unit=OLD, **more)


@pytest.fixture
async def insider(town: Database, city: City) -> Desk:
    """Give a case whose words say that data are falsified, though it is not called that."""
    desk = Desk(town, city, await put_case(town, 70, flags=("data_fraud",)))
    await desk.act("accept")
    return desk


async def test_a_part_that_must_be_kept_secret_is_not_split_off(insider: Desk) -> None:
    """Whoever tells of falsified data is known to two persons, not to several units."""
    told = part("P02", HUD, kind="JB")
    with pytest.raises(Conflict, match="restricted_alone"):
        await insider.act("split", parts=[part("A01", ECO), told], reason="两件事")
    assert await parts_of(insider) == []


async def test_a_case_is_kept_apart_whatever_it_is_called_once_units_are_named(
    desk: Desk, town: Database, city: City
) -> None:
    """A person named the units: no part, no merged case and no link leads to them."""
    other = Desk(town, city, await put_case(town, 60))
    await other.act("accept")
    await desk.act("accept", lead_unit=HUD, reason="交由无关单位核查")
    await desk.act("name_accused", units=[ECO], reason="信中反映")
    parts = [part("A05", HUD), part("A01", ECO)]
    assert await refused(desk.act("split", parts=parts, reason="x拆")) == "open_pollution_instead"
    for one, into in ((desk, other), (other, desk)):
        assert await refused(one.act("merge", into=into.number, reason="同一")) == "kept_apart"
        assert await refused(one.act("relate", to=into.number, reason="相关")) == "kept_apart"
    await desk.act("open_pollution", text="厂里的烟囱夜里冒黑烟", adcode=EAST)


async def test_two_complaints_are_joined_only_when_kept_from_the_same(
    desk: Desk, town: Database, city: City
) -> None:
    """Else the one would be answered by a unit that the other complains of."""
    other, third = [Desk(town, city, await put_case(town, n)) for n in (60, 61)]
    for one, unit in ((desk, ECO), (other, UMA), (third, ECO)):
        await one.act("accept", lead_unit=HUD, reason="交由无关单位核查")
        await one.act("name_accused", units=[unit], reason="信中反映")
    assert await refused(desk.act("merge", into=other.number, reason="同一")) == "kept_apart"
    merged = await desk.act("merge", into=third.number, reason="同一件事")
    assert merged.state is State.MERGED


async def test_units_named_of_a_case_are_kept_from_all_its_parts(desk: Desk) -> None:
    """The parts carry the same words: leads must change first, helpers go, nothing is seen."""
    await desk.act("accept")
    first, *_ = parts = await split(desk)
    naming: dict[str, Any] = {"units": [UMA], "reason": "反映城管局"}
    with pytest.raises(Invalid, match="unit_complained_of"):
        await desk.act("name_accused", **naming)
    assert await hidden_from(desk) == frozenset()
    await first.act("redispatch", lead_unit=AGR, reason="改派")
    await desk.act("name_accused", **naming)
    for one in (desk, *parts):
        assert await hidden_from(one) == {UMA}
    with pytest.raises(Invalid, match="unit_complained_of"):
        await first.act("redispatch", lead_unit=UMA, reason="改派")
    async with desk.db.city(CITY, UMA) as conn:
        assert await conn.fetchval("SELECT count(*) FROM cases") == 0


async def test_units_named_of_a_part_are_kept_from_the_whole(desk: Desk) -> None:
    """Helpers of the other parts go, and of what is over nothing is seen any more."""
    await desk.act("accept")
    helped = [part("A05", UMA, cooperating=[AGR]), part("N02", HUD, cooperating=[AGR])]
    done, other = await split(desk, *helped)
    await finish(done)
    why = "反映农业农村局,电话13900001111"
    await other.act("name_accused", units=[AGR, f"{CITY}-TPB"], reason=why)
    assert await units_at_work(other) == {f"*{HUD}": "DISPATCHED"}
    async with desk.db.city(CITY) as conn:
        told = await conn.fetch("SELECT data ->> 'reason' FROM event WHERE verb = $1", NAMED)
    assert {row[0] for row in told} == {"反映农业农村局,电话(号码已隐去)"}
    for one in (desk, done, other):
        assert AGR in await hidden_from(one)
    async with desk.db.city(CITY, AGR) as conn:
        assert await conn.fetchval("SELECT count(*) FROM cases") == 0
    assert await broken(desk) == set()


async def test_no_part_turns_out_to_be_a_complaint_before_units_are_named(desk: Desk) -> None:
    """Found out of one part alone, the others would stay with whom it complains of."""
    await desk.act("accept")
    parts = await split(desk)
    async with desk.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET text = '举报东区环保分局收了厂里的钱'")
    told: dict[str, Any] = {"kind": "JC", "types": ["P06"], "reason": "反映干部"}
    assert await refused(parts[0].act("correct", **told)) == "name_accused_first"
    await parts[2].act("redispatch", lead_unit=AGR, reason="改派")
    await parts[0].act("name_accused", units=[ECO], reason="反映分局")
    assert (await parts[0].act("correct", **told)).kind == "JC"


async def test_taking_parts_back_brings_no_unit_back_that_is_complained_of(desk: Desk) -> None:
    """A helper whom the split sent home stays there, without a clock."""
    await desk.act("accept")
    first, *_ = await split(desk)
    await first.act("redispatch", lead_unit=AGR, reason="改派")
    await desk.act("name_accused", units=[UMA], reason="反映城管局")
    await desk.act("unsplit", reason="是一件事")
    assert UMA not in await units_at_work(desk)
    helpers = [t.task_no for t in await desk.tasks() if t.unit == UMA]
    running = [c for c in (await desk.clocks()).values() if c.stopped_at is None]
    assert not [clock for clock in running if clock.task_no in helpers]
    assert await broken(desk) == set()


async def test_what_several_units_have_is_not_restricted(desk: Desk) -> None:
    """Alone again it is, with the parts that were taken back, and nobody helps in it."""
    await desk.act("accept")
    parts = await split(desk)
    for one in (desk, parts[0]):
        assert await refused(one.act("restrict", reason="保护举报人")) == "restricted_alone"
    await desk.act("unsplit", reason="是一件事")
    await desk.act("restrict", reason="保护举报人")
    assert [(await one.case()).restricted for one in (desk, *parts)] == [True] * 4
    assert list(await units_at_work(desk)) == [f"*{ECO}"]


async def test_what_is_found_to_be_secret_is_not_left_in_parts(insider: Desk) -> None:
    """A correction into what a rule restricts waits until the parts are taken back."""
    parts = await split(insider)
    told: dict[str, Any] = {"kind": "JB", "types": ["P02"], "reason": "数据造假"}
    for one in (insider, parts[1]):
        assert await refused(one.act("correct", **told)) == "restricted_alone"
    await insider.act("unsplit", reason="是一件事")
    await insider.act("correct", **told)
    assert (await insider.case()).restricted


async def test_parts_are_not_taken_back_while_it_is_argued_who_leads_them(desk: Desk) -> None:
    """A wish and a dispute are decided first: of a case taken back nobody could."""
    await desk.act("accept")
    first, *_ = await split(desk)
    wish: dict[str, Any] = {"reason": "R1", "basis": "三定规定", "proposed_unit": AGR}
    await first.act("request_return", handler(UMA), **wish)
    assert await refused(desk.act("unsplit", reason="一件事")) == "return_pending"
    await first.act("deny_return", note="属本单位职责")
    await first.act("request_return", handler(UMA), **wish | {"basis": "另有文件"})
    with pytest.raises(Conflict, match=(await first.case()).number) as argued:
        await desk.act("unsplit", reason="一件事")
    assert argued.value.code == "dispute_open"
    await first.act("adjudicate", lead_unit=AGR, **RULED)
    await desk.act("unsplit", reason="一件事")
    assert (await first.case()).state is State.MERGED
    assert await broken(desk) == set()


async def test_parts_are_not_taken_back_with_what_only_they_could_end(desk: Desk) -> None:
    """A part in the ledger is released first."""
    await desk.act("accept")
    first, *_ = await split(desk)
    await first.act("ledger", OPERATOR, conditions="整改完毕", keeper="王督办")
    assert await refused(desk.act("unsplit", reason="一件事")) == "ledgered"
    assert await broken(desk) == set()


async def test_a_result_is_named_before_what_follows_it(desk: Desk) -> None:
    """Of a closed part people are asked yet: it is its result that keeps the parts apart."""
    await desk.act("accept")
    first, *_ = await split(desk)
    await finish(first)
    assert await refused(desk.act("unsplit", reason="一件事")) == "part_has_result"


async def test_a_dispute_over_a_taken_back_case_is_seen_in_the_store(desk: Desk) -> None:
    """The check of what is stored knows that nobody could decide it."""
    await desk.act("accept")
    async with desk.db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO dispute VALUES ($1, $2, 1, 'territory', 'negotiation', 'city', $3, $4,"
            " now(), now())",
            *(CITY, desk.number, ECO, [ECO]),
        )
        await conn.execute("UPDATE cases SET state = 'MERGED', merged_into = 1, lead_unit = NULL")
    assert "closed_cases_are_undisputed" in await broken(desk)


async def test_a_disputed_case_is_neither_split_nor_made_whole(desk: Desk) -> None:
    """Who leads would change in the middle of the argument about it."""
    await desk.act("accept")
    await desk.act("request_return", handler(ECO), reason="R1", basis="三定规定", proposed_unit=HUD)
    await desk.act("approve_return")
    await desk.act("redispatch", lead_unit=HUD, reason="改派")
    await desk.act("redispatch", lead_unit=ECO, reason="改派")
    assert await refused(desk.act("split", parts=PARTS, reason="三件事")) == "dispute_open"
    await desk.act("adjudicate", lead_unit=ECO, **RULED)
    await desk.act("split", parts=PARTS, reason="三件事")


async def test_never_8_a_designated_unit_returns_no_part_either(desk: Desk) -> None:
    """What a unit was designated for it keeps, whole or in parts; another's part is another's."""
    await desk.act("accept")
    await desk.act("adjudicate", lead_unit=ECO, **RULED)
    others, _, own = await split(desk)
    wish: dict[str, Any] = {"reason": "R1", "basis": "三定规定"}
    with pytest.raises(Conflict, match="return_forbidden"):
        await own.act("request_return", handler(ECO), **wish)
    assert all(code != "K05" for _, code, _ in await own.clocks())
    await others.act("request_return", handler(UMA), **wish)


CHIEFS_OFFICE: Final = f"{CITY}-RES"


@pytest.fixture
async def river(db: Database) -> Desk:
    """Give a case by a river whose chief has an office in the city."""
    office = Unit(code=CHIEFS_OFFICE, name="市河长办", short_name="河长办", level="city")
    chief = Chief(
        flag="river:test", kind="river", place="测试河", title="测试河河长", unit=office.code
    )
    city = small_city(units=(*small_city().units, office), chiefs=(chief,))
    catalogue(city)
    await put_city(db, city)
    return Desk(db, city, await put_case(db, 1, flags=("river:test",)))


async def told(desk: Desk) -> list[str]:
    """Name the units that got a copy of a case."""
    async with desk.db.city(CITY) as conn:
        return [copy.unit for copy in await copies.of_case(conn, CITY, desk.number)]


async def test_f22_the_chief_of_a_river_is_told_of_a_part(river: Desk) -> None:
    """A part that touches a river is copied to its chief as a case of its own would be."""
    await river.act("accept", lead_unit=HUD, cooperating=[], reason="核查")
    parts = await split(river, part("A01", ECO), part("A05", UMA))
    assert [await told(one) for one in parts] == [[CHIEFS_OFFICE], [CHIEFS_OFFICE]]


async def test_f22_a_chiefs_office_that_is_complained_of_gets_no_copy(river: Desk) -> None:
    """Whether the helpers are chosen by hand or not."""
    await river.act("name_accused", units=[CHIEFS_OFFICE], reason="反映河长办不作为")
    await river.act("accept", cooperating=[UMA])
    assert await told(river) == []


async def test_a_unit_named_learns_nothing_by_acting_on_what_it_had(desk: Desk) -> None:
    """The case answers like one that is not there, in whatever state the unit knew it."""
    await desk.act("accept")
    await desk.act("name_accused", units=[UMA], reason="反映城管局")
    for verb, data in (
        ("sign", {"handler": "张工"}),
        ("secure", {"step": "safety", "note": "x到场"}),
    ):
        async with desk.db.city(CITY) as conn:
            with pytest.raises(NotFound):
                await act(conn, desk.city, desk.number, verb, data, handler(UMA))


@pytest.mark.parametrize("number", [10**30, -(10**30), 0])
async def test_a_number_that_no_case_has_leads_to_none(desk: Desk, number: int) -> None:
    """However large it is."""
    await desk.act("accept")
    with pytest.raises(NotFound):
        await desk.act("merge", into=number, reason="同一件事")
    with pytest.raises(NotFound):
        await desk.act("relate", to=number, reason="同一件事")
