"""What the tests of closure share: a case on its road, looked at, closed and looked at again."""

from typing import Any, Final

from models.case import Actor, Case, CaseNo
from models.city import City
from models.db.pool import Database
from models.ids import uuid7
from models.moment import CHINA
from tests.routing.kit import EAST, FRIDAY, OPERATOR, SECOND, WEST, Desk, handler, put_case
from tests.routing.moments import Time

ECO, UMA, HUD, FAR = f"{EAST}-ECO", f"{EAST}-UMA", f"{EAST}-HUD", f"{WEST}-ECO"
NIGHT: Final = ("time:night",)
RESULT: Final[dict[str, Any]] = {
    "outcome": "true",
    "reply_text": "已责令整改",
    "reply_method": "phone",
    "measures": ["order"],
}


class Road(Desk):
    """A case of the small city that comes in on the golden Friday at noon, led by ecology."""

    zone = CHINA

    def __init__(self, db: Database, city: City, number: CaseNo, time: Time) -> None:
        """Name the case and the time by which acts go."""
        super().__init__(db, city, number)
        self.time = time
        self.worker: Actor = handler(ECO)

    async def fresh(self, *types: str, n: int = 7, **said: Any) -> None:
        """Put another case in place of this one, waiting at the desk."""
        self.number = await put_case(
            self.db, n, *types, received_at=FRIDAY.replace(hour=12), **said
        )

    async def other(self, n: int, *types: str) -> "Road":
        """Put one more case beside it."""
        made = Road(self.db, self.city, self.number, self.time)
        await made.fresh(*types, n=n)
        return made

    async def begin(self, *types: str, **said: Any) -> None:
        """Put a case of these types to work, with ecology in the lead and one helper."""
        await self.fresh(*types, **said)
        await self.act("accept", lead_unit=ECO, cooperating=[UMA], reason="由分局牵头")
        await self.unit("sign", handler="张工")

    async def unit(self, verb: str, **data: Any) -> Case:
        """Let the lead do one thing."""
        return await self.act(verb, self.worker, **data)

    async def look(self, at: str, **said: Any) -> Case:
        """Let the lead note a visit."""
        told: dict[str, Any] = {
            "at": at if len(at) > len("2026-11-20T15:00") else f"{at}:00",
            "people": ["张工", "李工"],
            "place": "厂门口",
            "found": False,
            "finding": "现场核查情况",
        }
        return await self.unit("visit", **(told | said))

    async def close(self, **said: Any) -> Case:
        """Close it; its helpers are let go before."""
        for task in await self.tasks():
            if not task.is_lead and task.state in ("DISPATCHED", "SIGNED", "IN_PROGRESS"):
                await self.act("withdraw", task_no=task.task_no, reason="无须协办")
        return await self.act("close", OPERATOR, **said)

    async def finish(self) -> Case:
        """Hand in, approve and close."""
        await self.unit("submit", **RESULT)
        await self.act("approve", SECOND, task_no=1)
        return await self.close()

    def listed(self, **changed: Any) -> dict[str, Any]:
        """Say under which number an inspection gave it."""
        known = {
            "ref": "X3YN202611200059",
            "assigned_at": "2026-11-20T09:00:00",
            "due_at": "2026-12-05T18:00:00",
            "pollution": "大气",
            "content": "某厂夜间排放刺鼻气体",
        }
        return known | changed

    def rectified(self, **changed: Any) -> dict[str, Any]:
        """Say what shall be put right, and who answers for it."""
        known = {
            "responsible": "王某",
            "unit": ECO,
            "target": "达标排放",
            "measures": "安装治理设施",
            "deadline": "2026-12-31",
        }
        return known | changed


async def report_file(road: Desk) -> str:
    """Put a report into the files of a case."""
    made = uuid7()
    async with road.db.city(road.city.adcode) as conn:
        await conn.execute(
            "INSERT INTO attachment (city, attachment_id, case_no, origin, name, media_type, size,"
            " sha256, created_at) VALUES ($1, $2, $3, 'unit', '报告.pdf', 'application/pdf', 1,"
            " 'x', now())",
            road.city.adcode,
            made,
            road.number,
        )
    return str(made)
