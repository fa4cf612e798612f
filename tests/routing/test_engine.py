"""Decisions: tiers, the lead, helpers, splits, what only people may decide, law by date, clocks."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from models.case import Urgency
from models.city import Division, Zone
from models.city_load import load_city
from models.decision import Decision, TraceStep
from models.duty import Condition, Rule
from models.moment import CHINA
from routing.engine import decide
from tests.routing.kit import (
    CITY,
    EAST,
    FRIDAY,
    GONE,
    TOWN,
    WEAK_ZONE,
    WEST,
    ZONE,
    facts,
    rule,
    small_city,
)

CITY_VALUE = small_city()


def ruled(*rules: Rule, **changed: Any) -> Decision:
    """Decide a complaint by the city's own rules before the nation's."""
    types = changed.pop("types", ("A01",))
    return decide(small_city(duties=rules), facts(*types, **changed))


def step(decision: Decision, tier: str) -> TraceStep:
    """Give the first step of a tier."""
    return next(one for one in decision.trace if one.tier == tier)


def test_the_base_table_leads_to_the_countys_unit() -> None:
    """Industrial fumes in the east are the eastern branch's, and the trace says by which rule."""
    decision = decide(CITY_VALUE, facts("A01"))
    assert decision.lead is not None
    assert (decision.lead.role, decision.lead.unit) == ("ECO", f"{EAST}-ECO")
    assert not decision.pool
    assert decision.reasons == ()
    assert step(decision, "T6").rule == "T6-A01"
    assert step(decision, "T6").version == decision.version


def test_every_tier_is_logged_matched_or_not() -> None:
    """A decision shows all eight tiers in order."""
    tiers = [s.tier for s in decide(CITY_VALUE, facts()).trace if s.tier.startswith("T")]
    assert tiers == ["T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7"]


def test_the_first_tier_that_names_a_lead_wins() -> None:
    """A local rule names the lead before the base table; an earlier tier before both."""
    local = rule("local", "T4", lead="UMA", cooperating=("HUD",))
    assert ruled(local).lead.role == "UMA"  # type: ignore[union-attr]
    special = rule("special", "T1", lead="AGR")
    decision = ruled(local, special)
    assert decision.lead is not None
    assert decision.lead.role == "AGR"
    assert step(decision, "T4").matched


def test_a_local_lead_without_helpers_keeps_those_of_the_base_row() -> None:
    """Only a rule that names its own helpers replaces those of the base table."""
    base = {part.role for part in decide(CITY_VALUE, facts("A04")).cooperating}
    bare = ruled(rule("l", "T4", lead="AGR"), types=("A04",))
    assert {part.role for part in bare.cooperating} == base
    own = ruled(rule("l", "T4", lead="ECO", cooperating=("AGR",)), types=("A04",))
    assert [part.role for part in own.cooperating] == ["AGR"]


def test_early_tiers_add_helpers_whoever_leads() -> None:
    """What an emergency or a place adds is added to the base rule's."""
    decision = ruled(rule("x", "T2", cooperating=("AGR", "ECO")))
    roles = [part.role for part in decision.cooperating]
    assert roles[0] == "AGR"
    assert "ECO" not in roles


def test_a_helper_is_each_unit_once_and_never_the_lead() -> None:
    """Two roles of one unit make one helper, a role of the lead's unit none."""
    city = small_city()
    doubled = [b for b in city.bindings if b.role == "UMA"]
    more = tuple(
        b.__class__(role="SAN", territory=b.territory, unit=b.unit) for b in doubled
    ) + tuple(
        b.__class__(role="DRA", territory=b.territory, unit=f"{b.territory}-ECO") for b in doubled
    )
    bindings = tuple(b for b in city.bindings if b.role != "SAN") + more
    own = rule("x", "T4", lead="ECO", cooperating=("UMA", "SAN", "DRA", "ECO"))
    decision = decide(small_city(duties=(own,), bindings=bindings), facts())
    assert [part.unit for part in decision.cooperating] == [f"{EAST}-UMA"]


@pytest.mark.parametrize(
    ("wanted", "had", "becomes"),
    [
        ("P1", "P2", "P1"),
        ("P1", "P0", "P0"),
        ("P3", "P2", "P3"),
        ("P3", "P1", "P1"),
        (None, "P2", "P2"),
    ],
)
def test_a_rule_raises_urgency_and_never_calms_an_urgent_case(
    wanted: str | None, had: str, becomes: str
) -> None:
    """Urgency is raised; only an ordinary case may be set low."""
    assert ruled(rule("u", "T3", urgency=wanted), urgency=had).urgency == becomes


def test_an_urgency_that_a_person_set_stays() -> None:
    """Rules do not raise again what a person has calmed."""
    raised = rule("u", "T3", urgency="P0")
    assert ruled(raised, urgency="P2", urgency_fixed=True).urgency == "P2"


def test_no_match_goes_to_the_pool_and_never_to_a_default_bureau() -> None:
    """Without a rule nobody is named."""
    decision = decide(CITY_VALUE, facts("W99"))
    assert decision.pool or decision.lead is not None
    nobody = ruled(rule("p", "T4", pool=True))
    assert nobody.pool
    assert nobody.lead is None
    assert nobody.reasons == ("not_designated",)


def test_a_role_without_unit_goes_to_the_pool() -> None:
    """A role that the city has not bound is nobody's until a person decides."""
    decision = ruled(rule("m", "T4", lead="MKT"))
    assert decision.pool
    assert decision.reasons == ("no_unit",)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"kind": "JC"}, "misconduct"),
        ({"types": ("P06",)}, "misconduct"),
        ({"types": ("A01", "P06")}, "misconduct"),
    ],
)
def test_complaints_about_an_authority_are_left_to_people(
    changed: dict[str, Any], reason: str
) -> None:
    """A case about the bureau itself is never sent to it."""
    decision = decide(CITY_VALUE, facts(*changed.pop("types", ("A01",)), **changed))
    assert decision.pool
    assert decision.lead is None
    assert reason in decision.reasons


@pytest.mark.parametrize(
    ("kind", "reason"), [("XF", "statutory_route"), ("WX", "invalid"), ("BY", "praise")]
)
def test_some_requests_need_a_person(kind: str, reason: str) -> None:
    """Petitions, abuse and praise are not dispatched by the machine."""
    assert reason in decide(CITY_VALUE, facts(kind=kind)).reasons


def test_an_emergency_is_confirmed_by_a_person() -> None:
    """A P0 case has a lead suggested and a reason for the desk."""
    decision = decide(CITY_VALUE, facts("W01", urgency="P0"))
    assert decision.urgency == Urgency.P0
    assert "hazard" in decision.reasons


def test_an_emergency_is_never_sent_away() -> None:
    """What endangers people is looked at as that, also where its type is not environmental."""
    reasons = decide(CITY_VALUE, facts("Z02", urgency="P0")).reasons
    assert "hazard" in reasons
    assert "not_environment" not in reasons


def test_what_is_not_environmental_is_not_automatic() -> None:
    """A Z code always has a reason for the desk."""
    assert "not_environment" in decide(CITY_VALUE, facts("Z05")).reasons


def test_an_unknown_place_names_the_role_only() -> None:
    """Without a county the role is known and the unit is not."""
    decision = decide(CITY_VALUE, facts(adcode=None))
    assert decision.lead is not None
    assert decision.lead.role == "ECO"
    assert decision.lead.unit is None
    assert decision.reasons == ("place_unknown",)
    assert all(part.unit is None or part.unit.startswith(CITY) for part in decision.cooperating)


def test_a_role_bound_once_needs_no_place() -> None:
    """The traffic police of the whole city answer wherever it was."""
    decision = ruled(rule("t", "T4", lead="TPB"), adcode=None)
    assert decision.lead is not None
    assert decision.lead.unit == f"{CITY}-TPB"
    assert decision.reasons == ()


def test_a_township_role_needs_the_township() -> None:
    """A street office is named only where the street is known."""
    street = rule("s", "T4", lead="STR", enforces=False)
    assert ruled(street).reasons == ("place_unknown",)
    found = ruled(street, township=TOWN)
    assert found.lead is not None
    assert found.lead.unit == f"{TOWN}-STR"


def test_a_place_outside_the_city_is_left_to_people() -> None:
    """A county of another city has no unit here."""
    decision = decide(CITY_VALUE, facts(adcode="530102"))
    assert decision.pool
    assert decision.reasons == ("place_outside",)


def test_a_lead_outside_the_government_is_told_by_letter() -> None:
    """A railway administration may lead, but a person writes to it."""
    decision = ruled(rule("r", "T1", lead="RAI"))
    assert decision.lead is not None
    assert decision.reasons == ("external_unit",)


def test_an_abolished_county_is_rewritten_in_the_trace() -> None:
    """The old code of a county leads to its successor's unit, and the trace tells."""
    decision = decide(CITY_VALUE, facts(adcode=GONE))
    assert decision.lead is not None
    assert decision.lead.unit == f"{EAST}-ECO"
    assert "老区" in step(decision, "PLACE").effect


def test_zones_decide_the_unit() -> None:
    """In a zone that enforces its committee leads, in one that does not the county's unit."""
    own = decide(CITY_VALUE, facts("A04", zone=ZONE))
    assert own.lead is not None
    assert own.lead.unit == f"{ZONE}-ZON"
    weak = decide(CITY_VALUE, facts("A04", adcode=WEST, zone=WEAK_ZONE))
    assert weak.lead is not None
    assert weak.lead.unit == f"{WEST}-HUD"


def test_sub_issues_with_another_lead_are_split_and_their_leads_help() -> None:
    """Barbecue smoke and works dust have different leads: one leads, a part is suggested."""
    fume = rule("f", "T4", lead="UMA", when=Condition(types=("A09",)))
    decision = ruled(fume, types=("A09", "A04", "A01"))
    assert decision.lead is not None
    assert decision.lead.role == "UMA"
    assert [(part.types, part.lead.role) for part in decision.split] == [
        (("A04",), "HUD"),
        (("A01",), "ECO"),
    ]
    assert {"HUD", "ECO"} <= {part.role for part in decision.cooperating}
    assert "建议拆单" in step(decision, "SPLIT").effect


def test_sub_issues_with_the_same_lead_stay_together() -> None:
    """Two issues of one bureau are one case."""
    assert decide(CITY_VALUE, facts("A01", "W01", "N01")).split == ()


def test_the_law_is_that_of_the_day_of_the_facts() -> None:
    """Facts before 15 August 2026 are judged by the old acts, later ones by the Code."""
    old = datetime(2026, 8, 14, 12, tzinfo=CHINA)
    before = decide(CITY_VALUE, facts("A03", happened_at=old)).laws
    after = decide(CITY_VALUE, facts("A03", happened_at=old + timedelta(days=1))).laws
    assert before
    assert all(not code.startswith("EC-") for code in before)
    assert after
    assert not {"AIR-81", "AIR-118"} & set(after)
    assert any(code.startswith("EC-") for code in after)


def test_the_golden_dates() -> None:
    """Dispatched on Friday 20 November 2026 at 14:30 the clocks end as the scenarios say."""
    due = {clock.code: clock.due_at for clock in decide(CITY_VALUE, facts()).clocks}
    assert {code: f"{moment:%m-%d %H:%M}" for code, moment in due.items()} == {
        "K04": "11-23 23:59",
        "K05": "11-24 23:59",
        "K09": "11-23 23:59",
        "K12": "12-11 23:59",
    }


def test_an_urgent_case_has_the_short_clocks() -> None:
    """P1: first contact in two hours, closed in three working days; P0 never gets fifteen."""
    due = {c.code: c.due_at for c in decide(CITY_VALUE, facts(urgency="P1")).clocks}
    assert due["K09"] == FRIDAY + timedelta(hours=2)
    assert f"{due['K12']:%m-%d}" == "11-25"
    hazard = {c.code: c.due_at for c in decide(CITY_VALUE, facts(urgency="P0")).clocks}
    assert hazard["K12"] <= FRIDAY + timedelta(days=1)


@pytest.mark.parametrize(("kind", "code"), [("ZX", "K10"), ("QZ", "K11"), ("JY", "K11")])
def test_the_closing_clock_follows_the_request(kind: str, code: str) -> None:
    """An inquiry and a request for help have closing clocks of their own."""
    codes = {clock.code for clock in decide(CITY_VALUE, facts(kind=kind)).clocks}
    assert code in codes
    assert "K12" not in codes


def test_12369_has_its_own_clocks() -> None:
    """The national platform's natural days replace the hotline's working days."""
    clocks = {c.code: c for c in decide(CITY_VALUE, facts(channel="12369_WEB")).clocks}
    assert clocks["K22"].calendar == "N"
    assert "K12" not in clocks


def test_the_platforms_own_deadline_wins_and_a_difference_is_told() -> None:
    """What the source demands is kept; where our calendar counts otherwise the trace says so."""
    stated = datetime(2026, 12, 10, 23, 59, 59, tzinfo=CHINA)
    decision = decide(CITY_VALUE, facts(source_due_at=stated))
    (closing,) = [clock for clock in decision.clocks if clock.code == "K12"]
    assert closing.due_at == stated
    (said,) = [one for one in decision.trace if one.rule == "calendar_mismatch"]
    assert said.conditions["counted"] == "2026-12-11 23:59:59"
    same = decide(CITY_VALUE, facts(source_due_at=stated + timedelta(days=1)))
    assert not [one for one in same.trace if one.rule == "calendar_mismatch"]


def test_the_same_facts_give_the_same_decision() -> None:
    """Nothing but the facts and the catalogue decides."""
    assert decide(CITY_VALUE, facts("A09", "N03")) == decide(CITY_VALUE, facts("A09", "N03"))


def test_units_serve_on_the_day_of_the_dispatch_whenever_the_facts_were() -> None:
    """What an ended unit would have had goes to who has its place now; the law stays the old."""
    last_year = datetime(2025, 6, 1, 9, tzinfo=CHINA)
    found = decide(CITY_VALUE, facts("N02", adcode=GONE, happened_at=last_year))
    assert any(step.rule == "successor" for step in found.trace)
    swept = ruled(rule("s", "T4", lead="SAN"), happened_at=last_year)
    assert swept.lead is None
    assert swept.reasons == ("no_unit",)


def test_a_township_that_is_not_the_citys_is_told_and_left_out() -> None:
    """The county decides, as where no township is known; an unknown zone is told too."""
    given = rule("t", "T4", lead="STR", enforces=False)
    found = ruled(given, township=f"{EAST}999", zone="990100-Z-NONE")
    assert found.lead is not None
    assert found.lead.unit is None
    assert found.reasons == ("place_unknown",)
    told = [step.effect for step in found.trace if step.rule == "unknown"]
    assert [code in text for code, text in zip((f"{EAST}999", "Z-NONE"), told, strict=True)] == [
        True,
        True,
    ]


def test_a_part_of_a_county_that_moved_does_not_abolish_the_county() -> None:
    """The trace says that the township went to another county, not that its county is gone."""
    moved = Division(
        code=f"{WEST}001",
        name="西街道",
        level="township",
        parent=WEST,
        valid_to=date(2025, 10, 31),
        successor=TOWN,
    )
    city = small_city(divisions=(*CITY_VALUE.divisions, moved))
    found = decide(city, facts(adcode=WEST, township=moved.code))
    said = " ".join(step.effect for step in found.trace if step.rule == "successor")
    assert f"西区({WEST})的这一部分已划出,按东区({EAST})办理" in said
    assert f"西街道({moved.code})已撤销" in said


def test_a_zone_in_no_county_leaves_what_counties_do_to_people() -> None:
    """The city's own bureau does not stand in for that of a county nobody named."""
    lone = Zone(code="990100-Z-FAR", name="托管区")
    city = small_city(zones=(*CITY_VALUE.zones, lone))
    found = decide(city, facts(adcode=None, zone=lone.code))
    assert found.lead is not None
    assert (found.lead.role, found.lead.unit) == ("ECO", None)
    assert found.reasons == ("place_unknown",)


def test_who_leaves_the_lead_to_people_leaves_the_helpers_to_them_too() -> None:
    """A rule for people before the base row takes no helpers from that row."""
    assert ruled(rule("p", "T1", pool=True)).cooperating == ()


def test_pollution_told_along_with_an_authority_is_a_matter_of_its_own() -> None:
    """Golden scenario 23: nobody complained of gets either; what the officials did stays apart."""
    both = decide(CITY_VALUE, facts("P06", "A01", kind="JC"))
    assert both.lead is None
    told = [one.effect for one in both.trace if one.tier == "SPLIT"]
    assert told == ["同时反映的工业废气与烟尘另建投诉件办理,不随本件转交。"]
    alone = decide(CITY_VALUE, facts("P06", kind="JC"))
    assert "SPLIT" not in [one.tier for one in alone.trace]


@pytest.mark.parametrize(("code", "role"), [("A17", "ECO_ENF"), ("N15", "ECO")])
def test_who_leads_what_is_rare(code: str, role: str) -> None:
    """Ozone-depleting substances are the city's; vibration of unknown source the branch's."""
    changsha = load_city("430100")
    found = decide(changsha, facts(code, adcode="430102"))
    assert found.lead is not None
    assert found.lead.role == role
    train = decide(changsha, facts("N15", adcode="430102", flags=("facility:railway",)))
    assert train.lead is not None
    assert train.lead.role == "RAI"
