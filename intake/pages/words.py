"""The words of the pages: what codes, states, verbs and moments are called in Chinese."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from models.case import (
    OUTCOME_NAMES,
    STATE_NAMES,
    TASK_STATE_NAMES,
    CaseNo,
    show_case_no,
)
from models.moment import aware, china_day, now
from models.tags import REVIEW_REASONS
from models.taxonomy import ISSUE_TYPES, REQUEST_TYPES, ROLES, labels, laws

#: Read when the program starts: a page being served must not wait for a file.
LABELS: Final = {group: labels(group) for group in ("rejection", "return_reason", "measure")}
LAWS: Final = laws()
WEEKDAYS: Final = "一二三四五六日"
URGENCY: Final = {"P0": "突发", "P1": "紧急", "P2": "普通", "P3": "低"}
CHANNELS: Final = {
    "12345_TEL": "12345 电话",
    "12345_WEB": "12345 网站",
    "12345_APP": "12345 手机端",
    "12345": "12345 热线",
    "12369_WECHAT": "12369 微信",
    "12369_WEB": "12369 网站",
    "12369_TEL": "12369 电话",
    "12369": "12369 平台",
    "PORTAL_WEB": "本站网页",
    "PORTAL": "本站网页",
    "WEB": "本站网页",
    "DESK": "坐席登记",
    "DESK_TEL": "来电登记",
    "LETTER": "来信",
    "VISIT": "来访",
    "GRID": "网格员",
    "MEDIA": "媒体",
    "INSPECTION": "督察交办",
    "SENSOR": "监测设备",
    "110_TRANSFER": "110 转办",
}
TIERS: Final = {
    "T0": "紧急与安全",
    "T1": "特殊管辖",
    "T2": "位置保护",
    "T3": "特殊时间",
    "T4": "本地规定",
    "T5": "功能区",
    "T6": "国家基表",
    "T7": "兜底",
    "PLACE": "跨区",
    "UNIT": "落到单位",
    "CLOCK": "时限",
    "SPLIT": "一件多事",
    "HUMAN": "人工",
}
CALENDARS: Final = {"W": "工作日", "N": "自然日", "H": "连续计时"}
FIELDS: Final = {"name": "姓名", "phone": "电话", "address": "住址", "code": "查询码"}
#: Why a clock's attempt ended that goes on as the next one.
CONTINUED: Final = (
    "case:suspended",
    "case:supplement:asked",
    "case:extension:granted",
    "clock:extended",
    "clock:paused",
    "clock:resumed",
    "clock:recounted",
)
ORIGINS: Final = {"source": "来单附件", "citizen": "群众上传", "unit": "办理佐证"}
#: What a page says after an action, by the word in its address.
DONE: Final = {
    "accept": "已受理并派单。",
    "correct": "更正已保存。",
    "dispatch": "已派单。",
    "reject": "已记为不予受理,理由会告知诉求人。",
    "transfer": "已转其他渠道。",
    "sign": "已签收。",
    "contact": "首次联系已记录。",
    "submit": "已提交,等待审核。",
    "visit": "现场核查已登记。",
    "secure": "先行处置已登记。",
    "request_return": "退单申请已提交,等待审核;办理时限继续计算。",
    "approve_return": "已同意退单,请改派。",
    "deny_return": "已驳回退单申请。",
    "redispatch": "已改派。",
    "withdraw": "已撤回协办。",
    "approve": "审核通过。",
    "rework": "已退回重办。",
    "close": "已办结。",
    "request_extension": "延期申请已提交,等待审批。",
    "grant_extension": "已同意延期。",
    "deny_extension": "已驳回延期申请。",
    "suspend": "停表申请已提交,等待审批;审批前时限继续计算。",
    "grant_suspension": "已停表。",
    "deny_suspension": "已驳回停表申请。",
    "resume": "已恢复计时。",
    "ask_supplement": "已请诉求人补充,时限暂停。",
    "note_supplement": "已登记补充内容,恢复计时。",
    "split": "已拆单,子单已发出。",
    "unsplit": "已解除拆单。",
    "consolidate": "已汇总子单答复,请核对后办结。",
    "merge": "已并案,办理结果会一样告知本件诉求人。",
    "unmerge": "已解除并案。",
    "relate": "已关联。",
    "unrelate": "已解除关联。",
    "urge_helper": "已催办协办单位;主办时限继续计算。",
    "ask_waiver": "已申请免除协办,等待审核。",
    "waive": "已免除协办。",
    "callback": "回访已登记。",
    "settle_judgement": "评价已处理。",
    "archive": "已归档。",
    "admit": "已指定知悉人。",
    "restrict": "已列为保密件,只有指定人员可见。",
    "lift_restriction": "已解除保密。",
    "trace_source": "溯源结果已登记。",
    "hand_over": "已移交,接手单位须重新签收。",
    "spot_check": "抽查结果已登记。",
    "entry": "诉求已登记。",
    "empty": "没有待复核的工单了。",
    "account": "账号已保存。",
    "password": "密码已更改。",
    "files": "附件已保存。",
}


class Left(NamedTuple):
    """How long a clock has left, in words, and how pressing that is: late, soon or plain."""

    text: str
    tone: str


def moment(at: datetime | None) -> str:
    """Write a moment: 11月21日 19:54, with the year where it is another one."""
    if at is None:
        return "—"
    local = aware(at)
    year = "" if local.year == now().year else f"{local.year}年"
    return f"{year}{local.month}月{local.day}日 {local:%H:%M}"


def day(at: datetime | None) -> str:
    """Write a day: 2026年12月11日(周五)."""
    if at is None:
        return "—"
    local = aware(at)
    return f"{local.year}年{local.month}月{local.day}日(周{WEEKDAYS[local.weekday()]})"


def before(at: datetime) -> str:
    """Write the day that ends at a midnight: 11月24日(周二)."""
    local = aware(at) - timedelta(seconds=1)
    return f"{local.month}月{local.day}日(周{WEEKDAYS[local.weekday()]})"


def number(city: str, case_no: int) -> str:
    """Write a case number as people read it."""
    return show_case_no(city, CaseNo(case_no))


def left(due: datetime | None) -> Left:
    """Say how long is left until a deadline, or how long it has passed."""
    if due is None:
        return Left("", "")
    rest = aware(due) - now()
    if rest < timedelta(0):
        return Left(f"已超期 {span(-rest)}", "late")
    if aware(due).date() == now().date():
        return Left(f"今天 {aware(due):%H:%M} 到期", "soon")
    return Left(f"还剩 {span(rest)}", "soon" if rest < timedelta(days=2) else "")


def span(length: timedelta) -> str:
    """Write a length of time in its largest unit that is not nought."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return f"{minutes} 分钟"
    if minutes < 48 * 60:
        return f"{minutes // 60} 小时"
    return f"{minutes // 1440} 天"


def ago(at: datetime) -> str:
    """Say how long ago something was."""
    if now() - aware(at) < timedelta(minutes=1):
        return "刚刚"
    return f"{span(max(now() - aware(at), timedelta(0)))}前"


def issue(code: str) -> str:
    """Name an issue type; a code without a name stays as it is."""
    known = ISSUE_TYPES.get(code)
    return known.zh if known else code


def kind(code: str | None) -> str:
    """Name a request type."""
    known = REQUEST_TYPES.get(code or "")
    return known.zh if known else (code or "未判定")


def reason(code: str) -> str:
    """Name a reason for review."""
    return REVIEW_REASONS.get(code, (code, ""))[0]


def channel(code: str) -> str:
    """Name a channel, or its family, or leave the code."""
    return CHANNELS.get(code) or CHANNELS.get(code.partition("_")[0], code)


def percent(p: float) -> str:
    """Write a probability as whole per cent, never as certainty."""
    return f"{min(99, max(1, round(p * 100)))}%"


def role(code: str) -> str:
    """Name a role of the duty catalogue."""
    known = ROLES.get(code)
    return known.zh if known else code


def cited(codes: Sequence[str]) -> str:
    """Write provisions as people cite them, the articles of one law together."""
    articles: dict[str, list[str]] = {}
    for code in codes:
        law = LAWS.get(code)
        articles.setdefault(law.title if law else code, []).append(law.article if law else "")
    return ";".join(_cite(title, known) for title, known in articles.items())


def _cite(title: str, known: list[str]) -> str:
    numbers = [article for article in known if article[:1].isdigit()]
    others = [article for article in known if article and not article[:1].isdigit()]
    return f"《{title}》" + (f"第 {'、'.join(numbers)} 条" if numbers else "") + "、".join(others)


def size(count: int) -> str:
    """Write a number of bytes as people read it."""
    kilo = 1024
    return (
        f"{count / kilo / kilo:.1f} MB" if count >= kilo * kilo else f"{max(1, count // kilo)} KB"
    )


def level(code: str) -> str:
    """Name the level of an alarm: `breach`, or `warn` and `overdue` with their counts."""
    if code.startswith("overdue"):
        return f"超期 {code.removeprefix('overdue')} 天"
    return "超期" if code == "breach" else f"第 {code.removeprefix('warn')} 次预警"


def stood(since: datetime) -> str:
    """Say for how long clocks have stood still."""
    return f"已停表第 {(china_day(now()) - china_day(since)).days + 1} 天"


def label(code: str, group: str) -> str:
    """Name a code of a plain list; a code without a name stays as it is."""
    known = LABELS[group].get(code)
    return known.zh if known else code


def named(names: dict[Any, str]) -> Callable[[Any], str]:
    """Make a filter out of a table of names."""
    return lambda code: names.get(code, "" if code is None else str(code))


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "moment": moment,
    "day": day,
    "before": before,
    "left": left,
    "ago": ago,
    "issue": issue,
    "kind": kind,
    "reason": reason,
    "channel": channel,
    "percent": percent,
    "role": role,
    "cited": cited,
    "size": size,
    "label": label,
    "state": named(dict(STATE_NAMES)),
    "task_state": named(dict(TASK_STATE_NAMES)),
    "outcome": named(dict(OUTCOME_NAMES)),
    "urgency": named(URGENCY),
    "tier": named(TIERS),
    "calendar": named(CALENDARS),
    "identity_field": named(FIELDS),
    "origin": named(ORIGINS),
    "level": level,
    "stood": stood,
}
