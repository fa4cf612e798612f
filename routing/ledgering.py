"""The ledger of tracked cases (挂账督办), and the reports that are due on them (F30, F32).

A ledgered case stays open until a named person releases it on evidence; meanwhile its unit reports
progress again and again, and who does not is listed.
"""

from typing import Any, Final

import msgspec

from models.db import supervision as store
from models.db.pool import Connection
from models.db.supervision import Entry
from models.errors import Conflict, Forbidden, Invalid
from routing import clocking
from routing.handling import refuse_twice, said
from routing.matter import Change, Matter
from routing.officials import refuse_numbers
from routing.supervision_verbs import Ledger, Release, ReportProgress, StrikeName

LEDGERED: Final = "case:ledgered"
RELEASED: Final = "case:released"
REPORTED: Final = "case:progress:reported"
STRUCK: Final = "case:progress:struck"
#: A report is due: what its clock starts on.
DUE: Final = "case:progress:due"


async def look(conn: Connection, matter: Matter, _request: msgspec.Struct) -> list[Entry]:
    """Read the case's entries in the ledger."""
    return await store.entries(conn, matter.case.city, matter.case.case_no)


def ledger(matter: Matter, request: Ledger, change: Change) -> None:
    """Put a case into the ledger with the conditions for its release."""
    conditions = said(request.conditions, "conditions_required", "挂账须写明销账条件。")
    keeper = said(request.keeper, "keeper_required", "挂账须写明盯办人。")
    refuse_numbers(conditions)
    before: list[Entry] = change.seen
    if _open(before):
        raise matter.conflict("ledgered_already", "该件已在挂账台账。")
    entry = Entry(
        case_no=matter.case.case_no,
        n=len(before) + 1,
        conditions=conditions,
        keeper=keeper,
        opened_at=matter.at,
        opened_by=matter.actor.name,
    )
    change.data |= {"n": entry.n, "handler": keeper, "note": conditions}
    change.more_events.append((DUE, {"n": 1}))
    change.effects.append(lambda conn, _: store.enter(conn, matter.case, entry))


def release(matter: Matter, request: Release, change: Change) -> None:
    """Release a case from the ledger: by name, on evidence, saying how the conditions were met."""
    note = said(request.note, "note_required", "销账须写明销账条件如何达成。")
    if not request.evidence:
        raise Invalid("evidence_required", "销账须附佐证材料。")
    if not _open(change.seen):
        raise matter.conflict("not_ledgered", "该件不在挂账台账。")
    change.data |= {"note": note, "evidence": [str(one) for one in request.evidence]}

    async def write(conn: Connection, _change: Change) -> None:
        by = matter.actor.name
        await store.release(conn, matter.case, matter.at, by, request.evidence, note)

    change.effects.append(write)


def report(matter: Matter, request: ReportProgress, change: Change) -> None:
    """Report how a tracked case goes on; the next report is due after the same time again."""
    if matter.actor.unit != matter.case.lead_unit:
        raise Forbidden("not_your_part", "挂账件进展由主办单位上报。")
    if not _open(change.seen):
        raise matter.conflict("not_ledgered", "该件不在挂账台账,无须上报进展。")
    refuse_twice(matter, change)
    text = said(request.progress, "progress_required", "须写明整改进展。")
    n = matter.count(REPORTED) + 1
    change.data |= {"n": n, "note": text}
    change.starts += clocking.starts(
        matter.book, change.case, [], (DUE,), matter.at, held=matter.clocks
    )


async def listed(conn: Connection, matter: Matter, _request: msgspec.Struct) -> bool:
    """Read whether somebody is on the list for the case."""
    return await store.is_listed(conn, matter.case.city, matter.case.case_no)


def strike(matter: Matter, request: StrikeName, change: Change) -> None:
    """Take a unit off the list of those who did not report, with why."""
    change.data["reason"] = said(request.reason, "reason_required", "移出名单须写明理由。")
    if not change.seen:
        raise matter.conflict("not_listed", "该件没有列入通报名单的单位。")
    by = matter.actor.name
    change.effects.append(lambda conn, _: store.clear_names(conn, matter.case, matter.at, by))


async def ledgered(conn: Connection, matter: Matter) -> list[str]:
    """Say that a case is in the ledger: it is not over."""
    entries = await store.entries(conn, matter.case.city, matter.case.case_no)
    return ["挂账未销账"] if _open(entries) else []


async def not_ledgered(conn: Connection, matter: Matter, _request: Any) -> None:  # noqa: ANN401
    """Refuse to let a case go that is in the ledger."""
    if await ledgered(conn, matter):
        raise _held(matter)


def _held(matter: Matter) -> Conflict:
    return matter.conflict("ledgered", "该件挂账督办中,须先由督办员附佐证销账。")


def _open(entries: list[Entry]) -> bool:
    return any(entry.released_at is None for entry in entries)
