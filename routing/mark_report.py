"""The monthly report upward: figures with their versions and cases, as data and to read (F45)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from models.case import CaseNo, show_case_no
from models.db import marks as store
from models.db.marks import Figure, Run, Totals
from models.db.pool import Connection
from models.moment import aware
from models.taxonomy import ISSUE_TYPES
from routing.catalogue import Catalogue
from routing.excluding import CAUSES, used_in
from routing.formulas import Formula, Lists, Measures, measures
from routing.marks import cases_of

_SHOWN: Final = 50


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its name; `cases` are those of the denominator, `counting` of both."""

    code: str
    name: str
    version: str
    area: str
    area_name: str
    numerator: int
    denominator: int
    share: float | None
    counting: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """Cases of a unit that do not count, and whether the ceiling is reached."""

    unit: str
    name: str
    cases: tuple[str, ...]
    causes: tuple[str, ...]
    ceiling: int
    reached: bool


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one band of size in one grade, in no order of merit."""

    band: str
    grade: str
    units: tuple[str, ...]


class MonthlyReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a month: made from one count, by which every number can be found again.

    `whole` is false where it was counted before the month was over.
    """

    city: str
    name: str
    month: str
    run_id: UUID
    made_at: datetime
    whole: bool
    totals: Totals
    figures: tuple[Line, ...]
    counties: tuple[Line, ...]
    units: tuple[Line, ...]
    left_out: tuple[LeftOut, ...]
    lists: tuple[Graded, ...]
    other_matters: tuple[str, ...]


async def report_of(
    conn: Connection, book: Catalogue, run: Run, known: Measures | None = None
) -> MonthlyReport:
    """Write the report of a count; the figures of the city come with all their cases."""
    rules, city = known or measures(), book.city.adcode
    found = await store.figures(conn, city, run.run_id)
    by_scope = {scope: [one for one in found if one.scope == scope] for scope in _SCOPES}
    lines = [_line(book, rules, one) for one in by_scope["city"]]
    traced = [
        await _traced(conn, rules, run.run_id, line, one)
        for line, one in zip(lines, by_scope["city"], strict=True)
    ]
    units = [_line(book, rules, one) for one in by_scope["unit"]]
    return MonthlyReport(
        city=city,
        name=book.city.name,
        month=f"{aware(run.since):%Y-%m}",
        run_id=run.run_id,
        made_at=aware(run.made_at),
        whole=run.made_at >= run.until,
        totals=await store.totals(conn, city, run.run_id),
        figures=tuple(traced),
        counties=tuple(_line(book, rules, one) for one in by_scope["county"]),
        units=tuple(units),
        left_out=tuple(await _left_out(conn, book, run)),
        lists=tuple(_graded(rules.lists, units)) if rules.lists.wanted(city) else (),
        other_matters=_numbers(city, await store.others(conn, city, run.run_id)),
    )


_SCOPES: Final = ("city", "county", "unit")


def _line(book: Catalogue, rules: Measures, one: Figure) -> Line:
    formula = rules.version(one.formula, one.version)
    unit = book.directory.units.get(one.area)
    name = unit.short_name if unit and one.scope == "unit" else book.directory.name(one.area)
    return Line(
        code=one.formula,
        name=formula.zh,
        version=one.version,
        area=one.area,
        area_name=name,
        numerator=one.numerator,
        denominator=one.denominator,
        share=one.share,
    )


async def _traced(conn: Connection, rules: Measures, run_id: UUID, line: Line, one: Figure) -> Line:
    city = one.area
    behind = await cases_of(conn, city, run_id, one, rules)
    return msgspec.structs.replace(
        line,
        counting=_numbers(city, (case.case_no for case in behind if case.counts)),
        others=_numbers(city, (case.case_no for case in behind if not case.counts)),
    )


def _numbers(city: str, numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(show_case_no(city, CaseNo(no)) for no in numbers)


async def _left_out(conn: Connection, book: Catalogue, run: Run) -> list[LeftOut]:
    city = book.city.adcode
    used = await used_in(conn, city, aware(run.since).date().replace(day=1))
    units = book.directory.units
    return [
        LeftOut(
            unit=one.unit,
            name=units[one.unit].short_name if one.unit in units else one.unit,
            cases=_numbers(city, one.cases),
            causes=tuple(CAUSES[cause] for cause in one.causes),
            ceiling=one.ceiling,
            reached=one.reached,
        )
        for one in used
    ]


def _graded(lists: Lists, units: Sequence[Line]) -> list[Graded]:
    """Grade units of like size (F35); too few cases give no grade."""
    fitting = [
        line for line in units if line.code == lists.formula and line.denominator >= lists.fewest
    ]
    found: dict[tuple[int, int], list[str]] = {}
    for line in sorted(fitting, key=lambda one: one.area):
        band = sum(line.denominator >= edge for edge in lists.bands)
        share = line.share or 0.0
        grade = next(n for n, one in enumerate(lists.grades) if share >= one.least)
        found.setdefault((band, grade), []).append(line.area_name)
    return [
        Graded(band=_band(lists, band), grade=lists.grades[grade].zh, units=tuple(names))
        for (band, grade), names in sorted(found.items(), reverse=False)
    ]


def _band(lists: Lists, band: int) -> str:
    edges = (0, *lists.bands)
    if band == len(lists.bands):
        return f"{edges[band]} 件以上"
    return f"{edges[band]} 至 {edges[band + 1] - 1} 件"


def markdown(report: MonthlyReport, rules: Measures | None = None) -> str:
    """Write the report to be read, with the numbers of the cases behind each figure."""
    known = rules or measures()
    year, month = report.month.split("-")
    totals = report.totals
    parts = [
        f"# {report.name}生态环境投诉办理月报({year}年{int(month)}月)\n",
        (
            f"本月派单 {totals.dispatched} 件,办结 {totals.closed} 件,"
            f"其中经审核不纳入考核 {totals.excluded} 件;另有不计入环境投诉统计的 "
            f"{totals.others} 件。统计于 {report.made_at:%Y-%m-%d %H:%M}"
            f"{'' if report.whole else '(**本月未满,为截至统计时的数**)'},"
            f"统计编号 {report.run_id}。\n"
        ),
        "## 一、全市指标\n",
        _table(report.figures, with_area=False),
        "## 二、各区县\n",
        _table(report.counties),
        "## 三、各承办单位\n",
        _table(report.units),
        "## 四、不纳入考核\n",
        _left_out_text(report.left_out),
    ]
    if report.lists:
        parts += ["## 五、分档情况(同档内不分先后)\n", _lists_text(report.lists)]
    used = [known.version(line.code, line.version) for line in report.figures]
    parts += ["## 附一、指标口径\n", _formulas_text(used)]
    parts += ["## 附二、指标所据工单\n", _cases_text(report)]
    parts += ["## 附三、不计入环境投诉统计的工单\n", _others_text(report, known)]
    return "\n".join(parts)


def percent(share: float | None) -> str:
    """Write a share: 87.5%, a dash where nothing was counted."""
    return "—" if share is None else f"{share:.1%}"


def _table(lines: Sequence[Line], *, with_area: bool = True) -> str:
    if not lines:
        return "无。\n"
    head = ["区域或单位"] * with_area + ["指标", "分子", "分母", "结果"]
    rows = [head, ["---"] * len(head)]
    for line in lines:
        area = [line.area_name] * with_area
        counts = [str(line.numerator), str(line.denominator), percent(line.share)]
        rows.append([*area, line.name, *counts])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _left_out_text(left: Sequence[LeftOut]) -> str:
    if not left:
        return "无。\n"
    said = [
        f"- {one.name}:{len(one.cases)} 件({'、'.join(one.causes)}),上限 {one.ceiling} 件"
        f"{',**已到上限**' if one.reached else ''};{'、'.join(one.cases)}"
        for one in left
    ]
    return "\n".join(said) + "\n"


def _lists_text(lists: Sequence[Graded]) -> str:
    said = [f"- {one.band}:{one.grade}——{'、'.join(one.units)}" for one in lists]
    return "\n".join(said) + "\n"


def _formulas_text(formulas: Sequence[Formula]) -> str:
    asked = {"counted": ";未接通计入分母", "left_out": ";未接通不计入分母", "": ""}
    said = [
        f"- {one.zh}(口径版本 {one.version}{asked[one.not_connected]}):{one.source}"
        for one in formulas
    ]
    return "\n".join(said) + "\n"


def _cases_text(report: MonthlyReport) -> str:
    said = []
    for line in report.figures:
        said += [f"### {line.name}\n", f"计入分子:{_few(line.counting)}\n"]
        said += [f"仅计入分母:{_few(line.others)}\n"]
    how = "各区县、单位指标所据工单:"
    said += [f"{how}`jiesu marks cases --city {report.city} --run {report.run_id} --help`\n"]
    return "\n".join(said)


def _others_text(report: MonthlyReport, known: Measures) -> str:
    said = [_few(report.other_matters)]
    if types := known.others.of(report.city):
        names = "、".join(f"{ISSUE_TYPES[code].zh}({code})" for code in types)
        said.append(f"仅涉及下列类型的工单不计入:{names}。依据:{known.others.source}。")
    return "\n\n".join(said) + "\n"


def _few(numbers: Sequence[str]) -> str:
    if not numbers:
        return "无。"
    more = f" 等 {len(numbers)} 件(其余见 JSON)" if len(numbers) > _SHOWN else ""
    return "、".join(numbers[:_SHOWN]) + more + "。"
