"""Writing what the machine read, a batch in one statement."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from models.case import Case, Queue
from models.db import queries
from models.db.pool import Connection
from models.db.sameness import Sketch
from models.tags import Tags

_SQL: Final = queries.load("tags")


class TagRow(NamedTuple):
    """A case as it was read, its tags, the words that find it, and what it is compared by."""

    case: Case
    tags: Tags
    words: Sequence[str]
    sketch: Sketch


def next_queue(tags: Tags) -> Queue:
    """Say who takes the case next: the desk where the machine is unsure, routing otherwise."""
    return Queue.REVIEW if tags.review else Queue.ROUTE


async def write(conn: Connection, city: str, rows: Sequence[TagRow]) -> frozenset[int]:
    """Keep tags and give the cases that took them; one that changed meanwhile is left alone."""
    if not rows:
        return frozenset()
    written = await conn.fetch(
        _SQL["write"],
        city,
        [row.case.case_no for row in rows],
        [row.case.revision for row in rows],
        [row.tags.kind.code for row in rows],
        [_array(one.code for one in row.tags.types) for row in rows],
        [row.tags.urgency.code for row in rows],
        [row.tags.place.adcode for row in rows],
        [row.tags.place.township for row in rows],
        [row.tags.place.zone for row in rows],
        [row.tags for row in rows],
        [_array(row.tags.review_reasons) for row in rows],
        [next_queue(row.tags).value for row in rows],
        [_array(row.words) for row in rows],
    )
    return frozenset(record["case_no"] for record in written)


async def wake(conn: Connection, queue: Queue) -> None:
    """Tell the workers of a queue that there is work, once this transaction commits."""
    await conn.execute(_SQL["wake"], queue.value)


def _array(values: Iterable[str]) -> str:
    """Write an array literal; quotes and backslashes within a value are escaped."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"
