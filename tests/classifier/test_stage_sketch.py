"""The tagging stage keeps with each case what it will be compared by."""

import asyncio
from typing import Any

import pytest

from classifier.sketch import MAKER
from classifier.stage import TagStage
from classifier.tokens import cutter
from intake.delivery import Content
from intake.receive import Receiver
from models.db.pool import Database
from tests.classifier.test_stage import Reader
from tests.intake.kit import CITY, make_delivery, make_services, rows

TEXT = "水岸云庭小区楼下的老灶台火锅店每晚油烟直排,还有酸臭味。"


@pytest.fixture(scope="module", autouse=True)
def _words() -> None:
    cutter()


async def take(db: Database, *given: dict[str, Any]) -> None:
    """Store deliveries and let the stage read them."""
    receiver = Receiver(make_services(db))
    await asyncio.gather(*(receiver.receive(make_delivery(**one)) for one in given))
    await receiver.close()
    await TagStage(db, Reader()).run_once(CITY)


def report(payload: dict[str, Any], source: str = "12345") -> dict[str, Any]:
    """Make a delivery of a text with what else the source said."""
    content = Content(channel="12345_TEL", text=TEXT)
    return {"content": content, "payload": payload, "source": source}


async def test_a_sketch_is_kept_with_the_tags(db: Database) -> None:
    """Maker, bits, names, levels and county of each tagged case, and when it came."""
    await take(db, report({}))
    (kept,) = await rows(
        db, "SELECT k.*, c.received_at AS came FROM sketch k JOIN cases c USING (city, case_no)"
    )
    assert (kept["maker"], kept["adcode"], kept["levels"]) == (MAKER, "430104", 1)
    assert {"e:水岸云庭", "s:老灶台"} <= set(kept["names"])
    assert kept["bits"].to_int() != 0
    assert kept["received_at"] == kept["came"]
    assert (kept["lon"], kept["lat"], kept["cell"]) == (None, None, None)


@pytest.mark.parametrize(
    ("source", "payload"),
    [
        (
            "12345",
            {"order": {"location": {"lng": "112.9443", "lat": "28.2249", "coordType": "GCJ02"}}},
        ),
        ("12345", {"order": {"location": {"lng": 112.9443, "lat": 28.2249}}}),
        (
            "12369",
            {"report": {"longitude": "112.9508", "latitude": "28.2310", "coordinates": "BD09"}},
        ),
        ("portal", {"lon": 112.9388, "lat": 28.2282}),
    ],
)
async def test_a_source_s_point_is_kept_in_one_system(
    db: Database, source: str, payload: dict[str, Any]
) -> None:
    """Whatever system a source speaks, the point is that of WGS-84, with its cell."""
    await take(db, report(payload, source))
    (kept,) = await rows(db, "SELECT lon, lat, cell FROM sketch")
    assert (kept["lon"], kept["lat"]) == pytest.approx((112.9388, 28.2282), abs=3e-4)
    assert kept["cell"] is not None


async def test_a_point_that_is_none_harms_nothing(db: Database) -> None:
    """What a source fills in wrongly is left out, and the case is tagged."""
    broken = {"order": {"location": {"lng": "不详", "lat": "28.2"}}}
    nowhere = {"order": {"location": {"lng": "0", "lat": "0", "coordType": "MARS"}}}
    await take(db, report(broken), report(nowhere))
    kept = await rows(db, "SELECT lon FROM sketch")
    assert [row["lon"] for row in kept] == [None, None]


async def test_changed_content_is_sketched_anew(db: Database) -> None:
    """A text that is read again replaces what the case was compared by."""
    await take(db, report({}))
    (before,) = await rows(db, "SELECT bits, names FROM sketch")
    await rows(
        db,
        "UPDATE cases SET text = '枫林三路的工地凌晨两点还在打桩', queue = 'tag',"
        " revision = revision + 1 RETURNING 1",
    )
    await TagStage(db, Reader()).run_once(CITY)
    (after,) = await rows(db, "SELECT bits, names FROM sketch")
    assert after["bits"] != before["bits"]
    assert "r:枫林三路" in after["names"]
    assert "e:水岸云庭" not in after["names"]
