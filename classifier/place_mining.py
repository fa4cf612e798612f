"""Named places mined from past tickets: what recurs before a suffix such as 路, 小区 or 学校.

Only names that independent tickets share are kept, never what may be a person's: names and numbers
are hidden before anything is counted, and a place must be named by so many groups of messages.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from classifier.place_names import Place, tallied

#: Kinds by the end of a name, the longest ending first; `least` characters stand before it.
_KINDS: Final[dict[str, str]] = {
    "town": "街道|镇|乡",
    "road": "大道|公路|路|街(?!道)|巷",
    "bridge": "大桥|立交桥|隧道",
    "estate": "小区|花园|家园|嘉园|公寓|大厦|广场|名城|新城|苑|郡|(?<!政)府|庭|湾|园|城",
    "school": "学校|小学|中学|幼儿园|大学|学院",
    "hospital": "医院|卫生院",
    "community": "社区|村|新村|安置区",
    "factory": "工业园|产业园|科技园|搅拌站|水泥厂|化工厂|纸厂|砖厂|采石场|屠宰场|垃圾场|填埋场|污水处理厂|厂|公司",
    "market": "大市场|市场|商贸城|汽配城",
    "water": "水库|河|湖|江|港|溪",
    "park": "公园|山|岭|森林公园|湿地",
    "station": "地铁站|火车站|汽车站|高铁站|站",
}
_LEAST: Final = 2
_MOST: Final = 7
#: A name starts after one of these or a mark; it holds none of the words that join other words.
_BEFORE: Final = frozenset("在到从往向去至和与及跟或是住有的了过沿经由对将把被为我们市县区镇乡道")
_NEVER: Final = re.compile(
    r"[的了在是我你他她它们这那此本该每各某哪些个和与及或也都就还又把被让给从到对向因为所以之有没不很请问吗呢吧啊么什您家其]"
    r"|^(?:一|两|几|附近|旁|整|全|多|条|原|新修|小|大|老|新|修|建|上|下|前|后|左|右|内|外|要|走|路|主|出|进|过)+$"
)
_GENERIC: Final = frozenset(
    "十字 交通 高速 国道 省道 主干 道路 公交 马路 铁路 线路 水泥 乡村 农村 城中 中心 人民 商业 步行 "
    "市政 网络 房地产 物业 开发 有限 责任 集团 住宅 安置 商住 居民 生活 写字 政府 管理 建设 公共 安全".split()
)
#: Words that stand before names and are none of theirs.
_JOINING: Final = re.compile(
    "去往|反映|反应|咨询|建议|目前|导致|严重|影响|周边|附近|请问|请求|投诉|举报|今年|去年|提高|老旧|配套|生活|"
    "关于|希望|要求|解决|整治|加快|增加|取消|修建|建设|规划|开通|位于|家住|住在|沿线|旁边|对面|靠近|交汇|交叉"
)
#: Most of a place's tickets come from one county, or its name tells nothing.
_ONE_COUNTY: Final = 0.6
_SUFFIX: Final = re.compile("|".join(f"(?P<{kind}>{ends})" for kind, ends in _KINDS.items()))
_HAN: Final = re.compile(r"[一-龥]+")
#: A shorter name that nearly always stands within a longer one is a piece of it.
_PIECE: Final = 0.75


class Heard(NamedTuple):
    """A text to mine: its folded characters, its group of like messages, its county or none.

    None is a message about another city: what is said there too is no name of a place here.
    """

    text: str
    group: int
    county: str | None


def mine(heard: Sequence[Heard], least: int, city: str) -> list[Place]:
    """Mine the names that at least so many groups of messages share, without the city's own."""
    heard = [one._replace(text=_JOINING.sub(" ", one.text.replace(city, " "))) for one in heard]
    groups: dict[str, set[int]] = defaultdict(set)
    elsewhere: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for one in heard:
        for name, kind in set(candidates(one.text)):
            if one.county is None:
                elsewhere[name] += 1
            else:
                groups[name].add(one.group)
                kinds[name] = kind
    often = {name: len(of) for name, of in groups.items() if len(of) >= least}
    local = {name: n for name, n in often.items() if elsewhere[name] * 4 <= n}
    names = _whole(local)
    counts = _count(heard, names)
    return [
        Place(
            name=name,
            kind=kinds[name],
            messages=sum(counts[name].values()),
            counts=tallied(counts[name]),
            source="历史工单",
        )
        for name in sorted(names)
        if max(counts[name].values()) >= max(least - 1, _ONE_COUNTY * sum(counts[name].values()))
    ]


def candidates(text: str) -> Iterator[tuple[str, str]]:
    """Give what may be names in a folded text, with their kind; most are not."""
    for stretch in _HAN.finditer(text):
        line = stretch.group()
        for match in _SUFFIX.finditer(line):
            yield from _before(line, match)


def _before(line: str, match: re.Match[str]) -> Iterator[tuple[str, str]]:
    kind = match.lastgroup or ""
    for size in range(_LEAST, _MOST + 1):
        start = match.start() - size
        if start < 0:
            break
        stem = line[start : match.start()]
        if _NEVER.search(stem):
            break
        if stem not in _GENERIC and (start == 0 or line[start - 1] in _BEFORE):
            yield line[start : match.end()], kind


def _whole(often: Mapping[str, int]) -> set[str]:
    """Leave out names that are pieces of longer ones and longer ones that add a chance word."""
    pieces = {
        name[cut:]
        for name, count in often.items()
        for cut in range(1, len(name) - 2)
        if count >= _PIECE * often.get(name[cut:], count + 1)
    }
    return {name for name in often if name not in pieces}


def _count(heard: Iterable[Heard], names: set[str]) -> dict[str, Counter[str]]:
    """Count each name's messages by county, the names of one group once a county."""
    seen: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for one in heard:
        if one.county is not None:
            for name, _ in set(candidates(one.text)):
                if name in names:
                    seen[name].add((one.group, one.county))
    return {name: Counter(county for _, county in seen[name]) for name in names}
