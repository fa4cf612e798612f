"""What in a folded text tells who wrote it: one rule for each kind of number, name and address.

Every pattern is bounded, so that a text is read in time that grows with its length alone.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from classifier.names import doubtful_name, firm_name
from models.tags import Span

Match = re.Match[str]


class Rule(NamedTuple):
    """What is hidden as `mark`; a text without any of `signs` need not be searched.

    Nor need one without LONG_NUMBER where `signs` is empty.

    `span` gives what of a match is hidden, None where the match proves to be something else.
    """

    mark: str
    signs: str
    pattern: re.Pattern[str]
    span: Callable[[Match], Span | None]


#: The first two digits of an identity number: the provinces, Hong Kong, Macau and Taiwan.
_PROVINCE_RANGES: Final = ((11, 16), (21, 24), (31, 38), (41, 47), (50, 55), (61, 66), (81, 84))
_PROVINCES: Final = frozenset(
    ("71", *(str(code) for bounds in _PROVINCE_RANGES for code in range(*bounds)))
)
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10x98765432"
_PLATE_DIGITS: Final = 3
#: How many characters before a number may say what it is.
_LABEL_REACH: Final = 16
_ID_LABEL: Final = re.compile(r"(?:身份证|证件)[^\d，。,.;；]{0,6}$")
_CASE_LABEL: Final = re.compile(
    r"(?:单号|编号|案号|受理号|工单|查询码|文号|信用代码|订单)[^\d，。;；]{0,4}$"
)
_HOME_LABEL: Final = re.compile(r"(?:我家|我住|住在|家住|家在|居住[在于])[^，。,;；\n]{0,10}$")


def _whole(match: Match) -> Span | None:
    return match.span()


def _part(match: Match) -> Span | None:
    return match.span("hide")


def _named(match: Match, label: re.Pattern[str]) -> bool:
    start = match.start()
    return label.search(match.string[max(0, start - _LABEL_REACH) : start]) is not None


def _identity_18(match: Match) -> Span | None:
    number = re.sub(r"[ -]", "", match.group())
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    checked = number[:2] in _PROVINCES and _ID_CHECKS[total % 11] == number[17]
    return match.span() if checked or _named(match, _ID_LABEL) else None


def _identity_15(match: Match) -> Span | None:
    good = match.group()[:2] in _PROVINCES and not _named(match, _CASE_LABEL)
    return match.span() if good else None


def _bank_card(match: Match) -> Span | None:
    digits = [int(sign) for sign in match.group() if sign.isdigit()]
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return match.span() if total % 10 == 0 and not _named(match, _CASE_LABEL) else None


def _plate(match: Match) -> Span | None:
    digits = sum(sign.isdigit() for sign in match["rest"])
    return match.span() if digits >= _PLATE_DIGITS else None


def _landline(match: Match) -> Span | None:
    return None if _named(match, _CASE_LABEL) else match.span()


def _building(match: Match) -> Span | None:
    within = match["unit"] or match["room"]
    return match.span() if within or _named(match, _HOME_LABEL) else None


_START: Final = r"(?<![\d*a-z])(?<!\d[.-])"
_END: Final = r"(?![\d*]|\.\d|[万亿元吨])"
_MONTH_DAY: Final = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_ID_18: Final = (
    rf"{_START}[1-8]\d{{5}}[ -]?(?:18|19|20)\d\d{_MONTH_DAY}[ -]?\d{{3}}[\dx](?![\d*a-z])"
)
_ID_15: Final = rf"{_START}[1-8]\d{{7}}{_MONTH_DAY}\d{{3}}{_END}"
_CARD: Final = rf"{_START}[34569]\d{{3}}(?:[ -]?\d{{4}}){{3}}(?:[ -]?\d{{1,3}})?(?!x){_END}"
_MOBILE: Final = (
    r"(?:(?<![\d*a-z.])|(?<=tel)|(?<=vx)|(?<=wx))(?:\+?86[ -]?)?1[3-9](?:[ -]?\d){9}" + _END
)
_SPOKEN: Final = (
    r"[一幺][三四五六七八九][零〇一二三四五六七八九幺]{9}(?![零〇一二三四五六七八九幺])"
)
_LANDLINE: Final = (
    rf"{_START}(?:\(?(?:010|02\d|0[3-9]\d\d)[)）]?[ -]{{0,2}}[2-9]\d{{6,7}}(?:(?:-|转)\d{{1,5}})?"
    rf"|[48]00[ -]?\d{{3}}[ -]?\d{{4}}|[48]00[ -]?\d{{4}}[ -]?\d{{3}}){_END}"
)
_LABELLED: Final = (
    r"(?:电话|座机|手机|热线|致电)(?:号码|号)?[是为:： ]{0,3}"
    r"(?P<hide>[2-9]\d{2,3}[ -]?\d{4})(?![\d*])"
)
_PLATE: Final = (
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
    r"[a-hj-z][·•.\- ]?"
    r"(?P<rest>[a-hj-np-z0-9]{5,6}|[a-hj-np-z0-9]{4}[警学挂港澳领使])(?![a-z0-9])"
)
_MAIL: Final = r"(?<![a-z0-9._+-])[a-z0-9._+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}"
_CHAT: Final = (
    r"(?:(?:微信|薇信|v信|扣扣)(?:号码?|id)?[是为:： ]{0,3}"
    r"|(?<![a-z])(?:qq|vx|wx|wechat|weixin)(?:号码?|id)?(?:[是为:： ]{1,3}|(?=\d)|(?<=号)))"
    r"(?P<hide>[a-z][a-z0-9_-]{5,19}|\d{5,12})(?![a-z0-9_@*-])"
)
_HAN: Final = "一二三四五六七八九十"
_COUNT: Final = rf"(?:\d{{1,4}}|(?<![{_HAN}])[{_HAN}]{{1,3}}|[a-z]\d{{0,2}})"
_NO_COUNT: Final = r"(?![\d.:：a-z%]|多?[户人家套个万元米年月日点吨亩棵条平辆次块分天名层栋])"
_UNIT: Final = rf"{_COUNT}单元"
_ROOM: Final = rf"[a-z]?\d{{2,5}}(?:室|房(?![价产屋租])|号|{_NO_COUNT})"
_FLOOR: Final = rf"(?:\d{{1,2}}|[{_HAN}]{{1,3}})[层楼]"
_GAP: Final = r"[ 的-]?"
_BUILDING: Final = (
    rf"(?<![\da-z.])(?:{_COUNT}(?:号楼|号栋|栋楼?|幢|#楼?)|[a-z0-9]{{1,2}}座)"
    rf"(?P<unit>{_GAP}{_UNIT})?(?:{_GAP}{_FLOOR}(?={_GAP}[a-z]?\d{{2}}))?(?P<room>{_GAP}{_ROOM})?"
)
_WITHIN: Final = (
    rf"(?<![\da-z.])(?:{_UNIT}(?:{_GAP}{_FLOOR})?(?:{_GAP}{_ROOM})?"
    r"|\d{2,5}(?:室(?![内外])|号房|房间))"
)
_DOOR: Final = (
    r"(?<=[组队])\d{1,4}号(?![线楼井坑])|门牌号?码?[是为:： ]{0,3}\d{1,5}号?"
    r"|(?<![\da-z.~-])\d{1,2}-\d{1,2}-(?!19\d\d|20\d\d)\d{3,4}(?:室|房|号)?(?![\d~元米吨.:：-])"
)
_WORK: Final = (
    "员工|职工|工人|工作人员|保安|门卫|司机|会计|出纳|厨师|操作工|技术员|化验员|班组?长"
    "|老师|教师|护士|医生"
)
_PLACE: Final = "厂|公司|企业|单位|工厂|酒店|医院|学校|中学|小学|项目部|工地|车间|店|养殖场"
_SELF: Final = (
    rf"(?:我们?|本人)(?:就?是|系|作为|在)[^，。,.;；！!?？\s]{{0,14}}?"
    rf"(?:(?:{_PLACE})[^，。,.;；！!?？\s]{{0,6}}?(?:{_WORK})(?![们])"
    rf"|(?:{_PLACE})里?(?:上班|打工|工作|做事|任职)(?![日时的人])|内部(?:员工|职工|人士|人员))"
)
_FIRM: Final = (
    r"(?:(?:我叫|我名叫|我的?名字[叫是]|本人(?:姓名|名叫|叫)|我姓)[是为叫:： ]{0,2}"
    r"|(?:姓名|联系人|投诉人|举报人|反映人|来信人|来电人|留言人|申请人|署名|户主)"
    r"(?:[是为叫]|[:： ]{1,3}))"
    r"(?P<hide>[\u4e00-\u9fff][\u4e00-\u9fff ]{0,4})"
)
_DOUBTFUL: Final = (
    r"(?:本人|我是|我系)(?P<hide>[\u4e00-\u9fff]{2,4})"
    r"(?=[，,。.;；、(（:： \n]|$|系|住|家住|电话|联系)"
)


def _rule(
    mark: str, signs: str, pattern: str, span: Callable[[Match], Span | None] = _whole
) -> Rule:
    return Rule(mark, signs, re.compile(pattern), span)


#: What every phone, card or identity number holds.
LONG_NUMBER: Final = re.compile(r"\d(?:[ )）-]{0,3}\d){6}")
RULES: Final = (
    _rule("[身份信息]", "我本", _SELF),
    _rule("【邮箱】", "@", _MAIL),
    _rule("【微信】", "信扣qvw", _CHAT, _part),
    _rule("【身份证号】", "", _ID_18, _identity_18),
    _rule("【身份证号】", "", _ID_15, _identity_15),
    _rule("【银行卡号】", "", _CARD, _bank_card),
    _rule("【电话】", "", _MOBILE),
    _rule("【电话】", "零〇幺", _SPOKEN),
    _rule("【电话】", "", _LANDLINE, _landline),
    _rule("【电话】", "话机线电", _LABELLED, _part),
    _rule("【车牌】", "abcdefghjklmnpqrstuvwxyz", _PLATE, _plate),
    _rule("【住址】", "楼栋幢座#", _BUILDING, _building),
    _rule("【住址】", "元室房", _WITHIN),
    _rule("【住址】", "号牌-", _DOOR),
    _rule("【姓名】", "叫名人姓署主", _FIRM, firm_name),
    _rule("【姓名】", "本我", _DOUBTFUL, doubtful_name),
)
