"""Cases as the tagging stage leaves them, to be compared with each other."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from classifier.named import names
from classifier.sketch import MAKER, sketches, unusual
from classifier.tokens import cutter
from models.case import CaseNo, State, case_no
from models.db import sameness as store
from models.db.pool import Database
from models.db.sameness import Sketch, SketchRow
from models.geo import Point
from models.moment import now
from tests.routing.kit import CITY, EAST

FUMES: Final = "水岸云庭小区楼下的老灶台火锅店每天晚上油烟直接往居民楼排,家里不敢开窗。"
FUMES_AGAIN: Final = "我住水岸云庭,楼下火锅店油烟直排居民楼,每天晚上家里都不敢开窗。"
FUMES_TOLD: Final = "水岸云庭小区一楼那家火锅店没有装烟道,炒料的味道呛得人咳嗽。"
LIFT: Final = "水岸云庭小区电梯运行时嗡嗡响,我家紧挨电梯井,晚上睡不着。"
ELSEWHERE: Final = "阳光花苑楼下火锅店油烟直接往居民楼排,家里不敢开窗。"
AT: Final = now()
_INSERT: Final = """
INSERT INTO cases (city, case_no, state, channel, source, text, received_at, closed_at, types,
                   urgency, adcode, kind, merged_into, parent_no, queue, track_hash)
VALUES ($1, $2, $3, '12345_TEL', $4, $5, $6, $7, $8, $9, $10, 'TS', $11, $12, NULL,
        sha256(($2::bigint)::text::bytea))
"""
_IDENTITY: Final = """
INSERT INTO identity (city, case_no, reporter_no, key_version, phone_index, wechat_index, anonymous,
                      confidential, want_callback, created_at)
VALUES ($1, $2, 1, 1, $3, $4, false, true, true, now())
"""


async def put(
    db: Database,
    n: int,
    text: str = FUMES,
    *,
    types: tuple[str, ...] = ("A03",),
    hours: float = 0,
    state: str = "DISPATCHED",
    closed_days: float | None = None,
    phone: bytes | None = None,
    wechat: bytes | None = None,
    source: str = "12345",
    adcode: str | None = EAST,
    point: Point | None = None,
    urgency: str = "P2",
    city: str = CITY,
    maker: str = MAKER,
    **given: Any,
) -> CaseNo:
    """Put a case that came `hours` ago, tagged and sketched; `closed_days` ago it was closed."""
    number = case_no(date(2026, 11, 20), n)
    closed_at: datetime | None = AT - timedelta(days=closed_days) if closed_days else None
    came = AT - timedelta(hours=hours)
    async with db.city(city) as conn:
        await conn.execute(
            _INSERT,
            city,
            number,
            State.CLOSED if closed_at else state,
            source,
            text,
            came,
            closed_at,
            list(types),
            urgency,
            adcode,
            given.get("merged_into"),
            given.get("parent_no"),
        )
        if phone or wechat:
            await conn.execute(_IDENTITY, city, number, phone, wechat)
        keys = [*names(cutter().cut(text.lower())), *unusual(text)]
        sketch = Sketch(maker, sketches([text])[0], keys)
        await store.keep(conn, city, [SketchRow(number, sketch, types, adcode, point)])
    return number
