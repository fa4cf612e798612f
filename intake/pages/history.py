"""What happened to a case, in words: for staff every event, for the citizen what concerns them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from intake.pages import words
from intake.pages.city_words import CityWords
from intake.pages.grid_words import on_the_spot
from models.case import OUTCOME_NAMES, Case, Event, State
from models.db.lines import ClockView, TaskView
from models.grid import grid_of

#: The verbs of events as staff read them.
VERBS: Final = {
    "case:received": "收到诉求",
    "case:content:updated": "来单内容有更新",
    "case:content:supplemented": "收到补充内容",
    "case:content:outdated": "收到较早的内容,仅存档",
    "case:source:urged": "来源平台催办",
    "case:reply:recorded": "来源平台记录答复",
    "case:tags:written": "机器完成识别",
    "case:processing:failed": "自动处理失败,转人工",
    "case:routing:pooled": "转待复核",
    "case:accepted": "受理",
    "case:corrected": "人工更正",
    "case:dispatched": "派单",
    "case:redispatched": "改派",
    "case:rejected": "不予受理",
    "case:transferred": "转其他渠道",
    "case:task:signed": "签收",
    "case:urgency:confirmed": "确认为突发",
    "case:urgency:lifted": "解除突发",
    "case:task:contacted": "首次联系",
    "case:task:contact_tried": "尝试联系",
    "case:task:submitted": "提交办结",
    "case:task:visited": "现场核查",
    "case:task:self_checked": "完成自查",
    "monitoring:requested": "请求监测",
    "monitoring:reported": "监测报告",
    "grid:asked": "派网格核实",
    "grid:reported": "网格核实回报",
    "grid:reported:later": "网格核实补报",
    "grid:withdrawn": "撤回网格核实",
    "grid:lapsed": "网格核实逾期失效",
    "lookback:opened": "回头看到期",
    "lookback:held": "回头看:未反弹",
    "lookback:rebound": "回头看:反弹,重启并升级",
    "crime:reported": "涉嫌犯罪报请批准移送",
    "crime:approved": "批准移送公安",
    "crime:refused": "不批准移送",
    "crime:transferred": "已移送公安",
    "crime:psb_decided": "公安机关作出决定",
    "joint:proposed": "提请联合检查或会商",
    "joint:concluded": "联合检查或会商结论",
    "hazwaste:found": "发现危废严重污染",
    "hazwaste:reported": "危废严重污染已上报",
    "evidence:registered": "先行登记保存证据",
    "evidence:decided": "登记保存证据已处理",
    "penalty:found": "发现涉嫌违法行为",
    "penalty:opened": "行政处罚立案",
    "penalty:refused": "不予立案",
    "penalty:decided": "行政处罚决定",
    "disclosure:registered": "政府信息公开申请登记",
    "disclosure:answered": "政府信息公开答复",
    "inspection:listed": "列为督察交办件",
    "inspection:issued": "下达整改",
    "inspection:reported": "整改情况已回报",
    "inspection:accepted": "市级验收",
    "inspection:published": "整改情况公示",
    "case:task:return_requested": "申请退单",
    "case:task:returned": "同意退单",
    "case:task:return_denied": "驳回退单",
    "case:task:withdrawn": "撤回协办",
    "case:task:reviewed": "第一人复核",
    "case:task:approved": "审核通过",
    "case:task:reworked": "退回重办",
    "clock:warned": "时限预警",
    "clock:breached": "时限超期",
    "clock:overdue": "超期又满一天",
    "clock:recounted": "时限重算",
    "clock:extended": "时限延长",
    "clock:paused": "时限停表",
    "clock:resumed": "时限恢复计时",
    "case:extension:requested": "申请延期",
    "case:extension:granted": "同意延期",
    "case:extension:denied": "不同意延期",
    "case:suspension:requested": "申请停表",
    "case:suspended": "停表",
    "case:suspension:denied": "不同意停表",
    "case:resumed": "恢复计时",
    "case:supplement:asked": "请诉求人补充,停表",
    "case:supplement:given": "已补充,恢复计时",
    "petition:review_asked": "信访人申请复查",
    "petition:review_decided": "作出复查意见",
    "petition:recheck_asked": "信访人申请复核",
    "petition:recheck_decided": "作出复核意见",
    "case:closed": "办结",
    "case:split": "拆单",
    "case:split_off": "由主单拆出",
    "case:unsplit": "解除拆单",
    "case:parts_done": "子单均已办结",
    "case:consolidated": "汇总子单答复",
    "case:reopened": "重新办理",
    "case:callback:tried": "回访未接通",
    "case:callback:done": "回访结束",
    "case:callback:judged": "诉求人评价",
    "case:archived": "归档",
    "case:spot_checked": "抽查",
    "marks:exclusion:asked": "申请不纳入考核",
    "marks:exclusion:granted": "同意不纳入考核",
    "marks:exclusion:denied": "驳回不纳入考核申请",
    "marks:exclusion:ceiling": "不纳入考核已到上限",
    "reward:verified": "拟奖励举报人",
    "reward:approved": "同意奖励",
    "reward:told": "已告知领取",
    "reward:claimed": "举报人取得领奖码",
    "reward:paid": "奖励已领取",
    "case:merged": "并案",
    "case:merged:moved": "改并入另一工单",
    "case:unmerged": "解除并案",
    "case:merge_taken": "并入其他工单",
    "case:merge_left": "并入的工单已分出",
    "case:related": "关联工单",
    "case:unrelated": "解除关联",
    "case:task:urged": "主办催办协办",
    "case:task:waiver_requested": "申请免除协办",
    "case:task:waived": "免除协办",
    "case:code:told": "告知查询码",
    "case:task:secured": "先行处置",
    "case:duty:kept": "首接单位继续先行处置",
    "case:duty:ended": "首接单位交接完毕",
    "case:dispute:opened": "主办争议",
    "case:dispute:consented": "协商表态",
    "case:dispute:negotiated": "协商一致",
    "case:dispute:taken_up": "逾期未协商一致,提请指定",
    "case:dispute:escalated": "争议提交协调机构",
    "case:dispute:designated": "会商指定主办",
    "case:territory:shared": "跨区协办",
    "case:letter:issued": "发出函件",
    "case:letter:received": "函件签收",
    "case:letter:answered": "函件回复",
    "case:accused:named": "指明被反映单位",
    "case:accused:noted": "识别被反映单位",
    "case:pollution:opened": "污染诉求另建工单",
    "case:urged": "催办",
    "case:supervised": "一般督办",
    "case:supervised:key": "重点督办",
    "case:supervision:answered": "督办反馈",
    "case:supervision:ended": "督办销号",
    "case:ledgered": "挂账督办",
    "case:released": "销账",
    "case:progress:due": "须按期上报进展",
    "case:progress:reported": "上报进展",
    "case:progress:struck": "移出通报名单",
    "case:pressed:reminded": "提醒",
    "case:pressed:interviewed": "约谈",
    "case:pressed:notified": "通报",
    "case:pressed:received": "文书签收",
    "case:key:marked": "列入重点件",
    "case:key:elevated": "提级办理",
    "case:owned": "领导包案",
    "case:restricted": "列为保密件",
    "case:admitted": "指定保密件知悉人",
    "case:unrestricted": "解除保密",
    "case:source:traced": "查明来源",
    "case:source:handed_over": "溯源后移交",
}
_ACTORS: Final = {"system": "系统", "citizen": "诉求人", "platform": "来源平台"}
_METHODS: Final = {
    "phone": "电话",
    "visit": "上门",
    "sms": "短信",
    "wechat": "微信",
    "platform": "平台",
    "letter": "信函",
    "none": "未答复",
}
_REACHED: Final = {"reached": "已联系上", "not_reached": "未联系上", "waived": "免联系"}
#: What events say in words of people.
_SAID: Final = (
    *(
        "handler",
        "basis",
        "reason",
        "notice",
        "destination",
        "note",
        "opinion",
        "document",
        "error",
    ),
)
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
            details=tuple(_details(event.data, city)),
        )
        for event in reversed(list(events))
    ]


def suggested(events: Iterable[Event]) -> str:
    """Give the unit that the last request of return named as the right one; "" for none."""
    asked = [event.data for event in events if event.verb == "case:task:return_requested"]
    return str(asked[-1].get("proposed_unit") or "") if asked else ""


def _who(event: Event, city: CityWords) -> str:
    name = _ACTORS.get(event.actor.kind, event.actor.name)
    if grid_of(event.actor.unit):
        return f"网格员 {name}"
    return f"{city.unit(event.actor.unit)} {name}" if event.actor.unit else name


def _details(data: dict[str, Any], city: CityWords) -> Iterable[str]:
    one = [data[k] for k in ("to", "lead_unit") if isinstance(data.get(k), str)]
    units = data.get("units") or data.get("parties") or one
    if units:
        yield "、".join(city.unit(code) for code in units)
    if isinstance(data.get("types"), list):
        yield "、".join(words.issue(code) for code in data["types"])
    if outcome := _OUTCOMES.get(str(data.get("outcome"))):
        yield outcome
    if reasons := data.get("reasons") or data.get("review_reasons"):
        yield "、".join(words.reason(code) for code in reasons)
    yield from _texts(data, city)


def _texts(data: dict[str, Any], city: CityWords) -> Iterable[str]:
    yield from on_the_spot(data)
    tables = {"method": _METHODS, "reply_method": _METHODS, "result": _REACHED}
    for name, table in tables.items():
        if isinstance(data.get(name), str):
            yield table.get(data[name], data[name])
    if isinstance(data.get("code"), str):
        code = data["code"]
        yield city.clock(code) if city.is_clock(code) else _rejection(code)
    for name in _SAID:
        if isinstance(data.get(name), str) and data[name]:
            said = words.label(data[name], "return_reason") if name == "reason" else data[name]
            yield said.rstrip("。")
    if isinstance(data.get("proposed_unit"), str) and data["proposed_unit"]:
        yield f"建议 {city.unit(data['proposed_unit'])}"


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
