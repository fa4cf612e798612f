"""The first accounts: of a demonstration, or the one administrator of an empty system."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from intake.auth import ROLES, hash_password
from models.city import City
from models.db import staff as store
from models.db.pool import Database
from models.db.staff import DEMO_PREFIX, Account
from models.moment import now

#: Known to everyone who reads this: the pages warn as long as such accounts exist.
DEMO_PASSWORD: Final = "jiesu-demo-2026"  # noqa: S105 - public on purpose
_STAFF: Final = {"operator": "演示坐席", "supervisor": "演示督办员", "admin": "演示管理员"}
_UNIT_ROLES: Final = ("ECO", "UMA")
_COUNTIES: Final = 3


class DemoAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account to tell the installer about, with its password in plain."""

    city: str
    city_name: str
    username: str
    display_name: str
    role: str
    unit: str | None
    password: str

    def __str__(self) -> str:
        """Write it as one line for a terminal."""
        who = f"{self.city_name} {ROLES[self.role]}({self.display_name})"
        return f"{self.username} / {self.password}  {who}"


async def seed_demo(db: Database, cities: Sequence[City], empty: bool = False) -> list[DemoAccount]:
    """Make the first accounts of cities that have none, and give those whose password is known.

    A demonstration gets one account of each role and units of a few counties; an `empty` system
    one administrator with a password of its own, told this once. The units must be stored already.
    """
    known: list[DemoAccount] = []
    for city in cities:
        known += await (_first_admin(db, city) if empty else _demo(db, city))
    return known


async def _demo(db: Database, city: City) -> list[DemoAccount]:
    wanted = {account.username: account for account in _wanted(city)}
    async with db.city(city.adcode) as conn:
        if not await store.any_account(conn, city.adcode):
            hashed = await hash_password(DEMO_PASSWORD)
            for account in wanted.values():
                await store.add_account(conn, account, hashed)
        present = await store.demo_accounts(conn, city.adcode)
    return [_told(city, account, DEMO_PASSWORD) for account in present]


async def _first_admin(db: Database, city: City) -> list[DemoAccount]:
    password = secrets.token_urlsafe(12)
    account = _account(city, "admin", "管理员", "admin", None)
    async with db.city(city.adcode) as conn:
        if await store.any_account(conn, city.adcode):
            return []
        await store.add_account(conn, account, await hash_password(password))
    return [_told(city, account, password)]


def _wanted(city: City) -> Iterable[Account]:
    for role, name in _STAFF.items():
        yield _account(city, f"{DEMO_PREFIX}{role}", name, role, None)
    counties = [d.code for d in city.divisions if d.level == "county" and d.valid_to is None]
    units = {unit.code: unit for unit in city.units}
    for binding in city.bindings:
        if binding.role in _UNIT_ROLES and binding.territory in counties[:_COUNTIES]:
            unit = units[binding.unit]
            username = f"{DEMO_PREFIX}{unit.code.lower()}"
            yield _account(city, username, unit.short_name, "unit", unit.code)


def _account(city: City, username: str, name: str, role: str, unit: str | None) -> Account:
    return Account(
        city=city.adcode,
        username=username,
        display_name=name,
        role=role,
        unit=unit,
        active=True,
        created_at=now(),
    )


def _told(city: City, account: Account, password: str) -> DemoAccount:
    return DemoAccount(
        city=city.adcode,
        city_name=city.name,
        username=account.username,
        display_name=account.display_name,
        role=account.role,
        unit=account.unit,
        password=password,
    )
