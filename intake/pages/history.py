"""What happened to a case, in words: for staff every event, for the citizen what concerns them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from intake.pages import words
from intake.pages.city_words import CityWords
from intake.pages.event_words import ACTORS, CODES, SPANS, VERBS
from intake.pages.grid_words import on_the_spot
from models.case import OUTCOME_NAMES, Case, Event, State
from models.db.lines import ClockView, TaskView
from models.grid import grid_of
from routing.chain import policy
from routing.terms import triggers

#: What events say in words of people.
_SAID: Final = (
    *("handler", "received_by", "basis", "reason", "ends_when", "notice", "destination"),
    *("note", "body", "opinion", "how", "document", "number", "error"),
)
#: How the number of a case begins.
_CASE: Final = "ENV-"
#: Whom or what an event names, one after the other.
_LISTS: Final = ("lines", "addressees")
#: Until when something is to be done, or stands still.
_ENDS: Final = {"due_at": "期限", "until": "至"}
_OUTCOMES: Final = {code.value: name for code, name in OUTCOME_NAMES.items()}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One event as staff read it."""

    at: datetime
    what: str
    who: str
    details: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step as the citizen reads it; without a time it is still ahead.

    `form` is the sentence with a place for the unit, so that it can be said in another language.
    """

    form: str
    unit: str = ""
    at: datetime | None = None
    text: str = ""

    @property
    def title(self) -> str:
        """The sentence in Chinese."""
        return self.form.format(unit=self.unit or "负责单位")


class PartProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How one part of a split report stands: what it is about, who leads it."""

    about: str
    unit: str
    status: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How a case stands, as its citizen may know it: never who reported, never names of staff."""

    number: str
    status: str
    text: str
    unit: str
    due_at: datetime | None
    provisional: bool
    about: tuple[str, ...]
    place: str
    steps: tuple[Step, ...]
    outcome: str
    reply: str
    parts: tuple[PartProgress, ...] = ()


def entries(events: Iterable[Event], city: CityWords) -> list[Entry]:
    """Tell all events, the newest first."""
    return [
        Entry(
            at=event.at,
            what=VERBS.get(event.verb, event.verb),
            who=_who(event, city),
            details=tuple(dict.fromkeys(_details(event.data, city))),
        )
        for event in reversed(list(events))
    ]


def suggested(events: Iterable[Event]) -> str:
    """Give the unit that the last request of return named as the right one; "" for none."""
    asked = [event.data for event in events if event.verb == "case:task:return_requested"]
    return str(asked[-1].get("proposed_unit") or "") if asked else ""


def _who(event: Event, city: CityWords) -> str:
    name = ACTORS.get(event.actor.kind, event.actor.name)
    if grid_of(event.actor.unit):
        return f"网格员 {name}"
    return f"{city.unit(event.actor.unit)} {name}" if event.actor.unit else name


def _details(data: dict[str, Any], city: CityWords) -> Iterable[str]:
    whose = ("to", "lead_unit", *(("unit",) if "attempt" in data else ()))
    one = [data[k] for k in whose if isinstance(data.get(k), str)]
    units = data.get("units") or data.get("parties") or one
    if units:
        yield "、".join(city.unit(code) for code in units)
    yield from _others(data)
    if isinstance(data.get("types"), list):
        yield "、".join(words.issue(code) for code in data["types"])
    if outcome := _OUTCOMES.get(str(data.get("outcome"))):
        yield outcome
    if reasons := data.get("reasons") or data.get("review_reasons"):
        yield "、".join(words.reason(code) for code in reasons)
    if key := data.get("key_reason"):
        yield policy().key.names.get(key, key)
    if (trigger := triggers()[1].get(data.get("trigger", ""))) is not None:
        yield trigger.zh
    yield from _texts(data, city)


def _others(data: dict[str, Any]) -> Iterable[str]:
    """Name the other cases that an event is about."""
    named = [*(data.get(name) for name in ("into", "from", "parent")), *(data.get("parts") or ())]
    numbers = [one for one in named if isinstance(one, str) and one.startswith(_CASE)]
    if numbers:
        yield "、".join(numbers)


def _texts(data: dict[str, Any], city: CityWords) -> Iterable[str]:
    yield from on_the_spot(data)
    for name in ("method", "reply_method", "result"):
        if isinstance(data.get(name), str):
            yield CODES.get(data[name], data[name])
    if isinstance(data.get("code"), str):
        code = data["code"]
        yield city.clock(code) if city.is_clock(code) else _rejection(code)
    yield from ("、".join(data[name]) for name in _LISTS if isinstance(data.get(name), list))
    given = {name: text for name, text in data.items() if isinstance(text, str) and text}
    yield from (_said(name, given[name]) for name in _SAID if name in given)
    unit, n = data.get("unit_of_time", "N"), data.get("days") or data.get("n")
    if n and {"days", "unit_of_time"} & set(data):
        yield f"{n} {SPANS.get(unit, unit)}"
    if "kept_until" in given:
        yield f"保存至 {given['kept_until']}"
    for name, word in _ENDS.items():
        if name in given:
            yield f"{word} {words.moment(datetime.fromisoformat(given[name]))}"
    if isinstance(data.get("proposed_unit"), str) and data["proposed_unit"]:
        yield f"建议 {city.unit(data['proposed_unit'])}"


def _said(name: str, text: str) -> str:
    """Write what was said, or what its code stands for."""
    named = words.label(text, "return_reason") if name == "reason" else CODES.get(text, text)
    return named.rstrip("。")


def _rejection(code: str) -> str:
    return words.label(code, "rejection")


def progress(
    case: Case,
    events: Sequence[Event],
    tasks: Sequence[TaskView],
    clocks: Sequence[ClockView],
    city: CityWords,
) -> Progress:
    """Tell the citizen how their case stands."""
    lead = next((task for task in tasks if task.is_lead and task.state.value != "RETURNED"), None)
    due = _promise(clocks, city) if case.closed_at is None else None
    status, text = _STATUS[case.state]
    result = case.result or {}
    return Progress(
        number=case.number,
        status=status,
        text=text,
        unit=lead.unit_name if lead else "",
        due_at=due.due_at if due else None,
        provisional=due.provisional if due else False,
        about=tuple(words.issue(code) for code in case.types),
        place=city.place(case.adcode),
        steps=tuple(_steps(case, events, city)),
        outcome=_OUTCOMES.get(str(result.get("outcome")), ""),
        reply=str(result.get("reply_text") or result.get("notice") or ""),
    )


def status_of(state: State) -> tuple[str, str]:
    """Say in a word and in a sentence how a case in that state stands."""
    return _STATUS[state]


_STATUS: Final = {
    State.NEW: ("已收到", "我们正在核对您反映的内容。"),
    State.SCREEN: ("正在核对", "工作人员正在核对内容,确定由哪个单位负责。"),
    State.ACCEPTED: ("已受理", "正在确定负责的单位。"),
    State.DISPATCHED: ("已转给负责单位", "等待单位签收。"),
    State.IN_PROGRESS: ("正在办理", "单位正在核实和处理。"),
    State.SUBMITTED: ("正在审核结果", "单位已提交处理结果,正在审核。"),
    State.MERGED: ("已并案", "同一件事已有工单在办,一并办理,结果会一样告诉您。"),
    State.CLOSED: ("已办结", "处理结果和答复见下。"),
    State.ARCHIVED: ("已归档", "处理结果和答复见下。"),
    State.REJECTED: ("不予受理", "原因和可以去的地方见下。"),
    State.TRANSFERRED: ("已转其他渠道", "这件事由其他部门负责,已转过去。"),
}
#: The events that a citizen is told, in plain words; `{unit}` is the unit they are about.
_TOLD: Final = {
    "case:received": "收到您反映的问题",
    "case:content:supplemented": "收到您的补充",
    "case:accepted": "已受理",
    "case:dispatched": "转给{unit}办理",
    "case:redispatched": "改由{unit}办理",
    "case:task:signed": "{unit}已签收",
    "case:task:contacted": "{unit}联系核实",
    "case:task:submitted": "{unit}提交处理结果",
    "case:task:reworked": "结果未通过审核,要求重新办理",
    "case:split": "分给几个单位同时办理,由{unit}统一答复",
    "case:merged": "与已有的同一问题一并办理",
    "case:unmerged": "改为单独办理",
    "case:reopened": "重新办理",
    "case:closed": "办结",
    "case:rejected": "不予受理",
    "case:transferred": "转其他渠道",
}


def _steps(case: Case, events: Sequence[Event], city: CityWords) -> Iterable[Step]:
    for event in events:
        told = _TOLD.get(event.verb)
        if told:
            unit = next((event.data[k] for k in ("to", "unit", "lead") if event.data.get(k)), None)
            yield Step(form=told, unit=city.unit_in_full(unit), at=event.at)
    ahead = {
        State.NEW: ("确定负责单位", "单位办理", "办结答复"),
        State.SCREEN: ("确定负责单位", "单位办理", "办结答复"),
        State.ACCEPTED: ("确定负责单位", "单位办理", "办结答复"),
        State.DISPATCHED: ("单位办理", "办结答复"),
        State.IN_PROGRESS: ("办结答复",),
        State.SUBMITTED: ("审核通过后办结答复",),
    }
    yield from (Step(form=form) for form in ahead.get(case.state, ()))


def _promise(clocks: Sequence[ClockView], city: CityWords) -> ClockView | None:
    open_ones = [c for c in clocks if c.stopped_at is None and city.closes(c.code)]
    return min(open_ones, key=lambda clock: clock.due_at, default=None)
