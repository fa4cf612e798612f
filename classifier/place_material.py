"""What a city's places are learned from: its past tickets with a known county, made ready."""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from classifier.district import Districts
from classifier.place_grams import Ints
from classifier.place_learning import Case, Sources, Ticket, grouped, tidy
from classifier.place_names import Place
from models.city import City, city_of
from models.errors import Invalid

_LEAST_TICKETS: Final = 50


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A past ticket in a file; `*_no_district` are without the county's name, where given."""

    title: str | None = None
    text: str | None = None
    title_no_district: str | None = None
    text_no_district: str | None = None
    adcode: str | None = None

    def ticket(self) -> Ticket:
        """Give it as learned from."""
        title, text = self.title_no_district, self.text_no_district
        return Ticket(
            (self.title if title is None else title) or "",
            (self.text if text is None else text) or "",
            self.adcode,
        )


class Material(NamedTuple):
    """What a city's places are learned from."""

    city: City
    sources: Sources
    cases: list[Case]

    @property
    def truth(self) -> Ints:
        """Give each case's county by its number."""
        return np.array(
            [self.sources.counties.index(case.county) for case in self.cases], dtype=np.int64
        )


def read_tickets(path: Path) -> tuple[list[Ticket], list[str]]:
    """Read past tickets, plain or gzipped, and for each bad line its number and the reason."""
    if not path.is_file():
        raise Invalid("data_file_missing", f"找不到 {path},请核对 --data 文件名。")
    tickets: list[Ticket] = []
    bad: list[str] = []
    for number, line in enumerate(_lines(path), 1):
        try:
            tickets += [msgspec.json.decode(line, type=Line).ticket()] if line.strip() else []
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            bad.append(f"{path.name} 第 {number} 行:{error}")
    return tickets, bad


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        yield from stream


def prepare(
    city: City, tickets: Sequence[Ticket], known: Sequence[Place], listed: Sequence[Place] = ()
) -> Material:
    """Make the tickets ready: those of the city's counties, and the texts of others."""
    successors = abolished(city)
    counties = tuple(
        d.code for d in city.divisions if d.level == "county" and d.code not in successors
    )
    own, away = [], []
    for ticket in tickets:
        code = successors.get(ticket.adcode or "", ticket.adcode)
        if code in counties:
            own.append(ticket._replace(adcode=code))
        elif code and city_of(code) != city_of(city.adcode):
            away.append(tidy(ticket))
    if len(own) < _LEAST_TICKETS:
        detail = f"已知区县的本市工单只有 {len(own)} 条,至少要 {_LEAST_TICKETS} 条。"
        raise Invalid("too_few_tickets", detail)
    districts = Districts([city], {})
    groups = grouped(own)
    cases = [
        _case(city, districts, ticket, group, counties)
        for ticket, group in zip(own, groups, strict=True)
    ]
    sources = Sources(city.adcode, city.name, counties, tuple(away), tuple(known), tuple(listed))
    return Material(city, sources, cases)


def abolished(city: City) -> dict[str, str]:
    """Give the codes of counties that are no more, with those of today."""
    return {d.code: d.successor for d in city.divisions if d.level == "county" and d.successor}


def _case(
    city: City, districts: Districts, ticket: Ticket, group: int, counties: tuple[str, ...]
) -> Case:
    text = districts.without_counties(tidy(ticket))
    heard = districts.official(city.adcode, text, len(ticket.title))
    official = np.array([heard.get(code, 0.0) for code in counties])
    return Case(text, len(ticket.title), group, ticket.adcode or "", official)
