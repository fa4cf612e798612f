"""What the desk does with the pollution inside a complaint about officials: a case of its own."""

import hashlib
import re
from typing import Final

import msgspec

from models.case import case_no
from models.db import accused as store
from models.db import events, intake, links
from models.db.pool import Connection
from models.errors import Invalid
from models.moment import china_day
from routing import accused, terms
from routing.dispatch import event
from routing.dispute_verbs import OpenPollution
from routing.handling import said
from routing.matter import Change, Matter

OPENED: Final = "case:pollution:opened"
_RECEIVED: Final = "case:received"
#: What may tell who reported: telephone and identity numbers.
_NUMBER: Final = re.compile(r"\d{7,}")


def open_pollution(matter: Matter, request: OpenPollution, change: Change) -> None:
    """Open a case of its own for the pollution that a complaint about officials tells of.

    It carries nothing of the complaint, neither words nor names nor who reported, and the link
    between the two is seen only by those who may see the complaint.
    """
    if accused.kept_from(matter.book, matter.case, matter.history) is None:
        raise matter.conflict("not_about_officials", "只有涉及公职人员或部门的件才另建污染件。")
    text = said(request.text, "text_required", "须写明污染诉求的内容。")
    _says_nothing_of_it(matter, text)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    if any(past.data.get("digest") == digest for past in matter.past(OPENED)):
        raise matter.conflict("opened_already", "该污染诉求已另建工单。")
    change.data["digest"] = digest

    async def open_case(conn: Connection, _change: Change) -> None:
        case, at = matter.case, matter.at
        day = china_day(at)
        number = case_no(day, await intake.draw(conn, case.city, day, 1))
        await store.open_matter(
            conn, case, number, text=text, adcode=request.adcode, address=request.address, at=at
        )
        opened = msgspec.structs.replace(case, case_no=number)
        told = event(opened, _RECEIVED, at, matter.actor, {"channel": case.channel})
        await events.append(conn, [told])
        why = "涉及公职人员的件中另有污染诉求"
        await links.add(conn, case, number, "related", why=why, by=matter.actor.name, at=at)

    change.effects.append(open_case)


def refuse_numbers(text: str) -> None:
    """Refuse a text that could tell who reported: it goes to others."""
    if _NUMBER.search(text):
        raise Invalid("identity_in_text", "内容不得含电话、证件等号码,不得写明诉求人身份。")


def _says_nothing_of_it(matter: Matter, text: str) -> None:
    """Refuse a text that speaks of the units complained of, or of who reported."""
    refuse_numbers(text)
    units = matter.book.directory.units
    out = accused.barred(matter.book, matter.case, matter.history)
    words = [word for said in terms.official_words().values() for word in said]
    named = any(accused.is_named(units[code], text) for code in out if code in units)
    if named or any(word in text for word in words):
        detail = "另建的污染件不得提及被反映的单位或人员,请只写污染情况。"
        raise Invalid("complaint_in_text", detail)
