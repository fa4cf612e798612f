"""What holds of any city, rules and facts: one lead or the pool, and order alone breaks ties."""

from datetime import date, datetime
from typing import Any, Final

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.city import City, National, Period, Power
from models.decision import Decision
from models.duty import TIERS, Condition, Rule
from models.moment import CHINA
from routing.catalogue import Catalogue
from routing.engine import Facts, judge
from routing.rules import LOCAL_ROLES
from tests.routing.kit import EAST, TOWN, WEAK_ZONE, WEST, ZONE, small_city

TYPES: Final = ("A01", "A03", "N02", "W01", "S01")
ROLES: Final = ("ECO", "UMA", "HUD", "STR", "ZON", "SAN", "WAT")
FLAGS: Final = ("time:night", "rural", "canteen", "place:source_water")
FIRST, LAST = date(2026, 6, 1), date(2026, 12, 31)
some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

days = st.dates(FIRST, LAST)
season = st.sampled_from(["01-01", "06-07", "08-15", "11-20", "12-31"])


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Give one of the values, mostly none."""
    return st.none() | st.none() | values


def few(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Give none, one or two of the values."""
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


#: What a condition may ask for; each asks for a few of these at most, so that many rules fit.
ASKED: Final[dict[str, st.SearchStrategy[Any]]] = {
    "types": few(TYPES),
    "any_types": few(TYPES),
    "kinds": st.just(("TS",)),
    "channels": st.sampled_from([("12345",), ("12369_WEB",)]),
    "urgencies": few(("P1", "P2")),
    "flags": few(FLAGS),
    "any_flag": few(FLAGS),
    "no_flags": few(FLAGS),
    "adcodes": st.just((EAST,)),
    "townships": st.just((TOWN,)),
    "zones": st.just((ZONE,)),
    "in_zone": st.booleans(),
    "zone_enforces": st.booleans(),
    "delegated": st.booleans(),
    "periods": st.sampled_from([("exam",), ("event",)]),
    "from_hour": st.integers(0, 23),
    "to_hour": st.integers(0, 24),
    "from_day": season,
    "to_day": season,
}
conditions = (
    st.lists(st.sampled_from(sorted(ASKED)), max_size=2, unique=True)
    .flatmap(lambda names: st.fixed_dictionaries({name: ASKED[name] for name in names}))
    .map(lambda fields: Condition(**fields))
)


@st.composite
def rules(draw: Any, prefix: str) -> tuple[Rule, ...]:
    """Make some rules of names of their own; they lead, leave to people, or only add."""
    made = []
    for n in range(draw(st.integers(0, 6))):
        lead = draw(maybe(st.sampled_from(ROLES)) | st.sampled_from(ROLES))
        made.append(
            Rule(
                id=f"{prefix}{n}",
                tier=draw(st.sampled_from(TIERS)),
                when=draw(conditions),
                lead=lead,
                pool=lead is None and draw(st.booleans()),
                cooperating=tuple(role for role in draw(few(ROLES)) if role != lead),
                urgency=draw(maybe(st.sampled_from(["P1", "P3"]))),
                enforces=draw(st.sampled_from([None, True, False])),
                valid_from=draw(maybe(days)),
                valid_to=draw(maybe(maybe(days))),
                note=f"规则{prefix}{n}",
                source="test",
            )
        )
    return tuple(made)


@st.composite
def cities(draw: Any) -> City:
    """Make a city with rules, national rules, delegated powers and periods of its own."""
    powers = tuple(
        Power(item=f"p{n}", types=(code,), territory=where, valid_from=draw(maybe(days)))
        for n, (code, where) in enumerate(
            draw(st.lists(st.tuples(st.sampled_from(TYPES), st.sampled_from((TOWN, WEAK_ZONE)))))
        )
    )
    periods = tuple(
        Period(
            code=f"t{n}",
            kind=kind,
            name=f"时期{n}",
            valid_from=first,
            valid_to=LAST,
            types=draw(few(TYPES)),
            adcodes=draw(few((EAST, WEST))),
            on=draw(st.booleans()),
        )
        for n, (kind, first) in enumerate(
            draw(st.lists(st.tuples(st.sampled_from(["exam", "event"]), days), max_size=3))
        )
    )
    base = draw(rules("n"))
    own = draw(rules("c"))
    if base and own and draw(st.booleans()):
        own = (msgspec.structs.replace(own[0], id=base[0].id), *own[1:])
    return small_city(
        duties=own,
        powers=powers,
        periods=periods,
        national=National(version="cn-test", rules=base, clocks=()),
    )


facts = st.builds(
    Facts,
    types=st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True).map(tuple),
    kind=st.sampled_from(["TS", "JB"]),
    urgency=st.sampled_from(["P0", "P1", "P2", "P3"]),
    urgency_fixed=st.booleans(),
    flags=st.lists(st.sampled_from((*FLAGS, "other")), unique=True).map(sorted).map(tuple),
    adcode=st.sampled_from([EAST, WEST, None]),
    township=st.sampled_from([TOWN, TOWN, None]),
    zone=st.sampled_from([ZONE, WEAK_ZONE, None, None]),
    channel=st.sampled_from(["12345_TEL", "12369_WEB"]),
    happened_at=st.datetimes(datetime(2026, 6, 1), datetime(2026, 12, 31)).map(  # noqa: DTZ001
        lambda moment: moment.replace(tzinfo=CHINA)
    ),
    dispatched_at=st.datetimes(datetime(2026, 6, 1), datetime(2027, 1, 31)).map(  # noqa: DTZ001
        lambda moment: moment.replace(tzinfo=CHINA)
    ),
)


@some
@given(cities(), st.lists(facts, min_size=1, max_size=3))
def test_there_is_one_lead_or_the_pool(city: City, several: list[Facts]) -> None:
    """A lead is a role with a unit of the city that serves when asked, or the case is people's."""
    book = Catalogue(city)
    for one in several:
        found = judge(book, one)
        assert (found.lead is None) == found.pool
        if found.lead is not None and found.lead.unit is not None:
            unit = book.directory.units[found.lead.unit]
            assert unit.valid_to is None or one.dispatch_day <= unit.valid_to
        units = [part.unit for part in (found.lead, *found.cooperating) if part and part.unit]
        assert len(set(units)) == len(units)


@some
@given(cities(), facts, facts)
def test_the_same_facts_give_the_same_decision(city: City, one: Facts, other: Facts) -> None:
    """Whatever was decided before: what is kept of a case says nothing of one that differs."""
    book = Catalogue(city)
    near = [
        msgspec.structs.replace(one, **{name: getattr(other, name)})
        for name in one.__struct_fields__
        if name not in {"powers", "periods", "zone_enforces"}
    ]
    kept = [judge(book, each) for each in (one, *near)]
    assert kept == [judge(Catalogue(city), each) for each in (one, *near)]
    assert [judge(book, each) for each in (*near, one)] == [*kept[1:], kept[0]]


@some
@given(cities(), facts)
def test_order_within_a_tier_is_all_that_breaks_ties(city: City, one: Facts) -> None:
    """The lead is that of the first tier with one, of the first rule there, city before nation."""
    found = judge(Catalogue(city), one)
    expected = _by_hand(city, one)
    led = [s.rule for s in found.trace if s.matched and _leads(s.effect)]
    assert led == ([expected.id] if expected else [])


@some
@given(cities(), facts, st.randoms())
def test_order_across_tiers_says_nothing(city: City, one: Facts, random: Any) -> None:
    """Shuffling the rules so that each tier keeps its order changes nothing."""
    shuffled = list(city.duties)
    random.shuffle(shuffled)
    by_tier = {tier: iter([r for r in city.duties if r.tier == tier]) for tier in TIERS}
    mixed = tuple(next(by_tier[rule.tier]) for rule in shuffled)
    other = msgspec.structs.replace(city, duties=mixed)
    assert judge(Catalogue(city), one) == judge(Catalogue(other), one)


@some
@given(cities(), facts)
def test_a_replaced_rule_never_leaks(city: City, one: Facts) -> None:
    """A national rule that a city's rule of the same id replaces has no part in any decision."""
    assert city.national is not None
    own = {rule.id for rule in city.duties}
    left = tuple(rule for rule in city.national.rules if rule.id not in own)
    bare = msgspec.structs.replace(city.national, rules=left)
    without = msgspec.structs.replace(city, national=bare)
    assert judge(Catalogue(city), one) == judge(Catalogue(without), one)


@some
@given(cities(), facts)
def test_f25_no_township_or_zone_enforces_without_the_power(city: City, one: Facts) -> None:
    """A unit of a township or a zone without enforcement leads only delegated matters."""
    book = Catalogue(city)
    found = judge(book, one)
    if found.lead is None or found.lead.unit is None:
        return
    unit = book.directory.units[found.lead.unit]
    setting = book.directory.setting(one.adcode, one.township, one.zone, one.dispatch_day, one.day)
    if unit.level == "town" or (unit.level == "zone" and not unit.has_enforcement):
        (rule,) = [r for r in book.rules.all if r.id == _lead_rule(found)]
        assert rule.enforces is False or one.main in setting.powers or setting.zone_enforces


def _lead_rule(found: Decision) -> str:
    return next(step.rule for step in found.trace if step.matched and _leads(step.effect))


def _leads(effect: str) -> bool:
    return "主办角色:" in effect or "主办由人工裁量" in effect


def _by_hand(city: City, one: Facts) -> Rule | None:
    """Go through the rules as the domain says, with nothing kept and nothing indexed."""
    place = _Place(city, one)
    assert city.national is not None
    own = {rule.id for rule in city.duties}
    laid = [*city.duties, *(r for r in city.national.rules if r.id not in own)]
    urgency = one.urgency
    lead: Rule | None = None
    for tier in TIERS:
        rule = next((r for r in laid if r.tier == tier and _fits(r, one, place, urgency)), None)
        if rule is None or (tier == "T7" and lead is not None):
            continue
        if lead is None and (rule.pool or rule.lead):
            lead = rule
        if rule.urgency and not one.urgency_fixed:
            raised = rule.urgency < urgency
            urgency = rule.urgency if raised or urgency == "P2" else urgency
    return lead


class _Place:
    """The place of a case, settled by hand."""

    def __init__(self, city: City, one: Facts) -> None:
        zones = {zone.code: zone for zone in city.zones}
        self.zone = zones.get(one.zone or "")
        self.town = one.township
        self.adcode = one.adcode or (TOWN[:6] if one.township else None)
        if self.adcode is None and self.zone is not None:
            self.adcode = self.zone.adcodes[0]
        self.powers = {
            code
            for power in city.powers
            for code in power.types
            if power.territory in {one.township, one.zone}
            and (power.valid_from is None or power.valid_from <= one.dispatch_day)
        }
        self.periods = [
            period
            for period in city.periods
            if period.on
            and period.valid_from <= one.day <= period.valid_to
            and (not period.adcodes or self.adcode in period.adcodes)
            and (not period.types or one.main in period.types)
        ]


def _fits(rule: Rule, one: Facts, place: _Place, urgency: str) -> bool:
    when, flags = rule.when, set(one.flags)
    enforces = place.zone.has_enforcement if place.zone else None
    told = [
        rule.valid_from is None or one.day >= rule.valid_from,
        rule.valid_to is None or one.day <= rule.valid_to,
        when.types == () or one.types[0] in when.types,
        when.any_types == () or any(code in when.any_types for code in one.types),
        when.kinds == () or one.kind in when.kinds,
        when.channels == () or any(one.channel.startswith(c) for c in when.channels),
        when.urgencies == () or urgency in when.urgencies,
        all(flag in flags for flag in when.flags),
        when.any_flag == () or any(flag in flags for flag in when.any_flag),
        not any(flag in flags for flag in when.no_flags),
        when.adcodes == () or place.adcode in when.adcodes,
        when.townships == () or place.town in when.townships,
        when.zones == () or (place.zone is not None and place.zone.code in when.zones),
        when.in_zone is None or when.in_zone == (place.zone is not None),
        when.zone_enforces is None or when.zone_enforces == enforces,
        when.delegated is None or when.delegated == (one.main in place.powers),
        when.periods == () or any(p.kind in when.periods for p in place.periods),
        one.happened_at.hour in _span(when.from_hour or 0, _end(when.to_hour), 24),
        _in_season(when, one.day),
        _may(rule, one, place),
    ]
    return all(told)


def _end(hour: int | None) -> int:
    return 24 if hour is None else hour


def _span(first: int, last: int, size: int) -> set[int]:
    if first <= last:
        return set(range(first, last))
    return set(range(first, size)) | set(range(last))


def _in_season(when: Condition, day: date) -> bool:
    first, last = when.from_day or "01-01", when.to_day or "12-31"
    at = day.strftime("%m-%d")
    return first <= at <= last if first <= last else at >= first or at <= last


def _may(rule: Rule, one: Facts, place: _Place) -> bool:
    if rule.lead not in LOCAL_ROLES or rule.enforces is False:
        return True
    zone = place.zone is not None and place.zone.has_enforcement and rule.lead == "ZON"
    return zone or one.main in place.powers
