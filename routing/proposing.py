"""From habits to a city's rules and bindings, for people to accept: each with what speaks for it.

A rule is proposed for each issue type and for each category of the platform, which holds whatever
type a text is read as; by street and channel only where a kind of ticket goes to another role than
the more general rule says. Where the share of the likeliest role is below `least`, the rule leaves
it to people.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import msgspec

from models.city import Binding, City, Unit
from models.duty import Condition, Rule
from models.taxonomy import ISSUE_TYPES, ROLES
from routing.habits import FEWEST, LEVELS, Count, Habits, Key
from routing.history import Handled, reading
from routing.rules import LOCAL_ROLES, national_rules

_TIER: Final = "T4"
#: Below this share not even the likeliest role is named.
LEAST: Final = 0.25
#: Levels whose rules stand by themselves, since cases may lack what the next level looks at.
_ALWAYS: Final = (1, 2)
_SHOWN: Final = 6
_MARK: Final = "往来工单"
_POOL: Final = ""
_COORDINATOR: Final = "COORD"
_STREET: Final = "STR"
#: What the name of an office of a street holds.
_OFFICE: Final = ("街道", "办事处")


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One proposed rule: of `n` past tickets of its kind `right` went to its lead.

    `confidence` is the share drawn towards the general and the new; `others` are the units that
    handled the rest. `since` and `last` are the days of the first and last ticket of the lead.
    """

    id: str
    lead: str
    type: str
    category: str = ""
    street: str = ""
    channel: str = ""
    n: int
    right: int
    share: float
    confidence: float
    since: date | None
    last: date | None
    units: tuple[str, ...]
    others: tuple[str, ...]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A city with the rules that its history proposes, and what speaks for each."""

    city: City
    proposals: tuple[Proposal, ...]
    tickets: int
    least: float


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of ticket with the role that leads it, the pool if empty."""

    key: Key
    lead: str
    confidence: float


def propose(city: City, rows: Sequence[Handled], least: float = LEAST) -> Draft:
    """Lay what a history tells over a city; its hand-written units and bindings stay."""
    habits = Habits(rows)
    kinds = sorted(_kinds(habits, least), key=lambda kind: (-len(kind.key), kind.key))
    city = _with_units(city, habits)
    stated = [_proposal(city, habits, n, kind) for n, kind in enumerate(kinds, 1)]
    rules = tuple(_rule(city, *pair) for pair in zip(stated, kinds, strict=True))
    version = f"{city.version.partition('+')[0]}+learned"
    changed = msgspec.structs.replace(city, duties=rules, version=version)
    known = habits.counts[0].get(())
    return Draft(
        city=changed, proposals=tuple(stated), tickets=known.n if known else 0, least=least
    )


def _kinds(habits: Habits, least: float) -> Iterator[_Kind]:
    """Give the types, the categories, and the kinds whose lead differs from the more general."""
    leads: dict[Key, str] = {}
    for level in range(1, len(LEVELS)):
        for key, count in sorted(habits.counts[level].items()):
            general = leads.get(key[:-1])
            role, share = habits.best(key)
            lead = role if share >= least else _POOL
            thin = count.n < FEWEST[level] or not key[-1]
            if thin or (lead and not count.right(lead)):
                leads.update({key: general} if general is not None else {})
                continue
            leads[key] = lead
            if lead != general or level in _ALWAYS:
                yield _Kind(key=key, lead=lead, confidence=share)


def _proposal(city: City, habits: Habits, n: int, kind: _Kind) -> Proposal:
    count = habits.counts[len(kind.key)][kind.key]
    parts = dict(zip(LEVELS[-1], kind.key, strict=False))
    names = {division.code: division.name for division in city.divisions}
    right = count.right(kind.lead) if kind.lead else 0
    return Proposal(
        id=f"LD-{n:03d}",
        lead=kind.lead,
        type=parts["type"],
        category=parts.get("category", ""),
        street=names.get(parts.get("town", ""), ""),
        channel=parts.get("channel", ""),
        n=count.n,
        right=right,
        share=round(right / count.n, 3),
        confidence=round(kind.confidence, 3),
        since=count.first.get(kind.lead),
        last=count.last.get(kind.lead),
        units=_told(count, kind.lead, same=True),
        others=_told(count, kind.lead, same=False),
    )


def _told(count: Count, lead: str, *, same: bool) -> tuple[str, ...]:
    found = [
        (name, n) for (role, name), n in count.units.most_common() if (role == lead != "") is same
    ]
    return tuple(f"{name} {n}" for name, n in found[:_SHOWN])


def _rule(city: City, said: Proposal, kind: _Kind) -> Rule:
    parts = dict(zip(LEVELS[-1], kind.key, strict=False))
    category, town, channel = (parts.get(part) for part in ("category", "town", "channel"))
    days = f",最近 {said.last}" if said.last else ""
    return Rule(
        id=said.id,
        tier=_TIER,
        when=Condition(
            types=() if category else (said.type,),
            categories=(category,) if category else (),
            townships=(town,) if town else (),
            channels=(channel,) if channel else (),
        ),
        lead=kind.lead or None,
        pool=not kind.lead,
        enforces=False if kind.lead and _is_local(city, kind.lead) else None,
        note=_note(city, said),
        source=f"{_MARK} {said.n} 件中 {said.right} 件如此({said.share:.0%}{days}),待本辖区确认",
    )


def _note(city: City, said: Proposal) -> str:
    where = [said.street, said.channel and f"{said.channel}来件"]
    what = said.category or ISSUE_TYPES[said.type].zh
    who = f"由{ROLES[said.lead].zh}办理" if said.lead else "办理单位不一,由人工确定"
    return f"{city.name}:{''.join(part for part in where if part)}“{what}”{who}"


def _is_local(city: City, role: str) -> bool:
    levels = {unit.code: unit.level for unit in city.units}
    return role in LOCAL_ROLES or any(
        b.role == role and levels.get(b.unit) == "town" for b in city.bindings
    )


def _with_units(city: City, habits: Habits) -> City:
    """Bind the roles that the history shows to their units, and what it does not to who is left."""
    bindings = [b for b in city.bindings if _MARK not in b.source]
    kept = {binding.unit for binding in bindings}
    units = {unit.code: unit for unit in city.units if unit.code in kept}
    by_name = {unit.name: unit for unit in units.values()}
    taken = {(binding.role, binding.territory) for binding in bindings}
    for (role, town), names in sorted(habits.units().items()):
        territory = town or city.adcode
        if (role, territory) in taken:
            continue
        street = f"{town}-{_STREET}"
        above = street if street in units and _is_office(names[0]) else None
        unit = _unit(territory, role, names, above)
        unit = by_name.setdefault(unit.name, unit)
        units[unit.code] = _reaching(units.get(unit.code, unit), territory)
        bindings.append(_binding(role, territory, unit.code, f"{_MARK}中的办理单位"))
        taken.add((role, territory))
    bindings += _unseen(city, taken, bindings)
    return msgspec.structs.replace(city, units=tuple(units.values()), bindings=tuple(bindings))


def _unit(territory: str, role: str, names: Sequence[str], parent: str | None) -> Unit:
    """Make a unit of the name that counts most; its other names within the role are aliases."""
    name, *others = names
    return Unit(
        code=f"{territory}-{role}",
        parent=parent,
        name=name,
        short_name=name,
        level="city" if len(territory) == 6 else "town",  # noqa: PLR2004 - digits of a city
        adcodes=(territory,),
        aliases=tuple(other for other in others if name in other or other in name),
    )


def _is_office(name: str) -> bool:
    return any(word in name for word in _OFFICE)


def _reaching(unit: Unit, territory: str) -> Unit:
    """Give the unit with a territory among those it has."""
    return msgspec.structs.replace(unit, adcodes=tuple(sorted({*unit.adcodes, territory})))


def _binding(role: str, territory: str, unit: str, source: str) -> Binding:
    return Binding(role=role, territory=territory, unit=unit, source=source)


def _unseen(
    city: City, taken: set[tuple[str, str]], bindings: Sequence[Binding]
) -> Iterator[Binding]:
    """Bind the roles that rules name and the history never shows."""
    held = {(binding.role, binding.territory): binding.unit for binding in bindings}
    same = reading().same
    towns = [d.code for d in city.divisions if d.level == "township" and d.valid_to is None]
    for role in sorted(_named_roles()):
        here = (role, city.adcode) in taken
        if ROLES[role].per == "township" and not here:
            for town in towns:
                street = held.get((_STREET, town))
                if (role, town) not in taken and street:
                    yield _binding(role, town, street, f"推定:{_MARK}未见,由街道办事处组织")
        elif ROLES[role].per in {"county", "city"} and not here:
            unit = held.get((same.get(role, ""), city.adcode))
            left = held.get((_COORDINATOR, city.adcode))
            why = "同一机构" if unit else "先由指挥中心分派"
            if unit or left:
                yield _binding(role, city.adcode, unit or left or "", f"推定:{_MARK}未见,{why}")


def _named_roles() -> set[str]:
    rules = national_rules()
    named = {rule.lead for rule in rules if rule.lead}
    return named.union(*(rule.cooperating for rule in rules)) & ROLES.keys()
