"""One readable page per case for `jiesu route`: who, until when, and why, as text or as HTML."""

from html import escape
from typing import Any, Final, NamedTuple

from models.city import City
from models.decision import Assignee, ClockPlan, Decision, TraceStep
from models.tags import REVIEW_REASONS
from models.taxonomy import ISSUE_TYPES, REQUEST_TYPES, cite, labels
from routing.catalogue import catalogue
from routing.engine import Facts
from routing.ruling import TIER_NAMES, role_name

_CALENDARS: Final = {"W": "工作日", "N": "自然日", "H": "连续计时"}
_STEPS: Final = {
    "UNIT": "单位",
    "SPLIT": "拆单",
    "CLOCK": "时限",
    "PLACE": "区划",
    "HUMAN": "人工",
    "COPY": "抄送",
    "COUNT": "专项",
    "LAW": "法律",
    "NOW": "现行",
}
_CONDITIONS: Final = {
    "types": "主要类型",
    "any_types": "涉及类型",
    "kinds": "诉求",
    "channels": "渠道",
    "categories": "来件类别",
    "urgencies": "紧急程度",
    "flags": "情节",
    "any_flag": "情节",
    "no_flags": "没有",
    "adcodes": "区县",
    "townships": "街道乡镇",
    "zones": "功能区",
    "zone": "功能区",
    "delegated": "赋权",
    "periods": "时期",
    "hour": "钟点",
    "day": "日期",
}
_PLACES: Final = ("adcodes", "townships", "zones", "zone")
_GROUPS: Final = ("industry", "place", "facility", "odor", "time", "source", "scale", "authority")
_HEAD: Final = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>派单说明</title><style>
body{font:16px/1.6 sans-serif;max-width:46em;margin:2em auto;padding:0 1em;color:#222}
article{border-top:3px solid #2a6;margin-bottom:3em}h1{font-size:1.3em}h2{font-size:1.05em}
h2{margin:1em 0 .2em}p,li{margin:.1em 0}ol{padding-left:1.5em}
</style></head><body>
"""
_FOOT: Final = "</body></html>\n"


class Part(NamedTuple):
    """A titled part of the page; `ordered` where its lines are steps in order."""

    title: str
    lines: list[str]
    ordered: bool = False


def page(case_id: str, tags: dict[str, Any], facts: Facts, city: City, decision: Decision) -> str:
    """Write one case for people, as text."""
    head = f"━━ {case_id or '未编号'} · {city.name} ━━"
    lines = [head]
    for part in parts(tags, facts, city, decision):
        if part.title:
            lines.append(f"{part.title}:")
        indent = "  " if part.title else ""
        lines += [f"{indent}{line}" for line in part.lines]
    return "\n".join(lines) + "\n"


def html_page(
    case_id: str, tags: dict[str, Any], facts: Facts, city: City, decision: Decision
) -> str:
    """Write one case for people, as an article of HTML; `html_head` and `html_foot` go around."""
    made = [f"<article><h1>{escape(case_id or '未编号')} · {escape(city.name)}</h1>"]
    for part in parts(tags, facts, city, decision):
        if part.title:
            made.append(f"<h2>{escape(part.title)}</h2>")
        if part.ordered:
            made += ["<ol>", *(f"<li>{escape(line)}</li>" for line in part.lines), "</ol>"]
        else:
            made += [f"<p>{escape(line)}</p>" for line in part.lines]
    return "\n".join([*made, "</article>\n"])


def html_head() -> str:
    """Give what stands before the articles."""
    return _HEAD


def html_foot() -> str:
    """Give what stands after the articles."""
    return _FOOT


def parts(tags: dict[str, Any], facts: Facts, city: City, decision: Decision) -> list[Part]:
    """Give the parts of a case's page in their order, empty ones left out."""
    said = str(tags.get("text") or "")
    everything = [
        Part("诉求内容", [said] if said else []),
        Part("", [*_facts(facts, city, decision), *_who(city, decision)]),
        Part("", _reasons(tags, decision)),
        Part("时限", [_clock(city, clock) for clock in decision.clocks]),
        Part("理由", _why(city, decision), ordered=True),
        Part("", _basis(decision)),
    ]
    return [part for part in everything if part.lines]


def _facts(facts: Facts, city: City, decision: Decision) -> list[str]:
    kind = REQUEST_TYPES.get(facts.kind)
    types = "、".join(_type(code) for code in facts.types)
    where = [facts.adcode, facts.township, facts.zone]
    name = catalogue(city).directory.name
    place = " ".join(name(code) for code in where if code) or "未知"
    when = f"{facts.day}" + (f"({facts.report_day} 反映)" if facts.report_day != facts.day else "")
    called = f"来件类别:{'、'.join(facts.categories)}(来文平台所分,仅供派单参考)"
    return [
        f"诉求:{kind.zh if kind else facts.kind}({facts.kind})  紧急程度:{decision.urgency}",
        f"类型:{types}",
        *([called] if facts.categories else []),
        f"事发地:{place}",
        f"事发日:{when}",
    ]


def _type(code: str) -> str:
    known = ISSUE_TYPES.get(code)
    return f"{known.zh}({code})" if known else code


def _who(city: City, decision: Decision) -> list[str]:
    lead = _unit(city, decision.lead) if decision.lead else "待人工裁量"
    lines = [f"主办:{lead}"]
    if decision.cooperating:
        lines.append("协办:" + "、".join(_unit(city, part) for part in decision.cooperating))
    if decision.copies:
        lines.append("抄送:" + "、".join(f"{c.title}({c.place})" for c in decision.copies))
    for part in decision.split:
        types = "、".join(map(_type, part.types))
        lines.append(f"建议拆单:{types} → {_unit(city, part.lead)}")
    return lines


def _unit(city: City, part: Assignee) -> str:
    found = catalogue(city).directory.units.get(part.unit or "")
    return f"{found.name}〔{part.role}〕" if found else f"{role_name(part.role)}〔单位待定〕"


def _reasons(tags: dict[str, Any], decision: Decision) -> list[str]:
    codes = dict.fromkeys((*tags.get("review_reasons", ()), *decision.reasons))
    said = [REVIEW_REASONS[code][0] if code in REVIEW_REASONS else code for code in codes]
    if decision.pool and not said:
        said = ["主办单位须人工会商确定"]
    return [f"须人工处理:{'；'.join(said)}"] if said else []


def _clock(city: City, clock: ClockPlan) -> str:
    known = catalogue(city).clocks.get(clock.code)
    doubt = ",估算" if clock.provisional else ""
    name = known.zh if known else ""
    return f"{clock.code} {name}:{clock.due_at:%Y-%m-%d %H:%M}({_CALENDARS[clock.calendar]}{doubt})"


def _why(city: City, decision: Decision) -> list[str]:
    lines = []
    for step in decision.trace:
        if not step.matched and step.tier in TIER_NAMES and not step.rule:
            continue
        name = _STEPS.get(step.tier) or f"{step.tier} {TIER_NAMES.get(step.tier, '')}"
        rule = f" [{step.rule}]" if step.rule and step.tier in TIER_NAMES else ""
        because = _because(city, step)
        basis = f"(依据:{cite(step.laws)})" if step.laws else ""
        lines.append(f"{name}{rule} {step.effect}{because}{basis}")
    return lines


def _because(city: City, step: TraceStep) -> str:
    """Write what of the case met the rule."""
    if step.tier not in TIER_NAMES or not step.conditions:
        return ""
    told = [f"{_CONDITIONS[n]}:{_value(city, n, v)}" for n, v in step.conditions.items()]
    return f"(因为 {';'.join(told)})"


def _value(city: City, name: str, value: str | list[str]) -> str:
    values = value if isinstance(value, list) else [value]
    return "、".join(_word(city, name, one) for one in values)


def _word(city: City, name: str, value: str) -> str:
    if name in _PLACES:
        return catalogue(city).directory.name(value)
    if name in {"types", "any_types"} and value in ISSUE_TYPES:
        return ISSUE_TYPES[value].zh
    if name == "kinds" and value in REQUEST_TYPES:
        return REQUEST_TYPES[value].zh
    return _flag(city, value)


def _flag(city: City, flag: str) -> str:
    group, _, code = flag.partition(":")
    known = labels(group).get(code) if group in _GROUPS else labels("flag").get(flag)
    if known is not None:
        return known.zh
    named = next((p.name for p in city.protected_places if p.flag == flag), None)
    return named or flag


def _basis(decision: Decision) -> list[str]:
    """Write the law: that of the day of the facts, and what has taken its place since."""
    lines = []
    if decision.laws:
        lines.append(f"依据(事发日有效):{cite(decision.laws)}")
    if decision.laws_since:
        lines.append(f"反映时已改行:{cite(decision.laws_since)}")
    return [*lines, f"规则版本:{decision.version}"]
