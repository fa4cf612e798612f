"""The six cities that ship: what each has of its own, and that reading them all stays quick."""

from datetime import date, datetime
from time import perf_counter

import pytest

from models.city import City, city_of
from models.city_load import installed_cities, load_city
from models.moment import CHINA
from routing.catalogue import catalogue
from routing.engine import Facts, decide
from routing.units import Directory

SIX = ("330100", "350600", "430100", "500000", "530100", "530900")
NEW = ("330100", "350600", "500000", "530900")
NOW = datetime(2026, 11, 20, 14, 30, tzinfo=CHINA)


def led(city: City, adcode: str | None, *types: str, **changed: object) -> tuple[str, str | None]:
    """Name the role and unit that lead a matter there today."""
    known = {"urgency": "P2", "channel": "12345_TEL", "happened_at": NOW, "dispatched_at": NOW}
    facts = Facts(**({"types": types, "kind": "TS", "adcode": adcode} | known | changed))  # type: ignore[arg-type]
    lead = decide(city, facts).lead
    assert lead is not None
    return lead.role, lead.unit


def test_the_six_cities_are_installed_and_read_quickly() -> None:
    """Chongqing has a thousand townships; a busy machine still reads it within two seconds."""
    assert set(SIX) <= set(installed_cities())
    load_city.cache_clear()
    start = perf_counter()
    city = load_city("500000")
    Directory(city)
    assert perf_counter() - start < 2
    assert sum(d.level == "county" and d.valid_to is None for d in city.divisions) == 37


@pytest.mark.parametrize("adcode", NEW)
def test_whatever_was_abolished_leads_to_what_there_is(adcode: str) -> None:
    """Every abolished county or township has a successor of its own level that holds today."""
    divisions = {d.code: d for d in load_city(adcode).divisions}
    ended = [d for d in divisions.values() if d.valid_to]
    assert ended
    for gone in ended:
        heir = divisions[gone.successor or ""]
        assert (heir.level, heir.valid_to) == (gone.level, None)


@pytest.mark.parametrize("adcode", NEW)
def test_every_county_and_township_has_its_units(adcode: str) -> None:
    """The ecology bureau of each county, the sub-district of each township."""
    city = load_city(adcode)
    directory = Directory(city)
    for d in city.divisions:
        if d.level == "county":
            place = directory.place(d.code, None, None, NOW.date())
            unit = directory.find("ECO", place, NOW.date()).unit
            assert unit is not None
            assert unit.adcodes == (place.adcode,)
        elif d.level == "township":
            place = directory.place(None, d.code, None, NOW.date())
            unit = directory.find("STR", place, NOW.date()).unit
            assert unit is not None
            assert unit.adcodes == (place.township,)


def test_a_division_lies_in_its_city() -> None:
    """A municipality is its own province."""
    assert city_of("330106") == city_of("330106015") == "330100"
    assert city_of("500101") == city_of("500243") == "500000"


def test_zhangzhou_answers_the_environment_line_within_thirty_days() -> None:
    """Fujian's own term of K22; elsewhere sixty days."""
    terms = {code: catalogue(load_city(code)).clocks["K22"].ordinary.n for code in SIX}
    assert terms.pop("350600") == 30
    assert set(terms.values()) == {60}


def test_zhangzhou_zones_lead_through_their_own_branches() -> None:
    """古雷 has a branch of the city's bureau and its committee helps."""
    city = load_city("350600")
    assert led(city, "350623", "A02", zone="350600-Z-GL", flags=("odor:industry",)) == (
        "ECO",
        "350600-ECO-GL",
    )


def test_hangzhou_gives_townships_power_where_it_is_delegated() -> None:
    """A barbecue in 萧山 is the township's by the delegated items, in 余杭 the district's."""
    city = load_city("330100")
    assert led(city, "330109", "A09", township="330109001") == ("STR", "330109-STR-001")
    assert led(city, "330110", "A09", township="330110012") == ("UMA", "330110-UMA")
    before = datetime(2025, 8, 11, 9, tzinfo=CHINA)
    assert led(city, "330109", "A09", township="330109001", dispatched_at=before)[0] == "UMA"


@pytest.mark.parametrize(
    ("code", "township", "unit"),
    [
        ("500105", None, "500157-ECO"),
        ("500112", None, "500157-ECO"),
        ("500112", "500112133", "500109-ECO"),
        ("500109", "500109008", "500157-ECO"),
    ],
)
def test_chongqing_abolished_districts_are_not_lost(
    code: str, township: str | None, unit: str
) -> None:
    """江北 and 渝北 are 两江新区 now; five towns went to 北碚, five came from it."""
    city = load_city("500000")
    assert led(city, code, "N02", township=township) == ("ECO", unit)


def test_chongqing_facts_before_the_change_find_todays_units() -> None:
    """Whoever answers for the territory now answers for what happened there before."""
    city = load_city("500000")
    summer = datetime(2025, 6, 1, 9, tzinfo=CHINA)
    assert led(city, "500105", "N02", happened_at=summer) == ("ECO", "500157-ECO")
    then = {"happened_at": summer, "dispatched_at": summer}
    assert led(city, "500105", "N02", **then) == ("ECO", "500157-ECO")
    ended = {unit.code: unit.valid_to for unit in city.units if unit.valid_to}
    assert ended["500105-ECO"] == ended["500112-ECO"] == date(2025, 11, 30)


def test_chongqing_district_bureaus_are_no_branches() -> None:
    """Article 53 speaks of cities with districts; in a municipality they are the district's."""
    units = {unit.code: unit for unit in load_city("500000").units}
    assert units["500103-ECO"].parent is None
    branch = {unit.code: unit for unit in load_city("330100").units}["330102-ECO"]
    assert branch.parent == "330100-ECO"


def test_lincang_keeps_the_names_of_2018() -> None:
    """Each bureau that was renamed is found by its old name; the old unit has ended."""
    city = load_city("530900")
    said = {alias: unit.code for unit in city.units for alias in unit.aliases}
    assert said["临沧市环境保护局"] == "530900-ECO"
    assert said["临沧市国土资源局"] == said["临沧市城乡规划局"] == "530900-NAR"
    assert said["云县环境保护局"] == "530922-ECO"
    bound = {binding.unit for binding in city.bindings}
    assert not bound & {unit.code for unit in city.units if unit.valid_to}


def test_lincang_sand_is_the_water_bureaus_and_cane_leaves_the_townships() -> None:
    """By the river's regulation of 2020, and by who answers for burning bans."""
    city = load_city("530900")
    assert led(city, "530926", "C04", flags=("place:nantinghe",)) == ("WAT", "530926-WAT")
    assert led(city, "530926", "A08", township="530926103") == ("STR", "530926-STR-103")


@pytest.mark.parametrize(
    ("adcode", "county", "flag"),
    [
        ("350600", "350604", "place:jiulongjiang"),
        ("330100", "330127", "place:qiandaohu"),
        ("330100", "330108", "place:qiantangjiang"),
        ("500000", "500101", "place:changjiang"),
        ("530900", "530923", "place:nantinghe"),
    ],
)
def test_the_chiefs_of_named_waters_get_a_copy(adcode: str, county: str, flag: str) -> None:
    """The chief of the stretch in the county, who is reached through the chief's office."""
    chiefs = Directory(load_city(adcode)).chiefs(frozenset({flag}), county, NOW.date())
    assert [chief.unit for chief in chiefs] == [f"{county}-RES"]
