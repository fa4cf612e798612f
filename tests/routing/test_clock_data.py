"""All clocks of the trade (domain section 4.5, K01 to K40) as data; what starts and stops each."""

from typing import Any

import pytest

from models.case import Case
from models.city import City
from models.city_load import load_city
from models.clock import ClockTerms, PauseReason, Span
from models.db.pool import Database
from models.errors import Conflict
from models.moment import aware
from routing import ticking
from routing.calendar import WorkCalendar
from routing.catalogue import Catalogue, catalogue
from routing.clocks import deadline
from routing.plan import applies, starting
from routing.ticking import Happening
from tests.routing.kit import CITY, OPERATOR, Desk, put_case, small_city
from tests.routing.moments import RESULT, UNIT, Time, day

#: The usual span of each clock, as the table gives it.
SPANS = {
    "K01": "15S",
    "K02": "2H",
    "K03": "24H",
    "K04": "1W",
    "K05": "2W",
    "K06": "5W",
    "K07": "1W",
    "K08": "3W",
    "K09": "1W",
    "K10": "3W",
    "K11": "7W",
    "K12": "15W",
    "K13": "5W",
    "K14": "13W",
    "K15": "1W",
    "K16": "5W",
    "K17": "2W",
    "K18": "2W",
    "K19": "3W",
    "K20": "15N",
    "K21": "2W",
    "K22": "60N",
    "K24": "15N",
    "K25": "60N",
    "K26": "30N",
    "K27": "30N",
    "K28": "4H",
    "K28A": "24H",
    "K29": "2H",
    "K30": "1H",
    "K31": "2H",
    "K32": "1H",
    "K33": "30MIN",
    "K34": "30MIN",
    "K35": "3N",
    "K35A": "24H",
    "K35B": "3N",
    "K36": "15N",
    "K36A": "90N",
    "K37": "7W",
    "K38": "30W",
    "K39": "20W",
    "K40": "5Y",
}


@pytest.fixture(scope="module")
def book() -> Catalogue:
    """Give the catalogue of a city that settles nothing of its own."""
    return catalogue(small_city())


def test_every_clock_of_the_table_is_there_with_its_source(book: Catalogue) -> None:
    """K01 to K40, each with a source of its figure."""
    numbers = {code[:3] for code in book.clocks if code.startswith("K")}
    assert numbers == {f"K{n:02d}" for n in range(1, 41)}
    assert all(clock.source for clock in book.clocks.values())


def test_the_spans_are_those_of_the_table(book: Catalogue) -> None:
    """The usual time of each clock is the table's."""
    found = {code: book.clocks[code].ordinary for code in SPANS}
    assert {code: f"{span.n}{span.unit}" for code, span in found.items()} == SPANS


async def started(
    town: Database, city: City, verb: str, said: dict[str, Any], **case: Any
) -> set[str]:
    """Let an event happen to a new case and name the clocks that it starts."""
    desk = Desk(town, city, await put_case(town, 9, **case))
    held = await desk.case()
    await happen(town, city, held, verb, said)
    return {code for _, code, _ in await desk.clocks()}


async def happen(
    town: Database, city: City, case: Case, verb: str, said: dict[str, Any] | None = None
) -> None:
    """Let an event happen as a part does that writes events of its own."""
    async with town.city(CITY) as conn:
        event = Happening(verb, said or {})
        moment = aware(case.received_at)
        await ticking.happened(conn, catalogue(city), case, [event], moment)


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ({"level": "IV"}, {"K28", "K32"}),
        ({"level": "III"}, {"K28", "K32"}),
        ({"level": "II"}, {"K29", "K32"}),
        ({"level": "I", "water": True}, {"K29", "K32"}),
        ({"water": True}, {"K31", "K32"}),
        ({"level": "IV", "water": True}, {"K31", "K32"}),
        ({"level": "", "crossing": True}, {"K28", "K32"}),
    ],
)
async def test_f67_an_emergency_starts_the_report_clock_of_its_level(
    town: Database, city: City, said: dict[str, Any], codes: set[str]
) -> None:
    """Four hours for ordinary and larger ones, two for major ones or where water is touched."""
    assert await started(town, city, "emergency:known", said) == codes


async def test_f39_what_is_given_from_above_ends_when_it_says(town: Database, city: City) -> None:
    """An inspection's own due time wins over ours; without one ours holds."""
    said = {"due_at": "2026-12-01T12:00:00+08:00"}
    desk = Desk(town, city, await put_case(town, 9))
    await happen(town, city, await desk.case(), "inspection:assigned", said)
    clock = (await desk.clocks())[0, "K23", 1]
    assert clock.due_at.isoformat() == "2026-12-01T04:00:00+00:00"
    assert "载明" in clock.trace[-1].note
    await happen(town, city, await desk.case(), "inspection:reported")
    assert (await desk.clocks())[0, "K23", 1].stop_reason == "inspection:reported"


@pytest.mark.parametrize(
    ("start", "stop", "code"),
    [
        ("crime:reported", "crime:approved", "K35"),
        ("crime:approved", "crime:transferred", "K35A"),
        ("crime:transferred", "crime:psb_decided", "K35B"),
        ("penalty:opened", "penalty:decided", "K36A"),
        ("evidence:registered", "evidence:decided", "K37"),
        ("reward:verified", "reward:told", "K38"),
        ("disclosure:registered", "disclosure:answered", "K39"),
        ("hazwaste:found", "hazwaste:reported", "K34"),
        ("case:dispute:opened", "case:dispute:designated", "K08"),
        ("case:extension:requested", "case:extension:denied", "K15"),
        ("case:task:return_requested", "case:task:return_denied", "K07"),
    ],
)
async def test_events_of_other_parts_start_and_stop_their_clocks(
    town: Database, city: City, start: str, stop: str, code: str
) -> None:
    """What a part tells of itself is watched from its event to the one that answers it."""
    assert await started(town, city, start, {}) == {code}
    async with town.city(CITY) as conn:
        number = await conn.fetchval("SELECT case_no FROM cases")
    desk = Desk(town, city, number)
    await happen(town, city, await desk.case(), stop)
    assert (await desk.clocks())[0, code, 1].stop_reason == stop


async def test_what_outlives_a_case_runs_on_when_it_is_closed(
    working: Desk, city: City, time: Time
) -> None:
    """Closing stops the case's own clocks, not those of a transfer to the police; it starts K17."""
    await happen(working.db, city, await working.case(), "crime:reported")
    for task in (await working.tasks())[1:]:
        await working.act("withdraw", task_no=task.task_no, reason="无须协办")
    await working.act("submit", UNIT, **RESULT)
    await working.act("approve")
    time.at("2026-11-24T10:00")
    await working.act("close")
    clocks = await working.clocks()
    running = {clock.code: clock for clock in clocks.values() if clock.stopped_at is None}
    assert set(running) == {"K17", "K35"}
    assert running["K17"].unit is None
    assert day(running["K17"].due_at) == "2026-11-26"


async def test_f10_a_petition_has_the_clocks_of_petitions(
    town: Database, city: City, time: Time
) -> None:
    """Fifteen days to register, sixty to answer, thirty to review and to recheck."""
    desk = Desk(town, city, await put_case(town, 2, kind="XF"))
    assert {c.code for c in starting(catalogue(city), ("case:received",), "XF", "12345_TEL")} == {
        "K24"
    }
    time.at("2026-11-20T14:30")
    await desk.act("accept", lead_unit=UNIT.unit, reason="指定")
    assert {code for _, code, _ in await desk.clocks()} == {"K04", "K06", "K09", "K12A", "K25"}
    assert day((await desk.clocks())[0, "K25", 1].due_at) == "2027-01-19"
    await desk.act("sign", UNIT, handler="张工")
    await desk.act("submit", UNIT, **RESULT)
    for task in (await desk.tasks())[1:]:
        await desk.act("withdraw", task_no=task.task_no, reason="无须协办")
    await desk.act("approve")
    time.at("2026-12-01T10:00")
    await desk.act("close")
    with pytest.raises(Conflict, match="wrong_step"):
        await desk.act("decide_review", text="维持")
    time.at("2026-12-20T10:00")
    await desk.act("ask_review", text="不服答复", organ="市生态环境局")
    assert day((await desk.clocks())[0, "K26", 1].due_at) == "2027-01-19"
    time.at("2027-01-10T10:00")
    await desk.act("decide_review", text="维持原答复")
    with pytest.raises(Conflict, match="wrong_step"):
        await desk.act("ask_review", text="再次申请")
    await desk.act("ask_recheck", text="不服复查意见")
    assert day((await desk.clocks())[0, "K27", 1].due_at) == "2027-02-11"
    await desk.act("decide_recheck", text="维持,信访程序终结")
    clocks = await desk.clocks()
    assert clocks[0, "K27", 1].stop_reason == "petition:recheck_decided"
    assert clocks[0, "K26A", 1].stop_reason == "petition:review_asked"


async def test_f10_a_review_is_asked_for_within_thirty_days(
    town: Database, city: City, time: Time
) -> None:
    """After the window has passed there is no review; other cases have none at all."""
    desk = Desk(town, city, await put_case(town, 2, channel="XF_LETTER", kind="ZX"))
    await desk.act("close", OPERATOR, reply_text="已答复")
    time.at("2026-12-22T10:00")
    with pytest.raises(Conflict, match="window_closed"):
        await desk.act("ask_review", text="不服答复")
    other = Desk(town, city, await put_case(town, 3, kind="ZX"))
    await other.act("close", OPERATOR, reply_text="已答复")
    with pytest.raises(Conflict, match="not_a_petition"):
        await other.act("ask_review", text="不服答复")


def test_a_city_settles_single_terms_and_keeps_the_rest() -> None:
    """Terms of a city change what they name; clocks switched on and off change what starts."""
    zhangzhou = ClockTerms(code="K22", source="福建省2018办法", ordinary=Span(n=30, unit="N"))
    short = (
        ClockTerms(code="K13", source="省内规定", active=True),
        ClockTerms(code="K12", source="省内规定", active=False),
    )
    book = catalogue(small_city(clock_terms=(zhangzhou, *short)))
    assert (book.clocks["K22"].ordinary.n, book.clocks["K22"].by_urgency["P0"].n) == (30, 24)
    closing = [c.code for c in starting(book, ("case:dispatched",), "TS", "12345_TEL")]
    assert "K13" in closing
    assert "K12" not in closing


def test_a_city_may_lay_down_its_own_reasons_to_pause() -> None:
    """A city's own reason stands beside the national ones, one of the same code in its place."""
    own = PauseReason(
        code="appraisal", zh="等待鉴定", en="", limit=Span(n=60, unit="N"), source="本市"
    )
    book = catalogue(small_city(pauses=(own,)))
    assert book.pauses["appraisal"].limit.n == 60
    assert book.pauses["judicial"].limit.n == 30


@pytest.mark.parametrize(
    ("start", "rolled", "kept"),
    [
        ("2026-02-13T10:00", "2026-03-16", "2026-03-15"),
        ("2026-09-03T10:00", "2026-10-08", "2026-10-08"),
        ("2026-09-04T10:00", "2026-10-08", "2026-10-08"),
        ("2026-11-20T10:00", "2026-12-21", "2026-12-20"),
    ],
)
def test_the_roll_of_weekends_is_a_switch(
    book: Catalogue, start: str, rolled: str, kept: str, time: Time
) -> None:
    """Without it a term may end on a weekend, but never within a holiday."""
    moment = time.at(start)
    clock = book.clocks["K26"]
    ends = [
        deadline(clock, moment, None, WorkCalendar(roll_weekend=switch)).due_at
        for switch in (True, False)
    ]
    assert [day(end) for end in ends] == [rolled, kept]


@pytest.mark.parametrize("adcode", ["430100", "530100"])
def test_each_city_counts_its_profile(adcode: str) -> None:
    """Complaints fifteen working days, inquiries three, the window of return two (section 4.6)."""
    clocks = catalogue(load_city(adcode)).clocks
    found = [clocks[code].ordinary for code in ("K12", "K10", "K05")]
    assert [(span.n, span.unit) for span in found] == [(15, "W"), (3, "W"), (2, "W")]


def test_families_of_channels_choose_the_clock_of_acceptance(book: Catalogue) -> None:
    """The hotline, 12369 by message or telephone, and petitions have clocks of their own."""
    received = [clock for clock in book.clocks.values() if clock.start == "case:received"]
    found = {
        channel: [clock.code for clock in received if applies(clock, "TS", channel)]
        for channel in ("12345_TEL", "12369_WECHAT", "12369_TEL", "XF_LETTER")
    }
    assert found == {
        "12345_TEL": ["K02"],
        "12369_WECHAT": ["K18"],
        "12369_TEL": ["K19"],
        "XF_LETTER": ["K24"],
    }


async def test_a_closed_case_done_again_has_the_short_promise(working: Desk, time: Time) -> None:
    """Five working days for the rework, not the old promise; in review the old one runs on."""
    for task in (await working.tasks())[1:]:
        await working.act("withdraw", task_no=task.task_no, reason="无须协办")
    await working.act("submit", UNIT, **RESULT)
    time.at("2026-11-23T10:00")
    await working.act("rework", reason="缺少照片")
    assert (0, "K16", 1) not in await working.clocks()
    assert day((await working.clocks())[0, "K12", 2].due_at) == "2026-12-14"
    await working.act("submit", UNIT, **RESULT)
    await working.act("approve")
    time.at("2026-11-24T10:00")
    await working.act("close")
    time.at("2026-11-25T10:00")
    await working.act("rework", reason="回访不满意,理由成立")
    clocks = await working.clocks()
    running = {clock.code: clock for clock in clocks.values() if clock.stopped_at is None}
    assert day(running["K16"].due_at) == "2026-12-02"
    assert "K12" not in running
    assert clocks[0, "K17", 1].stop_reason == "case:task:reworked"
    await working.act("submit", UNIT, **RESULT | {"reply_text": "已再次整改"})
    time.at("2026-11-27T10:00")
    await working.act("rework", reason="仍缺照片")
    clocks = await working.clocks()
    still = {code for (_, code, _), clock in clocks.items() if clock.stopped_at is None}
    assert "K16" in still
    assert "K12" not in still
