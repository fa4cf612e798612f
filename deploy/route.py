"""Routing lines of text for `jiesu route`: tags first where a line has none, then the decision."""

from collections.abc import Sequence
from functools import cache
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import msgspec

from deploy.route_page import html_foot, html_head, html_page, page
from deploy.tagged import facts_of_line
from models.city import City, city_of
from models.city_load import installed_cities, load_city
from models.decision import Decision
from models.errors import Invalid, JiesuError
from models.tags import TagRequest
from routing.engine import Facts, decide

if TYPE_CHECKING:
    from classifier.engine import Tagger

_BATCH: Final = 64
_COUNTY: Final = 6

Line = dict[str, Any]
#: How a routed line is written.
Form = Literal["text", "json", "html"]


class _Row(msgspec.Struct):
    """One line of input: as read, as tagged, or what is wrong with it."""

    number: int
    line: Line | None = None
    tags: Line | None = None
    error: str = ""


def route_lines(
    stream: IO[bytes], out: IO[str], err: IO[str], *, city: str | None, form: Form
) -> int:
    """Route all lines in order; bad ones are told of on `err`. Gives how many were bad."""
    failed = 0
    if form == "html":
        print(html_head(), file=out)
    lines = enumerate(stream, 1)
    while group := list(islice(lines, _BATCH)):
        rows = [_read(number, raw) for number, raw in group if raw.strip()]
        _tag([row for row in rows if row.line is not None], city)
        for row in rows:
            text = _routed(row, city, form)
            failed += bool(row.error)
            print(row.error or text, file=err if row.error else out)
    if form == "html":
        print(html_foot(), file=out)
    return failed


def _read(number: int, raw: bytes) -> _Row:
    try:
        line = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _Row(number, error=f"第 {number} 行:不是合法的 JSON:{error}")
    if not isinstance(line, dict) or not (line.get("types") or line.get("text")):
        return _Row(number, error=f"第 {number} 行:应为对象,含 text 或 types。")
    return _Row(number, line=line, tags=line if _is_tagged(line) else None)


def _is_tagged(line: Line) -> bool:
    """Tell a line of `jiesu tag`, or one of codes alone, from a text with someone's gold codes."""
    types = line.get("types")
    if not isinstance(types, list) or not types:
        return False
    return isinstance(types[0], dict) or not line.get("text")


def _tag(rows: Sequence[_Row], city: str | None) -> None:
    """Tag the rows that carry no tags, all in one call; one that cannot be asked for is marked."""
    asked: list[tuple[_Row, TagRequest]] = []
    for row in rows:
        if row.tags is None:
            try:
                asked.append((row, _request(row, city)))
            except msgspec.ValidationError as error:
                row.error = f"第 {row.number} 行:{error}"
    if asked:
        found = _tagger().tag([request for _, request in asked])
        for (row, _), tags in zip(asked, found, strict=True):
            row.tags = (row.line or {}) | msgspec.to_builtins(tags)


def _request(row: _Row, city: str | None) -> TagRequest:
    line = {"id": str(row.number), "city": city} | (row.line or {})
    known = {name: line.get(name) for name in TagRequest.__struct_fields__ if name in line}
    known["id"] = str(known["id"])
    return msgspec.convert(known, TagRequest)


@cache
def _tagger() -> "Tagger":
    from classifier.engine import Tagger  # noqa: PLC0415  # a tagged file needs no model

    return Tagger.load(tuple(map(load_city, installed_cities())))


def _routed(row: _Row, city: str | None, form: Form) -> str:
    if row.tags is None:
        return ""
    try:
        facts = facts_of_line(row.tags)
        where = _city(row.tags, facts, city)
        decision = decide(where, facts)
    except (JiesuError, ValueError, TypeError, KeyError, AttributeError) as error:
        detail = error.detail if isinstance(error, JiesuError) else str(error)
        row.error = f"第 {row.number} 行:{detail}"
        return ""
    return shown(row.tags, facts, where, decision, form)


def shown(tags: Line, facts: Facts, city: City, decision: Decision, form: Form) -> str:
    """Write one decided line."""
    if form == "json":
        line = tags | {"decision": msgspec.to_builtins(decision)}
        return msgspec.json.encode(line).decode()
    write = html_page if form == "html" else page
    return write(str(tags.get("id", "")), tags, facts, city, decision)


def _city(line: Line, facts: Facts, given: str | None) -> City:
    """Find the city: the line's, the given one, or the one that the place lies in."""
    code = facts.adcode or facts.township or facts.zone
    found = line.get("city") or given or (_around(code) if code else None)
    if found is None:
        raise Invalid("city_required", "不知道是哪个城市:请在行内写 city,或用 --city。")
    return load_city(str(found))


def _around(code: str) -> str:
    """Give the city of a county, township or zone: the county itself where that is installed."""
    county = code[:_COUNTY]
    return county if county in installed_cities() else city_of(county)
