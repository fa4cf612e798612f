"""The tagging stage: claims stored cases in batches, reads them in one model call, writes them.

What the machine is sure of goes on to routing, the rest to the desk with reasons.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Final, Protocol

import msgspec

from classifier.coordinates import in_china, to_wgs84
from classifier.named import names
from classifier.sketch import MAKER, sketches, unusual
from classifier.tokens import cutter
from models.case import SYSTEM, Case, Event, Queue
from models.db import events, restricted, sameness, stages, tags
from models.db.pool import Connection, Database
from models.db.sameness import Sketch, SketchRow, Stated
from models.db.tags import TagRow
from models.errors import Invalid
from models.faults import trace
from models.geo import Point
from models.ids import uuid7
from models.moment import aware, now
from models.tags import TagRequest, Tags

TAGGED: Final = "case:tags:written"
_BATCH: Final = 64
_LEASE_S: Final = 20
_LONGEST_WORD: Final = 40

_Points = Mapping[int, Stated]


class Reader(Protocol):
    """What turns texts into tags: classifier.engine.Tagger."""

    def tag(self, batch: Sequence[TagRequest]) -> list[Tags]:
        """Tag a batch, in its order."""


class TagStage:
    """Takes the cases of the tagging queue to routing or to the desk."""

    name = "tag"

    def __init__(self, db: Database, tagger: Reader, batch: int = _BATCH) -> None:
        """Keep the store, the reader, and how many texts one call takes."""
        self._db = db
        self._tagger = tagger
        self._batch = batch
        self._cutter = cutter()

    async def run_once(self, city: str) -> int:
        """Tag one batch of a city; give how many cases were claimed."""
        async with self._db.city(city) as conn:
            cases = await stages.claim(conn, city, Queue.TAG, self._batch, _LEASE_S)
            points = await sameness.stated(conn, city, [case.case_no for case in cases])
        if not cases:
            return 0
        read, failed = await asyncio.to_thread(self._read, city, cases, points)
        for case, error in failed:
            await self._fail(city, case, error)
        try:
            await self._write(city, read)
        except Exception:  # noqa: BLE001 - whatever is wrong with one must not stop the others
            await self._write_singly(city, read)
        return len(cases)

    def _read(
        self, city: str, cases: Sequence[Case], points: _Points
    ) -> tuple[list[TagRow], list[tuple[Case, str]]]:
        """Read a batch in one call; where that fails, one by one, to find who is at fault."""
        try:
            return self._rows(city, cases, points), []
        except Exception as error:  # noqa: BLE001 - the reader may stumble over any text
            if len(cases) == 1:
                return [], [(cases[0], trace(error))]
        parts = [self._read(city, [case], points) for case in cases]
        return [row for rows, _ in parts for row in rows], [
            bad for _, bads in parts for bad in bads
        ]

    def _rows(self, city: str, cases: Sequence[Case], points: _Points) -> list[TagRow]:
        asked = [_request(city, case, points.get(case.case_no)) for case in cases]
        found = self._tagger.tag(asked)
        bits = sketches([f"{case.title or ''}\n{case.text}" for case in cases])
        return [
            self._row(case, tags, one) for case, tags, one in zip(cases, found, bits, strict=True)
        ]

    def _row(self, case: Case, tags: Tags, bits: bytes) -> TagRow:
        text = f"{case.title or ''}\n{case.text}\n{case.address or ''}".lower()
        words = self._cutter.cut(text)
        keys = [*names(words), *unusual(text)]
        return TagRow(case, tags, _words(words), Sketch(MAKER, bits, keys))

    async def _write(self, city: str, rows: Sequence[TagRow]) -> None:
        at = now()
        async with self._db.city(city) as conn:
            written = await tags.write(conn, city, rows)
            kept = [row for row in rows if row.case.case_no in written]
            await self._keep_sketches(conn, city, kept)
            told = [_event(row, at) for row in kept]
            await events.append(conn, told)
            await restricted.close(conn, city, [_as_read(row) for row in kept], at)
            await tags.wake(conn, Queue.ROUTE)

    async def _keep_sketches(self, conn: Connection, city: str, rows: Sequence[TagRow]) -> None:
        stated = await sameness.stated(conn, city, [row.case.case_no for row in rows])
        await sameness.keep(conn, city, [_sketch(row, stated) for row in rows])

    async def _write_singly(self, city: str, rows: Sequence[TagRow]) -> None:
        for row in rows:
            try:
                await self._write(city, [row])
            except Exception as error:  # noqa: BLE001 - only this case is at fault
                await self._fail(city, row.case, trace(error))

    async def _fail(self, city: str, case: Case, error: str) -> None:
        async with self._db.city(city) as conn:
            await stages.fail(conn, city, [case], error)


def _as_read(row: TagRow) -> Case:
    tags = row.tags
    types = tuple(one.code for one in tags.types)
    return msgspec.structs.replace(row.case, tags=tags, kind=tags.kind.code, types=types)


def _request(city: str, case: Case, stated: Stated | None) -> TagRequest:
    point = read_point(*stated) if stated else None
    return TagRequest(
        id=str(case.case_no),
        text=case.text,
        title=case.title,
        address=case.address,
        city=city,
        received_at=aware(case.received_at).isoformat(),
        adcode=case.stated_adcode,
        township=case.stated_township,
        lon=point.lon if point else None,
        lat=point.lat if point else None,
        datum="WGS-84" if point else None,
    )


def _words(words: Sequence[str]) -> list[str]:
    """Give the words by which a case can be found, each once."""
    kept = (word.strip() for word in words)
    return sorted({word for word in kept if word.isalnum() and len(word) <= _LONGEST_WORD})


def _sketch(row: TagRow, stated: Mapping[int, Stated]) -> SketchRow:
    types = [one.code for one in row.tags.types]
    where = stated.get(row.case.case_no)
    point = read_point(*where) if where else None
    return SketchRow(row.case.case_no, row.sketch, types, row.tags.place.adcode, point)


def read_point(lon: str, lat: str, datum: str | None) -> Point | None:
    """Read what a source gives as a place, in WGS-84; None where it is none, or outside China."""
    try:
        given = float(lon), float(lat)
        if not all(map(isfinite, given)):
            return None
        points = to_wgs84(*given, datum)
    except (ValueError, Invalid):
        return None
    return Point(*points[0].tolist()) if in_china(points)[0] else None


def _event(row: TagRow, at: datetime) -> Event:
    said = row.tags
    data = {
        "kind": said.kind.code,
        "types": [one.code for one in said.types],
        "urgency": said.urgency.code,
        "adcode": said.place.adcode,
        "review_reasons": list(said.review_reasons),
        "model": f"{said.model.name} {said.model.version}",
    }
    return Event(
        city=row.case.city,
        event_id=uuid7(),
        case_no=row.case.case_no,
        at=at,
        verb=TAGGED,
        actor=SYSTEM,
        data=data,
    )
