"""Whether what comes in still looks like what the reader was made for, from stored tags alone.

The shift of the main types is the population stability index (PSI) against the release's reference
and against the city's own past: below 0.1 is steady, above 0.25 a shift worth a look. Types that
are rare in the reference are taken together.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from classifier.counts import one_z, share
from classifier.releases import Reference
from models.db.learning import Reading

#: How many of a city's latest cases are looked at, and how many of these are the present.
CASES: Final = 8_000
RECENT: Final = 2_000
_RARE: Final = 0.01
_REST: Final = "other"
_FLOOR: Final = 1e-4
_WATCH: Final = 0.1
_SHIFTED: Final = 0.25
#: Below so many cases a shift says nothing.
_ENOUGH: Final = 200
TENTHS: Final = 10

Verdict = Literal["too_few", "steady", "watch", "shifted"]


class TypeRate(msgspec.Struct, frozen=True, kw_only=True):
    """Of the cases read as one main type: how many, their share, how many a person changed."""

    code: str
    n: int
    share: float
    corrected: float
    reference: float | None


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How a city's latest cases were read; shares between 0 and 1.

    `psi` is against the release's reference, `psi_past` against the city's own cases before; None
    where there is nothing to compare with. `tenths` are the shares of cases by tenth of confidence.
    """

    city: str
    cases: int
    review: float
    doubt: float
    confidence: float
    corrected: float
    psi: float | None
    psi_past: float | None
    verdict: Verdict
    tenths: tuple[float, ...]
    types: tuple[TypeRate, ...]
    models: dict[str, int]
    reference_doubt: float | None = None
    reference_confidence: float | None = None


def drift(city: str, readings: Sequence[Reading], reference: Reference | None) -> Drift:
    """Judge a city's readings beside the reference of the release that serves."""
    recent = [one for one in readings if one.recent]
    total = sum(one.n for one in recent)
    codes = _summed(recent, lambda one: one_z(one.code), lambda one: one.n)
    past = _summed(
        (one for one in readings if not one.recent), lambda one: one_z(one.code), lambda one: one.n
    )
    shift = psi(reference.types, codes) if reference and total else None
    shift_past = psi(past, codes) if past and total else None
    tenths = _summed(recent, lambda one: str(one.tenth), lambda one: one.n)
    return Drift(
        city=city,
        cases=total,
        review=share(sum(one.review for one in recent), total),
        doubt=share(sum(one.doubt for one in recent), total),
        confidence=share(sum(one.p for one in recent), total),
        corrected=share(sum(one.corrected for one in recent), total),
        psi=shift,
        psi_past=shift_past,
        verdict=_verdict(total, shift if shift_past is None else shift_past),
        tenths=tuple(share(tenths.get(str(one), 0), total) for one in range(1, TENTHS + 1)),
        types=_types(recent, codes, reference),
        models=_summed(recent, lambda one: one.model, lambda one: one.n),
        reference_doubt=reference.doubt if reference else None,
        reference_confidence=reference.confidence if reference else None,
    )


def psi(expected: Mapping[str, float], found: Mapping[str, float]) -> float:
    """Give the population stability index of two distributions, as counts or shares."""
    total = sum(expected.values())
    common = {code for code, n in expected.items() if n / total >= _RARE}
    old, new = _shares(expected, common), _shares(found, common)
    return round(sum((new[code] - old[code]) * math.log(new[code] / old[code]) for code in old), 4)


def _shares(counts: Mapping[str, float], common: set[str]) -> dict[str, float]:
    """Give shares of the common classes and of all others together, none of them nothing."""
    total = sum(counts.values())
    shares = {code: counts.get(code, 0) / total for code in sorted(common)}
    shares[_REST] = 1 - sum(shares.values())
    return {code: max(part, _FLOOR) for code, part in shares.items()}


def _summed(
    readings: Iterable[Reading],
    key: Callable[[Reading], str],
    value: Callable[[Reading], int],
) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in readings:
        found[key(one)] = found.get(key(one), 0) + value(one)
    return dict(sorted(found.items()))


def _types(
    recent: Sequence[Reading], codes: Mapping[str, int], reference: Reference | None
) -> tuple[TypeRate, ...]:
    changed = _summed(recent, lambda one: one_z(one.code), lambda one: one.corrected)
    total = sum(codes.values())
    return tuple(
        TypeRate(
            code=code,
            n=n,
            share=share(n, total),
            corrected=share(changed[code], n),
            reference=reference.types.get(code, 0.0) if reference else None,
        )
        for code, n in sorted(codes.items(), key=lambda item: (-item[1], item[0]))
    )


def _verdict(total: int, shift: float | None) -> Verdict:
    if total < _ENOUGH or shift is None:
        return "too_few"
    if shift > _SHIFTED:
        return "shifted"
    return "watch" if shift > _WATCH else "steady"
