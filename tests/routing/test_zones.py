"""F15 and F16 on the cities as shipped: an address leads to whose territory it is, zones first.

An address is read by the finder of places, its unit named by the catalogue: nothing in between is
set by hand.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from classifier.district import Districts
from classifier.normalize import fold
from models.city import City, Zone
from models.city_load import installed_cities, load_city
from models.db import cases
from models.db.pool import Database
from models.decision import Decision
from models.moment import CHINA
from models.tags import TagRequest
from routing.catalogue import catalogue
from routing.engine import Facts, decide
from routing.stage import RouteStage
from tests.routing.kit import Desk, put_case, put_city

AT = datetime(2026, 11, 20, 14, 30, tzinfo=CHINA)
CITIES = {code: load_city(code) for code in installed_cities()}
ZHANGZHOU = CITIES["350600"]
for read in (ZHANGZHOU, CITIES["530100"]):
    catalogue(read)  # the program reads its files before it serves
#: What the fifth tier of the catalogue gives to zones (routing/data/duties.toml).
OF_ZONES = ("W01", "W03", "A01", "A02", "A06", "A12", "A14", "N01", "S03", "S10", "P01")


@pytest.fixture(scope="module")
def districts() -> Districts:
    """Give the finder of all cities that ship, by their official names alone."""
    return Districts(list(CITIES.values()), {})


def decided(city: str, issue: str, **place: Any) -> Decision:
    """Decide a complaint of one type at a place."""
    known = Facts(
        types=(issue,),
        kind="TS",
        channel="12345_TEL",
        happened_at=AT,
        dispatched_at=AT,
        **place,
    )
    return decide(CITIES[city], known)


def at_address(districts: Districts, city: str, text: str, issue: str) -> Decision:
    """Decide a complaint at the place that its text names."""
    tag = districts.place(TagRequest(id="1", text=text, city=city), fold(text), 0).tag
    return decided(city, issue, adcode=tag.adcode, township=tag.township, zone=tag.zone)


def lead(decision: Decision) -> str | None:
    """Name the unit that leads."""
    return decision.lead.unit if decision.lead else None


def helpers(decision: Decision) -> set[str | None]:
    """Name the units that help."""
    return {part.unit for part in decision.cooperating}


def zones(*, enforce: bool) -> Iterator[tuple[City, Zone, str]]:
    """Give the zones that do or do not enforce, each with a county it lies in."""
    for city in CITIES.values():
        for zone in city.zones:
            if zone.has_enforcement is enforce and zone.adcodes:
                yield city, zone, zone.adcodes[0]


@pytest.mark.parametrize(
    ("city", "text", "issue", "unit"),
    [
        ("350600", "古雷石化基地夜里一股酸味", "A01", "350600-ECO-GL"),
        ("350600", "台商投资区某厂喷漆味", "A01", "350600-ECO-TS"),
        ("350600", "台商投资区里一个工地扬尘", "A04", "350600-ZON-TS"),
        ("530100", "昆明经开区一家厂排废水", "W01", "530100-ECO-JK"),
        ("500000", "万盛经开区矿山扬尘", "A06", "500000-ECO-WS"),
    ],
)
def test_f15_an_address_in_a_zone_with_power_goes_to_the_zones_own_unit(
    districts: Districts, city: str, text: str, issue: str, unit: str
) -> None:
    """The committee's own unit leads, not the county's."""
    assert lead(at_address(districts, city, text, issue)) == unit


@pytest.mark.parametrize(
    ("city", "text", "issue", "unit"),
    [
        ("350600", "漳浦县绥安镇一家厂夜里一股酸味", "A01", "350623-ECO"),
        ("350600", "龙海区石码镇某厂喷漆味", "A01", "350604-ECO"),
        ("350600", "龙海区石码镇一个工地扬尘", "A04", "350604-HUD"),
        ("530100", "官渡区关上街道一家厂排废水", "W01", "530111-ECO"),
    ],
)
def test_f15_the_same_county_outside_the_zone_goes_to_the_countys_unit(
    districts: Districts, city: str, text: str, issue: str, unit: str
) -> None:
    """An address of the same six digits, not in the zone, is the county's."""
    assert lead(at_address(districts, city, text, issue)) == unit


@pytest.mark.parametrize("issue", OF_ZONES)
def test_f15_line_and_territory_both_have_a_part(issue: str) -> None:
    """In a zone the line's bureau leads and the committee takes the territory's part, or leads."""
    for city, zone, county in (*zones(enforce=True), *zones(enforce=False)):
        found = decided(city.adcode, issue, adcode=county, zone=zone.code)
        committee = catalogue(city).directory
        place = committee.place(county, None, zone.code, AT.date())
        held = committee.find("ZON", place, AT.date()).unit
        assert held is not None, zone.code
        assert held.code in helpers(found) | {lead(found)}, (zone.code, issue)


def test_f15_the_territory_is_in_the_record_of_the_decision() -> None:
    """Whoever reads why a unit leads reads in whose territory."""
    found = decided("350600", "A01", adcode="350623", zone="350600-Z-GL")
    said = "".join(step.effect for step in found.trace if step.matched)
    assert "古雷港经济开发区的" in said
    assert "属地责任" in said


def test_f16_every_zone_with_power_stands_before_its_county() -> None:
    """Of two places with one county code, the one within the zone is the zone's own branch's."""
    counted = 0
    for city, zone, county in zones(enforce=True):
        within = lead(decided(city.adcode, "A01", adcode=county, zone=zone.code))
        beside = lead(decided(city.adcode, "A01", adcode=county))
        bound = {b.unit for b in city.bindings if b.territory == zone.code}
        assert within in bound, zone.code
        assert beside not in bound, zone.code
        assert beside != within
        counted += 1
    assert counted >= 10


def test_f16_a_zone_without_power_leads_nothing_that_needs_it() -> None:
    """There the county's unit leads and the committee helps."""
    counted = 0
    for city, zone, county in zones(enforce=False):
        within = decided(city.adcode, "A12", adcode=county, zone=zone.code)
        assert lead(within) == lead(decided(city.adcode, "A12", adcode=county)), zone.code
        committee = {b.unit for b in city.bindings if (b.role, b.territory) == ("ZON", zone.code)}
        assert committee
        assert committee <= helpers(within), zone.code
        counted += 1
    assert counted >= 20


def test_f16_a_township_that_a_zone_runs_lies_in_it(districts: Districts) -> None:
    """Who names the township alone means the zone that runs it."""
    for text, unit in (
        ("角美镇夜里有刺鼻气味", "350600-ECO-TS"),
        ("古雷镇夜里有刺鼻气味", "350600-ECO-GL"),
        ("浮宫镇夜里有刺鼻气味", "350604-ECO"),
    ):
        assert lead(at_address(districts, "350600", text, "A01")) == unit, text


def test_f16_every_township_of_a_zone_with_power_is_its_own() -> None:
    """No township that the data lays under such a zone is left with the county's bureau."""
    counted = 0
    for city, zone, _ in zones(enforce=True):
        bound = {b.unit for b in city.bindings if b.territory == zone.code}
        for town in zone.townships:
            assert lead(decided(city.adcode, "A01", adcode=town[:6], township=town)) in bound, town
            counted += 1
    assert counted >= 20


def test_f16_a_zone_of_two_counties_is_known_before_the_county_is(districts: Districts) -> None:
    """The county is for the desk to find; whose zone it is, the text says."""
    text = "昆明经开区一家厂排废水"
    found = districts.place(TagRequest(id="1", text=text, city="530100"), fold(text), 0)
    assert (found.tag.adcode, found.tag.zone) == (None, "530100-Z-JK")
    assert found.reasons == ("place_ambiguous",)


async def test_f16_the_county_that_the_desk_finds_leaves_the_zone_standing(db: Database) -> None:
    """A county of the zone keeps it, another one does not."""
    kunming = CITIES["530100"]
    await put_city(db, kunming)
    for n, county, zone in ((1, "530114", "530100-Z-JK"), (2, "530102", None)):
        number = await put_case(db, n, "W01", city="530100", adcode=None, received_at=AT)
        async with db.city("530100") as conn:
            await conn.execute("UPDATE cases SET zone = '530100-Z-JK' WHERE case_no = $1", number)
        case = await Desk(db, kunming, number).act("correct", adcode=county, reason="已核实区县")
        assert (case.adcode, case.zone) == (county, zone)


async def test_f16_the_zone_is_sent_the_case_and_the_case_says_so(db: Database) -> None:
    """From the queue to the tasks: the zone's branch leads, its committee helps."""
    await put_city(db, ZHANGZHOU)
    inside = await put_case(
        db, 1, "A01", city="350600", adcode="350604", queue="route", received_at=AT
    )
    outside = await put_case(
        db, 2, "A01", city="350600", adcode="350604", queue="route", received_at=AT
    )
    async with db.city("350600") as conn:
        await conn.execute("UPDATE cases SET township = '350604003' WHERE case_no = $1", inside)
    await RouteStage(db, {"350600": ZHANGZHOU}).run_once("350600")
    async with db.city("350600") as conn:
        case = await cases.get(conn, "350600", inside)
        other = await cases.get(conn, "350600", outside)
        units = [task.unit for task in await cases.tasks(conn, "350600", inside)]
    assert case is not None
    assert other is not None
    assert (case.lead_unit, case.adcode, case.zone) == ("350600-ECO-TS", "350604", "350600-Z-TS")
    assert units[0] == "350600-ECO-TS"
    assert "350600-ZON-TS" in units
    assert (other.lead_unit, other.zone) == ("350604-ECO", None)
