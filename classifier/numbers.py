"""Numbers as people write them in Chinese texts: how many people, at which hour of the day."""

import re
from collections.abc import Iterator
from typing import Final

_DIGITS: Final = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {
    "两": 2,
    "〇": 0,
}
_PEOPLE: Final = re.compile(
    r"(?P<n>\d{1,6}|[一二两三四五六七八九十百千]{1,5}|几十|上百|数百|几百|上千|数十)(?:余|多|来)?"
    r"(?:[名位人户](?![次口字头线])|[个家](?:普通)?(?:居民|村民|业主|群众|家长|住户|农户|学生|同学|工人|员工"
    r"|老人|小孩|孩子|家庭|老百姓|老乡|乡亲|商户|摊主|人))(?!的小区|的楼|规模)"
)
#: What stands before the number of those whom a place holds or houses.
_HELD: Final = re.compile(r"(?:容纳|可坐|能坐|共有?|住着|住了|小区有|规模)[^，。\d]{0,2}$")
_HELD_REACH: Final = 6
_VAGUE: Final = {"几十": 30, "数十": 30, "上百": 100, "几百": 300, "数百": 300, "上千": 1000}
_ALL: Final = re.compile(
    r"(?:全体|全村|全小区|所有)(?:业主|村民|居民|住户|家长)|众多(?:业主|村民|居民)"
)
_CLOCK: Final = re.compile(
    r"(?P<part>凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚间|夜间|夜里|半夜|深夜|晚)?的?\s?"
    r"(?P<hour>\d{1,2}|[一二两三四五六七八九十]{1,3}|零)(?:点|时(?!间|候|常|不|代|光|期|而)|[:：](?=\d\d))"
)
_MORNING: Final = ("凌晨", "清晨", "早上", "早晨", "上午")
_AFTERNOON: Final = ("下午", "傍晚")
_EVENING: Final = ("晚上", "晚间", "夜间", "夜里", "深夜", "晚")
_CROWD: Final = 5
_NOON, _DAY = 12, 24
#: 晚上两点 is at night, 晚上五点 in the evening.
_DEEP: Final = 5


def number(text: str) -> int:
    """Read `12`, `十二`, `三十`, `两百`, `几十`; 0 for what is no number."""
    if text.isdigit():
        return int(text)
    if text in _VAGUE:
        return _VAGUE[text]
    total, current = 0, 0
    for character in text:
        if character in _DIGITS:
            current = _DIGITS[character]
        elif character in "十百千":
            total += (current or 1) * 10 ** ("十百千".index(character) + 1)
            current = 0
    return total + current


def many_people(text: str) -> bool:
    """Tell whether a text speaks of five people or households or more, as one crowd.

    How many a place holds or houses is no crowd, nor are so many barrels.
    """
    if _ALL.search(text):
        return True
    return any(
        number(match["n"]) >= _CROWD
        and not _HELD.search(text[max(0, match.start() - _HELD_REACH) : match.start()])
        for match in _PEOPLE.finditer(text)
    )


def hours(text: str) -> Iterator[int]:
    """Give the hours of the day (0 to 23) that a text names; 8 in the evening is 20."""
    part = None
    for match in _CLOCK.finditer(text):
        hour = number(match["hour"])
        if hour > _DAY:
            continue
        part = match["part"] or (part if hour <= _NOON else None)
        after_noon = part in _AFTERNOON or (part in _EVENING and hour >= _DEEP)
        if after_noon and hour <= _NOON:
            hour += _NOON
        if part == "中午" and hour < 3:  # noqa: PLR2004 - 中午一点
            hour += _NOON
        if part in _MORNING and hour == _NOON:
            hour = 0
        yield hour % _DAY
