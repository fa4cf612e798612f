"""The subject's vocabulary as data: issue types, request types, unit roles and laws.

The data are files in models/data, from domain sections 2.2, 2.3, 3.1 and 3.6. Laws carry their
dates: the Code (生态环境法典) holds from 2026-08-15, the acts it replaced hold to the day before.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from models.data_files import convert_all, read_csv, read_toml
from models.errors import NotFound

DATA: Final = Path(__file__).with_name("data")
_FLAG_GROUPS: Final = frozenset(
    {"authority", "facility", "industry", "odor", "place", "scale", "source", "time"}
)


class IssueType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the 104 issue types.

    `cues` are words that speak for it, `tie_break` parts it from its neighbours, `laws` are codes
    of the law table, old and new alike.
    """

    code: str
    zh: str
    en: str
    definition: str
    cues: tuple[str, ...] = ()
    tie_break: str = ""
    laws: tuple[str, ...] = ()


class RequestType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the citizen asks for, whatever the issue; `handling` says what becomes of it."""

    code: str
    zh: str
    en: str
    definition: str
    cues: tuple[str, ...] = ()
    tie_break: str = ""
    handling: str
    laws: tuple[str, ...] = ()


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A part that the duty catalogue names and a city binds to one of its units.

    `per` says how it is bound: `county` (with the city as fallback), `city`, `township`, `zone` or
    `external` (a body outside the city's government, which may be missing).
    """

    code: str
    zh: str
    en: str
    per: str
    note: str = ""


class Law(msgspec.Struct, frozen=True, kw_only=True):
    """A provision with its validity, both days inclusive; `superseded_by` names those after it."""

    code: str
    title: str
    article: str
    theme: str
    effective_from: date
    effective_to: date | None = None
    superseded_by: tuple[str, ...] = ()
    source: str = ""

    def in_force(self, day: date) -> bool:
        """Tell whether the provision holds on that day."""
        return self.effective_from <= day and (
            self.effective_to is None or day <= self.effective_to
        )


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A plain code with its names; `group` says which list it belongs to."""

    group: str
    code: str
    zh: str
    en: str
    note: str = ""


def _issue_types() -> Mapping[str, IssueType]:
    path = DATA / "issue_types.toml"
    rows = convert_all(path, "type", read_toml(path).get("type"), IssueType)
    return MappingProxyType({row.code: row for row in rows})


def _request_types() -> Mapping[str, RequestType]:
    path = DATA / "request_types.toml"
    rows = convert_all(path, "kind", read_toml(path).get("kind"), RequestType)
    return MappingProxyType({row.code: row for row in rows})


ISSUE_TYPES: Final = _issue_types()
REQUEST_TYPES: Final = _request_types()
ROLES: Final[Mapping[str, Role]] = MappingProxyType(
    {row.code: row for row in read_csv(DATA / "roles.csv", Role)}
)

#: The first levels, by the letter that starts a code: Chinese and English name.
LEVELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "W": ("水", "water"),
        "A": ("大气", "air"),
        "N": ("噪声与振动", "noise and vibration"),
        "S": ("固体废物", "solid waste"),
        "L": ("土壤", "soil"),
        "E": ("电磁辐射", "electromagnetic radiation"),
        "R": ("核与放射性", "nuclear and radioactive"),
        "X": ("光污染", "light pollution"),
        "C": ("生态保护", "ecology"),
        "M": ("海洋", "marine"),
        "P": ("环境管理", "environmental management"),
        "Z": ("非生态环境", "not environmental"),
    }
)


def issue_type(code: str) -> IssueType:
    """Give an issue type; NotFound for a code that the taxonomy does not hold."""
    found = ISSUE_TYPES.get(code)
    if found is None:
        raise NotFound("issue_type_unknown", f"没有污染类型代码 {code},请用分类码表中的代码。")
    return found


def request_type(code: str) -> RequestType:
    """Give a request type; NotFound for a code that the taxonomy does not hold."""
    found = REQUEST_TYPES.get(code)
    if found is None:
        raise NotFound("request_type_unknown", f"没有诉求类型代码 {code}。")
    return found


def first_level(code: str) -> str:
    """Give the letter of the first level of an issue type's code."""
    return code[:1]


def environmental(code: str) -> bool:
    """Tell whether an issue type is an environmental one; the Z codes are not."""
    return first_level(code) != "Z"


@cache
def laws() -> Mapping[str, Law]:
    """Give the law table by code, with each provision's validity."""
    return MappingProxyType({row.code: row for row in read_csv(DATA / "laws.csv", Law)})


def laws_in_force(codes: Iterable[str], day: date) -> tuple[Law, ...]:
    """Pick the provisions in force on a day, the day of the facts; NotFound for unknown codes."""
    codes = tuple(codes)
    table = laws()
    missing = [code for code in codes if code not in table]
    if missing:
        raise NotFound("law_unknown", f"法条表中没有 {'、'.join(missing)}。")
    return tuple(table[code] for code in codes if table[code].in_force(day))


def cite(codes: Iterable[str]) -> str:
    """Write provisions as people read them: each title once, its articles after it.

    A code that the table lacks, as of an older release, stands for itself.
    """
    table = laws()
    said: dict[str, list[str]] = {}
    for code in dict.fromkeys(codes):
        known = table.get(code)
        articles = said.setdefault(f"《{known.title}》" if known else code, [])
        articles += [f"第{known.article}条"] if known else []
    return ";".join(title + "、".join(articles) for title, articles in said.items())


@cache
def labels(group: str) -> Mapping[str, Label]:
    """Give a plain list of codes: industry, place, facility, odor, time, rejection and so on."""
    rows = (row for row in read_csv(DATA / "labels.csv", Label) if row.group == group)
    return MappingProxyType({row.code: row for row in rows})


@cache
def flags() -> frozenset[str]:
    """Give the flags that a tagger may set and rules may ask for: `odor:unknown`, `canteen` …."""
    rows = read_csv(DATA / "labels.csv", Label)
    grouped = {f"{row.group}:{row.code}" for row in rows if row.group in _FLAG_GROUPS}
    return frozenset(grouped | {row.code for row in rows if row.group == "flag"})
