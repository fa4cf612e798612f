"""Disputes about the lead: they open by themselves, end by agreement or designation, for good."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from models.case import Actor, Case, Queue, State, Task, TaskState
from models.city import City
from models.db import disputes as store
from models.db import invariants
from models.db.disputes import Dispute
from models.db.pool import Database
from models.errors import Conflict, Forbidden, Invalid, JiesuError
from routing.umpire import Umpire, take_up
from tests.routing.kit import CITY, EAST, FRIDAY, OPERATOR, SECOND, Desk, handler, put_case
from tests.routing.together import RESULT

ECO, UMA, HUD = f"{EAST}-ECO", f"{EAST}-UMA", f"{EAST}-HUD"
WISH: dict[str, Any] = {"reason": "R1", "basis": "三定规定由其负责"}
RULED: dict[str, Any] = {"document": "会商纪要〔2026〕3号", "reason": "按三定规定"}


async def wish(desk: Desk, unit: str, proposed: str | None = None, **more: Any) -> Case:
    """Ask to be relieved."""
    asked = WISH | more | ({"proposed_unit": proposed} if proposed else {})
    return await desk.act("request_return", handler(unit), **asked)


async def passed_on(desk: Desk) -> None:
    """Bring a case from ECO, who was relieved, to HUD."""
    await desk.act("accept")
    await wish(desk, ECO, HUD)
    await desk.act("approve_return")
    await desk.act("redispatch", lead_unit=HUD, reason="改派")


async def disputed(desk: Desk) -> None:
    """Let ECO return to HUD and HUD return to ECO."""
    await passed_on(desk)
    await wish(desk, HUD, ECO, basis="应由生态环境部门负责")


async def rows(desk: Desk) -> list[Dispute]:
    """Give the disputes of the case."""
    async with desk.db.city(CITY) as conn:
        return await store.of_case(conn, CITY, desk.number)


async def race(*acts: Any) -> list[Any]:
    """Do acts at once; give what each came to."""
    return await asyncio.gather(*acts, return_exceptions=True)


def leads(tasks: list[Any]) -> list[str]:
    """Name the units that lead now."""
    gone = (TaskState.RETURNED, TaskState.WITHDRAWN)
    return [task.unit for task in tasks if task.is_lead and task.state not in gone]


async def test_f33_ping_pong_goes_to_designation(desk: Desk) -> None:
    """Scenario 27: A returns to B and B to A; a designation ends it and no return is taken."""
    await disputed(desk)
    (open_one,) = await rows(desk)
    assert (open_one.cause, open_one.stage) == ("ping_pong", "negotiation")
    assert set(open_one.parties) == {ECO, HUD}
    promise = (await desk.clocks())[0, "K12", 1]
    assert promise.stopped_at is None
    await desk.act("secure", handler(HUD), step="evidence", note="已到场取证")
    case = await desk.act("adjudicate", lead_unit=ECO, **RULED)
    assert (case.state, case.lead_unit, case.no_return) == (State.DISPATCHED, ECO, True)
    assert leads(await desk.tasks()) == [ECO]
    (ended,) = await rows(desk)
    assert (ended.stage, ended.lead_unit, ended.document) == (
        "designated",
        ECO,
        "会商纪要〔2026〕3号",
    )
    assert (await desk.clocks())[0, "K12", 1].due_at == promise.due_at
    assert "case:dispute:opened" in await desk.verbs()
    assert "case:dispute:designated" in await desk.verbs()
    with pytest.raises(Conflict, match="return_forbidden"):
        await wish(desk, ECO, HUD, basis="还是不归我们管")


async def test_the_dispute_clock_runs_from_opening_to_designation(desk: Desk) -> None:
    """K07 and K08 run while it is argued and stop with the designation."""
    await disputed(desk)
    running = {c.code for c in (await desk.clocks()).values() if c.stopped_at is None}
    assert {"K07", "K08", "K12"} <= running
    await desk.act("adjudicate", lead_unit=ECO, **RULED)
    clocks = (await desk.clocks()).values()
    assert all(c.stopped_at for c in clocks if c.code in ("K07", "K08"))


async def test_a_second_wish_of_the_same_unit_is_a_dispute_with_whom_it_names(desk: Desk) -> None:
    """Denied once, asked again: both units get a part in it, and may agree."""
    await desk.act("accept")
    await wish(desk, ECO, HUD)
    await desk.act("deny_return", note="属本单位职责")
    await wish(desk, ECO, HUD, basis="另有文件")
    (found,) = await rows(desk)
    assert (found.cause, found.parties, found.opener) == ("second_return", (ECO, HUD), ECO)
    (invited,) = [task for task in await desk.tasks() if task.unit == HUD]
    assert (invited.is_lead, invited.state) == (False, TaskState.DISPATCHED)


async def test_a_second_wish_that_names_nobody_goes_to_the_desk_at_once(desk: Desk) -> None:
    """A unit cannot agree with itself."""
    await desk.act("accept")
    await wish(desk, ECO)
    await desk.act("deny_return", note="属本单位职责")
    case = await wish(desk, ECO, basis="另有文件")
    assert (case.queue, case.review_reasons) == (Queue.REVIEW, ("dispute",))
    assert (await rows(desk))[0].stage == "adjudication"
    case = await desk.act("adjudicate", lead_unit=ECO, **RULED)
    assert (case.queue, case.no_return, case.lead_unit) == (None, True, ECO)
    assert (await desk.tasks())[0].state is TaskState.DISPATCHED


async def test_units_agree_when_all_of_them_say_the_same(desk: Desk) -> None:
    """One word is not enough; the agreed unit leads, for good, and nobody else's part stays."""
    await disputed(desk)
    await desk.act("negotiate", handler(HUD), lead_unit=ECO, note="由生态环境部门牵头")
    assert leads(await desk.tasks()) == [HUD]
    case = await desk.act("negotiate", handler(ECO), lead_unit=ECO, note="同意牵头")
    assert (case.lead_unit, case.no_return, case.state) == (ECO, True, State.DISPATCHED)
    assert leads(await desk.tasks()) == [ECO]
    (ended,) = await rows(desk)
    assert (ended.stage, ended.lead_unit) == ("agreed", ECO)
    verbs = await desk.verbs()
    assert "case:dispute:negotiated" in verbs
    assert "case:task:returned" in verbs
    with pytest.raises(Conflict, match="return_forbidden"):
        await wish(desk, ECO, HUD, basis="反悔了不想办")


async def test_whoever_hands_in_a_result_while_it_is_argued_may_be_designated(desk: Desk) -> None:
    """The result need not be done again for it; another unit does not get the result."""
    await passed_on(desk)
    await desk.act("redispatch", lead_unit=ECO, reason="改派")
    await desk.act("sign", handler(ECO), handler="张工")
    await desk.act("submit", handler(ECO), **RESULT)
    with pytest.raises(Conflict, match="result_handed_in"):
        await desk.act("adjudicate", lead_unit=HUD, **RULED)
    case = await desk.act("adjudicate", lead_unit=ECO, **RULED)
    assert (case.state, case.lead_unit, case.no_return) == (State.SUBMITTED, ECO, True)
    assert (await rows(desk))[0].stage == "designated"
    await desk.act("approve", task_no=next(t.task_no for t in await desk.tasks() if t.result))
    for task in await desk.tasks():
        if task.state is TaskState.DISPATCHED:
            await desk.act("withdraw", task_no=task.task_no, reason="无须协办")
    assert (await desk.act("close")).state is State.CLOSED


async def test_units_may_agree_that_the_lead_stays(desk: Desk) -> None:
    """Whoever asked to be relieved takes it on again, as it was."""
    await disputed(desk)
    agreed = {"lead_unit": HUD, "note": "由住建牵头"}
    await desk.act("negotiate", handler(ECO), **agreed)
    case = await desk.act("negotiate", handler(HUD), **agreed)
    assert (case.lead_unit, case.no_return) == (HUD, True)
    assert leads(await desk.tasks()) == [HUD]
    assert "case:task:return_denied" in await desk.verbs()


async def test_only_parties_speak_and_only_for_parties(desk: Desk) -> None:
    """A helper has no word in it, and no third unit is pushed in front."""
    await disputed(desk)
    with pytest.raises(Forbidden, match="not_a_party"):
        await desk.act("negotiate", handler(UMA), lead_unit=ECO, note="我看归生态环境")
    with pytest.raises(Invalid, match="lead_not_a_party"):
        await desk.act("negotiate", handler(ECO), lead_unit=UMA, note="归城管更合适")
    with pytest.raises(Forbidden, match="not_your_part"):
        await desk.act("negotiate", OPERATOR, lead_unit=ECO, note="代为同意")


@pytest.mark.parametrize(
    ("data", "code"),
    [({"document": " "}, "document_required"), ({"reason": " "}, "reason_required")],
)
async def test_a_designation_needs_a_document_and_a_reason(
    desk: Desk, data: dict[str, Any], code: str
) -> None:
    """Nobody is designated by a click alone."""
    await disputed(desk)
    with pytest.raises(Invalid, match=f"{code}|action_malformed"):
        await desk.act("adjudicate", lead_unit=ECO, **(RULED | data))


async def test_after_a_day_without_agreement_someone_above_decides(
    desk: Desk, time_machine: Any
) -> None:
    """The umpire takes it up once, shows it to the desk, and the units can agree no more."""
    time_machine.move_to(FRIDAY)
    await disputed(desk)
    one, two = (Umpire(desk.db, {CITY: desk.city}, name) for name in ("one", "two"))
    time_machine.move_to(FRIDAY + timedelta(hours=23))
    assert await one.run_once(CITY) == 0
    time_machine.move_to(FRIDAY + timedelta(hours=25))
    with pytest.raises(Conflict, match="negotiation_over"):
        await desk.act("negotiate", handler(ECO), lead_unit=ECO, note="同意牵头")
    assert await race(one.run_once(CITY), two.run_once(CITY)) in ([1, 0], [0, 1])
    assert await one.run_once(CITY) == 0
    case = await desk.case()
    assert (case.queue, case.review_reasons) == (Queue.REVIEW, ("dispute",))
    assert (await desk.verbs()).count("case:dispute:taken_up") == 1
    case = await desk.act("adjudicate", lead_unit=HUD, **RULED)
    assert (case.queue, case.lead_unit) == (None, HUD)


async def test_two_umpires_without_leases_take_up_a_dispute_once(
    desk: Desk, time_machine: Any
) -> None:
    """Even where a lease was lost, each case is held by one of them."""
    time_machine.move_to(FRIDAY)
    await disputed(desk)
    late = FRIDAY + timedelta(days=2)

    async def one() -> int:
        async with desk.db.city(CITY) as conn:
            return await take_up(conn, CITY, late, 10)

    assert sum(await race(one(), one(), one())) == 1
    assert (await desk.verbs()).count("case:dispute:taken_up") == 1


async def test_f91_the_coordinating_body_decides_what_was_laid_before_it(desk: Desk) -> None:
    """Once escalated, the hotline no longer designates, and the units agree no more."""
    await disputed(desk)
    case = await desk.act("escalate_dispute", reason="涉及多部门职责空白")
    assert (case.queue, case.review_reasons) == (Queue.REVIEW, ("dispute",))
    with pytest.raises(Conflict, match="negotiation_over"):
        await desk.act("negotiate", handler(ECO), lead_unit=ECO, note="同意牵头")
    with pytest.raises(Conflict, match="coord_decides"):
        await desk.act("adjudicate", lead_unit=ECO, **RULED)
    with pytest.raises(Conflict, match="escalated_already"):
        await desk.act("escalate_dispute", SECOND, reason="再提交一次")
    await desk.act("adjudicate", lead_unit=ECO, body="COORD", **RULED)
    (ended,) = await rows(desk)
    assert (ended.level, ended.body) == ("coord", "COORD")


async def test_giving_a_case_back_to_whom_it_was_taken_from_is_a_dispute(desk: Desk) -> None:
    """The desk cannot play ping-pong either: it needs a document for that."""
    await passed_on(desk)
    case = await desk.act("redispatch", lead_unit=ECO, reason="还是给生态环境")
    assert case.lead_unit == ECO
    (found,) = await rows(desk)
    assert (found.cause, set(found.parties)) == ("ping_pong", {ECO, HUD})
    with pytest.raises(Conflict, match="dispute_open"):
        await desk.act("redispatch", lead_unit=HUD, reason="再换回来")
    with pytest.raises(Conflict, match="dispute_open"):
        await wish(desk, ECO, UMA)


async def test_a_case_with_an_open_dispute_is_not_closed(desk: Desk) -> None:
    """The result may be good and the answer written: the dispute is settled first."""
    await passed_on(desk)
    await desk.act("redispatch", lead_unit=ECO, reason="还是给生态环境")
    eco = handler(ECO)
    await desk.act("sign", eco, handler="张工")
    await desk.act("submit", eco, outcome="true", reply_text="已处理", reply_method="phone")
    await desk.act("approve", task_no=_lead_no(await desk.tasks()))
    for task in await desk.tasks():
        if not task.is_lead and task.state is TaskState.DISPATCHED:
            await desk.act("withdraw", task_no=task.task_no, reason="无须协办")
    with pytest.raises(Conflict, match="still_open"):
        await desk.act("close")


def _lead_no(tasks: list[Task]) -> int:
    gone = (TaskState.RETURNED, TaskState.WITHDRAWN)
    return next(t.task_no for t in tasks if t.is_lead and t.state not in gone)


async def test_a_designation_of_an_emergency_waits_for_nobody(town: Database, city: City) -> None:
    """The units of a P0 case have no time to agree: it is the desk's at once."""
    desk = Desk(town, city, await put_case(town, 3, urgency="P0"))
    await desk.act("accept")
    await wish(desk, ECO, HUD)
    await desk.act("deny_return", note="先处置")
    case = await wish(desk, ECO, HUD, basis="另有文件")
    assert case.queue is Queue.REVIEW
    assert (await rows(desk))[0].stage == "adjudication"


#: Who does which act, and what is said with it.
Deed = tuple[str, Actor, Mapping[str, Any]]
RACES: dict[str, tuple[Deed, ...]] = {
    "two designations": (
        ("adjudicate", OPERATOR, {"lead_unit": ECO, **RULED}),
        ("adjudicate", SECOND, {"lead_unit": HUD, **RULED}),
    ),
    "agreement and designation": (
        ("negotiate", handler(ECO), {"lead_unit": ECO, "note": "同意牵头"}),
        ("adjudicate", OPERATOR, {"lead_unit": HUD, **RULED}),
    ),
    "designation and escalation": (
        ("adjudicate", OPERATOR, {"lead_unit": HUD, **RULED}),
        ("escalate_dispute", SECOND, {"reason": "职责空白"}),
    ),
}


@pytest.mark.parametrize("acts", RACES.values(), ids=RACES.keys())
async def test_two_who_end_a_dispute_at_once_end_it_once(
    desk: Desk, acts: tuple[Deed, ...]
) -> None:
    """One lead, one ending, whoever comes first; repeating one's own act changes nothing."""
    await disputed(desk)
    await desk.act("negotiate", handler(HUD), lead_unit=ECO, note="由生态环境牵头")
    found = await race(*(desk.act(verb, actor, **said) for verb, actor, said in acts))
    assert any(not isinstance(one, Exception) for one in found)
    assert all(isinstance(one, (Case, JiesuError)) for one in found)
    await race(*(desk.act(verb, actor, **said) for verb, actor, said in acts))
    assert len(leads(await desk.tasks())) == 1
    verbs = await desk.verbs()
    ends = verbs.count("case:dispute:negotiated") + verbs.count("case:dispute:designated")
    (dispute,) = await rows(desk)
    assert dispute.settled_at is None or ends >= 1
    assert (await desk.case()).lead_unit == leads(await desk.tasks())[0]


async def test_a_wish_and_a_designation_at_once_never_leave_a_wish(desk: Desk) -> None:
    """Whatever comes first: after the designation nobody waits for an answer."""
    await passed_on(desk)
    await race(
        wish(desk, HUD, ECO, basis="应由其负责"),
        desk.act("adjudicate", lead_unit=HUD, **RULED),
    )
    case = await desk.case()
    tasks = await desk.tasks()
    assert (case.no_return, leads(tasks)) == (True, [HUD])
    assert all(task.state is not TaskState.RETURN_REQ for task in tasks)


async def test_the_same_designation_again_gives_the_case_as_it_is(desk: Desk) -> None:
    """A retry by the same actor is no second designation; another actor's is."""
    await disputed(desk)
    first = await desk.act("adjudicate", lead_unit=ECO, **RULED)
    assert await desk.act("adjudicate", lead_unit=ECO, **RULED) == first
    with pytest.raises(Conflict, match="designated_already"):
        await desk.act("adjudicate", SECOND, lead_unit=ECO, **RULED)


async def test_a_consent_twice_is_one(desk: Desk) -> None:
    """A retry by the same unit says nothing new."""
    await disputed(desk)
    word: dict[str, Any] = {"lead_unit": ECO, "note": "由生态环境牵头"}
    first = await desk.act("negotiate", handler(HUD), **word)
    assert await desk.act("negotiate", handler(HUD), **word) == first
    assert (await desk.verbs()).count("case:dispute:consented") == 1


async def test_a_disputed_case_is_not_merged_away(desk: Desk, town: Database, city: City) -> None:
    """A dispute is settled, not made to vanish."""
    await disputed(desk)
    other = Desk(town, city, await put_case(town, 4))
    await other.act("accept")
    with pytest.raises(Conflict, match="dispute_open"):
        await desk.act("merge", into=other.number, reason="同一件事")


async def test_what_must_hold_of_disputes_holds_and_its_breach_is_found(desk: Desk) -> None:
    """A whole life breaks no invariant; what somebody wrote by hand is named."""
    await disputed(desk)
    await desk.act("adjudicate", lead_unit=ECO, **RULED)
    mine = {
        "the_ledger_agrees_with_the_case",
        "nobody_holds_a_case_with_another",
        "closed_cases_are_undisputed",
        "designated_units_do_not_return",
        "no_unit_has_a_complaint_about_itself",
    }
    async with desk.db.city(CITY) as conn:
        found = {v.invariant for v in await invariants.violations(conn, CITY)}
        assert not found & mine
        await conn.execute("UPDATE custody SET until_at = now() WHERE until_at IS NULL")
        await conn.execute(
            "INSERT INTO accused (city, case_no, unit, noted_at) VALUES ($1, $2, $3, now())",
            CITY,
            desk.number,
            ECO,
        )
        found = {v.invariant for v in await invariants.violations(conn, CITY)}
    assert {"the_ledger_agrees_with_the_case", "no_unit_has_a_complaint_about_itself"} <= found
