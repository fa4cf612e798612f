"""What the tests of the grid share: the small city's tree, its workers, a case they look at."""

from typing import Any, Final

from models.case import Actor, Case, CaseNo
from models.city import City
from models.db import grids
from models.db import staff as store
from models.db.grids import GridCheck
from models.db.pool import Database
from models.db.staff import Account
from models.grid import Grade, Grid, scope_of
from models.moment import now
from tests.routing.closing import Road
from tests.routing.kit import CITY, EAST, TOWN, WEST
from tests.routing.moments import Time

NEAR: Final = f"{TOWN}001"
FAR: Final = f"{TOWN}-G02"
PHOTO: Final = "a" * 64
TREE: Final = (
    Grid(code=CITY, name="测试市", level=1, parent=None, grade=Grade.GENERAL),
    Grid(code=EAST, name="东区", level=2, parent=CITY, grade=Grade.GENERAL),
    Grid(code=WEST, name="西区", level=2, parent=CITY, grade=Grade.GENERAL),
    Grid(code=TOWN, name="东街道", level=3, parent=EAST, grade=Grade.GENERAL),
    Grid(code=NEAR, name="东塘社区", level=4, parent=TOWN, grade=Grade.GENERAL),
    Grid(code=FAR, name="新东塘社区", level=4, parent=TOWN, grade=Grade.KEY),
)
FOUND: Final[dict[str, Any]] = {
    "result": "true",
    "finding": "厂房后门有刺鼻气味,设备在运转",
    "found_at": "2026-11-20T16:00:00+08:00",
    "photos": [PHOTO],
    "lon": 112.98,
    "lat": 28.19,
    "datum": "GCJ-02",
}


def worker(code: str, name: str = "") -> Actor:
    """Give someone who works in a grid."""
    return Actor(kind="staff", name=name or f"grid-{code}".lower(), unit=scope_of(code))


async def put_grid(db: Database, *staffed: str, tree: tuple[Grid, ...] = TREE) -> None:
    """Put the tree into the store, with one worker in each of the cells named."""
    async with db.city(CITY) as conn:
        await grids.replace_tree(conn, CITY, tree, now())
    for code in staffed:
        await put_worker(db, code)


async def put_worker(db: Database, code: str, city: str = CITY, hashed: str = "x") -> None:
    """Make an account for a worker of a grid."""
    account = Account(
        city=city,
        username=worker(code).name,
        display_name="网格员",
        role="grid",
        unit=None,
        grid=code,
        active=True,
        created_at=now(),
    )
    async with db.city(city) as conn:
        assert await store.add_account(conn, account, hashed)


class Beat(Road):
    """A case of the small city that its grid looks at."""

    @classmethod
    async def start(cls, town: Database, city: City, time: Time, *staffed: str) -> "Beat":
        """Put the tree in, and a case in its township that its lead has signed."""
        await put_grid(town, *(staffed or (NEAR, FAR, TOWN)))
        made = cls(town, city, CaseNo(0), time)
        await made.begin("A01")
        await made.settle(TOWN)
        return made

    async def settle(self, township: str | None, adcode: str | None = EAST) -> None:
        """Put the case into a township."""
        async with self.db.city(CITY) as conn:
            await conn.execute(
                "UPDATE cases SET township = $3, adcode = $4 WHERE city = $1 AND case_no = $2",
                *(CITY, self.number, township, adcode),
            )

    async def ask(self, actor: Actor | None = None, /, **said: Any) -> Case:
        """Let the lead ask the grid."""
        told: dict[str, Any] = {"place": "东塘社区工业路 8 号", "what": "看有无气味、设备是否运转"}
        return await self.act("ask_grid", actor or self.worker, **(told | said))

    async def answer(self, actor: Actor | None = None, /, **said: Any) -> Case:
        """Let the grid's worker answer."""
        return await self.act("grid_report", actor or worker(NEAR), **({"n": 1} | FOUND | said))

    async def checks(self, unit: str | None = None) -> list[GridCheck]:
        """Give what was asked, as far as a scope sees it."""
        async with self.db.city(CITY, unit) as conn:
            return await grids.of_case(conn, CITY, self.number)

    async def check(self) -> GridCheck:
        """Give what was asked last."""
        return (await self.checks())[-1]
