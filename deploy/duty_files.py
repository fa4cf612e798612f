"""Learned duties as files: a city folder to review, with the sheet of what speaks for each rule."""

import csv
import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from models.city import Binding, Unit
from models.city_load import CITIES
from models.duty import Rule
from routing.proposing import Draft, Proposal

SHEET: Final = "proposal.csv"
_HEADS: Final = {
    "units": "单位:名称取自往来工单,人工补写的除外;由 jiesu learn-duties 写出。",
    "bindings": "角色绑定:来源以“往来工单”开头的是学得的,重学时会改写;其余由人工维护。",
}


def write(draft: Draft, folder: Path) -> None:
    """Write a draft into a folder, with the rest of the installed one where it is another."""
    folder.mkdir(parents=True, exist_ok=True)
    installed = CITIES / draft.city.adcode
    if folder.resolve() != installed.resolve():
        for path in (*installed.glob("*.csv"), *installed.glob("*.toml")):
            shutil.copyfile(path, folder / path.name)
    _csv(folder / "units.csv", _HEADS["units"], Unit, draft.city.units)
    _csv(folder / "bindings.csv", _HEADS["bindings"], Binding, draft.city.bindings)
    _csv(folder / SHEET, _sheet_head(draft), Proposal, draft.proposals)
    (folder / "duties.toml").write_text(_duties(draft), encoding="utf-8")


def _sheet_head(draft: Draft) -> str:
    doubtful = f",把握不足 {draft.least:.2f} 的留给人工" if draft.least else ""
    return (
        f"由 {draft.tickets} 件往来工单提议的责任规则{doubtful};lead 为空是待裁量池。"
        "n 为件数,right 为其中由该角色办理的,confidence 是按新近和上一级修正的把握,"
        "others 是与规则不一的办理单位。"
    )


def _csv(path: Path, head: str, kind: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> None:
    names = [field.name for field in msgspec.structs.fields(kind)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"# {head}\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(getattr(row, name)) for name in names] for row in rows)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "|".join(value)
    return "" if value is None else str(value)


def _duties(draft: Draft) -> str:
    lines = [
        "# 本辖区责任规则:由往来工单提议,特殊在前、一般在后;每条的依据见 proposal.csv。",
        "# 只说明历来由谁办理,不说明谁有处罚权;改动、删去任何一条都可以。",
    ]
    return "\n".join([*lines, *(line for rule in draft.city.duties for line in _rule(rule)), ""])


def _rule(rule: Rule) -> Iterator[str]:
    yield ""
    yield "[[rule]]"
    for name, value in _stated(rule):
        yield f"{name} = {_toml(value)}"


def _stated(one: msgspec.Struct) -> Iterable[tuple[str, object]]:
    """Give the fields that differ from their defaults."""
    for field in msgspec.structs.fields(one):
        value = getattr(one, field.name)
        if value != field.default:
            yield field.name, value


def _toml(value: object) -> str:
    if isinstance(value, msgspec.Struct):
        return "{ " + ", ".join(f"{name} = {_toml(inner)}" for name, inner in _stated(value)) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | float | int):
        return str(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
