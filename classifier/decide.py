"""From probabilities, hazards and place to what is said of a text, and whether a person must look.

The model proposes; rules decide where the law does: a protected place gives the type, an emergency
the urgency, praise and inquiries are never urgent. Every doubt becomes a stable reason for review.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from classifier.document import Document
from classifier.hazard import Hazard
from classifier.model import URGENCIES, Model, Probabilities
from models.tags import Scored, Span, TypeTag, UrgencyTag

Floats = npt.NDArray[np.float32]

_MOST_TYPES: Final = 4
_MOST_SPANS: Final = 6
#: Five Chinese characters: less tells nothing (domain section 5.5).
_ENOUGH: Final = re.compile(r"(?:[^\u3400-\u9fff]*[\u3400-\u9fff]){5}")
#: A complaint about an authority is too grave to overlook: this much suspicion is enough.
_SUSPICION: Final = 0.25
_RULED_P: Final = 0.9
_WATER_SOURCE: Final = re.compile(r"[WAS]|C0[48]|P01|Z05")
_RESERVE: Final = re.compile(r"C|S02|P01|Z05")
_CALM: Final = ("ZX", "BY", "WX")
#: Whose shaking it is, by the concept that names the source.
_SHAKING: Final = (("rail", "N10"), ("site", "N02"))
#: Reasons that raise an ordinary matter to urgent by themselves.
_RAISING: Final = (
    "serious:hazardous_waste",
    "serious:drinking_water",
    "serious:fish_kill",
    "serious:source_lost",
    "serious:gas_leak",
    "sensitive:school",
)
_URGENT_TYPES: Final = ("S04", "S05", "R01", "W06")
_REPEATED: Final = re.compile(
    r"(?:第[二三四五六两]次|再次|重复)(?:来电|来信|来报|来反映|反映|投诉|举报)"
    r"[^。]{0,16}(?:同一|相同|此前|上次|原)"
    r"|(?:上次|上回|之前|前几天|上个月)[^。，]{0,6}(?:说|回复|答复|告知)"
    r"[^。，]{0,8}(?:处理|解决|整改|办结)[^。]{0,11}(?:一样|照样|依旧|还是|仍然|照旧|没变)"
)
#: In a few words praise is praise, unless something is still wrong.
_PRAISED: Final = re.compile(
    r"表扬|点赞|锦旗|称赞|致敬|(?:感谢|谢谢|多亏)[^。]{0,24}(?:解决|处理好|清理|制止|关停|修好)了?"
)
_STILL: Final = re.compile(
    r"不管|没人|无人|仍|依旧|还是|还在|反弹|不满|请[^。]{0,8}(?:处理|解决|查处|制止|整治)|不配|批评"
)
_SHORT: Final = 80
_INVALID: Final = re.compile(r"^[\W\d_a-z]*$")
_KIND_REASONS: Final = {
    "JC": "misconduct",
    "XF": "statutory_route",
    "BY": "praise",
    "WX": "invalid",
}


class Verdict(NamedTuple):
    """What is said of one text, place and flags aside."""

    kind: Scored
    types: tuple[TypeTag, ...]
    urgency: UrgencyTag
    reasons: tuple[str, ...]


class Evidence(NamedTuple):
    """What a verdict rests on: one row of probabilities, dangers, flags of protected places."""

    document: Document
    guess: Probabilities
    hazards: Sequence[Hazard]
    place_flags: Sequence[str]


def decide(model: Model, evidence: Evidence) -> Verdict:
    """Decide request type, types, urgency and the reasons for review of one text."""
    kind, kind_sure = _kind(model, evidence)
    types, type_sure = _types(model, evidence, kind)
    urgency = _urgency(evidence, kind.code, types)
    reasons = [
        *_doubts(model, evidence, type_sure, kind_sure),
        *_matters(model, evidence, kind, types, urgency),
    ]
    return Verdict(kind, types, urgency, tuple(dict.fromkeys(reasons)))


def _kind(model: Model, evidence: Evidence) -> tuple[Scored, float]:
    """Give the request type, and how sure it is that the text is worked off as that type is."""
    row = evidence.guess.kind[0]
    best = int(row.argmax())
    code, p = model.kinds[best], float(row[best])
    handled = sum(float(row[model.kinds.index(name)]) for name in ("TS", "JB", "QZ"))
    sure = handled if code in ("TS", "JB", "QZ") else p
    text = evidence.document.bare
    if _INVALID.match(text):
        return Scored(code="WX", p=_RULED_P), _RULED_P
    if code in ("TS", "JB", "QZ") and len(text) <= _SHORT:
        if _REPEATED.search(text):
            return Scored(code="CF", p=round(p, 4)), sure
        if _PRAISED.search(text) and not _STILL.search(text):
            return Scored(code="BY", p=_RULED_P), _RULED_P
    return Scored(code=code, p=round(p, 4)), sure


def _types(model: Model, evidence: Evidence, kind: Scored) -> tuple[tuple[TypeTag, ...], float]:
    """Give the ordered types and how sure the main one is, all Z codes being one."""
    main, present = evidence.guess.main[0], evidence.guess.present[0]
    outside = np.array([code[0] == "Z" for code in model.codes])
    inside = np.where(outside, -1, main)
    beyond = float(main[outside].sum())
    first = int(np.where(outside, main, -1).argmax() if beyond > inside.max() else inside.argmax())
    sure = model.thresholds.sure(max(beyond, float(inside.max())))
    order = [index for index in np.argsort(-present, kind="stable") if index != first]
    further = [index for index in order if present[index] >= model.thresholds.present]
    chosen = {model.codes[first]: sure}
    chosen |= {model.codes[index]: float(present[index]) for index in further}
    chosen = _by_source(_by_sight(chosen, evidence.document), evidence.document)
    if kind.code != "ZX":
        chosen = _by_place(chosen, evidence.place_flags)
    named = list(chosen)[:_MOST_TYPES]
    tags = [
        TypeTag(
            code=code,
            p=round(min(chosen[code], 1.0), 4),
            evidence=_spans(model, evidence, code, [other for other in named if other != code]),
        )
        for code in named
    ]
    return tuple(tags), chosen[tags[0].code]


def _by_sight(chosen: dict[str, float], document: Document) -> dict[str, float]:
    """Put what is seen before what is smelt (domain section 2.3, A02): a factory's smoke is A01."""
    seen = document.reading.concepts.keys() >= {"smoke", "factory"}
    if not seen or next(iter(chosen)) != "A02":
        return chosen
    rest = {name: p for name, p in chosen.items() if name != "A01"}
    return {"A01": chosen["A02"]} | rest


def _by_source(chosen: dict[str, float], document: Document) -> dict[str, float]:
    """Call shaking by what shakes (domain section 2.3, N15): trains and works have their own."""
    concepts = document.reading.concepts.keys()
    source = next((code for name, code in _SHAKING if name in concepts), None)
    if source is None or next(iter(chosen)) != "N15":
        return chosen
    rest = {name: p for name, p in chosen.items() if name not in {source, "N15"}}
    return {source: chosen["N15"]} | rest


def _by_place(chosen: dict[str, float], flags: Sequence[str]) -> dict[str, float]:
    """Put the type that a protected place gives first (domain section 2.3: place before type)."""
    main = next(iter(chosen))
    for flag, code, fitting in (
        ("place:source_water", "W06", _WATER_SOURCE),
        ("place:reserve", "C01", _RESERVE),
    ):
        if flag in flags and main != code and fitting.match(main):
            rest = {name: p for name, p in chosen.items() if name != code}
            return {code: max(_RULED_P, chosen.get(code, 0.0))} | rest
    return chosen


def _spans(model: Model, evidence: Evidence, code: str, rivals: Sequence[str]) -> tuple[Span, ...]:
    """Give what speaks for a type: the lexicon's cues, and what weighs most with the model."""
    document = evidence.document
    reading = next(iter(evidence.guess.readings), None)
    cues = [span for cue in document.reading.cues.get(code, ()) for span in cue.spans]
    weighty = model.evidence(document, code, reading, rivals) if reading or not cues else ()
    spans = sorted({*cues, *weighty}, key=lambda span: span[0])
    return merged(spans)[:_MOST_SPANS] or _heading(document)


def _heading(document: Document) -> tuple[Span, ...]:
    end = len(document.raw[: document.head].rstrip()) if document.head else 0
    return ((0, end),) if end else ()


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Join spans that touch or overlap; they come sorted."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _urgency(evidence: Evidence, kind: str, types: Sequence[TypeTag]) -> UrgencyTag:
    reasons = tuple(hazard.reason for hazard in evidence.hazards)
    if kind in _CALM:
        return UrgencyTag(code="P3", reasons=(f"kind:{kind}",))
    if any(hazard.emergency for hazard in evidence.hazards):
        return UrgencyTag(code="P0", reasons=reasons)
    row = evidence.guess.urgency[0]
    guessed = URGENCIES[1 + int(row[1:].argmax())]
    codes = [tag.code for tag in types]
    noisy_exam = "sensitive:exam" in reasons and any(code[0] == "N" for code in codes)
    collective = "group" in reasons and "P04" in codes
    raised = any(reason in _RAISING for reason in reasons) and codes[0][0] != "Z"
    if raised or noisy_exam or collective or codes[0] in _URGENT_TYPES:
        why = reasons or (f"type:{codes[0]}",)
        return UrgencyTag(code="P1", reasons=why)
    if kind == "JY" and guessed == "P1":
        guessed = "P2"
    return UrgencyTag(code=guessed, reasons=reasons)


def _doubts(model: Model, evidence: Evidence, type_sure: float, kind_sure: float) -> list[str]:
    doubts = []
    if not _ENOUGH.match(evidence.document.bare):
        doubts.append("too_short")
    if type_sure < model.thresholds.main:
        doubts.append("low_confidence_type")
    if kind_sure < model.thresholds.kind:
        doubts.append("low_confidence_kind")
    return doubts


def _matters(
    model: Model,
    evidence: Evidence,
    kind: Scored,
    types: Sequence[TypeTag],
    urgency: UrgencyTag,
) -> list[str]:
    """Name what is always decided by people, whatever the confidence."""
    reasons = []
    if urgency.code == "P0" or any(one.reason.startswith("hazard:") for one in evidence.hazards):
        reasons.append("hazard")
    misconduct = float(evidence.guess.kind[0][model.kinds.index("JC")])
    if misconduct >= _SUSPICION or types[0].code == "P06":
        reasons.append("misconduct")
    if kind.code in _KIND_REASONS:
        reasons.append(_KIND_REASONS[kind.code])
    if types[0].code[0] == "Z" and "hazard" not in reasons:
        reasons.append("not_environment")
    return reasons
