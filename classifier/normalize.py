"""Writing made uniform without moving a character: spans found in it hold in the citizen's text."""

import re
from itertools import pairwise
from typing import Final

from models.tags import Span

_TRADITIONAL: Final = (
    "噪聲煙廠燒氣車區縣鎮鄉業場處廢臭溝漁養豬雞鴨鵝糞電線塵產圾環護樹礦湖灣島鐵軌機飛燈廣牆樓裝"
    "飾鑽鍋爐鹽鹼農藥藍紅黃綠銅鋁鉛鎘汙濁濕魚蝦蟲鼠貓狗聽覺睡頭暈吐惡難聞亂倒偷運輸貨輪報請問謝"
)
_SIMPLIFIED: Final = (
    "噪声烟厂烧气车区县镇乡业场处废臭沟渔养猪鸡鸭鹅粪电线尘产圾环护树矿湖湾岛铁轨机飞灯广墙楼装"
    "饰钻锅炉盐碱农药蓝红黄绿铜铝铅镉污浊湿鱼虾虫鼠猫狗听觉睡头晕吐恶难闻乱倒偷运输货轮报请问谢"
)


def _table() -> dict[int, str]:
    table = {code: chr(code - 0xFEE0).lower() for code in range(0xFF01, 0xFF5F)}
    keep = "，；：？！（）"
    table |= {ord(mark): mark for mark in keep}
    table |= {code: chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
    table |= {ord(space): " " for space in "\t\r\v\f\u00a0\u3000\u200b\ufeff"}
    table |= {
        ord(old): new for old, new in zip(_TRADITIONAL, _SIMPLIFIED, strict=True) if old != new
    }
    return table


_FOLD: Final = _table()
#: "不是油烟,是…": what is denied only to say what it is instead.
_DENIED: Final = re.compile(
    r"(?:并不是要|不是要|不是想|并不是|又不是|不是|并非|不属于)(?P<what>[^，。,.!！?？;；\s]{1,10})"
    r"[，,](?=而?是|就|只|乃|应该是|我|主要|想)"
)
#: "油烟倒是没有": said only to set apart what the complaint is about.
_ABSENT: Final = re.compile(
    r"[^，。,.!！?？;；\s]{0,8}(?:油烟|噪[音声]|声音|臭味|异味|气味|味道|灰尘|扬尘|粉尘|垃圾|污水|灯光)"
    r"(?:倒(?:是|也)?(?:没有?|还好|不大|不吵|不臭)|(?:现在|如今|已经)?(?:没有了|没了|消失了))"
    r"(?=[，,。;；!！]|$)"
)
#: "以前烟尘大已经治好了,现在主要是…": settled, and told apart from what is not.
_SETTLED: Final = re.compile(
    r"(?<![^，。,.!！?？;；\s])[^，。,.!！?？;；\s说称]{0,14}已经?(?:清走|清理|清运|解决|处理好|治好|修好|搬走)"
    r"[^，。,.;；]{0,4}(?=[，,。;；](?:谢谢[了啦]?[，,。])?"
    r"(?:但|不过|可是|现在|只是|主要|就是|然而)(?![^。]{0,8}(?:又|还是一样|反弹|照样|仍)))"
)
_SENTENCE_END: Final = re.compile(r"[。！？!?；;\n]+")
_ITEM: Final = re.compile(r"(?<![\d.])(?=[(（]?[1-9一二三四五六七八九][)）、.．:：](?!\d)|[①-⑨])")


def fold(text: str) -> str:
    """Give the text with full-width and capital letters made plain, traditional ones simple.

    The result has the length of the text: character i stands for character i.
    """
    return text.translate(_FOLD)


def without_denials(text: str) -> str:
    """Blank out what a folded text denies or calls settled, keeping its length.

    "不是油烟,是化工厂的味", "油烟倒是没有", "烟尘已经治好了,现在主要是…".
    """
    if any(word in text for word in ("不是", "并非", "不属于")):
        text = _DENIED.sub(_blank, text)
    if "没" in text or "倒" in text:
        text = _ABSENT.sub(_blank, text)
    return _SETTLED.sub(_blank, text) if "已" in text else text


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def sentences(text: str) -> list[Span]:
    """Cut a folded text into sentences and numbered items; blank ones are left out."""
    starts = {0, *(match.end() for match in _SENTENCE_END.finditer(text))}
    starts |= {match.start() for match in _ITEM.finditer(text)}
    bounds = [*sorted(starts), len(text)]
    spans = pairwise(bounds)
    return [(start, end) for start, end in spans if text[start:end].strip(" \n。！？!?；;，,、")]
