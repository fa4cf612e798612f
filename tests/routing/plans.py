"""Whether statements use indexes: the plan of each, made on tables that are not small."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from models.db.pool import Connection

#: Plan nodes that read a whole table.
WHOLE: Final = "Seq Scan"


async def explain(conn: Connection, statement: str, args: Sequence[Any]) -> list[dict[str, Any]]:
    """Give the plan's nodes; the statement is planned, not run.

    Few rows are read whole whatever there is, and how many there are depends on which tests ran
    before: what counts is whether an index would do.
    """
    await conn.execute("SET LOCAL enable_seqscan = off")
    found = await conn.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *args)
    plans = json.loads(found) if isinstance(found, str) else found
    return list(_nodes(plans[0]["Plan"]))


def whole_tables(nodes: Sequence[dict[str, Any]]) -> list[str]:
    """Name the tables that a plan reads whole."""
    return [node["Relation Name"] for node in nodes if node["Node Type"] == WHOLE]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
