"""The public table of work given by inspections (domain section 5.7): without any personal data.

Only entries that a person has published; what people wrote is redacted once more on its way out.
The official who answers is not named: the unit is.
"""

from datetime import datetime
from typing import Final

import msgspec

from classifier.redact import redact
from models.case import OUTCOME_NAMES, Outcome
from models.db import inspections
from models.db.inspections import Published
from models.db.pool import Connection
from models.moment import china_day
from routing.catalogue import Catalogue

_MOST: Final = 2000


class PublicEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as everyone may read it; days are China's, empty where there is none yet."""

    ref: str
    assigned_on: str
    area: str
    pollution: str
    content: str
    outcome: str
    handling: str
    target: str
    measures: str
    unit: str
    deadline: str
    progress: str
    self_check: str
    acceptance: str
    accountability: str


#: The columns as they are published.
COLUMNS: Final = {
    "ref": "受理编号",
    "assigned_on": "交办日期",
    "area": "行政区",
    "pollution": "污染类型",
    "content": "举报内容",
    "outcome": "是否属实",
    "handling": "处理情况",
    "target": "整改目标",
    "measures": "整改措施",
    "unit": "整改责任单位",
    "deadline": "整改时限",
    "progress": "整改主要工作成效",
    "self_check": "自查自验",
    "acceptance": "市级验收",
    "accountability": "责任人处理",
}


async def public_table(conn: Connection, book: Catalogue, since: datetime) -> list[PublicEntry]:
    """Give the published entries of a city that were given since, the oldest first."""
    found = await inspections.published(conn, book.city.adcode, since, _MOST)
    return [_entry(book, one) for one in found]


def _entry(book: Catalogue, one: Published) -> PublicEntry:
    names = {division.code: division.name for division in book.city.divisions}
    unit = book.directory.units.get(one.unit or "")
    return PublicEntry(
        ref=one.ref,
        assigned_on=china_day(one.assigned_at).isoformat(),
        area=names.get(one.adcode, book.city.name),
        pollution=redact(one.pollution),
        content=redact(one.content),
        outcome=OUTCOME_NAMES[Outcome(one.outcome)] if one.outcome else "",
        handling=redact(one.reply or ""),
        target=redact(one.target),
        measures=redact(one.measures),
        unit=unit.name if unit else "",
        deadline=one.deadline.isoformat() if one.deadline else "",
        progress=redact(one.progress),
        self_check=redact(one.self_check),
        acceptance=redact(one.acceptance),
        accountability=redact(one.accountability),
    )
