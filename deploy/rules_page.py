"""What `jiesu rules` prints for people."""

from collections.abc import Iterator
from datetime import datetime

from deploy.rules import Listing
from models.db.releases import Draft, Publication
from models.moment import aware
from models.tags import REVIEW_REASONS
from models.taxonomy import ISSUE_TYPES
from routing.report import RulesReport
from routing.simulation import Changed, Side, Simulation

_ACTIONS = {"installed": "随系统安装", "published": "发布", "rolled_back": "回退"}
_FIELDS = {
    "lead": "主办",
    "helpers": "协办",
    "urgency": "紧急程度",
    "due_at": "办结期限",
    "overdue": "是否超期",
}
_SHOWN = 20


def show_report(found: RulesReport) -> str:
    """Write the report on a city's rules."""
    return "\n".join(_report(found))


def _report(found: RulesReport) -> Iterator[str]:
    yield f"规则版本 {found.version}:{found.rules} 条,用时 {found.seconds} 秒"
    yield f"永远不会成立的规则:{len(found.dead)} 条"
    for finding in found.dead:
        yield f"  ! {finding.text}"
        yield f"      → {finding.remedy}"
    real = [one for one in found.overlaps if not one.intended]
    special = len(found.overlaps) - len(real)
    yield f"同层交叉、主办不同、由先后次序决定:{len(real)} 对"
    yield f"  另有 {special} 对是特殊在前、一般在后"
    for one in real:
        leads = f"{one.first_lead or '人工'} 先于 {one.later_lead or '人工'}"
        yield f"  {one.tier} {one.first} / {one.later}:{leads}"
    yield f"进入待裁量池的情形:{found.pooled} / {found.cells} 格"
    for gap in found.gaps:
        where = (
            "任何地点和时间"
            if gap.everywhere
            else f"{'、'.join(gap.places)};{'、'.join(gap.times)}"
        )
        why = "、".join(REVIEW_REASONS[r][0] for r in gap.reasons if r in REVIEW_REASONS)
        rule = f" [{gap.rule}]" if gap.rule else ""
        yield f"  {gap.type} {gap.name}{rule}:{where};{why or '须人工会商'}"


def show_listing(found: Listing) -> str:
    """Write what is in force, what was, and what is drafted."""
    lines = [f"城市 {found.city} 现行版本:{found.in_force or '尚未发布'}", "发布记录:"]
    lines += [f"  {_publication(one)}" for one in found.publications]
    lines.append("草案:" if found.drafts else "草案:无")
    lines += [f"  {_draft(one)}" for one in found.drafts]
    return "\n".join(lines)


def show_publication(made: Publication) -> str:
    """Write one release put in force."""
    return _publication(made)


def show_draft(made: Draft, city: str) -> str:
    """Write one draft, with what to do next."""
    return f"{_draft(made)}\n下一步:jiesu rules simulate --city {city} --draft {made.draft_no}"


def _publication(one: Publication) -> str:
    source = f"草案 {one.draft_no}," if one.draft_no else ""
    action = _ACTIONS[one.action]
    return f"{one.n}. {_when(one.at)} {action}({source}{one.by}:{one.why}){one.version}"


def _draft(one: Draft) -> str:
    tried = f"已于 {_when(one.simulated_at)} 试算" if one.simulated_at else "未试算"
    made = f"草案 {one.draft_no} {_when(one.made_at)} {one.made_by}:{one.why}"
    return f"{made},{tried};{one.version}"


def _when(at: datetime) -> str:
    return f"{aware(at):%Y-%m-%d %H:%M}"


def show_simulation(found: Simulation) -> str:
    """Write what a draft would have changed of past cases."""
    return "\n".join(_simulation(found))


def _simulation(found: Simulation) -> Iterator[str]:
    yield f"现行 {found.before}"
    yield f"草案 {found.after}"
    yield f"试算 {found.cases} 件历史件,用时 {found.seconds} 秒;有变化 {found.changed} 件"
    yield (
        f"  主办改变 {found.lead_changed} 件,其中改为人工 {found.to_desk} 件、"
        f"由人工改为自动 {found.from_desk} 件"
    )
    yield f"  协办改变 {found.helpers_changed} 件,紧急程度改变 {found.urgency_changed} 件"
    yield (
        f"  办结期限改变 {found.due_changed} 件;超期 {found.overdue_before} → {found.overdue_after}"
        f"(新增 {found.newly_overdue},消除 {found.no_longer_overdue})"
    )
    if found.units:
        yield "主办单位增减:"
    for share in found.units[:_SHOWN]:
        yield f"  {share.name}:减 {share.loses},增 {share.gains}"
    if found.examples:
        yield "举例:"
    for one in found.examples[:_SHOWN]:
        yield f"  {_changed(one)}"


def _changed(one: Changed) -> str:
    types = "、".join(ISSUE_TYPES[c].zh if c in ISSUE_TYPES else c for c in one.types)
    told = ";".join(
        f"{_FIELDS[name]} {_value(one.before, name)} → {_value(one.after, name)}"
        for name in one.differs
    )
    return f"{one.case} {types}:{told}(规则 {one.before.rule or '-'} → {one.after.rule or '-'})"


def _value(side: Side, name: str) -> str:
    if name == "due_at":
        return _when(side.due_at) if side.due_at else "无"
    if name == "overdue":
        return "超期" if side.overdue else "未超期"
    value = getattr(side, name)
    return "、".join(value) if isinstance(value, tuple) else str(value)
