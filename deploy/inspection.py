"""`jiesu inspection`: the list of an inspection goes in, each line a case; the public table out.

A line that is wrong is told by its number and keeps no other from going in; the same file again
adds nothing (受理编号 is what an entry is known by).
"""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from classifier.redact import redact
from deploy.database import must_fit, open_database
from deploy.observe import Meter
from deploy.settings import Settings, load_secrets
from deploy.wiring import build_services
from intake.channels import fields
from intake.delivery import Content, Delivery, Person
from intake.inspection_table import COLUMNS, PublicEntry, public_table
from intake.receive import Receiver
from intake.services import Services
from models.case import Actor, Receipt
from models.db import cases
from models.db.inspections import Inspection
from models.db.pool import Database
from models.errors import Invalid, JiesuError, NotFound
from models.moment import now, parse_local
from routing.catalogue import catalogue
from routing.inspections import check_ref, enlist, entry_event

SOURCE: Final = "inspection"
_CHANNEL: Final = "INSPECTION"
_ACTOR: Final = Actor(kind="platform", name=SOURCE)
#: Columns of the file; the due time and the area may be left empty.
_NEEDED: Final = ("受理编号", "交办日期", "污染类型", "举报内容")
_MAY: Final = ("回报时限", "行政区")
_SHOWN: Final = timedelta(days=5 * 366)


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """A line that did not go in, and why."""

    line: int
    code: str
    detail: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file: lines that made an entry, that were known, that were wrong."""

    listed: int
    known: int
    wrong: tuple[Wrong, ...]


class Line(NamedTuple):
    """One line as it was read."""

    ref: str
    assigned_at: datetime
    due_at: datetime | None
    adcode: str | None
    pollution: str
    content: str


async def import_file(settings: Settings, adcode: str, path: Path) -> Imported:
    """Read a file into the database that the settings name."""
    text = _read(path)
    async with open_database(settings) as dsn:
        await must_fit(dsn)
        db = await Database.connect(dsn, min_size=1, max_size=2, name="jiesu inspection")
        try:
            services = build_services(settings, load_secrets(settings), db, Meter())
            return await import_text(services, adcode, text)
        finally:
            await db.close()


async def import_text(services: Services, adcode: str, text: str) -> Imported:
    """Take each line in: a case through the one door, then its entry with its clock."""
    if adcode not in services.cities:
        raise NotFound("city_unknown", f"本系统未开通 {adcode}。")
    receiver = Receiver(services)
    wrong: list[Wrong] = []
    listed = known = 0
    try:
        for number, cells in _lines(text):
            try:
                fresh = await _take(services, receiver, adcode, _line(services, adcode, cells))
            except JiesuError as error:
                wrong.append(Wrong(line=number, code=error.code, detail=error.detail))
                continue
            listed, known = listed + fresh, known + (not fresh)
    finally:
        await receiver.close()
    return Imported(listed=listed, known=known, wrong=tuple(wrong))


async def table(settings: Settings, adcode: str) -> list[PublicEntry]:
    """Give the public table of a city."""
    async with open_database(settings) as dsn:
        await must_fit(dsn)
        db = await Database.connect(dsn, min_size=1, max_size=2, name="jiesu inspection")
        try:
            services = build_services(settings, load_secrets(settings), db, Meter())
            book = catalogue(services.cities[adcode])
            async with db.city(adcode) as conn:
                return await public_table(conn, book, now() - _SHOWN)
        finally:
            await db.close()


def as_csv(entries: list[PublicEntry]) -> str:
    """Write the table as CSV; a cell that a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS.values())
    writer.writerows([_plain(getattr(one, name)) for name in COLUMNS] for one in entries)
    return out.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t"} else cell


async def _take(services: Services, receiver: Receiver, adcode: str, line: Line) -> bool:
    """Open the case of a line and list it; False where the number is listed already."""
    receipt = await receiver.receive(_delivery(services, adcode, line))
    at = now()
    async with services.db.city(adcode) as conn:
        case = await cases.hold(conn, adcode, receipt.case_no)
        if case is None:
            raise NotFound("case_not_found", f"{line.ref} 的工单不存在。")
        one = _entry(adcode, line, receipt, at)
        event = entry_event(case, one, _ACTOR, at)
        return await enlist(conn, catalogue(services.cities[adcode]), case, one, event)


def _entry(adcode: str, line: Line, receipt: Receipt, at: datetime) -> Inspection:
    return Inspection(
        ref=line.ref,
        case_no=receipt.case_no,
        assigned_at=line.assigned_at,
        due_at=line.due_at,
        adcode=line.adcode or adcode,
        pollution=line.pollution,
        content=redact(line.content),
        listed_by=SOURCE,
        listed_at=at,
    )


def _delivery(services: Services, adcode: str, line: Line) -> Delivery:
    content = Content(
        channel=_CHANNEL,
        text=line.content,
        title=f"督察交办 {line.ref}",
        stated_adcode=line.adcode,
        source_due_at=line.due_at,
        category=fields.category(line.pollution),
        person=Person(anonymous=True, want_callback=False),
    )
    return Delivery(
        city=adcode,
        source=SOURCE,
        external_no=line.ref,
        message_id=line.ref,
        digest=services.vault.fingerprint(msgspec.json.encode([line.ref, line.content])),
        issued_at=line.assigned_at,
        stated=True,
        actor=_ACTOR,
        payload={"ref": line.ref, "pollution": line.pollution},
        content=content,
    )


def _line(services: Services, adcode: str, cells: Mapping[str, str]) -> Line:
    lacking = [name for name in _NEEDED if not cells.get(name)]
    if lacking:
        raise Invalid("field_missing", f"缺少 {'、'.join(lacking)}。")
    area = cells.get("行政区") or None
    codes = {division.name: division.code for division in services.cities[adcode].divisions}
    area = codes.get(area, area) if area else None
    if area is not None and area not in codes.values():
        raise Invalid("division_unknown", f"没有行政区 {area}。")
    return Line(
        ref=check_ref(cells["受理编号"]),
        assigned_at=_moment("交办日期", cells["交办日期"]),
        due_at=_moment("回报时限", cells["回报时限"]) if cells.get("回报时限") else None,
        adcode=area,
        pollution=cells["污染类型"],
        content=cells["举报内容"],
    )


def _moment(name: str, text: str) -> datetime:
    try:
        return parse_local(text)
    except ValueError as error:
        detail = f"{name}“{text}”应形如 2026-11-20 或 2026-11-20T18:00。"
        raise Invalid("moment_malformed", detail) from error


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text), restval="")
    head = reader.fieldnames or []
    lacking = [name for name in _NEEDED if name not in head]
    if lacking:
        known = "、".join((*_NEEDED, *_MAY))
        raise Invalid("columns_missing", f"缺少列 {'、'.join(lacking)};可用的列:{known}。")
    for row in reader:
        cells = {name: value.strip() for name, value in row.items() if isinstance(value, str)}
        if any(cells.values()):
            yield reader.line_num, cells


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("file_unreadable", f"读不了 {path}(须为 UTF-8 的 CSV)。") from error
