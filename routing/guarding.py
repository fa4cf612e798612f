"""What no act may do, whichever it is: checked of every change before it is written."""

from typing import Final

from models.errors import Invalid
from models.moment import aware
from routing.accused import keep_from
from routing.matter import Change
from routing.restricting import keep_within

#: Request types that ask for enforcement.
_ENFORCED: Final = ("TS", "JB", "CF")
_BY_HAND: Final = "HUMAN"


def guard(change: Change) -> None:
    """Refuse a lead that cannot be one, keep a case from whom it complains of and a secret one."""
    for task in change.new_tasks:
        if task.is_lead:
            _in_being(change, task.unit)
            _fit_to_lead(change, task.unit)
    keep_from(change)
    keep_within(change)


def _in_being(change: Change, code: str) -> None:
    """Refuse a unit that is no more: nobody there would sign."""
    unit = change.matter.book.directory.units.get(code)
    if unit and unit.valid_to and unit.valid_to < aware(change.matter.at).date():
        detail = f"{unit.name}已于 {unit.valid_to} 撤销或合并,请派承接其职责的单位。"
        raise Invalid("unit_abolished", detail)


def _fit_to_lead(change: Change, code: str) -> None:
    """Refuse a lead that gets letters only, or that a person chose and that cannot enforce."""
    book, case = change.matter.book, change.case
    unit = book.directory.units.get(code)
    if unit is None:
        return
    if unit.level == "external":
        detail = f"{unit.name}不属本市政府系统,不能派单;请指定市内主办单位,并用转办函。"
        raise Invalid("letter_instead", detail)
    chosen = case.decision is not None and any(s.tier == _BY_HAND for s in case.decision.trace)
    if not chosen or unit.level != "zone" or unit.has_enforcement or case.kind not in _ENFORCED:
        return
    day = change.matter.at.date()
    powers = book.directory.setting(case.adcode, case.township, case.zone, day, day).powers
    if case.types[0] not in powers:
        detail = f"{unit.name}没有这类事项的执法权,不能作为主办;请指定对应分局或属地主管部门。"
        raise Invalid("unit_cannot_enforce", detail)
