"""B6: an unknown source is found within 48 hours, and the case handed over once, with a record."""

from datetime import timedelta
from typing import Any

import pytest

from models.case import State
from models.db.pool import Database
from models.errors import Conflict, Forbidden, Invalid
from routing.engine import decide
from routing.stage import RouteStage
from tests.routing.closing import ECO, HUD, UMA, Road, report_file
from tests.routing.kit import CITY, FRIDAY, facts, handler, small_city

UNKNOWN = ("source:unknown", "odor:unknown")


@pytest.fixture
async def smell(road: Road) -> Road:
    """Give the road of a smell from nobody knows where, put to work by the ecology branch."""
    await road.begin("A02", flags=UNKNOWN)
    return road


async def traced(road: Road, **changed: Any) -> None:
    """Note that the source was found, with a record of sniffing."""
    known: dict[str, Any] = {
        "source": "某污水泵站",
        "record": "sniffing",
        "at": "2026-11-20T14:20:00",
        "people": ["张工", "李工"],
    }
    known["evidence"] = [await report_file(road)]
    await road.unit("trace_source", **(known | changed))


def test_b6_the_decision_says_that_the_source_is_to_be_found_first() -> None:
    """Within two days of the dispatch, whichever days they are; not where the source is known."""
    found = decide(small_city(), facts("A02", flags=UNKNOWN))
    assert found.tracing
    due = {clock.code: clock.due_at for clock in found.clocks}
    assert due["B06"] == FRIDAY + timedelta(hours=48)
    assert not decide(small_city(), facts("A02", flags=("odor:wwtp",))).tracing
    assert "B06" not in {c.code for c in decide(small_city(), facts("A01")).clocks}


@pytest.mark.parametrize(
    ("types", "flags"),
    [(("A99",), ("source:unknown",)), (("W99",), ("source:unknown",)), (("N99",), ())],
)
def test_b6_what_nobody_can_name_is_traced_too(
    types: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    """Air, water and noise of an unknown kind: the branch first finds where they come from."""
    assert decide(small_city(), facts(*types, flags=flags)).tracing


async def test_b6_the_clock_runs_from_the_dispatch_until_the_source_is_found(smell: Road) -> None:
    """It is the lead's own, 48 hours, and ends with the record."""
    clock = (await smell.clocks())[1, "B06", 1]
    assert (clock.unit, clock.due_at - clock.started_at) == (ECO, timedelta(hours=48))
    await traced(smell)
    clock = (await smell.clocks())[1, "B06", 1]
    assert clock.stop_reason == "case:source:traced"


async def test_b6_the_clock_starts_with_an_automatic_dispatch(db: Database, smell: Road) -> None:
    """The machine's dispatch starts it as the desk's does, and only where it is due."""
    for n, types, flags in ((21, ("A02",), UNKNOWN), (22, ("A01",), ())):
        await smell.fresh(*types, n=n, flags=flags)
        async with db.city(CITY) as conn:
            await conn.execute("UPDATE cases SET queue = 'route' WHERE case_no = $1", smell.number)
        await RouteStage(db, {CITY: smell.city}).run_once(CITY)
        started = [code for _, code, _ in await smell.clocks()]
        assert ("B06" in started) is bool(flags)


@pytest.mark.parametrize("reason", ["R1", "R2", "R3"])
async def test_b6_nobody_returns_it_because_the_source_may_be_anothers(
    smell: Road, reason: str
) -> None:
    """Not before the source is found; then it is handed over, not returned."""
    wish = {"reason": reason, "basis": "气味可能来自西区", "proposed_unit": HUD}
    with pytest.raises(Conflict) as refused:
        await smell.unit("request_return", **wish)
    assert refused.value.code == "trace_first"
    await traced(smell)
    with pytest.raises(Conflict) as refused:
        await smell.unit("request_return", **wish)
    assert refused.value.code == "hand_over_instead"


async def test_b6_a_wrong_place_may_still_be_said(smell: Road) -> None:
    """That the report itself is wrong is no word about the source."""
    case = await smell.unit("request_return", reason="R4", basis="现场无此小区")
    assert case.state is State.IN_PROGRESS
    assert (await smell.tasks())[0].state == "RETURN_REQ"


async def test_b6_no_hand_over_without_a_record(smell: Road) -> None:
    """First the source, found by measuring or by two noses, with its file."""
    with pytest.raises(Conflict) as refused:
        await smell.unit("hand_over", unit=HUD, reason="泵站由住建部门运行")
    assert refused.value.code == "trace_first"
    for changed, code in (
        ({"evidence": []}, "record_required"),
        ({"people": ["张工"]}, "sniffers_required"),
        ({"source": ""}, "source_required"),
        ({"at": "2026-11-20T15:30:00"}, "moment_wrong"),
        ({"at": "2026-11-20T10:00:00"}, "moment_wrong"),
    ):
        with pytest.raises(Invalid) as wrong:
            await traced(smell, **changed)
        assert wrong.value.code in (code, "action_malformed"), changed
    assert "case:source:traced" not in await smell.verbs()


async def test_b6_a_file_of_another_case_is_no_record(smell: Road) -> None:
    """The record must be among the files of the case."""
    other = await smell.other(30, "A01")
    with pytest.raises(Invalid) as wrong:
        await traced(smell, evidence=[await report_file(other)])
    assert wrong.value.code == "evidence_unknown"


async def test_b6_traced_it_is_handed_over_with_its_record(smell: Road) -> None:
    """The new unit leads and signs anew, need not trace again; the history holds the record."""
    await traced(smell)
    case = await smell.unit("hand_over", unit=HUD, reason="泵站由住建部门运行")
    assert (case.state, case.lead_unit) == (State.DISPATCHED, HUD)
    assert case.decision is not None
    assert not case.decision.tracing
    lead = next(task for task in await smell.tasks() if task.is_lead and task.state == "DISPATCHED")
    started = {code for task_no, code, _ in await smell.clocks() if task_no == lead.task_no}
    assert "K04" in started
    assert "B06" not in started
    async with smell.db.city(CITY) as conn:
        said = await conn.fetchval(
            "SELECT data FROM event WHERE verb = 'case:source:handed_over' AND case_no = $1",
            smell.number,
        )
    assert (said["record"], said["note"], said["unit"]) == ("sniffing", "某污水泵站", HUD)
    assert len(said["evidence"]) == 1


async def test_b6_who_handed_over_acts_until_the_next_has_signed(smell: Road) -> None:
    """There is no hour in which nobody answers for safety and evidence."""
    await traced(smell)
    await smell.unit("hand_over", unit=HUD, reason="泵站由住建部门运行")
    assert [t.unit for t in await smell.tasks() if not t.is_lead and t.state == "DISPATCHED"] == [
        UMA,
        ECO,
    ]
    await smell.act("sign", handler(HUD), handler="王工")
    left = [t.unit for t in await smell.tasks() if not t.is_lead and t.state == "DISPATCHED"]
    assert left == [UMA]


async def test_b6_it_is_handed_over_once(smell: Road) -> None:
    """Whoever got it cannot pass it on, nor can the first do so again."""
    await traced(smell)
    await smell.unit("hand_over", unit=HUD, reason="泵站由住建部门运行")
    await smell.act("sign", handler(HUD), handler="王工")
    with pytest.raises(Conflict) as refused:
        await smell.act("hand_over", handler(HUD), unit=UMA, reason="应由城管负责")
    assert refused.value.code == "handed_over_already"
    with pytest.raises(Forbidden):
        await smell.unit("hand_over", unit=UMA, reason="应由城管负责")


async def test_b6_only_the_lead_traces_and_only_what_is_unknown(smell: Road) -> None:
    """A helper does not, and a case with a known source is not handed on this way."""
    with pytest.raises(Forbidden):
        await smell.act("hand_over", handler(UMA), unit=HUD, reason="泵站由住建部门运行")
    await smell.begin("A01", n=40)
    for verb, data in (
        ("hand_over", {"unit": HUD, "reason": "应由住建负责"}),
        (
            "trace_source",
            {
                "source": "某厂",
                "record": "monitoring",
                "at": "2026-11-20T14:20:00",
                "evidence": [await report_file(smell)],
            },
        ),
    ):
        with pytest.raises(Conflict) as refused:
            await smell.unit(verb, **data)
        assert refused.value.code == "not_tracing"


async def test_b6_it_is_not_handed_to_whom_it_cannot_go(smell: Road) -> None:
    """Not to oneself, to a unit that there is not, or to one outside the city's government."""
    await traced(smell)
    for unit, code in (
        (ECO, "same_lead"),
        ("990102-NIL", "unit_unknown"),
        (f"{CITY}-RAI", "letter_instead"),
    ):
        with pytest.raises((Conflict, Invalid)) as refused:
            await smell.unit("hand_over", unit=unit, reason="由其负责")
        assert refused.value.code == code
    assert (await smell.case()).lead_unit == ECO
