"""Releases of a city's catalogue: draft, try on past cases, publish, roll back, explain.

A release is the city's data with the national rules and clocks of its day. A draft is tried on past
cases against the release in force, and can be published only while that is still in force. Nothing
published is ever changed: rolling back puts an earlier release in force again.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from models.case import Case
from models.checks.finding import Finding
from models.city import City
from models.city_check import check, errors_of
from models.db import releases
from models.db.pool import Connection, Database
from models.db.releases import Current, Draft, Publication
from models.db.units import sync_city
from models.errors import Conflict, Invalid, NotFound
from models.moment import now
from routing.catalogue import catalogue
from routing.rules import national_of
from routing.simulation import Simulation, simulate

_MACHINE: Final = "system"
_ROLLED_BACK: Final = "rolled_back"
_SHORTEST_WHY: Final = 2


def whole(city: City) -> City:
    """Give a city with the national rules and clocks that it stands on: a release."""
    return msgspec.structs.replace(city, national=national_of(city))


def version_of(city: City) -> str:
    """Name the release: the version that decisions by it carry."""
    return catalogue(city).version


async def install(conn: Connection, city: City) -> Current:
    """Put a city's installed data in force at start-up, unless people have published releases.

    From the first publication by a person on, only people change what is in force.
    """
    version = version_of(city)
    await releases.keep(conn, whole(city), version)
    held = await releases.take(conn, city.adcode)
    if held is not None:
        last = await releases.publications(conn, city.adcode, 1)
        if held.version == version or last[0].action != "installed":
            return held
    return await _put(conn, city, held, "installed", (None, _MACHINE, "随系统安装的资料"))


async def in_force(conn: Connection, installed: City) -> City:
    """Give the city as it is in force, the installed one before anything is."""
    held = await releases.current(conn, installed.adcode)
    if held is None or held.version == version_of(installed):
        return installed
    return await releases.content(conn, installed.adcode, held.version) or installed


async def draft(conn: Connection, proposed: City, by: str, why: str) -> Draft:
    """Take in a proposed release; Invalid where its data have errors or nothing is different."""
    _say_why(by, why)
    _refuse_errors(problems(proposed))
    held = await releases.current(conn, proposed.adcode)
    version = version_of(proposed)
    if held is not None and held.version == version:
        raise Invalid("draft_unchanged", f"草案与现行版本 {version} 相同,没有改动。")
    await releases.keep(conn, whole(proposed), version)
    made = Draft(
        draft_no=0,
        version=version,
        based_on=held.version if held else "",
        made_at=now(),
        made_by=by,
        why=why,
    )
    number = await releases.add_draft(conn, proposed.adcode, made)
    return msgspec.structs.replace(made, draft_no=number)


async def try_draft(db: Database, installed: City, draft_no: int, limit: int) -> Simulation:
    """Try a draft on past cases against the release in force, and keep what it showed."""
    adcode = installed.adcode
    async with db.city(adcode) as conn:
        known = await _draft(conn, adcode, draft_no)
        old = await in_force(conn, installed)
        new = await _content(conn, adcode, known.version)
    shown = await simulate(db, old, new, limit)
    tried = msgspec.structs.replace(
        known,
        report=msgspec.to_builtins(shown),
        based_on=version_of(old),
        simulated_at=shown.at,
    )
    async with db.city(adcode) as conn:
        await releases.set_report(conn, adcode, tried)
    return shown


async def publish(conn: Connection, adcode: str, draft_no: int, by: str, why: str) -> Publication:
    """Put a draft in force from now on; cases keep the release that decided them.

    Conflict where it was not tried, or another release was put in force since it was.
    """
    _say_why(by, why)
    held = await releases.take(conn, adcode)
    known = await _draft(conn, adcode, draft_no)
    if held is not None and known.version == held.version:
        raise Conflict("in_force_already", f"草案 {draft_no} 的版本 {held.version} 正在施行。")
    if known.simulated_at is None:
        detail = f"草案 {draft_no} 还没有在历史件上试算,请先运行 jiesu rules simulate。"
        raise Conflict("draft_not_tried", detail)
    if held is not None and known.based_on != held.version:
        detail = f"草案 {draft_no} 试算之后现行版本已变为 {held.version},请重新试算。"
        raise Conflict("draft_outdated", detail)
    city = await _content(conn, adcode, known.version)
    return await _published(conn, city, held, "published", (draft_no, by, why))


async def roll_back(
    conn: Connection, adcode: str, version: str | None, by: str, why: str
) -> Publication:
    """Put an earlier release in force again: the one named, or that before the one in force.

    What was itself taken back is gone back to only by name.
    """
    _say_why(by, why)
    held = await releases.take(conn, adcode)
    if held is None:
        raise Conflict("nothing_published", "本市还没有发布过版本,无从回退。")
    past = await releases.publications(conn, adcode, held.n)
    earlier = dict.fromkeys(one.version for one in past if one.version != held.version)
    wanted = version or _before(past)
    if wanted is None:
        told = f"用 --to 可恢复的版本:{'、'.join(earlier)}。" if earlier else ""
        raise Invalid("nothing_before", f"现行版本之前没有别的版本。{told}")
    if wanted not in earlier:
        raise Invalid("release_unknown", f"可回退的版本:{'、'.join(earlier) or '无'}。")
    city = await _content(conn, adcode, wanted)
    return await _published(conn, city, held, _ROLLED_BACK, (None, by, why))


def _before(past: Sequence[Publication]) -> str | None:
    """Name the release that the one in force took the place of, given all, the latest first."""
    standing: list[str] = []
    for one in reversed(past):
        if one.action == _ROLLED_BACK and one.version in standing:
            del standing[standing.index(one.version) + 1 :]
        else:
            standing.append(one.version)
    return standing[-2] if len(standing) > 1 else None


async def deciding(conn: Connection, case: Case, installed: City) -> City:
    """Give the city as it was in the release that decided a case; NotFound if it is not kept."""
    version = case.decision.version if case.decision else ""
    if not version:
        raise NotFound("not_decided", f"{case.number} 尚未作出派单决定。")
    if version == version_of(installed):
        return installed
    return await _content(conn, case.city, version)


def problems(city: City) -> list[Finding]:
    """Check a release's data as the doctor does."""
    national = national_of(city)
    return check(city, national.rules, national.clocks)


async def _published(
    conn: Connection,
    city: City,
    held: Current | None,
    action: releases.Action,
    who: tuple[int | None, str, str],
) -> Publication:
    await sync_city(conn, city)
    await _put(conn, city, held, action, who)
    return (await releases.publications(conn, city.adcode, 1))[0]


async def _put(
    conn: Connection,
    city: City,
    held: Current | None,
    action: releases.Action,
    who: tuple[int | None, str, str],
) -> Current:
    draft_no, by, why = who
    made = Publication(
        n=held.n + 1 if held else 1,
        version=version_of(city),
        action=action,
        draft_no=draft_no,
        at=now(),
        by=by,
        why=why,
    )
    await releases.put_in_force(conn, city.adcode, made)
    return Current(n=made.n, version=made.version)


async def _draft(conn: Connection, adcode: str, draft_no: int) -> Draft:
    found = await releases.draft(conn, adcode, draft_no)
    if found is None:
        raise NotFound("draft_unknown", f"没有第 {draft_no} 号草案。")
    return found


async def _content(conn: Connection, adcode: str, version: str) -> City:
    found = await releases.content(conn, adcode, version)
    if found is None:
        raise NotFound("release_not_kept", f"没有保存版本 {version}。")
    return found


def _say_why(by: str, why: str) -> None:
    if not by.strip() or len(why.strip()) < _SHORTEST_WHY:
        raise Invalid("who_and_why", "须写明由谁、为什么。")


def _refuse_errors(found: Sequence[Finding]) -> None:
    errors = errors_of(found)
    if errors:
        shown = ";".join(finding.text for finding in errors[:3])
        raise Invalid("release_has_errors", f"资料有 {len(errors)} 处错误:{shown}。")
