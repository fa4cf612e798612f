"""Numbers and addresses of the net that tell who wrote a text: one rule for each kind.

Every pattern is bounded, so that a text is read in time that grows with its length alone.
"""

import re
from typing import Final

from classifier.private_rule import Match, Rule, labelled, part, rule
from models.tags import Span

#: The first two digits of an identity number: the provinces, Hong Kong, Macau and Taiwan.
_PROVINCE_RANGES: Final = ((11, 16), (21, 24), (31, 38), (41, 47), (50, 55), (61, 66), (81, 84))
_PROVINCES: Final = frozenset(
    ("71", *(str(code) for bounds in _PROVINCE_RANGES for code in range(*bounds)))
)
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10x98765432"
_PLATE_DIGITS: Final = 3
_ID_LABEL: Final = re.compile(r"(?:身份证|证件)[^\d，。,.;；]{0,6}$")
_CASE_LABEL: Final = re.compile(
    r"(?:单号|编号|案号|受理号|工单|查询码|文号|信用代码|订单|运单|流水号?|批号)[^\d，。;；]{0,4}$"
)


def _identity_18(match: Match) -> Span | None:
    number = re.sub(r"[ -]", "", match.group())
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    checked = number[:2] in _PROVINCES and _ID_CHECKS[total % 11] == number[17]
    return match.span() if checked or labelled(match, _ID_LABEL) else None


def _identity_15(match: Match) -> Span | None:
    good = match.group()[:2] in _PROVINCES and not labelled(match, _CASE_LABEL)
    return match.span() if good else None


def _bank_card(match: Match) -> Span | None:
    digits = [int(sign) for sign in match.group() if sign.isdigit()]
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return match.span() if total % 10 == 0 and not labelled(match, _CASE_LABEL) else None


def _plate(match: Match) -> Span | None:
    digits = sum(sign.isdigit() for sign in match["rest"])
    return match.span() if digits >= _PLATE_DIGITS else None


def _landline(match: Match) -> Span | None:
    return None if labelled(match, _CASE_LABEL) else match.span()


_START: Final = r"(?<![\d*a-z])(?<!\d[.-])"
_END: Final = r"(?![\d*]|\.\d|[万亿元吨])"
_MONTH_DAY: Final = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_ID_18: Final = (
    rf"{_START}[1-8]\d{{5}}[ -]?(?:18|19|20)\d\d{_MONTH_DAY}[ -]?\d{{3}}[\dx](?![\d*a-z])"
)
_ID_15: Final = rf"{_START}[1-8]\d{{7}}{_MONTH_DAY}\d{{3}}{_END}"
_CARD: Final = rf"{_START}[34569]\d{{3}}(?:[ -]?\d{{4}}){{3}}(?:[ -]?\d{{1,3}})?(?!x){_END}"
_MOBILE: Final = (
    r"(?:(?<![\d*a-z.])|(?<=tel)|(?<=vx)|(?<=wx))(?:\+?86[ -]?)?"
    r"1[ -]?[3-9](?:(?:[ -]?\d){9}|\d[ ._·—/-]{1,2}\d{4}[ ._·—/-]{1,2}\d{4}"
    r"|(?: ?- ?\d|  ?\d|\d){9})" + _END
)
_FIGURE: Final = r"[\d零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]"
_SPOKEN: Final = (
    rf"(?<!{_FIGURE})[1一幺壹][3-9三四五六七八九叁肆伍陆柒捌玖]"
    rf"(?:[ -]?{_FIGURE}){{9}}(?!{_FIGURE}|[年月])"
)
_LANDLINE: Final = (
    rf"{_START}(?:\(?(?:010|02\d|0[3-9]\d\d)[)）]?[ -]{{0,2}}[2-9]\d{{2,3}}[ -]?\d{{4}}"
    r"(?:(?:-|转)\d{1,5})?"
    rf"|[48]00[ -]?\d{{3}}[ -]?\d{{4}}|[48]00[ -]?\d{{4}}[ -]?\d{{3}}){_END}"
)
_LABELLED: Final = (
    r"(?:电话|座机|固话|手机|热线|致电)(?:号码|号)?[是为打:： ]{0,3}"
    r"(?P<hide>[2-9]\d{2,3}[ -]?\d{4})(?![\d*])"
)
_PAPERS: Final = (
    r"(?:护照|通行证|军官证|驾驶证|社保卡?|医保卡?|居住证|学号|工号)(?:号码?)?[是为:： ]{0,3}"
    r"(?P<hide>[a-z]{0,3}\d{6,18})(?![\da-z])"
)
_PLATE: Final = (
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
    r"[a-hj-z][·•.\- ]?"
    r"(?P<rest>[a-hj-np-z0-9]{4,5}[警学挂港澳领使]|[a-hj-np-z0-9]{5,6})(?![a-z0-9])"
)
_MAIL: Final = r"(?<![a-z0-9._+-])[a-z0-9._+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}"
_CHAT: Final = (
    r"(?:(?:微信|薇信|威信|v信|扣扣|抖音|快手|支付宝|企鹅)(?:号码?|账号|id)?[是为:： ]{0,3}"
    r"|加我?v[:： ]{0,2}|(?<![a-z])v[:：] ?"
    r"|(?<![a-z])(?:qq|vx|wx|wechat|weixin)(?:号码?|id)?(?:[是为:： ]{1,3}|(?=\d)|(?<=号)))"
    r"(?P<hide>[a-z][a-z0-9_-]{4,19}|\d{5,12})(?![a-z0-9_@*-])"
)
#: What every phone, card or identity number holds.
LONG_NUMBER: Final = re.compile(r"\d(?:[ )）._·—/-]{0,3}\d){6}")
RULES: Final[tuple[Rule, ...]] = (
    rule("【邮箱】", "@", _MAIL),
    rule("【微信】", "信扣qvw抖快付企", _CHAT, part),
    rule("【证件号】", "照证社医学工", _PAPERS, part),
    rule("【身份证号】", "", _ID_18, _identity_18),
    rule("【身份证号】", "", _ID_15, _identity_15),
    rule("【银行卡号】", "", _CARD, _bank_card),
    rule("【电话】", "", _MOBILE),
    rule("【电话】", "零〇幺一二三四五六七八九壹", _SPOKEN),
    rule("【电话】", "", _LANDLINE, _landline),
    rule("【电话】", "话机线电", _LABELLED, part),
    rule("【车牌】", "abcdefghjklmnpqrstuvwxyz", _PLATE, _plate),
)
