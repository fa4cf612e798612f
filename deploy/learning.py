"""The learning loop at an installation: where its releases lie, its corrections, its drift."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from classifier.drift import CASES, RECENT, Drift, drift
from classifier.releases import SHIPPED, Act, Manifest, Pointer, Reference, Releases
from deploy.database import must_fit, open_database
from deploy.embedded import running_dsn
from deploy.settings import Settings
from models.db import learning
from models.db.pool import Connection, Database
from models.errors import JiesuError
from models.moment import now

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.model")
_FOLDER: Final = "models"
_SETS: Final = "corrections"
_ACTS: Final = {"promoted": "启用", "refused": "拒绝", "rolled_back": "回退"}
_VERDICTS: Final = {
    "too_few": "件数太少,不作判断",
    "steady": "稳定",
    "watch": "略有变化,留意",
    "shifted": "明显变化,建议检验并重新训练",
}
_TOP: Final = 12


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """A set of corrections that was written: its version, how many cases, where."""

    city: str
    version: str
    cases: int
    file: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The releases of an installation: which serves, what each says of itself, what was done."""

    current: Pointer
    releases: tuple[Manifest, ...]
    acts: tuple[Act, ...]


def releases_of(settings: Settings) -> Releases:
    """Give the releases of an installation."""
    return Releases(settings.data_dir / _FOLDER)


def listing(settings: Settings) -> Listing:
    """Tell which releases there are."""
    releases = releases_of(settings)
    told = (releases.manifest(version) for version in (SHIPPED, *releases.versions()))
    return Listing(
        current=releases.current(),
        releases=tuple(manifest for manifest in told if manifest is not None),
        acts=tuple(releases.ledger()),
    )


def reference_of(releases: Releases) -> Reference | None:
    """Give how texts looked that the serving reader was made for; None where it does not say."""
    try:
        manifest = releases.manifest(releases.current().version)
    except JiesuError:
        return None
    return manifest.reference if manifest else None


async def log_act(settings: Settings, act: Act) -> bool:
    """Log in the database, where one is at hand, what was done with a reader; tell whether.

    What was done holds without it: the ledger beside the releases has it too.
    """
    dsn = settings.database_url or running_dsn(settings.data_dir)
    if dsn is None:
        return False
    row = learning.Release(**msgspec.structs.asdict(act))
    try:
        async with _system(dsn) as conn:
            await learning.add_release(conn, settings.cities, row)
    except JiesuError as error:
        _log.warning("model_act_not_stored", act=act.act, version=act.version, code=error.code)
        return False
    return True


async def export(settings: Settings, city: str, out: Path | None) -> Exported:
    """Write a city's corrections as a set to learn from, and keep in the database what it held."""
    async with open_database(settings) as dsn, _system(dsn) as conn:
        cases = await learning.corrected(conn, city)
        folder = settings.data_dir / _SETS
        made, members = await asyncio.to_thread(_write_set, city, cases, out, folder)
        await learning.keep_set(conn, city, made.version, members, now())
    return made


def _write_set(
    city: str, cases: Sequence[learning.Corrected], out: Path | None, folder: Path
) -> tuple[Exported, list[dict[str, Any]]]:
    """Write the file; give what it is, and what is remembered of it."""
    from classifier import corrections  # noqa: PLC0415 - the web reads no texts

    rows = corrections.gold_of(city, cases)
    version = corrections.version_of(rows)
    file = out or folder / f"{city}-{version}.jsonl"
    corrections.write_set(file, rows)
    made = Exported(city=city, version=version, cases=len(rows), file=str(file))
    return made, corrections.members_of(rows)


async def drifts(settings: Settings, cities: Sequence[str]) -> list[Drift]:
    """Judge for each city whether what comes in still looks like what the reader was made for."""
    reference = await asyncio.to_thread(reference_of, releases_of(settings))
    async with open_database(settings) as dsn, _system(dsn) as conn:
        return [await drift_of(conn, city, reference) for city in cities]


async def drift_of(conn: Connection, city: str, reference: Reference | None) -> Drift:
    """Judge one city's latest cases."""
    found = await learning.readings(conn, city, cases=CASES, recent=RECENT)
    return drift(city, found, reference)


@asynccontextmanager
async def _system(dsn: str) -> AsyncIterator[Connection]:
    """Open one transaction that sees every city, on a database that fits this program."""
    await must_fit(dsn)
    db = await Database.connect(dsn, min_size=1, max_size=1, name="jiesu model")
    try:
        async with db.system() as conn:
            yield conn
    finally:
        await db.close()


def show_listing(found: Listing) -> str:
    """Write the releases for people."""
    current = found.current
    since = f",自 {current.since:%Y-%m-%d %H:%M} 起" if current.since else ""
    lines = [f"使用中:{current.version}{since} {current.reason}".rstrip(), ""]
    lines += ["版本\t训练时间\t" + "主类型\t一级\t诉求\t说明"]
    lines += [_release_line(one) for one in found.releases]
    lines += ["", "经过:"] if found.acts else []
    lines += [
        f"{act.at:%Y-%m-%d %H:%M}\t{_ACTS[act.act]} {act.version}\t原 {act.replaced}\t{act.reason}"
        for act in found.acts[-_TOP:]
    ]
    return "\n".join(lines)


def _release_line(one: Manifest) -> str:
    figures: Mapping[str, float] = next(iter(one.figures.values()), {})
    told = "\t".join(
        f"{figures[key]:.4f}" if key in figures else "—" for key in ("main", "first_level", "kind")
    )
    why = f"拒绝:{one.refused}" if one.refused else ""
    return f"{one.version}\t{one.made_at:%Y-%m-%d %H:%M}\t{told}\t{why}".rstrip()


def show_drift(found: Drift) -> str:
    """Write how a city's cases were read for people."""
    lines = [
        f"{found.city} 最近 {found.cases} 件:{_VERDICTS[found.verdict]}",
        f"  须复核 {found.review:.3f}",
        f"  主类型存疑 {found.doubt:.3f}{_beside(found.reference_doubt)}",
        f"  主类型平均把握 {found.confidence:.3f}{_beside(found.reference_confidence)}",
        f"  类型被人工改动 {found.corrected:.3f}",
        f"  类型分布变化(PSI) 对训练数据 {_number(found.psi)},对本市此前 {_number(found.psi_past)}",
    ]
    lines += [
        "\t".join(
            (
                f"  {one.code}",
                f"{one.n} 件",
                f"占 {one.share:.3f}{_beside(one.reference)}",
                f"被改 {one.corrected:.3f}",
            )
        )
        for one in found.types[:_TOP]
    ]
    return "\n".join(lines)


def _beside(value: float | None) -> str:
    return "" if value is None else f"(参考 {value:.3f})"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"
