"""What may be said of work given by an inspection: never what cannot be (F18, F39)."""

from typing import Any

import pytest

from models.case import State
from models.errors import Conflict, Invalid
from routing.evidence import rules
from tests.routing.closing import Road

DONE: dict[str, Any] = {"progress": "治理设施已装并达标", "self_check": "已自查自验"}


@pytest.mark.parametrize(
    "changed",
    [
        {"assigned_at": "2027-11-20T09:00:00", "due_at": None},
        {"due_at": "2026-11-01T10:00:00"},
        {"due_at": "2026-11-20T09:00:00"},
    ],
)
async def test_f39_it_is_given_before_it_is_listed_and_due_after(
    road: Road, changed: dict[str, Any]
) -> None:
    """A slip of the pen would start a clock that nobody can keep, or that runs for a year."""
    with pytest.raises(Invalid, match="moments_wrong"):
        await road.act("list_inspection", **road.listed(**changed))
    await road.act("list_inspection", **road.listed())


async def test_f18_nothing_is_put_right_in_the_past_nor_by_two(road: Road) -> None:
    """A deadline lies ahead, and one official answers."""
    await road.act("list_inspection", **road.listed())
    with pytest.raises(Invalid, match="deadline_past"):
        await road.act("issue_rectification", **road.rectified(deadline="2026-11-19"))
    for several in ("王某与李某", "王某等", "王某、李某"):
        with pytest.raises(Invalid, match="responsible_required"):
            await road.act("issue_rectification", **road.rectified(responsible=several))
    await road.act("issue_rectification", **road.rectified(deadline="2026-11-20"))


async def test_f39_the_city_accepts_what_was_reported_and_closed(road: Road) -> None:
    """Not what its unit still works on."""
    await road.begin("A01")
    await road.act("list_inspection", **road.listed())
    await road.act("issue_rectification", **road.rectified())
    with pytest.raises(Conflict, match="wrong_step"):
        await road.act("accept_rectification", acceptance="验收通过")
    await road.act("report_rectification", **DONE)
    with pytest.raises(Conflict, match="not_closed"):
        await road.act("accept_rectification", acceptance="验收通过")
    await road.unit("self_check", items={item.code: "已落实" for item in rules().items})
    assert (await road.finish()).state is State.CLOSED
    await road.act("accept_rectification", acceptance="验收通过")
    with pytest.raises(Conflict, match="reported_already"):
        await road.act("issue_rectification", **road.rectified())
