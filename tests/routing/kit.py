"""What the routing tests share: a small city of their own, facts, and cases put into the store."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec

from models.case import Actor, Case, CaseNo, Task, case_no
from models.city import Binding, City, Division, Unit, Zone
from models.db import cases
from models.db.clocks import Clock, of_case
from models.db.events import history
from models.db.pool import Database
from models.duty import Condition, Rule
from models.moment import CHINA
from models.tags import ModelRef, PlaceTag, Scored, Tags, TypeTag, UrgencyTag
from routing.commands import act
from routing.facts import Facts

CITY: Final = "990100"
EAST: Final = "990102"
WEST: Final = "990103"
GONE: Final = "990104"
TOWN: Final = "990102001"
ZONE: Final = "990100-Z-OWN"
WEAK_ZONE: Final = "990100-Z-WEAK"
#: The Friday of the golden scenarios.
FRIDAY: Final = datetime(2026, 11, 20, 14, 30, tzinfo=CHINA)
OPERATOR: Final = Actor(kind="staff", name="desk-one")
SECOND: Final = Actor(kind="staff", name="desk-two")
_ROLES: Final = ("ECO", "UMA", "HUD", "AGR")


def small_city(**changed: Any) -> City:
    """Make a city of two counties, an abolished one, two zones and a few units."""
    made = City(
        adcode=CITY,
        name="测试市",
        short_names=("测试",),
        version="test",
        divisions=(
            Division(code=CITY, name="测试市", level="city", parent="990000"),
            Division(code=EAST, name="东区", level="county", parent=CITY),
            Division(code=WEST, name="西区", level="county", parent=CITY),
            Division(
                code=GONE,
                name="老区",
                level="county",
                parent=CITY,
                valid_to=date(2025, 10, 31),
                successor=EAST,
            ),
            Division(code=TOWN, name="东街道", level="township", parent=EAST),
        ),
        zones=(
            Zone(code=ZONE, name="自管开发区", adcodes=(EAST,), has_enforcement=True),
            Zone(code=WEAK_ZONE, name="园区", adcodes=(WEST,)),
        ),
        units=(*_units(), *_zone_units()),
        bindings=(*_bindings(), *_zone_bindings()),
    )
    return msgspec.structs.replace(made, **changed)


def _units() -> list[Unit]:
    county = [
        Unit(
            code=f"{area}-{role}",
            name=f"{area}{role}局",
            short_name=f"{role}{area}",
            level="county",
        )
        for area in (EAST, WEST)
        for role in _ROLES
    ]
    return [
        *county,
        Unit(code=f"{CITY}-ECO", name="市生态环境局", short_name="市局", level="city"),
        Unit(code=f"{CITY}-TPB", name="市交警支队", short_name="交警", level="city"),
        Unit(code=f"{CITY}-RAI", name="铁路监管局", short_name="铁监", level="external"),
        Unit(code=f"{TOWN}-STR", name="东街道办", short_name="东街", level="town"),
        Unit(
            code=f"{EAST}-OLD",
            name="东区旧环卫所",
            short_name="旧环卫",
            level="county",
            valid_to=date(2025, 12, 31),
        ),
    ]


def _zone_units() -> list[Unit]:
    return [
        Unit(code=f"{ZONE}-ZON", name="自管开发区管委会", short_name="管委会", level="zone"),
        Unit(
            code=f"{WEAK_ZONE}-ZON",
            name="园区管委会",
            short_name="园区",
            level="zone",
            has_enforcement=False,
        ),
    ]


def _bindings() -> list[Binding]:
    county = [
        Binding(role=role, territory=area, unit=f"{area}-{role}")
        for area in (EAST, WEST)
        for role in _ROLES
    ]
    return [
        *county,
        Binding(role="ECO", territory=CITY, unit=f"{CITY}-ECO"),
        Binding(role="TPB", territory=CITY, unit=f"{CITY}-TPB"),
        Binding(role="RAI", territory=CITY, unit=f"{CITY}-RAI"),
        Binding(role="STR", territory=TOWN, unit=f"{TOWN}-STR"),
        Binding(role="SAN", territory=EAST, unit=f"{EAST}-OLD"),
    ]


def _zone_bindings() -> list[Binding]:
    return [
        Binding(role="ZON", territory=ZONE, unit=f"{ZONE}-ZON"),
        Binding(role="HUD", territory=ZONE, unit=f"{ZONE}-ZON"),
        Binding(role="ZON", territory=WEAK_ZONE, unit=f"{WEAK_ZONE}-ZON"),
    ]


def rule(name: str, tier: str, *, when: Condition | None = None, **fields: Any) -> Rule:
    """Make a rule."""
    return Rule(
        id=name, tier=tier, when=when or Condition(), note=f"规则{name}", source="test", **fields
    )


def facts(*types: str, **changed: Any) -> Facts:
    """Make the facts of a complaint in the east, dispatched on the golden Friday."""
    known: dict[str, Any] = {
        "types": types or ("A01",),
        "kind": "TS",
        "adcode": EAST,
        "channel": "12345_TEL",
        "happened_at": FRIDAY,
        "dispatched_at": FRIDAY,
    }
    return Facts(**(known | changed))


def tags(*types: str, kind: str = "TS", urgency: str = "P2", flags: tuple[str, ...] = ()) -> Tags:
    """Make what a tagger could have said."""
    return Tags(
        id="t",
        kind=Scored(code=kind, p=0.9),
        types=tuple(TypeTag(code=code, p=0.9) for code in types or ("A01",)),
        urgency=UrgencyTag(code=urgency),
        place=PlaceTag(adcode=EAST, p=1.0),
        flags=flags,
        model=ModelRef(name="test", version="0"),
    )


async def put_city(db: Database, city: City) -> None:
    """Put the city's units into the store, as a release would."""
    async with db.city(city.adcode) as conn:
        await conn.executemany(
            "INSERT INTO unit (city, code, name, short_name, level) VALUES ($1, $2, $3, $4, $5)",
            [(city.adcode, u.code, u.name, u.short_name, u.level) for u in city.units],
        )


async def put_case(
    db: Database,
    n: int = 1,
    *types: str,
    city: str = CITY,
    state: str = "SCREEN",
    queue: str | None = "review",
    adcode: str | None = EAST,
    kind: str = "TS",
    urgency: str = "P2",
    flags: tuple[str, ...] = (),
    channel: str = "12345_TEL",
    received_at: datetime | None = None,
    source_due_at: datetime | None = None,
) -> CaseNo:
    """Put one tagged case into the store, as the stages before routing leave it."""
    number = case_no(date(2026, 11, 20), n)
    said = tags(*types, kind=kind, urgency=urgency, flags=flags)
    async with db.city(city) as conn:
        await conn.execute(
            "INSERT INTO case_counter AS c VALUES ($1, '2026-11-20', $2)"
            " ON CONFLICT (city, day) DO UPDATE SET n = greatest(c.n, excluded.n)",
            city,
            n,
        )
        await conn.execute(
            "INSERT INTO cases (city, case_no, state, queue, channel, source, text, received_at,"
            " kind, types, urgency, adcode, tags, track_hash, source_due_at)"
            " VALUES ($1, $2, $3, $4, $5, '12345', '夜里有声音', $6, $7, $8, $9, $10, $11,"
            " decode(md5($1 || $2::bigint), 'hex'), $12)",
            city,
            number,
            state,
            queue,
            channel,
            received_at or datetime.now(UTC) - timedelta(minutes=5),
            kind,
            list(types) or ["A01"],
            urgency,
            adcode,
            said,
            source_due_at,
        )
    return number


class Desk:
    """One case of the small city, and everything that may be done to it."""

    def __init__(self, db: Database, city: City, number: CaseNo) -> None:
        """Name the case."""
        self.db = db
        self.city = city
        self.number = number

    async def act(
        self,
        verb: str,
        actor: Actor = OPERATOR,
        revision: int | None = None,
        /,
        **data: Any,
    ) -> Case:
        """Do one thing in a transaction of its own; every keyword is what the actor says."""
        async with self.db.city(self.city.adcode) as conn:
            return await act(conn, self.city, self.number, verb, data, actor, revision)

    async def case(self) -> Case:
        """Give the case as it stands."""
        async with self.db.city(self.city.adcode) as conn:
            found = await cases.get(conn, self.city.adcode, self.number)
        assert found is not None
        return found

    async def tasks(self) -> list[Task]:
        """Give its tasks."""
        async with self.db.city(self.city.adcode) as conn:
            return await cases.tasks(conn, self.city.adcode, self.number)

    async def clocks(self) -> dict[tuple[int, str, int], Clock]:
        """Give its clocks by task, code and attempt."""
        async with self.db.city(self.city.adcode) as conn:
            found = await of_case(conn, self.city.adcode, self.number)
        return {(clock.task_no, clock.code, clock.attempt): clock for clock in found}

    async def verbs(self) -> list[str]:
        """Give what happened, oldest first."""
        async with self.db.city(self.city.adcode) as conn:
            return [event.verb for event in await history(conn, self.city.adcode, self.number)]


def handler(unit: str) -> Actor:
    """Give someone who works in a unit."""
    return Actor(kind="staff", name=f"staff-of-{unit}", unit=unit)
