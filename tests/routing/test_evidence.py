"""What a result must rest on: no act closes a case over what its matter needs (F42, F68)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from models.case import Case, Outcome, State
from models.city import City
from models.db import closure
from models.db.closure import Monitoring, Visit
from models.db.pool import Database
from models.errors import Conflict, Invalid
from models.moment import CHINA
from routing.evidence import Seen, missing, rules
from tests.routing.closing import ECO, NIGHT, RESULT, UMA, Road, report_file
from tests.routing.kit import EAST, FRIDAY, SECOND, handler, tags

AT = FRIDAY
#: 23:30 and 02:00 are night, 05:59 too; 06:00 and 21:59 are not.
NIGHTS = ["22:00", "23:30", "02:00", "05:59"]
DAYS = ["06:00", "14:00", "21:59"]


def visit(text: str, **changed: Any) -> Visit:
    """Make a visit at a moment in China."""
    made = Visit(
        task_no=1,
        unit=ECO,
        method="site",
        at=datetime.fromisoformat(text).replace(tzinfo=CHINA),
        people=("张工", "李工"),
        place="厂门口",
        found=False,
        finding="未闻到异味",
        files=(),
        noted_at=AT,
        noted_by="x",
    )
    return msgspec.structs.replace(made, **changed)


def report(text: str) -> Monitoring:
    """Make a report sampled at a moment in China."""
    at = datetime.fromisoformat(text).replace(tzinfo=CHINA)
    return Monitoring(
        asked_at=AT,
        asked_by="x",
        unit=ECO,
        station="站",
        what="采样",
        hours="",
        reported_at=at,
        sampled_at=at,
        report_no="1",
    )


async def case_of(road: Road, *types: str, flags: tuple[str, ...] = (), kind: str = "TS") -> Case:
    """Give a stored case as another one would be."""
    case = await road.case()
    return msgspec.structs.replace(case, types=types, kind=kind, tags=tags(*types, flags=flags))


@pytest.mark.parametrize("clock", NIGHTS)
async def test_a_night_visit_settles_night_noise(road: Road, clock: str) -> None:
    """From ten in the evening to six in the morning is night."""
    case = await case_of(road, "N02", flags=NIGHT)
    seen = Seen([visit(f"2026-11-20T{clock}")], [])
    assert missing([case], "true", seen) == []


@pytest.mark.parametrize("clock", DAYS)
async def test_a_day_visit_does_not(road: Road, clock: str) -> None:
    """A visit by day says nothing of the night, whatever it found."""
    case = await case_of(road, "N02", flags=NIGHT)
    for found in (True, False):
        seen = Seen([visit(f"2026-11-20T{clock}", found=found)], [])
        (said,) = missing([case], "true", seen)
        assert "夜间时段的现场核查" in said


async def test_19_a_day_without_smell_closes_no_night_case(road: Road) -> None:
    """Day visits, one night or online data are not enough; two nights or sampling by night are."""
    case = await case_of(road, "A02", flags=NIGHT)
    day = [visit(f"2026-11-{n}T14:00") for n in (20, 21, 22)]
    night = visit("2026-11-20T23:30")
    same = visit("2026-11-21T03:00")
    other = visit("2026-11-21T23:30")
    for end in ("not_true", "unverifiable", None):
        for seen in (Seen(day, []), Seen([*day, night], []), Seen([night, same], [])):
            assert missing([case], end, seen)
        online = msgspec.structs.replace(night, method="online")
        assert missing(
            [case], end, Seen([online, msgspec.structs.replace(other, method="online")], [])
        )
        assert not missing([case], end, Seen([night, other], []))
        assert not missing([case], end, Seen([], [report("2026-11-21T02:00")]))
        assert missing([case], end, Seen([], [report("2026-11-21T14:00")]))
    found = visit("2026-11-20T14:00", found=True)
    assert missing([case], "true", Seen(day, []))
    assert not missing([case], "true", Seen([found], []))


@pytest.mark.parametrize("outcome", ["true", "partly_true", "not_true", "unverifiable"])
async def test_19_no_odour_is_judged_from_the_desk(road: Road, outcome: str) -> None:
    """By day too: somebody smelt it, or came on two days, or a sample tells."""
    await road.begin("A02")
    told = RESULT | {"outcome": outcome}
    if outcome == "not_true":
        told["evidence"] = [await report_file(road)]
    road.time.at("2026-11-20T16:00")
    await road.look("2026-11-20T15:00")
    with pytest.raises(Conflict, match="evidence_missing"):
        await road.unit("submit", **told)
    road.time.at("2026-11-21T16:00")
    await road.look("2026-11-21T15:00")
    await road.unit("submit", **told)


async def test_19_an_odour_that_was_smelt_needs_no_second_visit(road: Road) -> None:
    """Whoever came found it."""
    await road.begin("A12")
    road.time.at("2026-11-20T16:00")
    await road.look("2026-11-20T15:00", found=True)
    await road.unit("submit", **RESULT)


async def test_32_online_data_replaces_no_visit(road: Road) -> None:
    """Online data in order closes nothing by itself, whatever the outcome."""
    case = await case_of(road, "W03")
    online = Seen([visit("2026-11-20T15:00", method="online")], [])
    for outcome in Outcome:
        needs = missing([case], outcome.value, online)
        assert bool(needs) == (outcome is not Outcome.NOT_COMPETENT), outcome
    there = Seen([*online.visits, visit("2026-11-20T16:00")], [])
    assert missing([case], "not_true", there) == []


async def test_12_a_base_station_is_not_untrue_without_a_report(road: Road) -> None:
    """A look at a mast measures nothing."""
    case = await case_of(road, "E01")
    looked = Seen([visit("2026-11-20T15:00")], [])
    (said,) = missing([case], "not_true", looked)
    assert "监测报告" in said
    assert missing([case], "not_true", Seen([], [report("2026-11-20T15:00")])) == []


async def test_one_person_alone_finds_nothing_untrue(road: Road) -> None:
    """Two people must have been there."""
    case = await case_of(road, "A01")
    alone = Seen([visit("2026-11-20T15:00", people=("张工",))], [])
    assert missing([case], "not_true", alone)
    assert missing([case], "true", alone) == []
    assert missing([case], "not_true", Seen([visit("2026-11-20T15:00")], [])) == []


async def test_the_unit_is_told_what_is_missing_and_then_hands_in(road: Road) -> None:
    """Neither handed in nor closed over it; once there was someone by night, it is."""
    await road.begin("N02", flags=NIGHT)
    with pytest.raises(Conflict, match="evidence_missing") as refused:
        await road.unit("submit", **RESULT)
    assert "夜间" in refused.value.detail
    road.time.at("2026-11-20T16:00")
    await road.look("2026-11-20T15:30")
    with pytest.raises(Conflict, match="evidence_missing"):
        await road.unit("submit", **RESULT)
    road.time.at("2026-11-20T23:50")
    await road.look("2026-11-20T23:30", found=True)
    await road.unit("submit", **RESULT)
    await road.act("approve", SECOND, task_no=1)
    assert (await road.close()).state is State.CLOSED


async def test_never_4_not_even_directly_from_the_desk(road: Road) -> None:
    """The desk cannot answer a night case away either."""
    await road.fresh("A02", flags=NIGHT)
    with pytest.raises(Conflict, match="evidence_missing"):
        await road.act("close", reply_text="白天到现场未闻到异味")
    await road.act("accept", dispatch=False)
    with pytest.raises(Conflict, match="evidence_missing"):
        await road.act("close", reply_text="白天到现场未闻到异味", outcome="not_true")


async def test_what_a_person_corrects_afterwards_counts(road: Road) -> None:
    """A result handed in as an ordinary case cannot be approved once it is a night case's."""
    await road.begin("A01", flags=NIGHT)
    road.time.at("2026-11-20T15:00")
    await road.look("2026-11-20T14:45", found=True)
    await road.unit("submit", **RESULT)
    async with road.db.city(road.city.adcode) as conn:
        await conn.execute("UPDATE cases SET types = '{N01}' WHERE case_no = $1", road.number)
    with pytest.raises(Conflict, match="evidence_missing"):
        await road.act("approve", SECOND, task_no=1)


async def test_a_merged_night_case_is_not_closed_by_the_days_answer(road: Road) -> None:
    """The answer of the main case must hold for what was merged into it."""
    main = await road.other(8, "N02")
    await road.fresh("N02", flags=NIGHT)
    await main.act("accept", lead_unit=ECO, reason="由分局牵头")
    await road.act("merge", into=(await main.case()).number, reason="同一工地")
    await main.act("sign", main.worker, handler="张工")
    with pytest.raises(Conflict, match="evidence_missing"):
        await main.act("submit", main.worker, **RESULT)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"at": "2026-11-20T23:00:00"}, "moment_in_future"),
        ({"at": "2026-11-19T23:00:00"}, "moment_before_report"),
        ({"people": [" "]}, "people_required"),
        ({"finding": " "}, "finding_required"),
        ({"evidence": [str(UUID(int=5))]}, "evidence_unknown"),
    ],
)
async def test_a_visit_is_refused_that_cannot_be(
    road: Road, data: dict[str, Any], code: str
) -> None:
    """Neither in the future nor before the report, and by somebody."""
    await road.begin("N02")
    road.time.at("2026-11-20T15:00")
    with pytest.raises(Invalid, match=code):
        await road.look(**({"at": "2026-11-20T14:40"} | data))


async def test_26_no_advance_notice_to_whoever_is_reported(road: Road) -> None:
    """Of a report of fraud (P02) and of any 举报 no announced visit is taken (F90 secrecy)."""
    await road.begin("P02", kind="JB")
    road.time.at("2026-11-20T16:00")
    with pytest.raises(Invalid, match="no_advance_notice"):
        await road.look("2026-11-20T15:00", announced=True)
    await road.look("2026-11-20T15:00")
    async with road.db.city(road.city.adcode) as conn:
        (kept,) = await closure.visits(conn, road.city.adcode, [road.number])
    assert (kept.unit, kept.people) == (ECO, ("张工", "李工"))


async def test_f68_a_night_smell_is_sampled_by_night(road: Road) -> None:
    """Sampling by night is asked for; a report of other hours is not taken, the right one is."""
    await road.begin("A02", flags=NIGHT)
    await road.unit("request_monitoring", station="市监测站", what="厂界臭气采样", hours="night")
    with pytest.raises(Invalid, match="hours_unknown"):
        await road.unit("request_monitoring", station="市监测站", what="采样", hours="dawn")
    road.time.at("2026-11-21T09:00")
    file = await report_file(road)
    said: dict[str, Any] = {"n": 1, "report_no": "监字1号", "exceeded": False, "summary": "未超标"}
    with pytest.raises(Invalid, match="evidence_required"):
        await road.unit("report_monitoring", sampled_at="2026-11-21T02:10:00", **said)
    with pytest.raises(Invalid, match="wrong_hours"):
        await road.unit(
            "report_monitoring", sampled_at="2026-11-21T07:00:00", evidence=[file], **said
        )
    await road.unit("report_monitoring", sampled_at="2026-11-21T02:10:00", evidence=[file], **said)
    with pytest.raises(Conflict, match="no_monitoring_pending"):
        await road.act(
            "report_monitoring", sampled_at="2026-11-21T02:10:00", evidence=[file], **said
        )
    await road.unit("submit", **RESULT | {"outcome": "not_true", "evidence": [file]})
    assert (await road.case()).state is State.SUBMITTED


async def test_f42_what_came_back_is_checked_by_its_unit_before_it_is_handed_in(
    road: Road,
) -> None:
    """The list must be complete; a helper hands in without it."""
    await road.begin("A01")
    await road.act("list_inspection", **road.listed())
    with pytest.raises(Conflict, match="rectification_missing"):
        await road.unit("submit", **RESULT)
    await road.act("issue_rectification", **road.rectified())
    with pytest.raises(Conflict, match="self_check_missing") as refused:
        await road.unit("submit", **RESULT)
    assert "问题成因已查清" in refused.value.detail
    items = {item.code: "已落实" for item in rules().items}
    with pytest.raises(Invalid, match="self_check_incomplete"):
        await road.unit("self_check", items=items | {"causes": " "})
    await road.act("sign", handler(UMA), handler="王工")
    await road.act("submit", handler(UMA), **RESULT)
    await road.unit("self_check", items=items)
    await road.unit("submit", **RESULT)
    assert (await road.case()).state is State.SUBMITTED


async def test_units_see_the_visits_of_their_cases_alone(road: Road, town: Database) -> None:
    """Row-level security: a unit without a part sees none."""
    await road.begin("N02")
    road.time.at("2026-11-20T16:00")
    await road.look("2026-11-20T15:00")
    for unit, number in ((ECO, 1), (f"{EAST}-AGR", 0)):
        async with town.city(road.city.adcode, unit) as conn:
            assert len(await closure.visits(conn, road.city.adcode, [road.number])) == number


def test_every_rule_says_where_it_comes_from(city: City) -> None:
    """Each has a source, needs that exist, and hours that are known."""
    known = rules()
    for rule in known.rules:
        assert rule.source, city.adcode
        assert rule.any
        assert {need.hours for need in rule.any} <= {"", *known.windows}
    assert timedelta(0) < timedelta(days=min(one.days for one in known.again))
