"""What could tell who is writing is blotted out, character for character, so that spans still hold.

Phones, identity numbers, bank cards, plates, WeChat, QQ and mail addresses, names after "我叫" and the
like, flats within a building. Order numbers, road numbers and the names of officials stay.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from classifier.normalize import fold
from models.tags import Span

BLOT: Final = "*"
_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹"
    "孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤欧殷易喻文欧阳颜柳匡粟阳凌盛甘聂申晏瞿符成翟鲁伍詹宁齐单饶舒辛仇洪岳"
)
#: Words before a number that make it the number of an order, a document or an account of things.
_ORDER: Final = re.compile(
    r"(?:单号|工单|订单|编号|受理号|流水号?|案号|文号|查询码|件号|票号|运单|快递|合同号?|档案号?|户号|表号|尾号|信访件|发票号?码?|凭证号?|卡号尾)[^\d，。,；;]{0,6}$"
)
_PHONE: Final = re.compile(r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_LANDLINE: Final = re.compile(r"(?<!\d)0\d{2,3}[-—－ ]?\d{7,8}(?!\d)|(?<=电话)[号码::： ]{0,3}\d{7,8}(?!\d)")
_IDENTITY: Final = re.compile(r"(?<![\da-z])\d{17}[\dx](?![\da-z])|(?<!\d)\d{15}(?!\d)")
_CARD: Final = re.compile(r"(?<!\d)(?:\d{4}[ -]?){3,4}\d{1,7}(?!\d)")
_PLATE: Final = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][·.\- ]?[a-z0-9]{5,6}(?![a-z0-9])"
)
_CONTACT: Final = re.compile(
    r"(?:微信号?|微信|威信|薇信|vx|v信|wx|wechat|qq号?|q号)(?:号码|号|是|为|[:： ])*(?P<secret>[a-z0-9][-_a-z0-9]{4,19})"
)
_MAIL: Final = re.compile(r"[a-z0-9][\w.+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_NAME: Final = re.compile(
    rf"(?:我叫|我的名字(?:叫|是)|本人(?:叫|姓名)?[:：]?(?=[{_SURNAMES}])|姓名[:：]?|联系人[:：]?|投诉人[:：]|举报人[:：]|来电人[:：]|反映人[:：]|求助人[:：]|留言人[:：]|我姓|我是(?=[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}[，。,、;；]))"
    r"\s?(?P<secret>(?:[\u4e00-\u9fff]{2,4}?|[\u4e00-\u9fff])(?=[，。,、;；!！?？\s*:：(（\d]|电话|住|男|女|是|联系|手机|身份|$))"
)
_ADDRESS: Final = re.compile(
    rf"(?P<secret>[{_SURNAMES}])(?:先生|女士|小姐|师傅|阿姨|大爷|大妈|奶奶|爷爷|同学)(?!路|大道|桥|店|馆|粉|面|饺)"
)
_FLAT: Final = re.compile(
    r"(?P<secret>(?:[a-z]?\d{1,3}|[a-z]|[一二三四五六七八九十]{1,3})(?:栋|幢|座|号楼|单元)[a-z]?(?:[-—]?\d{1,4}(?:单元|号楼|门|层|楼)?)*[-—]?\d{2,4}(?:室|房|号|户)?)"
    r"|(?P<room>\d{1,2}(?:单元|楼|层)\d{2,4}(?:室|房|号|户))|(?P<alone>(?<![\d路街道巷弄])\d{3,4}(?:室|房)(?![间屋价产]))"
)
_WORKER: Final = re.compile(
    r"(?P<secret>我(?:们)?(?:就)?(?:是|在)(?:该|这家?|这个|本|此|那家?)(?:工?厂|公司|企业|单位|车间|店)(?:里|内)?(?:的)?(?:职工|员工|工人|保安|会计|司机|上班|工作)?)"
)


def redact(text: str) -> str:
    """Give the text with each telling character replaced by `*`; the length stays."""
    folded = fold(text)
    characters = list(text)
    for start, end in _secrets(folded):
        characters[start:end] = BLOT * (end - start)
    return "".join(characters)


def _secrets(text: str) -> Iterator[Span]:
    digits: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
        (_PHONE, _always),
        (_LANDLINE, _always),
        (_IDENTITY, is_identity_number),
        (_CARD, is_card_number),
    )
    for pattern, is_one in digits:
        for match in pattern.finditer(text):
            if is_one(match.group()) and not _ORDER.search(text[: match.start()][-16:]):
                yield match.span()
    for pattern in (_PLATE, _MAIL):
        yield from (match.span() for match in pattern.finditer(text))
    for pattern in (_CONTACT, _NAME, _ADDRESS, _FLAT, _WORKER):
        for match in pattern.finditer(text):
            group = match.lastgroup or "secret"
            yield match.span(group)


def _always(_: str) -> bool:
    return True


def is_identity_number(text: str) -> bool:
    """Tell whether digits are a resident's number: a real birthday, and for 18 digits the check digit."""
    if len(text) == 15:  # noqa: PLR2004 - the old form
        return _is_day("19" + text[6:12])
    weights = [1 << power for power in range(17, 0, -1)]
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], weights, strict=True))
    return "10x98765432"[total % 11] == text[17] and _is_day(text[6:14])


def is_card_number(text: str) -> bool:
    """Tell whether digits are a bank card's: 15 to 19 of them, a bank's first digits, the Luhn sum."""
    digits = [int(character) for character in text if character.isdigit()]
    if not 15 <= len(digits) <= 19 or digits[0] not in (3, 4, 5, 6):  # noqa: PLR2004
        return False
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]  # noqa: PLR2004 - Luhn
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def _is_day(text: str) -> bool:
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return day.year >= 1900  # noqa: PLR2004 - nobody older writes
