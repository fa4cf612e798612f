"""Naming the units that a case complains of, for the case and all that tells of the same report."""

from models.case import Case, State
from models.db import accused as store
from models.db import events, links
from models.db.pool import Connection
from models.errors import Invalid
from routing.accused import NAMED, below
from routing.correcting import check_units
from routing.dispatch import event
from routing.dispute_verbs import NameAccused
from routing.handling import said
from routing.lifecycle import AT_WORK
from routing.matter import Change, Matter
from routing.plain import plain
from routing.writing import aside, matter_of, write

_OPEN = (State.SCREEN, *AT_WORK)


def name_accused(matter: Matter, request: NameAccused, change: Change) -> None:
    """Say which units the case complains of; it is hidden from them and what is under them."""
    check_units(matter.book, list(request.units))
    reason = said(request.reason, "reason_required", "须写明依据。")
    change.data |= {"units": list(request.units), "reason": reason}
    change.effects.append(_name_of_kin)


async def _name_of_kin(conn: Connection, change: Change) -> None:
    """Keep the parts of the same report, and what it is a part of, from the same units."""
    for kin in await links.kin(conn, change.matter.case):
        await (_change if kin.state in _OPEN else _hide)(conn, change, kin)


async def _change(conn: Connection, named: Change, kin: Case) -> None:
    matter, units = named.matter, named.data["units"]
    if kin.lead_unit in below(matter.book, units):
        detail = f"同一诉求的 {kin.number} 正由被反映单位或其下属主办,请先改派该件。"
        raise Invalid("unit_complained_of", detail)
    change = aside(await matter_of(conn, matter.book, kin, matter.actor, matter.at), NAMED)
    change.data |= {"units": units, "reason": named.data["reason"]}
    await write(conn, change)


async def _hide(conn: Connection, named: Change, kin: Case) -> None:
    """Hide a case on which nobody works any more."""
    matter, units = named.matter, named.data["units"]
    data = {"units": units, "reason": plain(named.data["reason"])}
    await events.append(conn, [event(kin, NAMED, matter.at, matter.actor, data)])
    out = below(matter.book, units)
    await store.note(conn, kin.city, kin.case_no, out, matter.at)
