"""The main road: from the desk through a unit to the end, with its states, clocks and events."""

from datetime import datetime
from typing import Any

import pytest

from models.case import Queue, State, TaskState
from models.city import City
from models.db.pool import Database
from models.decision import Decision
from models.errors import Conflict, Invalid
from models.moment import CHINA, now
from tests.routing.kit import (
    CITY,
    EAST,
    FRIDAY,
    OPERATOR,
    SECOND,
    WEST,
    Desk,
    handler,
    put_case,
)

ECO = f"{EAST}-ECO"
UNIT = handler(ECO)
RESULT: dict[str, Any] = {
    "outcome": "true",
    "measures": ["order"],
    "reply_text": "已责令停止夜间生产",
    "reply_method": "phone",
}


async def submitted(desk: Desk, **result: Any) -> None:
    """Bring a case to where its result waits for review."""
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    await desk.act("submit", UNIT, **(RESULT | result))
    for task in (await desk.tasks())[1:]:
        await desk.act("withdraw", task_no=task.task_no, reason="无须协办")


async def test_the_whole_road(desk: Desk) -> None:
    """Accepted, signed, contacted, submitted, approved and closed: each step shows in the case."""
    case = await desk.act("accept")
    assert (case.state, case.queue, case.lead_unit) == (State.DISPATCHED, None, ECO)
    assert case.accepted_at is not None
    case = await desk.act("sign", UNIT, handler="张工")
    assert case.state is State.IN_PROGRESS
    case = await desk.act("contact", UNIT, method="phone", result="reached", note="约定今晚到场")
    lead = (await desk.tasks())[0]
    assert (lead.state, lead.handler) == (TaskState.IN_PROGRESS, "张工")
    assert lead.contacted_at is not None
    case = await desk.act("submit", UNIT, **RESULT)
    assert case.state is State.SUBMITTED
    for task in (await desk.tasks())[1:]:
        await desk.act("withdraw", task_no=task.task_no, reason="无须协办")
    case = await desk.act("approve")
    assert (await desk.tasks())[0].state is TaskState.DONE
    case = await desk.act("close")
    assert case.state is State.CLOSED
    assert case.result is not None
    assert case.result["reply_text"] == "已责令停止夜间生产"
    assert case.closed_at is not None
    running = {c.code for c in (await desk.clocks()).values() if c.stopped_at is None}
    assert running == {"K17"}
    verbs = [verb for verb in await desk.verbs() if verb != "case:task:withdrawn"]
    assert verbs == [
        "case:accepted",
        "case:dispatched",
        "case:task:signed",
        "case:task:contacted",
        "case:task:submitted",
        "case:task:approved",
        "case:closed",
    ]


async def test_dispatch_starts_the_clocks_of_case_lead_and_tasks(desk: Desk) -> None:
    """The case has its closing clock, the lead all of its own, each helper the one to sign."""
    await desk.act("accept")
    tasks, clocks = await desk.tasks(), await desk.clocks()
    assert len(tasks) > 1
    assert clocks[0, "K12", 1].unit == ECO
    assert {code for no, code, _ in clocks if no == 1} == {"K04", "K05", "K09"}
    assert {code for no, code, _ in clocks if no == 2} == {"K04", "K12A"}
    assert clocks[0, "K12", 1].trace[-1].n == 15


async def test_each_step_stops_its_clock(desk: Desk) -> None:
    """Signing stops the clock to sign, contact the clock to contact, and only those."""
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    clocks = await desk.clocks()
    assert clocks[1, "K04", 1].stop_reason == "case:task:signed"
    assert clocks[2, "K04", 1].stopped_at is None
    assert clocks[1, "K09", 1].stopped_at is None
    await desk.act("contact", UNIT, method="phone", result="reached")
    assert (await desk.clocks())[1, "K09", 1].stop_reason == "case:task:contacted"


async def test_a_submitted_result_stops_the_promise_and_rework_lets_it_run_on(desk: Desk) -> None:
    """While a result is looked at the closing clock stands; sent back, it has its time again."""
    await submitted(desk)
    first = (await desk.clocks())[0, "K12", 1]
    assert first.stopped_at is not None
    case = await desk.act("rework", reason="没有夜间到场记录")
    assert case.state is State.IN_PROGRESS
    again = (await desk.clocks())[0, "K12", 2]
    assert again.stopped_at is None
    assert again.due_at >= first.due_at
    assert "停表" in again.trace[-1].note
    assert (await desk.tasks())[0].state is TaskState.IN_PROGRESS


async def test_not_true_needs_evidence_and_two_people(desk: Desk) -> None:
    """A result "not true" without evidence is refused, and one reviewer alone cannot settle it."""
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    with pytest.raises(Invalid, match="evidence_required"):
        await desk.act("submit", UNIT, **(RESULT | {"outcome": "not_true"}))
    file = await _attach(desk)
    with pytest.raises(Conflict, match="evidence_missing"):
        await desk.act("submit", UNIT, **(RESULT | {"outcome": "not_true", "evidence": [file]}))
    seen = {"at": now(), "people": ["张工", "李工"], "place": "厂门口", "found": False}
    await desk.act("visit", UNIT, **seen, finding="未见排放")
    await desk.act("submit", UNIT, **(RESULT | {"outcome": "not_true", "evidence": [file]}))
    await desk.act("approve", OPERATOR)
    assert (await desk.tasks())[0].state is TaskState.SUBMITTED
    with pytest.raises(Conflict, match="second_reviewer_needed"):
        await desk.act("approve", OPERATOR, note="再看一次")
    await desk.act("approve", SECOND)
    assert (await desk.tasks())[0].state is TaskState.DONE


async def _attach(desk: Desk) -> str:
    async with desk.db.city(CITY) as conn:
        found = await conn.fetchval(
            "INSERT INTO attachment (city, attachment_id, case_no, origin, name, media_type, size,"
            " sha256, created_at) VALUES ($1, gen_random_uuid(), $2, 'unit', '监测.pdf',"
            " 'application/pdf', 1, 'x', now()) RETURNING attachment_id",
            CITY,
            desk.number,
        )
    return str(found)


async def test_evidence_must_be_held_for_the_case(desk: Desk) -> None:
    """A result cannot point at files that are not there."""
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    strange = "00000000-0000-7000-8000-000000000000"
    with pytest.raises(Invalid, match="evidence_unknown"):
        await desk.act("submit", UNIT, **(RESULT | {"evidence": [strange]}))


async def test_a_case_with_open_tasks_does_not_close(desk: Desk) -> None:
    """The lead's result must be approved and every helper finished or withdrawn."""
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    await desk.act("submit", UNIT, **RESULT)
    with pytest.raises(Conflict, match="lead_not_done"):
        await desk.act("close")
    await desk.act("approve", task_no=1)
    with pytest.raises(Conflict, match="open_tasks"):
        await desk.act("close")


async def test_a_helper_answers_on_its_own(desk: Desk) -> None:
    """A cooperating unit signs and submits its own task without moving the case."""
    await desk.act("accept")
    helper = (await desk.tasks())[1]
    own = handler(helper.unit)
    await desk.act("sign", own, handler="李工")
    case = await desk.act("submit", own, **RESULT)
    assert case.state is State.DISPATCHED
    await desk.act("approve", task_no=helper.task_no)
    assert (await desk.tasks())[1].state is TaskState.DONE


async def test_two_vain_calls_at_different_times_count_as_contact(
    desk: Desk, time_machine: Any
) -> None:
    """One call that nobody answers is noted; only a second one hours later stops the clock."""
    time_machine.move_to(FRIDAY)
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    vain: dict[str, Any] = {"method": "phone", "result": "not_reached"}
    await desk.act("contact", UNIT, **vain)
    await desk.act("contact", UNIT, **vain)
    assert (await desk.clocks())[1, "K09", 1].stopped_at is None
    time_machine.shift(3 * 3600)
    await desk.act("contact", UNIT, **vain)
    assert (await desk.clocks())[1, "K09", 1].stop_reason == "case:task:contacted"
    assert (await desk.verbs()).count("case:task:contact_tried") == 2


async def test_an_operators_correction_decides_again_and_is_kept(desk: Desk) -> None:
    """Corrected facts lead to another unit, and the difference is kept as training data."""
    case = await desk.act("accept", types=["A04"], adcode=WEST, urgency="P1")
    assert case.lead_unit == f"{WEST}-HUD"
    assert (case.types, case.urgency) == (("A04",), "P1")
    async with desk.db.city(CITY) as conn:
        row = await conn.fetchrow("SELECT machine, human FROM correction WHERE city = $1", CITY)
    assert row is not None
    assert row["machine"]["types"] == ["A01"]
    assert row["human"]["types"] == ["A04"]
    assert row["human"]["lead_unit"] == f"{WEST}-HUD"


async def test_an_acceptance_as_decided_is_no_correction(desk: Desk) -> None:
    """Who takes the machine's word as it is has taught it nothing."""
    await desk.act("accept")
    async with desk.db.city(CITY) as conn:
        assert await conn.fetchval("SELECT count(*) FROM correction") == 0


async def test_another_unit_needs_a_reason_and_says_so_in_the_trace(desk: Desk) -> None:
    """An operator may name the unit, with a reason that the decision keeps."""
    with pytest.raises(Invalid, match="reason_required"):
        await desk.act("accept", lead_unit=f"{EAST}-UMA")
    case = await desk.act(
        "accept", lead_unit=f"{EAST}-UMA", cooperating=[ECO], reason="会商纪要第12号"
    )
    assert case.lead_unit == f"{EAST}-UMA"
    assert [task.unit for task in await desk.tasks()] == [f"{EAST}-UMA", ECO]
    assert isinstance(case.decision, Decision)
    assert any(step.tier == "HUMAN" for step in case.decision.trace)


async def test_a_case_without_lead_is_not_sent_out(town: Database, city: City) -> None:
    """What the catalogue leaves open needs a unit of the operator's choice."""
    desk = Desk(town, city, await put_case(town, 2, "P04"))
    with pytest.raises(Invalid, match="lead_required"):
        await desk.act("accept", kind="JC")
    held = await desk.act("accept", dispatch=False)
    assert (held.state, held.queue) == (State.ACCEPTED, Queue.REVIEW)
    assert (0, "K03", 1) in await desk.clocks()
    sent = await desk.act("dispatch", lead_unit=ECO, reason="会商确定")
    assert sent.state is State.DISPATCHED
    clocks = await desk.clocks()
    assert clocks[0, "K03", 1].stop_reason == "case:dispatched"
    assert clocks[0, "K12", 1].stopped_at is None


async def test_an_emergency_is_confirmed_or_lifted_by_name(town: Database, city: City) -> None:
    """Who confirmed or lifted an emergency is written down."""
    first = Desk(town, city, await put_case(town, 3, "W01", urgency="P0"))
    await first.act("accept")
    assert "case:urgency:confirmed" in await first.verbs()
    second = Desk(town, city, await put_case(town, 4, "W01", urgency="P0"))
    case = await second.act("accept", urgency="P2", reason="比喻,不是真的爆炸")
    assert case.urgency == "P2"
    assert "case:urgency:lifted" in await second.verbs()


async def test_the_bureau_complained_of_never_gets_the_case(town: Database, city: City) -> None:
    """Not even an operator can give a complaint about the branch to that branch."""
    number = await put_case(town, 5, "P06", kind="JC", flags=("authority:eco",))
    desk = Desk(town, city, number)
    with pytest.raises(Invalid, match="unit_complained_of"):
        await desk.act("accept", lead_unit=ECO, reason="随手派单")
    case = await desk.act("accept", lead_unit=f"{CITY}-ECO", cooperating=[], reason="市局督察")
    assert case.lead_unit == f"{CITY}-ECO"


@pytest.mark.parametrize(
    ("verb", "data", "state"),
    [
        ("reject", {"code": "NA1", "notice": "请通过行政复议途径解决"}, State.REJECTED),
        ("transfer", {"destination": "物业主管部门"}, State.TRANSFERRED),
    ],
)
async def test_a_case_may_end_at_the_desk(
    desk: Desk, verb: str, data: dict[str, Any], state: State
) -> None:
    """A refusal and a transfer end the case with what the citizen is told."""
    case = await desk.act(verb, **data)
    assert (case.state, case.queue) == (state, None)
    assert case.result is not None
    assert case.result["notice"]
    assert case.closed_at is not None


async def test_a_refusal_needs_a_listed_reason_and_words(desk: Desk) -> None:
    """No refusal without a code of the list and a notice."""
    with pytest.raises(Invalid, match="rejection_unknown"):
        await desk.act("reject", code="NA0", notice="不予受理")
    with pytest.raises(Invalid, match="notice_required"):
        await desk.act("reject", code="NA1", notice=" ")


async def test_an_inquiry_may_be_answered_by_the_desk(town: Database, city: City) -> None:
    """The desk closes an inquiry with an answer, and nothing else without a unit."""
    asked = Desk(town, city, await put_case(town, 6, "A03", kind="ZX"))
    with pytest.raises(Invalid, match="reply_required"):
        await asked.act("close")
    case = await asked.act("close", reply_text="执行标准为 GB 18483")
    assert case.result == {"direct": True, "reply_text": "执行标准为 GB 18483"}
    complaint = Desk(town, city, await put_case(town, 7, "A03"))
    with pytest.raises(Conflict, match="needs_unit"):
        await complaint.act("close", reply_text="已知悉")


async def test_the_platforms_deadline_is_the_closing_clock(town: Database, city: City) -> None:
    """The time that the source platform set is the one that is watched."""
    stated = datetime(2027, 1, 5, 18, 0, tzinfo=CHINA)
    desk = Desk(town, city, await put_case(town, 8, source_due_at=stated))
    await desk.act("accept")
    assert (await desk.clocks())[0, "K12", 1].due_at == stated


async def test_the_platform_is_told_in_order_what_concerns_it(desk: Desk) -> None:
    """Acceptance, signature, contact, result, rework and end go out; helpers' doings do not."""
    async with desk.db.city(CITY) as conn:
        await conn.execute("INSERT INTO outbox_target VALUES ($1, '12345', 'http://x')", CITY)
        await conn.execute(
            "INSERT INTO case_ref (city, source, external_no, case_no, digest)"
            " VALUES ($1, '12345', 'A1', $2, 'x')",
            CITY,
            desk.number,
        )
    await submitted(desk)
    await desk.act("rework", reason="没有夜间到场记录")
    await desk.act("contact", UNIT, method="visit", result="reached")
    await desk.act("submit", UNIT, **RESULT)
    await desk.act("approve")
    await desk.act("close")
    async with desk.db.city(CITY) as conn:
        rows = await conn.fetch("SELECT kind, body FROM outbox WHERE city = $1 ORDER BY seq", CITY)
    told = [row["kind"] for row in rows]
    assert told == ["ACCEPT", "SIGN", "SUBMIT", "REWORK", "CONTACTED", "SUBMIT", "CLOSE"]
    assert rows[0]["body"]["accepted"] is True
    assert rows[0]["body"]["due_at"].endswith("23:59:59+08:00")
    assert rows[-1]["body"]["outcome"] == "true"
    assert rows[-1]["body"]["reply"] == "已责令停止夜间生产"


async def test_events_hold_no_words_to_the_citizen(desk: Desk) -> None:
    """What is answered to the citizen is kept with the task, not in the history."""
    await submitted(desk)
    async with desk.db.city(CITY) as conn:
        found = await conn.fetchval(
            "SELECT count(*) FROM event WHERE city = $1 AND data::text LIKE '%责令停止%'", CITY
        )
    assert found == 0


async def test_a_case_that_no_machine_could_read_is_read_by_a_person(desk: Desk) -> None:
    """What failed in reading has no types: the operator gives them, and the case goes out."""
    async with desk.db.city(CITY) as conn:
        await conn.execute(
            "UPDATE cases SET types = '{}', kind = NULL, urgency = NULL, tags = NULL"
        )
    with pytest.raises(Invalid, match="facts_required"):
        await desk.act("accept")
    case = await desk.act("accept", types=["A01"], kind="TS")
    assert (case.lead_unit, case.urgency) == (ECO, "P2")
    assert (0, "K12", 1) in await desk.clocks()


@pytest.mark.parametrize(
    "number", ["13812345678", "138 1234 5678", "0731-82345678", "430102199001011234"]
)
async def test_no_number_that_leads_to_a_person_gets_into_the_history(
    desk: Desk, number: str
) -> None:
    """A telephone typed into a note is taken out of the event; a ticket number stays."""
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    note = f"按 {number} 联系,见 ENV-430100-20261120-000123"
    await desk.act("contact", UNIT, method="phone", result="reached", note=note)
    async with desk.db.city(CITY) as conn:
        kept = await conn.fetchval(
            "SELECT data->>'note' FROM event WHERE verb = 'case:task:contacted'"
        )
    assert number not in kept
    assert "ENV-430100-20261120-000123" in kept


async def test_a_correction_at_the_desk_decides_again_and_waits(desk: Desk) -> None:
    """Facts set right before the dispatch give a new decision, and the case stays at the desk."""
    case = await desk.act("correct", types=["A04"], urgency="P1")
    assert (case.state, case.queue, case.types) == (State.SCREEN, Queue.REVIEW, ("A04",))
    assert case.decision is not None
    assert case.decision.lead is not None
    assert case.decision.lead.unit == f"{EAST}-HUD"
    assert (await desk.act("accept")).lead_unit == f"{EAST}-HUD"


async def test_a_correction_after_dispatch_changes_facts_and_not_the_units(desk: Desk) -> None:
    """What is found out later is kept, and the unit that has the case keeps it."""
    sent = await desk.act("accept")
    case = await desk.act("correct", types=["A04"], reason="现场核实")
    assert case.types == ("A04",)
    assert (case.lead_unit, case.decision) == (sent.lead_unit, sent.decision)
    with pytest.raises(Invalid, match="issue_type_unknown"):
        await desk.act("correct", types=["A77"])
    with pytest.raises(Invalid, match="division_unknown"):
        await desk.act("correct", adcode="110101")
