"""Key complaints (重点信访投诉): why a case is one, and who then handles it (F20, F21).

Some reasons the machine finds: the third report of a matter, many people, water sources, schools
and hospitals, a promise broken. Others a supervisor names. A key complaint is raised a level and
told to who is that many levels above its unit; a repeated one, and one that came back, is handled
together with them, never left to the same unit alone.
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from models.case import Case
from models.db import accused, escalations
from models.db import supervision as store
from models.db.escalations import Notice
from models.db.pool import Connection
from models.db.supervision import Told
from models.errors import Invalid
from models.moment import aware, china_day
from routing import disputes
from routing.chain import above, policy
from routing.handling import said
from routing.matter import Change, Effect, Matter
from routing.officials import refuse_numbers
from routing.supervision_verbs import MarkKey, Own

MARKED: Final = "case:key:marked"
ELEVATED: Final = "case:key:elevated"
OWNED: Final = "case:owned"
REPEATED: Final = "repeated"
CAME_BACK: Final = "rebound"


class Above(NamedTuple):
    """Who is above the unit that leads a case, the nearest first; nobody where none is."""

    units: tuple[str, ...]

    def at(self, level: int) -> str | None:
        """Name who is that many levels above the lead: at most the topmost, None where none is."""
        return self.units[min(max(level, 1), len(self.units)) - 1] if self.units else None


async def look(conn: Connection, matter: Matter, _request: msgspec.Struct) -> Above:
    """Find who is above the lead and not complained of."""
    case = matter.case
    barred = await accused.of_case(conn, case.city, case.case_no)
    return Above(above(matter.book, case.lead_unit, aware(matter.at).date(), barred))


def mark(matter: Matter, request: MarkKey, change: Change) -> None:
    """Mark a case as a key complaint for one reason; it rises a level with the first."""
    case = matter.case
    if request.reason in case.key_reasons:
        raise matter.conflict("key_already", "该件已因同一原因列入重点件。")
    refuse_numbers(request.note)
    reasons = (*case.key_reasons, request.reason)
    change.on_case(key_reasons=reasons, level=case.level + (0 if case.key_reasons else 1))
    change.data |= {"key_reason": request.reason, "level": change.case.level}
    change.data |= {"note": request.note.strip() or policy().key.names[request.reason]}
    change.effects.append(_tell(change.seen, request.reason))
    if request.reason == REPEATED:
        _join(matter, change, change.seen)


def raise_again(matter: Matter, change: Change, seen: Above) -> None:
    """Raise a case that came back: a level up, told to who is there, handled together with them."""
    case = matter.case
    reasons = tuple(dict.fromkeys((*case.key_reasons, CAME_BACK)))
    change.on_case(key_reasons=reasons, level=case.level + 1)
    change.data["level"] = change.case.level
    change.effects.append(_tell(seen, CAME_BACK, again=f":{change.case.level}"))
    _join(matter, change, seen)


def elevate(matter: Matter, _request: msgspec.Struct, change: Change) -> None:
    """Bring who is above the lead into a repeated case that has another lead than before."""
    if not needs_company(matter.case) or not _join(matter, change, change.seen):
        raise matter.conflict("elevated_already", "上级单位已在办理,或无上级单位。")


def own(matter: Matter, request: Own, change: Change) -> None:
    """Let a leader take a key complaint on by name (包案)."""
    leader = said(request.leader, "leader_required", "包案须写明领导姓名和职务。")
    refuse_numbers(leader + request.note)
    if not matter.case.key_reasons:
        raise matter.conflict("not_key", "只有重点件可以由领导包案,请先列入重点件。")
    if matter.case.leader == leader:
        raise matter.conflict("owned_already", "该领导已包案。")
    change.on_case(leader=leader)
    change.data |= {"leader": leader, "handler": leader, "note": request.note.strip()}


def needs_company(case: Case) -> bool:
    """Tell whether a case must not be left to one unit alone."""
    return REPEATED in case.key_reasons and case.lead_unit is not None


def found(case: Case, told: Collection[Told]) -> list[str]:
    """Find why a case is a key complaint, by its flags and by how often its matter was told."""
    terms = policy().key
    flags = case.tags.flags if case.tags else ()
    reasons = [terms.flags[flag] for flag in flags if flag in terms.flags]
    reasons += [REPEATED] if len(told) >= terms.repeats else []
    reasons += ["collective"] if _most_on_a_day(told) >= terms.collective else []
    return [reason for reason in dict.fromkeys(reasons) if reason not in case.key_reasons]


def _most_on_a_day(told: Collection[Told]) -> int:
    """Count who told of a matter on the day when most did; one who cannot be told apart is one."""
    days: dict[date, set[object]] = {}
    for one in told:
        people = one.people or (one.case_no,)
        days.setdefault(china_day(one.received_at), set()).update(people)
    return max(map(len, days.values()), default=0)


async def not_alone(_conn: Connection, matter: Matter, request: Any) -> None:  # noqa: ANN401
    """Refuse to leave a repeated case to its lead alone."""
    left = [task for task in matter.open_tasks if task.task_no != request.task_no]
    if needs_company(matter.case) and all(task.is_lead for task in left):
        raise Invalid("left_alone", "三次及以上重复的重点件须提级或换单位办理,不能只留原主办单位。")


async def told_again(conn: Connection, case: Case) -> list[Told]:
    """Give the reports of the same matter within the year before this one's receipt, and since."""
    since = aware(case.received_at) - timedelta(days=policy().key.days)
    return await store.told_again(conn, case.city, case.case_no, since)


def _join(matter: Matter, change: Change, seen: Above) -> bool:
    """Give who is above the lead a part in the case; False where they have one or nobody is."""
    unit = seen.at(change.case.level)
    present = {task.unit for task in matter.open_tasks}
    if matter.case.lead_unit is None or unit is None or unit in present:
        return False
    disputes.asked(matter, change, unit)
    change.data["units"] = [unit]
    return True


def _tell(seen: Above, reason: str, again: str = "") -> Effect:
    async def tell(conn: Connection, change: Change) -> None:
        case = change.case
        unit = seen.at(case.level)
        notice = Notice(
            case_no=case.case_no,
            kind="key",
            about=f"key:{case.case_no}:{reason}{again}",
            to_unit=unit,
            to_post="deputy" if unit else "supervisor",
            title=f"【重点件】{case.number}",
            body=f"列入重点件:{policy().key.names[reason]}。请提级督促办理。",
        )
        await escalations.tell(conn, case.city, [notice])

    return tell
