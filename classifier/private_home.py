"""Homes beyond the community: building, entrance and room, door numbers, the number of a home."""

import re
from typing import Final

from classifier.private_rule import Match, Rule, labelled, part, rule
from models.tags import Span

_HOME_LABEL: Final = re.compile(
    r"(?:我家|我们家|我住|本人住|住在|家住|家在|居住[在于]|住址|家庭住址|租住[在于]?)[^，。,;；\n]{0,12}$"
)


def _building(match: Match) -> Span | None:
    within = match["unit"] or match["room"]
    return match.span() if within or labelled(match, _HOME_LABEL) else None


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
_HOME_NUMBER: Final = (
    r"(?:我家住?在?|我们家在|我住在?|本人住在?|家住|家庭住址|住址|租住[在于]?|居住[在于])"
    r"[是为:： ]{0,2}[^，。,;；\n\d]{1,20}?(?:[路街巷道弄里村组队]|大道)"
    r"(?P<hide>\d{1,5}号(?:附\d{1,3}号|之\d{1,2})?)(?![线楼栋院])"
)
RULES: Final[tuple[Rule, ...]] = (
    rule("【住址】", "楼栋幢座#", _BUILDING, _building),
    rule("【住址】", "元室房", _WITHIN),
    rule("【住址】", "号牌-", _DOOR),
    rule("【住址】", "家住址", _HOME_NUMBER, part),
)
