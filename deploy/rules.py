"""`jiesu rules`: the report on a city's rules, and its releases from draft to in force and back."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from deploy.database import must_fit, open_database
from deploy.settings import Settings
from models.city import City, Period
from models.city_load import load_city
from models.db import releases as store
from models.db.pool import Database
from models.db.releases import Draft, Publication
from models.errors import Invalid
from routing import releases
from routing.simulation import Simulation

#: How many past cases a period's switch is tried on: it must be quick.
_QUICK: Final = 2000
_MARK: Final = 8


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force, what was, and what is drafted."""

    city: str
    in_force: str
    publications: tuple[Publication, ...]
    drafts: tuple[Draft, ...]


class Switched(msgspec.Struct, frozen=True, kw_only=True):
    """A period switched: what it changed of past cases, and the release that holds it."""

    simulation: Simulation
    publication: Publication


async def listing(settings: Settings, adcode: str) -> Listing:
    """List a city's releases and drafts; NotFound for a city that is not installed."""
    load_city(adcode)
    async with _database(settings) as db, db.city(adcode) as conn:
        publications = await store.publications(conn, adcode)
        return Listing(
            city=adcode,
            in_force=publications[0].version if publications else "",
            publications=tuple(publications),
            drafts=tuple(await store.drafts(conn, adcode)),
        )


async def draft(
    settings: Settings, adcode: str, folder: Path | None, who: tuple[str, str]
) -> Draft:
    """Take in the city's data files as a draft; `folder` is a copy of its folder elsewhere."""
    city = load_city(adcode) if folder is None else _from_folder(adcode, folder)
    async with _database(settings) as db, db.city(adcode) as conn:
        return await releases.draft(conn, city, *who)


async def simulate(settings: Settings, adcode: str, draft_no: int, limit: int) -> Simulation:
    """Try a draft on past cases."""
    async with _database(settings) as db:
        return await releases.try_draft(db, load_city(adcode), draft_no, limit)


async def publish(
    settings: Settings, adcode: str, draft_no: int, who: tuple[str, str]
) -> Publication:
    """Put a draft in force."""
    async with _database(settings) as db, db.city(adcode) as conn:
        return await releases.publish(conn, adcode, draft_no, *who)


async def roll_back(
    settings: Settings, adcode: str, version: str | None, who: tuple[str, str]
) -> Publication:
    """Put an earlier release in force again."""
    async with _database(settings) as db, db.city(adcode) as conn:
        return await releases.roll_back(conn, adcode, version, *who)


async def switch(settings: Settings, adcode: str, period: Period, who: tuple[str, str]) -> Switched:
    """Switch a period on or off: a draft of what is in force with it, tried and put in force."""
    async with _database(settings) as db:
        async with db.city(adcode) as conn:
            city = await releases.in_force(conn, load_city(adcode))
            proposed = await releases.draft(conn, with_period(city, period), *who)
        shown = await releases.try_draft(db, load_city(adcode), proposed.draft_no, _QUICK)
        async with db.city(adcode) as conn:
            made = await releases.publish(conn, adcode, proposed.draft_no, *who)
    return Switched(simulation=shown, publication=made)


def with_period(city: City, period: Period) -> City:
    """Give the city with a period in place of its own of that code, as a version of its own."""
    others = tuple(one for one in city.periods if one.code != period.code)
    periods = tuple(sorted((*others, period), key=lambda one: one.code))
    mark = hashlib.sha256(msgspec.json.encode(periods)).hexdigest()[:_MARK]
    version = f"{city.version.partition('~')[0]}~{mark}"
    return msgspec.structs.replace(city, periods=periods, version=version)


async def find_period(settings: Settings, adcode: str, code: str) -> Period | None:
    """Give a period of what is in force."""
    async with _database(settings) as db, db.city(adcode) as conn:
        city = await releases.in_force(conn, load_city(adcode))
    return next((one for one in city.periods if one.code == code), None)


def changed_period(
    known: Period | None, code: str, *, on: bool, given: dict[str, str | None]
) -> Period:
    """Lay what is given over a known period; a new one needs its kind and both days."""
    stated = {name: value for name, value in given.items() if value is not None}
    if known is None and not {"kind", "valid_from", "valid_to"} <= stated.keys():
        detail = f"没有时期 {code}:新登记须给 --kind、--from、--to。"
        raise Invalid("period_unknown", detail)
    base = msgspec.to_builtins(known) if known else {"code": code, "name": code}
    try:
        return msgspec.convert(base | stated | {"on": on}, Period)
    except msgspec.ValidationError as error:
        raise Invalid("period_malformed", f"日期应形如 2026-06-07:{error}") from error


def _from_folder(adcode: str, folder: Path) -> City:
    if folder.name != adcode:
        folder = folder / adcode
    if not folder.is_dir():
        raise Invalid("folder_missing", f"没有目录 {folder}。")
    return load_city(adcode, folder.parent)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    async with open_database(settings) as dsn:
        await must_fit(dsn)
        db = await Database.connect(dsn, min_size=1, max_size=2, name="jiesu rules")
        try:
            yield db
        finally:
            await db.close()
