"""One readable page per case for `jiesu route`: who, until when, and why."""

from typing import Any, Final

from models.city import City
from models.decision import Assignee, ClockPlan, Decision
from models.tags import REVIEW_REASONS
from models.taxonomy import ISSUE_TYPES, REQUEST_TYPES, laws
from routing.catalogue import catalogue
from routing.engine import Facts
from routing.ruling import TIER_NAMES, role_name

_CALENDARS: Final = {"W": "工作日", "N": "自然日", "H": "连续计时"}
_STEPS: Final = {"UNIT": "单位", "SPLIT": "拆单", "CLOCK": "时限", "PLACE": "区划", "HUMAN": "人工"}


def page(case_id: str, tags: dict[str, Any], facts: Facts, city: City, decision: Decision) -> str:
    """Write one case for people."""
    blocks = (
        [f"━━ {case_id or '未编号'} · {city.name} ━━"],
        _facts(facts, city, decision),
        _who(city, decision),
        _reasons(tags, decision),
        ["时限:", *(_clock(city, clock) for clock in decision.clocks)],
        ["理由:", *_why(decision)],
    )
    return "\n".join(line for block in blocks for line in block) + "\n"


def _facts(facts: Facts, city: City, decision: Decision) -> list[str]:
    kind = REQUEST_TYPES.get(facts.kind)
    types = "、".join(_type(code) for code in facts.types)
    where = [facts.adcode, facts.township, facts.zone]
    name = catalogue(city).directory.name
    place = " ".join(name(code) for code in where if code) or "未知"
    return [
        f"诉求:{kind.zh if kind else facts.kind}({facts.kind})  紧急程度:{decision.urgency}",
        f"类型:{types}",
        f"事发地:{place}",
    ]


def _type(code: str) -> str:
    known = ISSUE_TYPES.get(code)
    return f"{known.zh}({code})" if known else code


def _who(city: City, decision: Decision) -> list[str]:
    lead = _unit(city, decision.lead) if decision.lead else "待人工裁量"
    lines = [f"主办:{lead}"]
    if decision.cooperating:
        lines.append("协办:" + "、".join(_unit(city, part) for part in decision.cooperating))
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
    doubt = ",暂估" if clock.provisional else ""
    name = known.zh if known else ""
    return (
        f"  {clock.code} {name}:{clock.due_at:%Y-%m-%d %H:%M}({_CALENDARS[clock.calendar]}{doubt})"
    )


def _why(decision: Decision) -> list[str]:
    table = laws()
    lines = []
    for step in decision.trace:
        if not step.matched and step.tier in TIER_NAMES:
            continue
        name = _STEPS.get(step.tier) or f"{step.tier} {TIER_NAMES.get(step.tier, '')}"
        cited = "、".join(f"{table[code].title}第{table[code].article}条" for code in step.laws)
        rule = f" [{step.rule}]" if step.rule else ""
        lines.append(f"  {name}{rule} {step.effect}" + (f"(依据:{cited})" if cited else ""))
    return lines
