"""After the end: citizens are asked, what is not solved is done again, the rest is archived.

The unit that handled a case learns that it must be done again and why, never who said what: what
was said is in tables and events that units do not see (domain section 4.2, K16, K17). Of a divided
case each part is asked about on its own, and the whole is archived after its parts. Whoever
reported a case that was merged into another is asked too, about the result of that one (3.7.7).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from models.case import SYSTEM, Case, State, TaskState
from models.db import cases
from models.db import verification as store
from models.db.pool import Connection
from models.db.verification import Attempt, Ending, Standing
from models.errors import Forbidden, Invalid
from models.moment import aware, china_day
from routing import answering
from routing.act import Act
from routing.catalogue import Catalogue
from routing.clocks import deadline
from routing.handling import said
from routing.lifecycle import Move
from routing.matter import Change, Effect, Matter
from routing.merging import hold_own
from routing.plain import plain
from routing.verify_verbs import Archive, CallBack, Judge, Settle, SpotCheck
from routing.writing import aside, matter_of, write

TRIED: Final = "case:callback:tried"
DONE: Final = "case:callback:done"
JUDGED: Final = "case:callback:judged"
ARCHIVED: Final = "case:archived"
REWORKED: Final = "case:task:reworked"
_CLOSED: Final = "case:closed"
#: How often someone is called who does not answer.
MOST_TRIES: Final = 3
#: From here on someone is satisfied: by and large (基本满意).
SATISFIED: Final = 3
_OVER: Final = (State.CLOSED, State.ARCHIVED)
#: A merged case's citizen is asked, and may judge, as the case that answers stands.
_ASKED: Final = (State.CLOSED, State.MERGED)
_TOLD: Final = (*_OVER, State.MERGED)
#: The hours that part a day into times to call at.
_NOON, _EVENING = 12, 18


class Seen(NamedTuple):
    """How a case stands as to asking, and what was tried in this round.

    A round begins with each closing; that of a merged case is `main`'s, which answers for it.
    """

    standing: Standing
    nth: int
    tries: list[Attempt]
    main: Matter | None = None


async def look(conn: Connection, matter: Matter, _request: Any) -> Seen:  # noqa: ANN401
    """Read whom to ask and what was tried since the case was closed last."""
    main = await _main(conn, matter)
    nth = max(1, (main or matter).count(_CLOSED))
    standing = await store.standing(conn, matter.case)
    return Seen(standing, nth, await store.of_round(conn, matter.case, nth), main)


async def _main(conn: Connection, matter: Matter) -> Matter | None:
    """Give the closed case that answers for a merged one; Conflict while it is not closed."""
    case = matter.case
    if case.state is not State.MERGED:
        return None
    found = await cases.get(conn, case.city, case.merged_into or 0)
    if found is None or found.state not in _OVER or case.parent_no is not None:
        raise matter.conflict("main_not_closed", "该件已并案,主单尚未办结。")
    return await matter_of(conn, matter.book, found, matter.actor, matter.at)


def call_back(matter: Matter, request: CallBack, change: Change) -> None:
    """Note a call: up to three at different times, then archived or done again."""
    seen: Seen = change.seen
    _refuse_divided(matter, seen)
    if seen.standing.settled:
        raise matter.conflict("called_already", "本次办结已回访或已评价。")
    if not seen.standing.callable:
        detail = "诉求人匿名、不要求回访、没有联系方式,或与主单为同一人,不回访。"
        raise matter.conflict("nobody_to_call", detail)
    _another_time(matter, seen.tries)
    attempt = _attempt(matter, request)
    _keep(change, attempt)
    if request.connected:
        happy = request.solved and (request.satisfaction or 0) >= SATISFIED
        redo = False if happy else _decision(request)
        _end(change, _judged(matter, attempt, redo=redo), request.reason)
    elif _failed(seen.tries) + 1 >= MOST_TRIES:
        _end(change, Ending(how="unreached", at=matter.at))


def judge(matter: Matter, request: Judge, change: Change) -> None:
    """Take a citizen's own word for a callback; a person decides where it is not good."""
    seen: Seen = change.seen
    _by_system_alone(matter)
    _refuse_divided(matter, seen)
    if any(one.connected for one in seen.tries):
        raise matter.conflict("judged_already", "本次办理结果已评价,感谢您的反馈。")
    happy = request.solved and request.satisfaction >= SATISFIED
    attempt = Attempt(
        at=matter.at,
        said_by="citizen",
        staff=None,
        connected=True,
        contacted=request.contacted,
        solved=request.solved,
        satisfaction=request.satisfaction,
        opinion=plain(request.opinion.strip()),
        waits=not happy,
    )
    _keep(change, attempt)
    if happy:
        _end(change, _judged(matter, attempt, redo=False))


def settle(matter: Matter, request: Settle, change: Change) -> None:
    """Decide on a citizen's own dissatisfied word: done again, or left as it is."""
    waiting = [one for one in change.seen.tries if one.waits]
    if not waiting:
        raise matter.conflict("nothing_to_settle", "该件没有待处理的群众评价。")
    reason = said(request.reason, "reason_required", "须写明理由是否成立。")
    _end(change, _judged(matter, waiting[-1], redo=request.redo), reason)


def archive(matter: Matter, _request: Archive, change: Change) -> None:
    """Archive a case that nobody is to be asked about, or whose parts are all archived."""
    seen: Seen = change.seen
    if seen.standing.open_parts:
        raise matter.conflict("parts_not_archived", "子单尚未全部归档。")
    if any(one.waits for one in seen.tries):
        raise matter.conflict("judgement_waits", "群众已作评价,请先处理。")
    if seen.standing.to_ask:
        raise matter.conflict("callback_due", "该件须先回访。")
    if seen.standing.others:
        raise matter.conflict("merged_callback_due", "并入该件的诉求人尚未全部回访。")
    _archived(matter, change)
    if not seen.standing.settled:
        how = "parts" if seen.standing.divided else "exempt"
        _settled(change, Ending(how=how, at=matter.at))


def spot_check(matter: Matter, request: SpotCheck, change: Change) -> None:
    """Note a supervisor's look at a closed case."""
    note = said(request.note, "note_required", "抽查须写明情况。")
    change.data |= {"passed": request.passed, "note": note}

    async def keep(conn: Connection, _change: Change) -> None:
        who, at = matter.actor.name, matter.at
        await store.spot_check(
            conn, matter.case, passed=request.passed, note=note, staff=who, at=at
        )

    change.effects.append(keep)


def _refuse_divided(matter: Matter, seen: Seen) -> None:
    if seen.standing.divided and seen.main is None:
        raise matter.conflict("ask_about_the_parts", "该件已拆单,请对各子单分别回访。")


def _by_system_alone(matter: Matter) -> None:
    if matter.actor.kind != SYSTEM.kind:
        raise Forbidden("not_your_part", "评价只能由诉求人凭查询码作出。")


def _slot(at: datetime) -> tuple[object, int]:
    local = aware(at)
    return local.date(), (local.hour >= _NOON) + (local.hour >= _EVENING)


def _another_time(matter: Matter, tries: list[Attempt]) -> None:
    """Refuse a second call in the same part of a day: who does not answer then, may later."""
    if any(_slot(one.at) == _slot(matter.at) for one in tries if not one.connected):
        detail = "未接通的,须在不同时段(上午、下午、晚间)再次回访。"
        raise matter.conflict("same_time_of_day", detail)


def _failed(tries: list[Attempt]) -> int:
    return sum(not one.connected for one in tries)


def _attempt(matter: Matter, request: CallBack) -> Attempt:
    answers = (request.contacted, request.solved, request.satisfaction)
    if request.connected and None in answers:
        detail = "接通的须写明是否联系、是否解决和满意度(1 至 5)。"
        raise Invalid("answers_required", detail)
    if not request.connected and answers != (None, None, None):
        raise Invalid("not_connected", "未接通的没有回访结果。")
    return Attempt(
        at=matter.at,
        said_by="desk",
        staff=matter.actor.name,
        connected=request.connected,
        contacted=request.contacted,
        solved=request.solved,
        satisfaction=request.satisfaction,
        opinion=plain(request.opinion.strip()),
    )


def _decision(request: CallBack) -> bool:
    if request.redo is None:
        detail = "未解决或不满意的,须判断理由是否成立:成立的重办,不成立的写明理由。"
        raise Invalid("decision_required", detail)
    said(request.reason, "reason_required", "须写明理由是否成立。")
    return request.redo


def _judged(matter: Matter, attempt: Attempt, *, redo: bool) -> Ending:
    return Ending(
        how="judged",
        at=matter.at,
        contacted=attempt.contacted,
        solved=attempt.solved,
        satisfaction=attempt.satisfaction,
        redo=redo,
    )


def _keep(change: Change, attempt: Attempt) -> None:
    change.data["said_by"] = attempt.said_by
    nth = change.seen.nth

    async def keep(conn: Connection, change: Change) -> None:
        await store.keep(conn, change.matter.case, nth, attempt)

    change.effects.append(keep)


def _end(change: Change, end: Ending, reason: str = "") -> None:
    """End a round: done again, or archived once everybody was asked."""
    matter, seen = change.matter, change.seen
    change.event = DONE
    if end.redo:
        why = said(reason, "reason_required", "重办须写明理由。")
        if seen.main is None:
            change.more_events.append((REWORKED, _again(matter, change, why)))
        else:
            change.effects.append(_main_again(matter, seen, why))
    elif matter.case.state is State.CLOSED and not seen.standing.others:
        _archived(matter, change)
    _settled(change, end)


def _settled(change: Change, end: Ending) -> None:
    nth = change.seen.nth

    async def keep(conn: Connection, change: Change) -> None:
        await store.settle(conn, change.matter.case, nth, end)
        await store.decided(conn, change.matter.case)

    change.effects.append(keep)


def _archived(matter: Matter, change: Change) -> None:
    change.on_case(state=State.ARCHIVED, archived_at=matter.at)
    until = kept_until(matter.book, matter.case, matter.at)
    kept = {"kept_until": until.isoformat()} if until else {}
    if change.event == ARCHIVED:
        change.data |= kept
    else:
        change.more_events.append((ARCHIVED, kept))


def kept_until(book: Catalogue, case: Case, at: datetime) -> date | None:
    """Give the day until which a case archived now is kept at least (K40); None for ever."""
    ends = [
        deadline(clock, at, case.urgency, book.calendar).due_at
        for clock in book.clocks.values()
        if clock.retention and clock.start == ARCHIVED and case.channel not in clock.not_channels
    ]
    return china_day(max(ends)) if ends else None


def _again(matter: Matter, change: Change, reason: str) -> dict[str, Any]:
    """Put a closed case back to work at its lead, with a short promise of its own (K16)."""
    lead = matter.lead
    if lead is None:
        raise matter.conflict("lead_required", "该件没有主办单位,不能重办。")
    answered = matter.case.result
    change.on_other(lead, state=TaskState.IN_PROGRESS)
    change.on_case(state=State.IN_PROGRESS, closed_at=None, archived_at=None, result=None)
    change.tells = "REWORK"
    change.body["text"] = reason
    return {"task_no": lead.task_no, "unit": lead.unit, "reason": reason, "answered": answered}


def _main_again(matter: Matter, seen: Seen, reason: str) -> Effect:
    """Put the case back to work that answered for a merged one."""
    main = seen.main or matter
    if seen.standing.divided:
        detail = "主单已拆单:请退回不满意的子单重办,本件登记为不重办并写明理由。"
        raise matter.conflict("rework_the_part", detail)
    again = aside(main, REWORKED)
    again.data |= _again(main, again, reason)

    async def effect(conn: Connection, _change: Change) -> None:
        await write(conn, again)
        await answering.after(conn, again)

    return effect


ACTS: Final[Mapping[str, Act]] = {
    "callback": Act(
        Move(who="operator", data=CallBack, cases=_ASKED, event=TRIED),
        call_back,
        look,
        hold_own,
    ),
    "judge": Act(
        Move(who="operator", data=Judge, cases=_TOLD, event=JUDGED, by_system=True),
        judge,
        look,
        hold_own,
    ),
    "settle_judgement": Act(
        Move(who="operator", data=Settle, cases=_TOLD, event=DONE), settle, look, hold_own
    ),
    "archive": Act(
        Move(who="operator", data=Archive, cases=(State.CLOSED,), event=ARCHIVED, by_system=True),
        archive,
        look,
    ),
    "spot_check": Act(
        Move(who="supervisor", data=SpotCheck, cases=_OVER, event="case:spot_checked"),
        spot_check,
    ),
}
