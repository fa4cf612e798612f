"""Which cases may be of the same event, with a score, reasons, and what is advised: people decide.

Domain sections 3.7 (7) and 5.6. The same caller, place and main type while the first case is open
is a repeat to merge; closed within thirty days, the caller is asked for news; different callers at
one spot within three days (one for emergencies) are a group, each of whom is answered.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from models.case import CaseNo, State, show_case_no
from models.db import sameness as store
from models.db.pool import Connection
from models.db.sameness import Matter, Window, levels_of
from routing.alike import Signals, compare, content, hours_apart, place, related, score
from routing.resemblance import Reason, reasons

#: Domain 3.7 (7): different callers within three days, one for emergencies.
WINDOW: Final = timedelta(hours=72)
EMERGENCY_WINDOW: Final = timedelta(hours=24)
#: Domain 5.6: a case closed within so many days, told again so alike.
CLOSED_WITHIN: Final = timedelta(days=30)
TOLD_AGAIN: Final = 0.85
#: How long a caller's reports of one matter are counted as repeats (F21).
REPEATED_WITHIN: Final = timedelta(days=365)
#: Below this a resemblance is not worth anybody's time.
LIKELY: Final = 0.5
#: Of types that have no code in common more is asked.
SURE: Final = 0.75
_SAME_PLACE: Final = 0.45
_SAME_TYPE: Final = 0.8
_SHARED_TYPE: Final = 0.6
_OF_A_KIND: Final = 0.5
_PLATFORMS_ALIKE: Final = 0.9
#: While a case is in one of these, something can still be done about it.
OPEN: Final = frozenset(
    {
        State.NEW,
        State.SCREEN,
        State.ACCEPTED,
        State.DISPATCHED,
        State.IN_PROGRESS,
        State.SUBMITTED,
    }
)
_OVER: Final = frozenset({State.CLOSED, State.ARCHIVED})
#: Sources that are platforms of their own, each to be answered (F03).
_PLATFORMS: Final = frozenset({"12345", "12369"})
_LOOKED_AT: Final = 24
_LOOKED_AT_IN_BATCH: Final = 8
_OF_ONE_CALLER: Final = 30


class Advice(StrEnum):
    """What the desk may do about two cases."""

    MERGE = "merge"
    SAME_FACT = "same_fact"
    ASK_NEWS = "ask_news"
    GROUP = "group"


#: What the desk reads: a word, and what to do.
ADVICE: Final[Mapping[Advice, tuple[str, str]]] = {
    Advice.MERGE: ("在办重复", "同一诉求人的同一件事仍在办,建议并案。"),
    Advice.SAME_FACT: ("跨平台同一事实", "两个平台来单为同一事实,建议并案,各来源都要回告。"),
    Advice.ASK_NEWS: (
        "办结后再次反映",
        "请核实有无新情况:没有,可告知上次办理结果;有,另立新单并关联。",
    ),
    Advice.GROUP: ("疑似群体反映", "不同诉求人反映同一处,可并案或按热点处理,每人都要回告。"),
}


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A case that may be of the same event; `merged` counts those it already answers for."""

    case_no: CaseNo
    number: str
    state: State
    title: str | None
    gist: str
    received_at: datetime
    closed_at: datetime | None
    types: tuple[str, ...]
    adcode: str | None
    township: str | None
    score: float
    advice: Advice
    reasons: tuple[Reason, ...]
    merged: int = 0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was found for one case, the surest first.

    `repeats` counts how often this caller has told of this matter within a year, this time
    included: from the third on it is a key complaint (F21). `reports` counts the reports of the
    event, merged ones included.
    """

    candidates: tuple[Candidate, ...] = ()
    repeats: int = 1
    reports: int = 1


async def candidates(
    conn: Connection, city: str, case_no: int, *, limit: int = 5
) -> list[Candidate]:
    """Give the cases that may be of the same event as one, the surest first."""
    found = await find(conn, city, case_no, limit=limit)
    return list(found.candidates) if found else []


async def find(conn: Connection, city: str, case_no: int, *, limit: int = 5) -> Found | None:
    """Give what `candidates` gives, with how often this was told; None where there is no case."""
    found = await _find(conn, city, [case_no], looked_at=_LOOKED_AT, limit=limit)
    return found.get(case_no)


async def for_batch(
    conn: Connection, city: str, case_nos: Sequence[int], *, limit: int = 3
) -> dict[int, Found]:
    """Give what is found for each case of a batch, in the same few statements as for one."""
    return await _find(conn, city, case_nos, looked_at=_LOOKED_AT_IN_BATCH, limit=limit)


async def _find(
    conn: Connection, city: str, case_nos: Sequence[int], *, looked_at: int, limit: int
) -> dict[int, Found]:
    known = await store.matters(conn, city, case_nos)
    told = await store.same_caller(conn, city, list(known), _OF_ONE_CALLER)
    pairs = told | await store.around(conn, city, [window(m) for m in known.values()], looked_at)
    others = known | await store.matters(conn, city, {other for _, other in pairs} - set(known))
    by_own: dict[int, list[tuple[Matter, bool]]] = {case_no: [] for case_no in known}
    for own, other in pairs:
        if other in others:
            by_own[own].append((others[other], (own, other) in told))
    return {own: judge(city, known[own], found, limit) for own, found in by_own.items()}


def window(matter: Matter) -> Window:
    """Say where to look for the same event as a case's."""
    span = EMERGENCY_WINDOW if matter.urgency == "P0" else WINDOW
    return Window(
        case_no=matter.case_no,
        since=matter.received_at - span,
        until=matter.received_at + span,
        levels=levels_of(related(matter.types)),
        counties=(matter.adcode, "") if matter.adcode else (),
        point=matter.point,
    )


def judge(city: str, own: Matter, others: Iterable[tuple[Matter, bool]], limit: int) -> Found:
    """Weigh what was found: each other case, and whether its caller is the same."""
    made: list[Candidate] = []
    repeats = 1
    for other, same_caller in others:
        if _is_kin(own, other):
            continue
        signals = _signals(own, other, same_caller=same_caller)
        repeats += _is_repeat(own, other, signals)
        if advice := advise(own, other, signals):
            made.append(_candidate(city, own, other, signals, advice))
    made.sort(key=lambda one: (-one.score, -one.case_no))
    reports = 1 + own.merged + sum(1 + one.merged for one in made)
    return Found(candidates=tuple(made[:limit]), repeats=repeats, reports=reports)


def advise(own: Matter, other: Matter, signals: Signals) -> Advice | None:
    """Say what the rules of domain 5.6 advise about two cases; None when nothing."""
    if other.state not in OPEN | _OVER or score(signals) < LIKELY:
        return None
    if signals.same_caller:
        return _again(own, other, signals)
    if not _one_spot(signals) or hours_apart(own, other) > _window_h(own, other):
        return None
    crossed = _crossed(own, other) and content(signals) >= _PLATFORMS_ALIKE
    return Advice.SAME_FACT if crossed and other.state in OPEN else Advice.GROUP


def _one_spot(signals: Signals) -> bool:
    """Tell whether two callers speak of one spot and one kind of matter."""
    if place(signals) < _SAME_PLACE or signals.kinship < _OF_A_KIND:
        return False
    return signals.kinship >= _SHARED_TYPE or score(signals) >= SURE


def _again(own: Matter, other: Matter, signals: Signals) -> Advice | None:
    """Advise on what the same caller told before."""
    if other.state in OPEN:
        strict = signals.kinship >= _SAME_TYPE and place(signals) >= _SAME_PLACE
        return Advice.MERGE if strict or content(signals) >= LIKELY else None
    closed = other.closed_at is not None and own.received_at - other.closed_at <= CLOSED_WITHIN
    return Advice.ASK_NEWS if closed and content(signals) >= TOLD_AGAIN else None


def _signals(own: Matter, other: Matter, *, same_caller: bool) -> Signals:
    return compare(own, other, window_h=_window_h(own, other), same_caller=same_caller)


def _window_h(own: Matter, other: Matter) -> float:
    urgent = "P0" in {own.urgency, other.urgency}
    return (EMERGENCY_WINDOW if urgent else WINDOW).total_seconds() / 3600


def _is_kin(own: Matter, other: Matter) -> bool:
    """Tell whether two cases are already one, or parts of one."""
    merged = own.case_no == other.merged_into or other.case_no == own.merged_into
    split = own.case_no == other.parent_no or other.case_no == own.parent_no
    siblings = own.parent_no is not None and own.parent_no == other.parent_no
    return merged or split or siblings or own.case_no == other.case_no


def _is_repeat(own: Matter, other: Matter, signals: Signals) -> bool:
    recent = abs(own.received_at - other.received_at) <= REPEATED_WITHIN
    return signals.same_caller and recent and content(signals) >= LIKELY


def _crossed(own: Matter, other: Matter) -> bool:
    return own.source != other.source and {own.source, other.source} <= _PLATFORMS


def _candidate(
    city: str, own: Matter, other: Matter, signals: Signals, advice: Advice
) -> Candidate:
    return Candidate(
        case_no=other.case_no,
        number=show_case_no(city, other.case_no),
        state=other.state,
        title=other.title,
        gist=other.text[:120],
        received_at=other.received_at,
        closed_at=other.closed_at,
        types=other.types,
        adcode=other.adcode,
        township=other.township,
        score=round(score(signals), 3),
        advice=advice,
        reasons=reasons(own, other, signals),
        merged=other.merged,
    )
