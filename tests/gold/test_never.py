"""The ten things that must never happen (domain section 7.1), each through what people use."""

from datetime import datetime, time, timedelta
from typing import Any

import msgspec
import pytest

from classifier.engine import Tagger
from intake.answers import case_page, page_for_unit
from intake.delivery import Person
from models.case import State
from models.city import City
from models.city_load import installed_cities, load_city
from models.errors import Conflict, Invalid
from models.moment import CHINA, aware, now
from models.tags import TagRequest
from models.taxonomy import ISSUE_TYPES, laws
from routing.catalogue import catalogue
from routing.engine import Facts, decide
from tests.gold.test_scenarios import DISPATCHED, roles
from tests.intake.test_together import CODES, RESULT, Road
from tests.pages.kit import World
from tests.routing.closing import report_file
from tests.routing.kit import EAST, FRIDAY, GONE, SECOND, Desk, facts, handler, put_case

CITIES = installed_cities()
ECO, HUD, UMA = f"{EAST}-ECO", f"{EAST}-HUD", f"{EAST}-UMA"
_ECOLOGY = {"ECO", "ECO_ENF"}


def told(adcode: str | None, *types: str, **changed: Any) -> Facts:
    """Make the facts of a complaint of an installed city."""
    known: dict[str, Any] = {
        "types": types,
        "kind": "TS",
        "adcode": adcode,
        "channel": "12345_TEL",
        "happened_at": DISPATCHED,
        "dispatched_at": DISPATCHED,
    }
    return Facts(**(known | changed))


def counties(city: City) -> list[str]:
    """Name the counties of a city, or the one district that is served alone."""
    found = [d.code for d in city.divisions if d.level == "county" and d.valid_to is None]
    return found or [city.adcode]


@pytest.mark.parametrize("adcode", CITIES)
def test_never_1_dancing_neighbours_and_pets_to_the_ecology_bureau(adcode: str) -> None:
    """In no county of no city has the ecology bureau a part in dancing, neighbours or pets."""
    city = load_city(adcode)
    for county in counties(city):
        for code in ("N05", "N13"):
            assert not _ECOLOGY & roles(decide(city, told(county, code)))
    texts = ("楼上邻居家的狗从早叫到晚,吵得没法休息。", "小区广场每天晚上跳广场舞的音响太大。")
    asked = [TagRequest(id=text, text=text, city=adcode) for text in texts]
    for tags in Tagger.load([city]).tag(asked):
        types = tuple(tag.code for tag in tags.types)
        assert not _ECOLOGY & roles(decide(city, told(counties(city)[0], *types)))


@pytest.mark.parametrize("adcode", CITIES)
def test_never_2_a_complaint_about_an_authority_by_machine(adcode: str) -> None:
    """No machine sends a complaint about officials to anyone."""
    city = load_city(adcode)
    for kind, types in (("JC", ("A01",)), ("TS", ("P06",)), ("JC", ("P06", "W01"))):
        decision = decide(city, told(counties(city)[0], *types, kind=kind))
        assert decision.pool
        assert "misconduct" in decision.reasons


async def test_never_2_a_complaint_about_an_authority_by_hand(desk: Desk) -> None:
    """Nor does a person: the bureau complained of gets no task, as lead or as helper."""
    number = await put_case(desk.db, 7, "P06", kind="JC", flags=("authority:eco",))
    case = Desk(desk.db, desk.city, number)
    wishes: tuple[dict[str, Any], ...] = (
        {"lead_unit": ECO},
        {"lead_unit": UMA, "cooperating": [ECO]},
    )
    for units in wishes:
        with pytest.raises((Invalid, Conflict), match="unit_complained_of"):
            await case.act("accept", reason="人工指定", **units)
    assert await case.tasks() == []


async def test_never_3_a_refusal_for_want_of_name_evidence_or_source(desk: Desk) -> None:
    """There is no such reason to refuse, and vague clues are asked about before they are."""
    for code in ("anonymous", "no_evidence", "source_unknown"):
        with pytest.raises(Invalid, match="rejection_unknown"):
            await desk.act("reject", code=code, notice="无法受理")
    with pytest.raises(Conflict, match="supplement"):
        await desk.act("reject", code="NA7", notice="线索不详")
    decision = decide(desk.city, facts("A02", flags=("source:unknown", "odor:unknown")))
    assert decision.lead is not None
    assert decision.lead.role == "ECO"
    assert (await desk.act("accept")).state is State.DISPATCHED


async def test_never_4_a_night_case_ends_for_a_day_without_smell(
    desk: Desk, time_machine: Any
) -> None:
    """One visit with nothing found settles nothing, whatever is said of it; two nights do."""
    time_machine.move_to(FRIDAY)
    number = await put_case(
        desk.db, 7, "A02", flags=("time:night", "odor:industry"), received_at=FRIDAY
    )
    case = Desk(desk.db, desk.city, number)
    await case.act("accept")
    await case.act("sign", handler(ECO), handler="张工")
    unit, reply = handler(ECO), "到现场未闻到异味"
    seen: dict[str, Any] = {"people": ["张工", "李工"], "place": "厂门口", "finding": reply}
    time_machine.move_to(FRIDAY.replace(hour=16))
    await case.act("visit", unit, at=now(), found=False, **seen)
    bare = RESULT | {"outcome": "not_true", "reply_text": reply}
    with pytest.raises(Invalid, match="evidence_required"):
        await case.act("submit", unit, **bare)
    report = await report_file(case)
    for outcome in ("not_true", "unverifiable", "true"):
        said = bare | {"outcome": outcome, "evidence": [report]}
        with pytest.raises(Conflict, match=r"evidence_missing.*夜间异味"):
            await case.act("submit", unit, **said)
    with pytest.raises(Conflict, match="wrong_state"):
        await case.act("close", SECOND, reply_text=reply)
    assert (await case.case()).state is State.IN_PROGRESS
    for night in (1, 2):
        time_machine.move_to(FRIDAY.replace(hour=23) + timedelta(days=night))
        with pytest.raises(Conflict, match=r"evidence_missing.*夜间异味"):
            await case.act("submit", unit, **bare | {"evidence": [report]})
        await case.act("visit", unit, at=now(), found=False, **seen)
    ended = await case.act("submit", unit, **bare | {"evidence": [report]})
    assert ended.state is State.SUBMITTED


@pytest.mark.parametrize("adcode", CITIES)
def test_never_5_an_emergency_in_fifteen_days(adcode: str) -> None:
    """Whatever it is and wherever it came from, an emergency is due within a day."""
    city = load_city(adcode)
    book = catalogue(city)
    for kind in ("TS", "JB", "QZ"):
        for channel in ("12345_TEL", "12369_WECHAT"):
            decision = decide(city, told(None, "W01", kind=kind, channel=channel, urgency="P0"))
            ends = [c for c in decision.clocks if book.clocks[c.code].stop == "case:closed"]
            assert ends
            assert all(clock.due_at - DISPATCHED <= timedelta(days=1) for clock in ends)


async def test_never_6_who_reported_in_what_others_read(road: Road, world: World) -> None:
    """Neither platforms, nor whoever holds the code, nor the unit read a name or a phone."""
    person = Person(name="测试丙", phone="13900007777")
    number = await road.take("12345", person=person, text="楼下饭店油烟大,请联系13900007777。")
    await road.act(number, "accept")
    unit = await road.lead(number)
    await road.finish(number)
    browser = await world.browser()
    read = [
        str(await road.bodies(number)),
        await browser.get(f"/api/v1/track/{CODES.make('430100', number)}"),
        await (
            await browser.client.post("/track", data={"code": CODES.make("430100", number)})
        ).text(),
    ]
    async with road.db.city("430100", unit) as conn:
        seen = page_for_unit(await case_page(conn, "430100", number))
    read.append(msgspec.json.encode(seen).decode())
    assert not [one for one in read if "13900007777" in one or "测试丙" in one]
    assert len(read) == 4


@pytest.mark.parametrize("adcode", CITIES)
def test_never_7_a_working_sunday_taken_for_rest(adcode: str) -> None:
    """What is dispatched on Friday 18 September 2026 is to be signed on Sunday the 20th."""
    city = load_city(adcode)
    friday = datetime(2026, 9, 18, 10, tzinfo=CHINA)
    decision = decide(city, told(None, "A01", happened_at=friday, dispatched_at=friday))
    due = {clock.code: clock.due_at for clock in decision.clocks}
    assert f"{aware(due['K04']):%m-%d %H:%M}" == "09-20 23:59"
    assert catalogue(city).calendar.is_working(datetime(2026, 9, 20, tzinfo=CHINA).date())


async def test_never_8_a_return_after_a_designation(desk: Desk) -> None:
    """A unit that was designated cannot ask to be relieved any more."""
    await desk.act("accept")
    await desk.act("redispatch", lead_unit=HUD, reason="会商指定", no_return=True)
    with pytest.raises(Conflict, match="return_forbidden"):
        await desk.act(
            "request_return", handler(HUD), reason="R1", basis="三定规定", proposed_unit=ECO
        )
    assert (await desk.case()).lead_unit == HUD


async def test_never_9_a_case_lost_with_its_abolished_code(desk: Desk) -> None:
    """A case under an old code goes to who took over, and the trace says so."""
    number = await put_case(desk.db, 7, adcode=GONE)
    case = Desk(desk.db, desk.city, number)
    after = await case.act("accept")
    assert (after.adcode, after.lead_unit) == (EAST, ECO)
    assert after.decision is not None
    assert any(step.rule == "successor" for step in after.decision.trace)


@pytest.mark.parametrize("adcode", CITIES)
def test_never_9_an_abolished_code_of_an_installed_city(adcode: str) -> None:
    """Each abolished county of a city leads to the unit of its successor."""
    city = load_city(adcode)
    gone = {d.code: d for d in city.divisions if d.level == "county" and d.successor}
    assert adcode != "500000" or {"500105", "500112"} <= set(gone)
    for old in gone.values():
        assert old.valid_to is not None
        later = datetime.combine(max(old.valid_to, FRIDAY.date()), time(12), CHINA)
        decision = decide(city, told(old.code, "A01", happened_at=later, dispatched_at=later))
        assert decision.lead is not None
        assert decision.lead.unit is not None
        assert any(step.rule == "successor" for step in decision.trace)


@pytest.mark.parametrize("adcode", CITIES)
def test_never_10_repealed_law_for_what_happened_since(adcode: str) -> None:
    """After 15 August 2026 no repealed act is cited, for any issue."""
    repealed = {code for code, law in laws().items() if law.effective_to is not None}
    city = load_city(adcode)
    for code in ISSUE_TYPES:
        assert not repealed & set(decide(city, told(None, code)).laws)


def test_light_has_no_national_law_before_the_code() -> None:
    """Scenario 29: for facts before 15 August 2026 there is no national law to cite."""
    city = load_city("430100")
    before = datetime(2026, 8, 14, 22, tzinfo=CHINA)
    assert decide(city, told("430102", "X01", happened_at=before)).laws == ()
    assert decide(city, told("430102", "X01")).laws != ()
