"""Hiding in a text what tells who wrote it: numbers, names, home addresses, words about oneself.

What the handling needs stays: case numbers, dates and times, roads with their numbers, communities,
distances and sums of money (domain section 4.8: only the least that is needed is shown).
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, NamedTuple

from classifier.names import is_name, name_length
from classifier.normalize import fold

Match = re.Match[str]

_PROVINCES: Final = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65"
    " 71 81 82 83".split()
)
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10x98765432"
_ID_LABEL: Final = re.compile(r"(?:身份证|证件)[^\d，。,.;；]{0,6}$")
_CASE_LABEL: Final = re.compile(r"(?:单号|编号|案号|受理号|工单|查询码|文号|信用代码|订单)[^\d，。;；]{0,4}$")
_NO_AMOUNT: Final = r"(?![\d*]|\.\d|[万亿元吨])"
_DIGIT: Final = r"(?<![\d*a-z])(?<!\d[.-])"
_MONTH_DAY: Final = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_COUNT: Final = r"(?:\d{1,4}|[一二三四五六七八九十]{1,3}|[a-z]\d{0,2})"
_ROOM_TAIL: Final = r"(?![\d.:：]|多?[户人家套个万元米年月日点吨亩棵条平辆次])"
_WORK: Final = "员工|职工|工人|工作人员|保安|门卫|司机|会计|出纳|厨师|操作工|技术员|化验员|班组长|老师|教师|护士|医生"


class _Rule(NamedTuple):
    """What is hidden as `mark`: `needs` are characters without which there is nothing to look for.

    Only the group `hide` is hidden where the pattern has one; `check` may refuse a match.
    """

    mark: str
    needs: str
    pattern: re.Pattern[str]
    check: Callable[[Match], bool]


def redact(text: str) -> str:
    """Give the text with what identifies its writer replaced by marks such as 【电话】.

    Numbers that are masked already stay. Takes time in proportion to the length of the text.
    """
    folded = fold(text)
    digits = _HAS_DIGIT.search(folded) is not None
    pieces: list[str] = []
    reached = 0
    for start, end, mark in sorted(_hidden(folded, digits=digits)):
        if start < reached:
            continue
        pieces += (text[reached:start], mark)
        reached = end
    return "".join((*pieces, text[reached:])) if pieces else text


def _hidden(folded: str, *, digits: bool) -> Iterator[tuple[int, int, str]]:
    taken: list[tuple[int, int]] = []
    for rule in _rules():
        if not (digits if rule.needs == "0" else any(sign in folded for sign in rule.needs)):
            continue
        for match in rule.pattern.finditer(folded):
            if not rule.check(match):
                continue
            start, end = match.span("hide" if "hide" in rule.pattern.groupindex else 0)
            end = start + name_length(folded, start, end) if rule.mark == "【姓名】" else end
            if all(end <= before or start >= after for before, after in taken):
                taken.append((start, end))
                yield start, end, rule.mark


_HAS_DIGIT: Final = re.compile(r"[0-9零〇幺]|[一二三四五六七八九十]单元|[a-z一二三四五六七八九十][栋幢座]")


def _always(_match: Match) -> bool:
    return True


def _before(match: Match, label: re.Pattern[str]) -> bool:
    return label.search(match.string, max(0, match.start() - 16), match.start()) is not None


def _identity_18(match: Match) -> bool:
    number = re.sub(r"[ -]", "", match.group())
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    checked = number[:2] in _PROVINCES and _ID_CHECKS[total % 11] == number[17]
    return checked or _before(match, _ID_LABEL)


def _identity_15(match: Match) -> bool:
    return match.group()[:2] in _PROVINCES and not _before(match, _CASE_LABEL)


def _bank_card(match: Match) -> bool:
    digits = [int(sign) for sign in match.group() if sign.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]  # noqa: PLR2004 - Luhn
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 and not _before(match, _CASE_LABEL)


def _plate(match: Match) -> bool:
    return sum(sign.isdigit() for sign in match["rest"]) >= 3  # noqa: PLR2004 - at most three letters


def _landline(match: Match) -> bool:
    return not _before(match, _CASE_LABEL)


def _address(match: Match) -> bool:
    return bool(match["unit"] or match["room"] or (match["building"] and match["home"]))


def _loose_name(match: Match) -> bool:
    return is_name(match["hide"], doubtful=False)


def _firm_name(match: Match) -> bool:
    return is_name(match["hide"], doubtful=True)


@cache
def _rules() -> tuple[_Rule, ...]:
    return (
        _Rule("[身份信息]", "我本", re.compile(_SELF), _always),
        _Rule("【邮箱】", "@", re.compile(_MAIL), _always),
        _Rule("【微信】", "微信薇扣vwq", re.compile(_CHAT), _always),
        _Rule("【身份证号】", "0", re.compile(_ID_18), _identity_18),
        _Rule("【身份证号】", "0", re.compile(_ID_15), _identity_15),
        _Rule("【银行卡号】", "0", re.compile(_CARD), _bank_card),
        _Rule("【电话】", "0", re.compile(_MOBILE), _always),
        _Rule("【电话】", "0", re.compile(_LANDLINE), _landline),
        _Rule("【电话】", "电机热", re.compile(_LABELLED), _always),
        _Rule("【车牌】", "0", re.compile(_PLATE), _plate),
        _Rule("【住址】", "0", re.compile(_ADDRESS), _address),
        _Rule("【住址】", "0", re.compile(_DOOR), _always),
        _Rule("【姓名】", "我名人", re.compile(_FIRM), _firm_name),
        _Rule("【姓名】", "本我", re.compile(_LOOSE), _loose_name),
    )


_ID_18: Final = (
    _DIGIT + r"[1-8]\d{5}[ -]?(?:18|19|20)\d\d" + _MONTH_DAY + r"[ -]?\d{3}[\dx](?![\d*a-z])"
)
_ID_15: Final = _DIGIT + r"[1-8]\d{7}" + _MONTH_DAY + r"\d{3}" + _NO_AMOUNT
_CARD: Final = _DIGIT + r"[34569]\d{3}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?" + _NO_AMOUNT
_MOBILE: Final = (
    r"(?:(?<![\d*a-z.])|(?<=tel)|(?<=vx)|(?<=wx))(?:\+?86[ -]?)?1[3-9](?:[ -]?\d){9}"
    + _NO_AMOUNT
    + r"|[一幺][三四五六七八九][零〇一二三四五六七八九幺]{9}(?![零〇一二三四五六七八九幺])"
)
_LANDLINE: Final = (
    _DIGIT
    + r"(?:\(?(?:010|02\d|0[3-9]\d\d)[)）]?[ -]{0,2}[2-9]\d{6,7}(?:(?:-|转)\d{1,5})?"
    + r"|[48]00[ -]?\d{3}[ -]?\d{4}|[48]00[ -]?\d{4}[ -]?\d{3})"
    + _NO_AMOUNT
)
_LABELLED: Final = r"(?:电话|座机|手机号?|热线)(?:号码|号)?[是为:： ]{0,3}(?P<hide>[2-9]\d{3}-?\d{3,4})(?![\d*])"
_PLATE: Final = (
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
    r"[a-hj-z][·•.\- ]?(?P<rest>[a-hj-np-z0-9]{5,6}|[a-hj-np-z0-9]{4}[警学挂港澳领使])(?![a-z0-9])"
)
_MAIL: Final = r"(?<![a-z0-9._+-])[a-z0-9._+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}"
_CHAT: Final = (
    r"(?:(?:微信|薇信|v信|扣扣|(?<![a-z])(?:qq|vx|wx|wechat|weixin))(?:号码?|id)?"
    r"(?:[是为:： ]{1,4}|(?<=[号信扣])))"
    r"(?P<hide>[a-z][a-z0-9_-]{5,19}|\d{5,12})(?![a-z0-9_@*-])"
    r"|(?<![a-z])qq(?P<_qq>)(?=\d)"
)
_CHAT = _CHAT.rsplit("|(?<![a-z])qq(?P", 1)[0]
_ADDRESS: Final = (
    r"(?P<home>(?:住在?|住|我家在?|家在)[^，。,;；\n]{0,20}?)?"
)
