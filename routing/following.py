"""Cases that another answers for, when that one comes to answer to a third."""

from typing import Final

from models.case import CaseNo, show_case_no
from models.db import cases, events, links
from models.db.pool import Connection
from routing.dispatch import event
from routing.matter import Matter

MOVED: Final = "case:merged:moved"


async def follow(conn: Connection, old: Matter, new_main: int, why: str) -> None:
    """Let the cases merged into `old` answer to another: nobody answers to a merged case."""
    city, by, at = old.case.city, old.actor, old.at
    for number in await links.move_on(conn, city, old.case.case_no, new_main):
        moved = await cases.get(conn, city, number)
        if moved is None:
            continue
        await links.undo(conn, moved, old.case.case_no, "merge", why=why, by=by.name, at=at)
        await links.add(conn, moved, new_main, "merge", why=why, by=by.name, at=at)
        said = {
            "from": old.case.number,
            "into": show_case_no(city, CaseNo(new_main)),
            "reason": why,
        }
        await events.append(conn, [event(moved, MOVED, at, by, said)])
