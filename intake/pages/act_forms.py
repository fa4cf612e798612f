"""Forms drawn from the structs of acts: what a field is the struct says, what it is called is data.

An act is offered to those who may do it, while case and task are in its states and the history says
that it is wanted (act_forms.toml); the act itself decides in the end.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect

from intake.auth import Staff
from intake.pages.case_form import Pairs
from intake.pages.case_view import CaseView
from models.case import Event
from models.data_files import read_toml
from models.errors import Invalid
from routing import restricting
from routing.accused import about_officials
from routing.acts import ACTS, CHECKS
from routing.chain import policy
from routing.evidence import rules
from routing.lifecycle import OVER
from routing.supervision_verbs import KeyReason
from routing.terms import triggers

_LONG: Final = frozenset(
    (
        *("answer", "body", "conditions", "demand", "ends_when", "finding", "note", "opinion"),
        *("progress", "question", "reason", "reply", "reply_text", "said", "summary", "text"),
    )
)
_UNITS: Final = ("lead_unit", "unit", "units")
_HELPERS: Final = ("helper_no", "task_no")
_BETWEEN: Final = re.compile(r"[、,,;;\s]+")
_NAMED: Final = re.compile(r"field `(\w+)`|`\$\.(\w+)")
_MOST, _LINE = 2000, 200
_OPTIONAL: Final = "不填"
#: How urgent a case is that may tell of an emergency.
_URGENT: Final = ("P0", "P1")
_KEYS: Final = get_args(KeyReason)


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a field is called; `options` by code, or `choices`, a list that the city's data gives.

    `pick` offers what events said under the field's name, `of` what the last of them lists.
    """

    label: str
    hint: str = ""
    options: dict[str, str] = {}
    choices: str = ""
    empty: str = ""
    of: str = ""
    pick: bool = False


class Sheet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form of an act as the data has it; see the head of act_forms.toml."""

    title: str
    fields: dict[str, Field | str]
    during: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    only: str = ""
    hint: str = ""
    danger: bool = False
    folded: bool = False
    open: bool = False


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One field ready to be drawn; `kind` is a control, `groups` what a select offers."""

    name: str
    label: str
    hint: str
    kind: str
    required: bool
    longest: int
    value: str
    empty: str
    groups: list[tuple[str, Pairs]]


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One form ready to be drawn; a `wanted` one stands open."""

    verb: str
    title: str
    hint: str
    danger: bool
    wanted: bool
    files: bool
    inputs: list[Input]


SHEETS: Final[Mapping[str, Sheet]] = msgspec.convert(
    read_toml(Path(__file__).with_name("act_forms.toml")), dict[str, Sheet]
)


def offered(view: CaseView, staff: Staff) -> list[Form]:
    """Draw what somebody may do to a case now, what is wanted first."""
    forms = [_form(verb, view) for verb, sheet in SHEETS.items() if _fits(verb, sheet, view, staff)]
    drawn = [form for form in forms if all(i.kind != "choice" or i.groups for i in form.inputs)]
    return sorted(drawn, key=lambda form: not form.wanted)


def read(verb: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """Make of a posted form the data of an act, as its struct takes it."""
    known = _fields(verb)
    for name, field in SHEETS[verb].fields.items():
        _check_length(known[name], _field(field).label, typed.get(name, ""))
    data = {name: _read(name, known[name].type, typed) for name in SHEETS[verb].fields}
    if "task_no" in known:
        data["task_no"] = typed.get("task_no", "")
    return {name: value for name, value in data.items() if value}


def typed_in(verb: str, typed: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Say what was typed into a form drawn here, and what into one of the page's own."""
    return (typed, {}) if verb in SHEETS else ({}, typed)


def done(verb: str) -> str | None:
    """Say that an act was done, None for one without a form here."""
    return f"“{SHEETS[verb].title.removeprefix('登记')}”已登记。" if verb in SHEETS else None


def explained(verb: str, error: Invalid) -> Invalid:
    """Say of a form that could not be read which field is wrong, by what the page calls it."""
    if error.code != "action_malformed":
        return error
    found = _NAMED.search(error.detail)
    named = SHEETS[verb].fields.get(found[1] or found[2]) if found and verb in SHEETS else None
    field = _field(named).label if named else ""
    detail = f"“{field}”没有填或填得不对" if field else "有内容没有填或填得不对"
    return Invalid(error.code, f"{detail},请改正后再提交。")


def _fits(verb: str, sheet: Sheet, view: CaseView, staff: Staff) -> bool:
    move = ACTS[verb].move
    own = view.task_of(staff.unit) if staff.unit else None
    theirs = move.who in (staff.role, "anyone") and staff.role != "supervisor"
    alone = view.case.restricted and restricting.alone in CHECKS.get(verb, ())
    return (
        (theirs or move.who == staff.role)
        and not alone
        and view.case.state in move.cases
        and (own is None or not move.tasks or own.state in move.tasks)
        and (own is None or not move.lead_only or own.is_lead)
        and (not sheet.during or _lasts(view.past, sheet.during, sheet.over))
        and not _lasts(view.past, sheet.unless, sheet.over)
        and (not sheet.only or CONDITIONS[sheet.only](view, staff))
    )


def _lasts(past: Iterable[Event], begun: tuple[str, ...], over: tuple[str, ...]) -> bool:
    """Tell whether what began last is not over."""
    last = [event.verb for event in past if event.verb in (*begun, *over)][-1:]
    return bool(last) and last[0] in begun


def _leads(view: CaseView, staff: Staff) -> bool:
    """Tell whether somebody is of the lead, or at the desk."""
    return staff.unit is None or (view.lead is not None and view.lead.unit == staff.unit)


#: What `only` of a form may say, and whether it holds for a case and somebody.
CONDITIONS: Final[Mapping[str, Callable[[CaseView, Staff], bool]]] = {
    "lead": _leads,
    "led": lambda view, staff: view.case.lead_unit is not None and _leads(view, staff),
    "answers": lambda view, staff: view.case.lead_unit == staff.unit,
    "silent": lambda view, staff: bool(_silent(view)) and _leads(view, staff),
    "tracing": lambda view, _: view.case.decision is not None and view.case.decision.tracing,
    "splittable": lambda view, _: view.decision is not None and bool(view.decision.split),
    "suspended": lambda view, _: view.case.suspended_at is not None,
    "restricted": lambda view, _: view.case.restricted,
    "unrestricted": lambda view, _: not view.case.restricted,
    "officials": lambda view, _: about_officials(view.case) or bool(view.barred),
    "urgent": lambda view, _: view.case.urgency in _URGENT,
    "to_ask": lambda view, _: view.to_ask,
}


def _form(verb: str, view: CaseView) -> Form:
    sheet, known = SHEETS[verb], _fields(verb)
    inputs = [
        one
        for name, field in sheet.fields.items()
        for one in _inputs(known[name], _field(field), sheet, view)
    ]
    return Form(
        verb=verb,
        title=sheet.title,
        hint=sheet.hint,
        danger=sheet.danger,
        wanted=sheet.open or (bool(sheet.during) and not sheet.folded),
        files=any(one.kind == "files" for one in inputs),
        inputs=inputs,
    )


def _inputs(known: inspect.Field, field: Field, sheet: Sheet, view: CaseView) -> Iterable[Input]:
    """Draw a field, or each item of a list that is gone through."""
    kind = _kind(known.name, known.type)
    groups = _groups(known.name, field, sheet, view)
    value = known.default if isinstance(known.default, str) else ""
    drawn = Input(
        name=known.name,
        label=field.label,
        hint=field.hint,
        kind="choice" if groups is not None else kind,
        required=known.required or bool(value),
        longest=_longest(known.type, kind),
        value=value,
        empty="请选择" if known.required else (field.empty or _OPTIONAL),
        groups=groups or [],
    )
    if kind != "items":
        return [drawn]
    named = {f"{known.name}.{item.code}": item.zh for item in rules().items}
    replace = msgspec.structs.replace
    return [replace(drawn, name=name, label=zh, kind="area") for name, zh in named.items()]


def _kind(name: str, type_: inspect.Type) -> str:
    match _plain(type_):
        case inspect.IntType():
            return "number"
        case inspect.DateTimeType():
            return "moment"
        case inspect.DictType():
            return "items"
        case inspect.VarTupleType(item_type=inspect.UUIDType()):
            return "files"
        case inspect.VarTupleType():
            return "list"
        case _:
            return "area" if name in _LONG else "text"


def _longest(type_: inspect.Type, kind: str) -> int:
    given = getattr(_plain(type_), "max_length", None)
    return given or (_MOST if kind in ("area", "items") else _LINE)


def _groups(
    name: str, field: Field, sheet: Sheet, view: CaseView
) -> list[tuple[str, Pairs]] | None:
    """Give what a select offers, None for a field that is written."""
    if field.of or field.pick:
        pairs = _listed(field, sheet, view) if field.of else _pending(name, sheet, view)
        return [("", pairs)] if pairs else []
    if name in _UNITS:
        units = view.words.unit_groups(() if name == "units" else view.barred)
        return [(g, [(unit.code, unit.short_name) for unit in members]) for g, members in units]
    if name in _HELPERS:
        return [("", [(str(task.task_no), task.unit_short) for task in _silent(view)])]
    if field.choices:
        return [("", CHOICES[field.choices](view))]
    return [("", list(field.options.items()))] if field.options else None


#: What `choices` of a field may say, and what is offered then.
CHOICES: Final[Mapping[str, Callable[[CaseView], Pairs]]] = {
    "pauses": lambda view: [(p.code, p.zh) for p in view.words.pauses if p.asked],
    "key_reasons": lambda _: [(c, zh) for c, zh in policy().key.names.items() if c in _KEYS],
    "triggers": lambda _: [(one.code, one.zh) for one in triggers()[1].values()],
    "counties": lambda view: [(d.code, d.name) for d in view.words.counties],
    "other_counties": lambda view: [
        (d.code, d.name) for d in view.words.counties if d.code != view.case.adcode
    ],
    "hours": lambda _: [(one.code, one.zh) for one in rules().windows.values()],
}


def _listed(field: Field, sheet: Sheet, view: CaseView) -> Pairs:
    """Give the units that the last event of the time lists."""
    told = [event.data for event in view.past if event.verb in sheet.during][-1:]
    return [(code, view.words.unit(code)) for data in told for code in data.get(field.of, ())]


def _pending(name: str, sheet: Sheet, view: CaseView) -> Pairs:
    """Give what events began under a name and no event has ended."""
    ended = {str(e.data.get(name)) for e in view.past if e.verb in sheet.over}
    begun = {
        str(value): event.data
        for event in view.past
        if event.verb in sheet.during
        for value in event.data.get(f"{name}s", [event.data.get(name)])
    }
    return [(code, _about(code, data)) for code, data in begun.items() if code not in ended]


def _about(code: str, data: Mapping[str, Any]) -> str:
    """Name one of several: by its number, or by what it was about."""
    about = data.get("grid_name") or data.get("station")
    return f"第 {code} 项 {about}" if about else code


def _silent(view: CaseView) -> list[Any]:
    return [task for task in view.tasks if not task.is_lead and task.state not in OVER]


def _fields(verb: str) -> dict[str, inspect.Field]:
    info = inspect.type_info(ACTS[verb].move.data)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    return {field.name: field for field in fields}


def _field(field: Field | str) -> Field:
    return Field(label=field) if isinstance(field, str) else field


def _plain(type_: inspect.Type) -> inspect.Type:
    """Give what a field holds where it holds anything."""
    if not isinstance(type_, inspect.UnionType):
        return type_
    return next(one for one in type_.types if not isinstance(one, inspect.NoneType))


def _check_length(known: inspect.Field, label: str, text: str) -> None:
    """Refuse what is longer than the form lets anybody type."""
    longest = _longest(known.type, _kind(known.name, known.type))
    if len(text) > longest:
        detail = f"“{label}”太长,最多 {longest} 字,请缩短后再提交。"
        raise Invalid("field_too_long", detail)


def _read(name: str, type_: inspect.Type, typed: Mapping[str, str]) -> Any:  # noqa: ANN401
    value, kind = typed.get(name, "").strip(), _kind(name, type_)
    if kind == "items":
        return {item.code: typed.get(f"{name}.{item.code}", "").strip() for item in rules().items}
    if kind == "list":
        return [one for one in _BETWEEN.split(value) if one]
    if kind == "moment" and value:
        return f"{value}{':00' if value.count(':') == 1 else ''}+08:00"
    return value
