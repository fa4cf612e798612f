"""What the tests of parts and merged cases share: splitting, finishing, and looking at cases."""

from typing import Any, Final

from models.case import Case, CaseNo, State
from models.db import invariants, links
from models.db.links import Link
from tests.routing.kit import EAST, OPERATOR, Desk, handler

ECO, UMA, HUD, AGR = (f"{EAST}-{role}" for role in ("ECO", "UMA", "HUD", "AGR"))
RESULT: Final[dict[str, Any]] = {
    "outcome": "true",
    "measures": ["order"],
    "reply_text": "已责令停止夜间施工",
    "reply_method": "phone",
}
#: A report of three matters, each with a lead of its own.
PARTS: Final[list[dict[str, Any]]] = [
    {"types": ["A05"], "title": "渣土车撒土", "lead_unit": UMA, "cooperating": [AGR]},
    {"types": ["N02"], "title": "夜间施工", "lead_unit": HUD, "urgency": "P1", "cooperating": []},
    {"types": ["A01"], "title": "厂里冒烟", "lead_unit": ECO, "cooperating": []},
]


async def parts_of(desk: Desk) -> list[Desk]:
    """Give the parts of a case, in order, those taken back too."""
    async with desk.db.city(desk.city.adcode) as conn:
        rows = await conn.fetch(
            "SELECT case_no FROM cases WHERE parent_no = $1 ORDER BY case_no", desk.number
        )
    return [Desk(desk.db, desk.city, CaseNo(row["case_no"])) for row in rows]


async def split(desk: Desk, *parts: dict[str, Any]) -> list[Desk]:
    """Split a case and give its parts."""
    await desk.act("split", parts=list(parts or PARTS), reason="一件多事")
    return await parts_of(desk)


async def finish(desk: Desk, **result: Any) -> Case:
    """Bring a case from its dispatch to its end."""
    lead = next(t for t in await desk.tasks() if t.is_lead and t.state != "WITHDRAWN")
    unit = handler(lead.unit)
    await desk.act("sign", unit, handler="张工")
    await desk.act("submit", unit, **(RESULT | result))
    await desk.act("approve", task_no=lead.task_no)
    for task in await desk.tasks():
        if not task.is_lead and task.state in ("DISPATCHED", "SIGNED", "IN_PROGRESS"):
            await desk.act("withdraw", task_no=task.task_no, reason="无须协办")
    return await desk.act("close", OPERATOR)


async def links_of(desk: Desk) -> list[Link]:
    """Give the links of a case, those undone too."""
    async with desk.db.city(desk.city.adcode) as conn:
        return await links.of_case(conn, desk.city.adcode, desk.number)


async def units_at_work(desk: Desk) -> dict[str, str]:
    """Give the units with an open task of a case, with its state; the lead's is marked."""
    return {
        f"{'*' if task.is_lead else ''}{task.unit}": task.state.value
        for task in await desk.tasks()
        if task.state.value not in ("DONE", "RETURNED", "WITHDRAWN")
    }


async def sound(desk: Desk) -> None:
    """Check that whatever must hold of the stored cases holds; cases put in have no history."""
    async with desk.db.city(desk.city.adcode) as conn:
        found = await invariants.violations(conn, desk.city.adcode)
    put_in = ("case_numbers_have_no_gap", "every_case_has_history")
    assert [one for one in found if one.invariant not in put_in] == []


async def state(desk: Desk) -> State:
    """Give the state of a case."""
    return (await desk.case()).state
