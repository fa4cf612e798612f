"""Cases that repeat or concern each other and are still handled each on its own."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from models.case import Case, State
from models.db import cases, events, links
from models.db.pool import Connection
from models.errors import NotFound
from routing.act import Act
from routing.dispatch import event
from routing.handling import said
from routing.lifecycle import Move
from routing.link_verbs import Relate, Unrelate
from routing.matter import Change, Effect, Matter
from routing.merging import number_of

RELATED: Final = "case:related"
UNRELATED: Final = "case:unrelated"
_ANY: Final = tuple(state for state in State if state is not State.NEW)


class Pair(NamedTuple):
    """The other case, and the kinds of links that hold between the two."""

    other: Case
    kinds: tuple[str, ...]


async def look(conn: Connection, matter: Matter, request: Relate | Unrelate) -> Pair:
    """Find the other case and how the two belong together already."""
    case = matter.case
    number = number_of(case.city, request.to)
    other = await cases.get(conn, case.city, number)
    if other is None or number == case.case_no:
        raise NotFound("other_not_found", "要关联的工单不存在,或就是本件。")
    known = await links.of_case(conn, case.city, case.case_no)
    kinds = [
        link.kind
        for link in known
        if link.undone_at is None and (link.case_no, link.other_no) == (case.case_no, number)
    ]
    return Pair(other, tuple(kinds))


def relate(matter: Matter, request: Relate, change: Change) -> None:
    """Write that a case repeats another or has to do with it."""
    why = said(request.reason, "reason_required", "关联须写明理由。")
    pair: Pair = change.seen
    if request.kind in pair.kinds:
        raise matter.conflict("related_already", "两件已有同样的关联。")
    change.data |= {"kind": request.kind, "to": pair.other.number, "reason": why}
    change.effects.append(_write(pair, request.kind, why))


def unrelate(matter: Matter, request: Unrelate, change: Change) -> None:
    """Write that a case has nothing to do with another after all."""
    why = said(request.reason, "reason_required", "解除关联须写明理由。")
    pair: Pair = change.seen
    if not {"repeat", "related"} & set(pair.kinds):
        raise matter.conflict("not_related", "两件没有可解除的关联。")
    change.data |= {"to": pair.other.number, "reason": why}
    change.effects.append(_undo(pair, why))


def _write(pair: Pair, kind: Any, why: str) -> Effect:  # noqa: ANN401 - a kind of link
    async def effect(conn: Connection, change: Change) -> None:
        matter, other = change.matter, pair.other
        by, at = matter.actor, matter.at
        await links.add(conn, matter.case, other.case_no, kind, why=why, by=by.name, at=at)
        told = {"kind": kind, "from": matter.case.number, "reason": why}
        await events.append(conn, [event(other, RELATED, at, by, told)])

    return effect


def _undo(pair: Pair, why: str) -> Effect:
    async def effect(conn: Connection, change: Change) -> None:
        matter, other = change.matter, pair.other
        by, at = matter.actor, matter.at
        await links.undo(
            *(conn, matter.case, other.case_no, "repeat", "related"), why=why, by=by.name, at=at
        )
        told = {"from": matter.case.number, "reason": why}
        await events.append(conn, [event(other, UNRELATED, at, by, told)])

    return effect


ACTS: Final[Mapping[str, Act]] = {
    "relate": Act(Move(who="operator", data=Relate, cases=_ANY, event=RELATED), relate, look),
    "unrelate": Act(
        Move(who="operator", data=Unrelate, cases=_ANY, event=UNRELATED), unrelate, look
    ),
}
