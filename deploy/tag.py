"""Tagging lines of text for `jiesu tag`, and measuring the tagger for `jiesu evaluate`."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import msgspec

from models.city import city_of
from models.city_load import installed_cities, load_city
from models.tags import REVIEW_REASONS, Datum, TagRequest, Tags
from models.taxonomy import issue_type, request_type

if TYPE_CHECKING:
    from classifier.asked import Alarm
    from classifier.corpus import Gold
    from classifier.engine import Tagger
    from classifier.evaluate import Report

_BATCH: Final = 64


class Line(msgspec.Struct):
    """One line to be tagged, as the contract has it; whatever else stands in it is left alone."""

    text: str
    id: str | int | None = None
    title: str | None = None
    city: str | None = None
    lon: float | None = None
    lat: float | None = None
    datum: Datum | None = None
    received_at: str | None = None


def load_tagger(model: str | None = None) -> "Tagger":
    """Load the tagger with all installed cities: the release that serves here, or the one named.

    `model` is a release's version or a folder that holds a reader.
    """
    from classifier import readers  # noqa: PLC0415 - `jiesu --help` needs no model
    from classifier.district import Districts  # noqa: PLC0415
    from classifier.engine import Tagger  # noqa: PLC0415
    from deploy.learning import releases_of  # noqa: PLC0415
    from deploy.settings import load_settings  # noqa: PLC0415

    releases = releases_of(load_settings())
    if model is None:
        folder = releases.serving()
    else:
        folder = Path(model) if Path(model).is_dir() else releases.folder(model)
    return Tagger(readers.load(folder), Districts(tuple(map(load_city, installed_cities()))))


def tag_lines(
    stream: IO[bytes], out: IO[str], err: IO[str], *, city: str | None, as_json: bool
) -> int:
    """Tag all lines in order; bad ones are told of on `err`. Gives how many were bad."""
    tagger = load_tagger()
    failed = 0
    lines = enumerate(stream, 1)
    while group := list(islice(lines, _BATCH)):
        asked: list[TagRequest] = []
        for number, raw in group:
            if not raw.strip():
                continue
            try:
                asked.append(_request(number, raw, city))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                failed += 1
                print(f"第 {number} 行:{_wrong(error)}", file=err)
        for tags, request in zip(tagger.tag(asked), asked, strict=True):
            print(_json(tags) if as_json else _page(tags, request.full_text), file=out)
    return failed


def _request(number: int, raw: bytes, city: str | None) -> TagRequest:
    line = msgspec.json.decode(raw, type=Line)
    return TagRequest(
        id=str(number if line.id is None else line.id),
        text=line.text,
        title=line.title or None,
        city=line.city or city,
        lon=line.lon,
        lat=line.lat,
        datum=line.datum,
        received_at=line.received_at,
    )


def _wrong(error: Exception) -> str:
    """Say what is wrong with a line."""
    if isinstance(error, msgspec.ValidationError):
        return f"内容不合要求:{error}"
    return "不是 UTF-8 文本" if isinstance(error, UnicodeDecodeError) else "不是合法的 JSON"


def _json(value: Tags) -> str:
    return msgspec.json.encode(value).decode()


def _page(tags: Tags, text: str) -> str:
    """Write tags for people: names beside codes, the words that led to each type."""
    lines = [
        f"[{tags.id}] {text[:60].replace(chr(10), ' ')}",
        f"  诉求 {request_type(tags.kind.code).zh} {tags.kind.p:.2f}"
        f"  紧急 {tags.urgency.code} {'、'.join(tags.urgency.reasons)}".rstrip(),
    ]
    for tag in tags.types:
        words = "、".join(dict.fromkeys(text[start:end] for start, end in tag.evidence))
        lines.append(f"  {tag.code} {issue_type(tag.code).zh} {tag.p:.2f}  {words}")
    place = tags.place
    where = " ".join(map(_named, filter(None, (place.adcode, place.township, place.zone))))
    others = [_named(code) for code in place.candidates if code != place.adcode]
    lines.append(f"  地点 {where or '未知'} {place.p:.2f}")
    if others:
        lines.append(f"  也可能是 {'、'.join(others)}")
    if tags.review:
        reasons = (REVIEW_REASONS.get(code, (code, ""))[0] for code in tags.review_reasons)
        lines.append(f"  须复核 {'、'.join(reasons)}")
    return "\n".join(lines)


def _named(code: str) -> str:
    return _places().get(code, code)


@cache
def _places() -> dict[str, str]:
    """Name the divisions and zones of all installed cities."""
    cities = [load_city(adcode) for adcode in installed_cities()]
    zones = {zone.code: zone.name for city in cities for zone in city.zones}
    return zones | {one.code: one.name for city in cities for one in city.divisions}


def measure(
    rows: Sequence["Gold"],
    city: str | None,
    model: str | None = None,
    alarms: Sequence["Alarm"] = (),
) -> tuple["Report", list[Tags]]:
    """Measure the tagger on texts with gold answers; the lead role too where the gold names one.

    The tags are of the rows and then of the alarms, texts judged as emergencies alone.
    """
    from classifier.evaluate import evaluate  # noqa: PLC0415 - loads numpy

    home = city or _home(row.adcode for row in rows)
    report, said = evaluate(load_tagger(model), rows, home, alarms)
    led = [(row.lead_role, tags) for row, tags in zip(rows, said, strict=False) if row.lead_role]
    if not led or home is None:
        return report, said
    right = sum(_lead(tags, home) == role for role, tags in led)
    return msgspec.structs.replace(report, lead_role=round(right / len(led), 4)), said


def _home(adcodes: Iterable[str | None]) -> str | None:
    """Give the installed city in which most of the gold counties lie."""
    served = installed_cities()
    cities = Counter(city_of(code) for code in adcodes if code)
    return next((city for city, _ in cities.most_common() if city in served), None)


def _lead(tags: Tags, city: str) -> str | None:
    from deploy.tagged import facts_of_line  # noqa: PLC0415 - routing only where roles are asked
    from routing.engine import decide  # noqa: PLC0415

    lead = decide(load_city(city), facts_of_line(msgspec.to_builtins(tags))).lead
    return lead.role if lead else None
