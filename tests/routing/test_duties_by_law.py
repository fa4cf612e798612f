"""The mechanisms of the duty catalogue by their numbers, and what routing must never do."""

from datetime import date, datetime, time
from typing import Any

import msgspec
import pytest

from models.city import Chief, City, Period, Power, ProtectedPlace
from models.decision import Decision
from models.duty import Condition
from models.moment import CHINA
from models.taxonomy import ISSUE_TYPES, laws
from routing.catalogue import Catalogue, catalogue
from routing.engine import decide, judge
from routing.plan import closing_due
from tests.routing.kit import EAST, FRIDAY, TOWN, WEAK_ZONE, WEST, ZONE, facts, rule, small_city

CODE = date(2026, 8, 15)


def ruled(city: City, *types: str, **changed: Any) -> Decision:
    """Decide a case of the small city."""
    return decide(city, facts(*types, **changed))


def leads(city: City, *types: str, **changed: Any) -> str | None:
    """Give the lead's unit."""
    lead = ruled(city, *types, **changed).lead
    return lead.unit if lead else None


def steps(decision: Decision) -> str:
    """Give all that the trace says."""
    return "\n".join(step.effect for step in decision.trace)


def test_f12_a_changed_list_decides_new_cases_and_old_ones_keep_their_version() -> None:
    """Each release has a version of its own, and the decision carries it."""
    old = small_city(duties=(rule("x", "T4", lead="ECO"),), version="one")
    new = small_city(duties=(rule("x", "T4", lead="UMA"),), version="two")
    assert leads(old, "A03") == f"{EAST}-ECO"
    assert leads(new, "A03") == f"{EAST}-UMA"
    assert ruled(old, "A03").version != ruled(new, "A03").version
    assert {step.version for step in ruled(old, "A03").trace if step.rule == "x"} == {
        ruled(old, "A03").version
    }


def power(**changed: Any) -> Power:
    """Make a power over open-air barbecue, delegated to the township on 1 October 2026."""
    made = Power(item="露天烧烤", types=("A09",), territory=TOWN, valid_from=date(2026, 10, 1))
    return msgspec.structs.replace(made, **changed)


STREET = (
    rule("street", "T4", when=Condition(types=("A09",)), lead="STR"),
    rule("county", "T4", when=Condition(types=("A09",)), lead="UMA"),
)


@pytest.mark.parametrize(
    ("powers", "changed", "unit"),
    [
        ((), {}, f"{EAST}-UMA"),
        ((power(),), {}, f"{TOWN}-STR"),
        ((power(territory=EAST),), {}, f"{TOWN}-STR"),
        ((power(),), {"dispatched_at": datetime(2026, 9, 30, 23, tzinfo=CHINA)}, f"{EAST}-UMA"),
        ((power(),), {"happened_at": datetime(2026, 9, 30, 23, tzinfo=CHINA)}, f"{TOWN}-STR"),
        ((power(valid_to=date(2026, 11, 19)),), {}, f"{EAST}-UMA"),
        (
            (power(valid_to=date(2026, 11, 19)),),
            {"happened_at": datetime(2026, 11, 19, 20, tzinfo=CHINA)},
            f"{EAST}-UMA",
        ),
        ((power(types=("A03",)),), {}, f"{EAST}-UMA"),
        ((power(territory=WEST),), {}, f"{EAST}-UMA"),
        ((power(),), {"township": None}, f"{EAST}-UMA"),
    ],
)
def test_f25_a_township_enforces_only_what_is_delegated_when_it_is_dispatched(
    powers: tuple[Power, ...], changed: dict[str, Any], unit: str
) -> None:
    """By item, township and validity; without the power the next rule names the lead."""
    city = small_city(duties=STREET, powers=powers)
    assert leads(city, "A09", **({"township": TOWN} | changed)) == unit


def test_f25_the_trace_says_why_a_township_was_passed_over() -> None:
    """A citizen reads that the street had no power that day."""
    said = steps(ruled(small_city(duties=STREET), "A09", township=TOWN))
    assert "未获该事项赋权" in said


def test_f25_a_township_may_be_asked_to_persuade_without_the_power() -> None:
    """A rule that enforces nothing needs no power."""
    mild = rule("mild", "T4", when=Condition(types=("A09",)), lead="STR", enforces=False)
    assert leads(small_city(duties=(mild,)), "A09", township=TOWN) == f"{TOWN}-STR"


def test_f25_a_rule_may_ask_whether_the_power_is_delegated() -> None:
    """`delegated` is true only where and when the table says so."""
    asks = rule("d", "T4", when=Condition(types=("A09",), delegated=True), lead="HUD")
    city = small_city(duties=(asks, *STREET), powers=(power(),))
    assert leads(city, "A09", township=TOWN) == f"{EAST}-HUD"
    assert leads(city, "A09", township=None) == f"{EAST}-UMA"


def test_f25_a_zone_without_enforcement_is_passed_over_for_the_county() -> None:
    """Its committee holds the role, but the county enforces; a delegated item changes that."""
    city = small_city()
    bound = msgspec.structs.replace(city.bindings[0], role="HUD", territory=WEAK_ZONE)
    bound = msgspec.structs.replace(bound, unit=f"{WEAK_ZONE}-ZON")
    weak = msgspec.structs.replace(city, bindings=(*city.bindings, bound))
    place = {"adcode": WEST, "zone": WEAK_ZONE}
    assert leads(weak, "A04", **place) == f"{WEST}-HUD"
    assert "未获该事项的执法权" in steps(ruled(weak, "A04", **place))
    given = power(territory=WEAK_ZONE, types=("A04",))
    able = msgspec.structs.replace(weak, powers=(given,))
    assert leads(able, "A04", **place) == f"{WEAK_ZONE}-ZON"
    assert leads(city, "A04", zone=ZONE) == f"{ZONE}-ZON"


def test_f28_without_a_rule_the_case_is_peoples_and_not_the_bureaus() -> None:
    """Nothing falls to the ecology bureau by default."""
    city = small_city(national=msgspec.structs.replace(_no_rules(), version="none"))
    for code in ISSUE_TYPES:
        found = judge(catalogue(city), facts(code))
        assert found.pool
        assert found.lead is None
        assert "no_rule" in found.reasons or "misconduct" in found.reasons


def _no_rules() -> Any:
    from models.city import National

    return National(version="none", rules=(), clocks=())


def period(kind: str, **changed: Any) -> Period:
    """Make a period of two days around the golden Friday."""
    made = Period(
        code=f"{kind}-1",
        kind=kind,
        name="试验时期",
        valid_from=date(2026, 11, 20),
        valid_to=date(2026, 11, 21),
    )
    return msgspec.structs.replace(made, **changed)


@pytest.mark.parametrize(
    ("changed", "urgency"),
    [
        ({}, "P1"),
        ({"on": False}, "P2"),
        ({"valid_from": date(2026, 11, 21)}, "P2"),
        ({"valid_to": date(2026, 11, 20)}, "P1"),
        ({"adcodes": (WEST,)}, "P2"),
        ({"adcodes": (EAST,)}, "P1"),
    ],
)
def test_f78_a_heavy_pollution_warning_speeds_up_dust_and_smoke(
    changed: dict[str, Any], urgency: str
) -> None:
    """While it is on, where it holds, and no longer."""
    city = small_city(periods=(period("heavy_pollution", **changed),))
    assert ruled(city, "A04").urgency == urgency
    assert ruled(city, "W01").urgency == "P2"


def test_an_examination_period_speeds_up_noise() -> None:
    """No word of an examination is needed in the text."""
    city = small_city(periods=(period("exam"),))
    assert ruled(city, "N02").urgency == "P1"
    assert ruled(small_city(), "N02").urgency == "P2"


@pytest.mark.parametrize("flag", ["place:source_water_core", "place:source_water"])
def test_f79_a_source_of_drinking_water_is_urgent_and_its_supplier_told(flag: str) -> None:
    """In the core zone angling and open fires, too; water suppliers and health have a part."""
    found = ruled(small_city(), "A09" if flag.endswith("core") else "S01", flags=(flag,))
    assert found.urgency in {"P0", "P1"}
    assert found.lead is not None
    assert found.lead.role == "ECO"
    assert {"UTL", "HEA", "WAT"} <= {part.role for part in found.cooperating}


def test_f80_a_campaign_counts_its_cases_and_changes_nothing() -> None:
    """The case carries the campaign; who leads, who helps and until when stay."""
    quiet = period("campaign", name="宁静行动", types=("N02", "N03"))
    city = small_city(periods=(quiet,))
    with_it, without = ruled(city, "N02"), ruled(small_city(), "N02")
    assert with_it.campaigns == ("campaign-1",)
    assert (with_it.lead, with_it.cooperating, with_it.clocks) == (
        without.lead,
        without.cooperating,
        without.clocks,
    )
    assert ruled(city, "A01").campaigns == ()
    assert "宁静行动" in steps(with_it)


def test_f81_sand_from_a_river_is_the_water_bureaus(changsha: City, kunming: City) -> None:
    """Not the ecology bureau's; at night it is urgent."""
    for city, county in ((changsha, "430103"), (kunming, "530111")):
        found = decide(city, facts("C04", adcode=county, flags=("time:night",)))
        assert found.lead is not None
        assert found.lead.role == "WAT"
        assert found.urgency == "P1"


@pytest.mark.parametrize(
    ("types", "flags"), [(("W04",), ()), (("A02",), ("odor:livestock",)), (("S09",), ())]
)
def test_f82_livestock_where_none_is_allowed_goes_to_closing(
    types: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    """The bureau orders a stop and reports to the county's government, small farm or large."""
    held = tuple(sorted({*flags, "place:livestock_ban", "scale:small"}))
    found = ruled(small_city(), *types, flags=held)
    assert found.lead is not None
    assert found.lead.role == "ECO"
    assert "责令拆除或者关闭" in steps(found)
    assert {"AGR", "STR", "COORD"} <= {part.role for part in found.cooperating}


def test_f88_a_great_event_halves_the_time_to_close() -> None:
    """Fifteen working days are eight; the pack ends with its last day."""
    city = small_city(periods=(period("event", types=("A01",)),))
    book, known = Catalogue(city), facts("A01")
    found = judge(book, known)
    assert found.pace == 0.5
    due = closing_due(book, known, found)
    plain = closing_due(Catalogue(small_city()), known, judge(Catalogue(small_city()), known))
    assert due is not None
    assert plain is not None
    assert (due.date(), plain.date()) == (date(2026, 12, 2), date(2026, 12, 11))
    assert judge(book, facts("A03")).pace == 1.0


def test_f88_the_planned_clock_is_the_halved_one() -> None:
    """What a decision promises is what the pack allows."""
    city = small_city(periods=(period("event"),))
    due = {clock.code: clock.due_at for clock in ruled(city, "A01").clocks}
    assert due["K12"].date() == date(2026, 12, 2)


def test_f89_what_flows_into_dianchi_involves_its_authority(kunming: City) -> None:
    """The basin's authority has a part in the case."""
    found = decide(kunming, facts("W01", adcode="530111", flags=("place:dianchi",)))
    assert "BAS" in {part.role for part in found.cooperating}


def chief(**changed: Any) -> Chief:
    """Make the chief of a river's stretch in the east."""
    made = Chief(
        flag="water:own",
        kind="river",
        place="试验河",
        title="试验河东区段河长",
        unit=f"{EAST}-AGR",
        adcodes=(EAST,),
    )
    return msgspec.structs.replace(made, **changed)


def test_f22_what_happens_on_a_river_is_copied_to_the_chief_of_that_stretch() -> None:
    """The stretch's chief, else the one of the whole; nobody where the river is not named."""
    whole = chief(title="试验河总河长", unit=f"{EAST}-HUD", adcodes=())
    city = small_city(
        chiefs=(chief(), whole),
        protected_places=(ProtectedPlace(name="试验河", flag="water:own"),),
    )
    flags = ("water:own",)
    assert [c.title for c in ruled(city, "W01", flags=flags).copies] == ["试验河东区段河长"]
    west = ruled(city, "W01", adcode=WEST, flags=flags)
    assert [c.title for c in west.copies] == ["试验河总河长"]
    assert ruled(city, "W01").copies == ()
    assert "抄送试验河东区段河长" in steps(ruled(city, "W01", flags=flags))


def test_f22_a_chief_is_no_part_of_the_case_and_ends_with_his_term() -> None:
    """Copies are no tasks; a chief past his last day gets none."""
    city = small_city(chiefs=(chief(valid_to=date(2026, 11, 19)),))
    assert ruled(city, "W01", flags=("water:own",)).copies == ()
    now = small_city(chiefs=(chief(),))
    found = ruled(now, "W01", flags=("water:own",))
    assert f"{EAST}-AGR" not in {part.unit for part in found.cooperating}


@pytest.mark.parametrize(
    ("month", "expected"), [((6, 6), False), ((6, 7), True), ((6, 10), True), ((6, 11), False)]
)
def test_a_rule_may_hold_for_days_of_each_year(month: tuple[int, int], expected: bool) -> None:
    """Both ends count."""
    season = rule("s", "T4", when=Condition(from_day="06-07", to_day="06-10"), lead="UMA")
    moment = datetime(2026, *month, 12, tzinfo=CHINA)
    assert (leads(small_city(duties=(season,)), "A01", happened_at=moment) == f"{EAST}-UMA") is (
        expected
    )


def test_a_season_may_wrap_the_years_end() -> None:
    """Winter holds in December and in January."""
    winter = rule("w", "T4", when=Condition(from_day="11-15", to_day="03-15"), lead="UMA")
    city = small_city(duties=(winter,))
    held = [
        leads(city, "A01", happened_at=datetime(2026, month, 20, tzinfo=CHINA)) == f"{EAST}-UMA"
        for month in range(1, 13)
    ]
    assert held == [n in {1, 2, 11, 12} for n in range(1, 13)]


def test_law_follows_the_day_of_the_facts_and_both_are_shown_where_it_straddles() -> None:
    """Before 15 August 2026 the old acts, since then the Code; told apart and together."""
    before = datetime.combine(date(2026, 8, 14), time(12), CHINA)
    found = ruled(small_city(), "A03", happened_at=before, reported_at=FRIDAY)
    table = laws()
    assert found.laws
    assert all(table[code].effective_to == date(2026, 8, 14) for code in found.laws)
    assert found.laws_since
    assert all(table[code].effective_from == CODE for code in found.laws_since)
    assert "从旧兼从轻" in steps(found)


def test_law_of_one_time_alone_is_shown_alone() -> None:
    """Nothing is added where facts and report fall on the same side."""
    same = ruled(small_city(), "A03", happened_at=FRIDAY, reported_at=FRIDAY)
    assert same.laws_since == ()
    old = datetime.combine(date(2026, 8, 1), time(12), CHINA)
    assert ruled(small_city(), "A03", happened_at=old, reported_at=old).laws_since == ()


def test_never_10_later_facts_cite_no_repealed_law() -> None:
    """For any issue at any place, whenever it is reported."""
    repealed = {code for code, law in laws().items() if law.effective_to is not None}
    for code in ISSUE_TYPES:
        found = judge(catalogue(_SMALL), facts(code, happened_at=FRIDAY, reported_at=FRIDAY))
        assert not repealed & {*found.laws, *found.laws_since}


def test_never_9_old_codes_of_a_district_are_routed_on() -> None:
    """An abolished district's case goes to its successor, a township's own successor first."""
    found = ruled(small_city(), "A01", adcode="990104")
    assert found.lead is not None
    assert found.lead.unit == f"{EAST}-ECO"
    assert any(step.rule == "successor" for step in found.trace)


_SMALL = small_city()
