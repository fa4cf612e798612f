r"""What the classifier says of one text: the output contract of `jiesu tag`, kept with the case.

Probabilities are calibrated and lie in [0, 1]. Spans are `(start, end)` counts of characters, end
exclusive, of `title + "\\n" + text`, or of `text` alone where there is no title.
"""

from typing import Final, Literal

import msgspec

Span = tuple[int, int]
Datum = Literal["GCJ-02", "BD-09", "WGS-84"]


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """A code of the taxonomy with its probability."""

    code: str
    p: float


class TypeTag(msgspec.Struct, frozen=True, kw_only=True):
    """One issue type of a text with the spans that speak for it."""

    code: str
    p: float
    evidence: tuple[Span, ...] = ()


class UrgencyTag(msgspec.Struct, frozen=True, kw_only=True):
    """P0 to P3 with stable reason codes (`hazard:leak`, `sensitive:school`, `kind:inquiry` …)."""

    code: str
    reasons: tuple[str, ...] = ()


class PlaceTag(msgspec.Struct, frozen=True, kw_only=True):
    """Where it happens. `adcode` is the six-digit county, None when unknown or ambiguous.

    `township` is a nine-digit code, `zone` a zone code of the city; `candidates` are the adcodes
    that remain possible where the text does not decide.
    """

    adcode: str | None = None
    township: str | None = None
    zone: str | None = None
    p: float = 0.0
    evidence: tuple[Span, ...] = ()
    candidates: tuple[str, ...] = ()


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the text that speaks of one issue, with its type."""

    span: Span
    type: str


class ModelRef(msgspec.Struct, frozen=True, kw_only=True):
    """Which model in which version spoke."""

    name: str
    version: str


class TagRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One text to be tagged. `city` is the channel's six-digit city, the prior for place.

    `adcode` and `township` are what the source platform itself stated, where it did; `address` is
    where it said that it happens, read for the place alone. `lon` and `lat` are degrees in the
    coordinate system `datum`, GCJ-02 where none is named.
    """

    id: str
    text: str
    title: str | None = None
    city: str | None = None
    lon: float | None = None
    lat: float | None = None
    datum: Datum | None = None
    received_at: str | None = None
    adcode: str | None = None
    township: str | None = None
    address: str | None = None

    @property
    def full_text(self) -> str:
        """The text that spans count in."""
        return f"{self.title}\n{self.text}" if self.title else self.text


class Tags(msgspec.Struct, frozen=True, kw_only=True):
    """All that is said of one text. `types` is ordered, the main one first, and never empty."""

    id: str
    kind: Scored
    types: tuple[TypeTag, ...]
    urgency: UrgencyTag
    place: PlaceTag
    issues: tuple[Issue, ...] = ()
    flags: tuple[str, ...] = ()
    review: bool = False
    review_reasons: tuple[str, ...] = ()
    redacted: str = ""
    model: ModelRef

    @property
    def main(self) -> str:
        """The code of the main issue type."""
        return self.types[0].code


#: Why a human must look, by stable code: the words shown at the desk.
REVIEW_REASONS: Final[dict[str, tuple[str, str]]] = {
    "low_confidence_type": ("污染类型把握不足", "issue type uncertain"),
    "low_confidence_kind": ("诉求类型把握不足", "request type uncertain"),
    "place_unknown": ("事发区县未知", "county unknown"),
    "place_ambiguous": ("事发地有多种可能", "place ambiguous"),
    "place_conflict": ("来单区划与文字不一致", "stated place contradicts the text"),
    "place_outside": ("事发地不在本市", "place outside this city"),
    "hazard": ("可能是突发环境事件,须人工确认", "possible emergency, needs a person"),
    "misconduct": ("涉及公职人员或部门,不得派给被反映单位", "complaint about an authority"),
    "statutory_route": ("可能属信访、诉讼等法定途径", "may belong to a statutory route"),
    "not_environment": ("非生态环境事项,须转出", "not an environmental matter"),
    "several_issues": ("一件多问题且责任单位不同,建议拆单", "several issues, consider a split"),
    "praise": ("表扬或感谢", "praise"),
    "invalid": ("可能是无效诉求", "may be invalid"),
    "too_short": ("内容过短,须补充", "too short"),
    "not_designated": (
        "主办部门本市尚未指定,须人工会商",
        "the city has not designated who leads",
    ),
    "no_rule": ("责任目录无匹配规则,须人工裁量", "no rule of the duty catalogue matches"),
    "no_unit": ("该角色在本市没有对应单位", "no unit bound to the role"),
    "external_unit": ("责任单位不属本市,须发函转办", "the unit is outside the city's government"),
    "cross_city": ("事发地与外市相邻,须发函并报上级协调", "borders on another city: write to it"),
    "dispute": ("主办有争议,须会商指定", "units dispute the lead, one must be designated"),
    "returned": ("退单已批准,须改派", "return granted, needs another unit"),
    "part_to_place": ("拆出的子单,须派单或直接答复", "a part of a split report, to be placed"),
    "parts_done": ("子单均已办结,须汇总答复", "all parts are over, answer them as one"),
    "unmerged": ("并案已解除,须重新派单", "stands on its own again, to be placed"),
    "merged_changed": ("并入本件的工单有新内容", "new content in a case merged into this one"),
    "waiver_requested": ("主办申请免除未回复的协办", "the lead asks to go on without a helper"),
    "content_changed": ("派单后来单内容有变更", "content changed after dispatch"),
    "processing_failed": ("自动处理失败,须人工处理", "automatic processing failed"),
    "unknown_code": ("来单含未知代码", "the source sent unknown codes"),
}
