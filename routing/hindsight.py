"""What rules learnt from the past would have said of the time after: judged by the engine itself.

The history is cut at several days; rules learnt before a cut decide what came until the next one,
by the same engine that decides live cases. Who really handled a ticket is the truth; a case that is
left to people counts as not named. The floor to beat looks up the commonest unit of the category
and street, else of the category, else of all.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from math import sqrt
from typing import Final

import msgspec

from models.city import City
from models.errors import Invalid
from models.moment import CHINA
from routing.catalogue import catalogue
from routing.engine import judge
from routing.facts import Facts
from routing.habits import Habits, known
from routing.history import Handled
from routing.proposing import LEAST, propose

_CURVE: Final = (0.0, LEAST, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
_BLOCKS: Final = 10
_ENOUGH: Final = 30
_HIGHEST: Final = 0.99
_Z: Final = 1.96


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How rules did on `n` tickets: `named` a unit and were `right`; lookup: right without them."""

    n: int
    named: int
    right: int
    lookup: int

    @property
    def accuracy(self) -> float:
        """The share rightly named, the pool counted as wrong."""
        return self.right / self.n if self.n else 0.0

    @property
    def precision(self) -> float:
        """The share of those named that is right."""
        return self.right / self.named if self.named else 0.0


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Rules learnt before a day, judged on what came from it (to the next split's day)."""

    cut: date
    rules: int
    score: Score


class Hindsight(msgspec.Struct, frozen=True, kw_only=True):
    """The splits; `whole` adds them up, with 95 % intervals; `least` is the share asked for."""

    splits: tuple[Split, ...]
    whole: Score
    accuracy: tuple[float, float, float]
    precision: tuple[float, float, float]
    lookup: tuple[float, float, float]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What rules learnt with `least` as the share asked for would have done."""

    least: float
    score: Score


def look_back(
    city: City,
    rows: Sequence[Handled],
    *,
    days: Sequence[date] = (),
    precision: float | None = None,
    least: float = LEAST,
) -> Hindsight:
    """Judge learning on what came between the days and after, by default the later half in blocks.

    Where a precision is asked for, the share that rules need is found anew before each day.
    """
    days = days or cuts(rows, _BLOCKS)
    splits = []
    for cut, end in zip(days, [*days[1:], date.max], strict=True):
        before = [row for row in rows if row.day < cut]
        after = known(row for row in rows if cut <= row.day < end)
        draft = propose(city, before, least_for(before, precision) if precision else least)
        score = judged(draft.city, after, before)
        splits.append(Split(cut=cut, rules=len(draft.proposals), score=score))
    return _summed(splits)


def cuts(rows: Sequence[Handled], blocks: int) -> list[date]:
    """Give the days that part the later half of the tickets into about equal blocks."""
    days = [row.day for row in known(rows)]
    half = len(days) // 2
    found = {days[half + (len(days) - half) * block // blocks] for block in range(blocks)}
    return sorted(day for day in found if day > days[0])


def curve(city: City, rows: Sequence[Handled], *, days: Sequence[date] = ()) -> list[Point]:
    """Judge learning at rising shares: what naming less often gains in precision."""
    found = [(least, look_back(city, rows, days=days, least=least)) for least in _CURVE]
    return [Point(least=least, score=one.whole) for least, one in found]


def months(rows: Sequence[Handled], last: int) -> list[date]:
    """Give the first days of the last months in which there were tickets of known type."""
    firsts = sorted({row.day.replace(day=1) for row in known(rows)})
    if not 0 < last < len(firsts):
        detail = f"往来工单只有 {len(firsts)} 个月,最多检验最后 {len(firsts) - 1} 个月。"
        raise Invalid("history_short", detail)
    return firsts[-last:]


def judged(city: City, after: Sequence[Handled], before: Sequence[Handled] = ()) -> Score:
    """Decide tickets by a city's rules and compare with who handled them."""
    book = catalogue(city)
    named = [
        decision.lead.unit if (decision := judge(book, facts_of(city, row))).lead else None
        for row in after
    ]
    units = book.directory.units
    pairs = [(units[unit].name, row.unit) for unit, row in zip(named, after, strict=True) if unit]
    guess = _Lookup(known(before))
    return Score(
        n=len(after),
        named=len(pairs),
        right=sum(one == other for one, other in pairs),
        lookup=sum(guess(row) == row.unit for row in after),
    )


def facts_of(city: City, row: Handled) -> Facts:
    """Give a past ticket as the facts of a case; at noon, for the hour is not learnt from."""
    at = datetime.combine(row.day, time(12), CHINA)
    return Facts(
        types=(row.type,),
        kind="TS",
        categories=(row.category,),
        adcode=city.adcode,
        township=row.town or None,
        channel=row.channel,
        happened_at=at,
        dispatched_at=at,
    )


def least_for(rows: Sequence[Handled], precision: float) -> float:
    """Find the least share at which rules kept a precision on the later part of a history.

    Each ticket there is named by what came before it. Too few of them ask for near certainty.
    """
    least, right = _HIGHEST, 0
    for n, (share, hit) in enumerate(sorted(_told(rows), reverse=True), 1):
        right += hit
        if n >= _ENOUGH and right >= precision * n:
            least = min(least, share)
    return least


def _told(rows: Sequence[Handled]) -> Iterable[tuple[float, bool]]:
    """Give the share of the likeliest role of later tickets, and whether it was right."""
    days = cuts(rows, _BLOCKS)
    for cut, end in zip(days, [*days[1:], date.max], strict=True):
        before = [row for row in rows if row.day < cut]
        if not before:
            continue
        habits = Habits(before)
        for row in known(row for row in rows if cut <= row.day < end):
            role, share = habits.best((row.type, row.category, row.town, row.channel))
            yield share, role == row.role


class _Lookup:
    """The commonest unit of a category and street, else of the category, else of all."""

    def __init__(self, rows: Iterable[Handled]) -> None:
        self._counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for row in rows:
            for key in _lookup_keys(row):
                self._counts[key][row.unit] += 1

    def __call__(self, row: Handled) -> str:
        found = (self._counts[key] for key in _lookup_keys(row) if key in self._counts)
        return next((count.most_common(1)[0][0] for count in found), "")


def _lookup_keys(row: Handled) -> tuple[tuple[str, ...], ...]:
    return (row.category, row.town), (row.category,), ()


def _summed(splits: Sequence[Split]) -> Hindsight:
    scores = [split.score for split in splits]
    whole = Score(
        n=sum(score.n for score in scores),
        named=sum(score.named for score in scores),
        right=sum(score.right for score in scores),
        lookup=sum(score.lookup for score in scores),
    )
    return Hindsight(
        splits=tuple(splits),
        whole=whole,
        accuracy=_interval(whole.right, whole.n),
        precision=_interval(whole.right, whole.named),
        lookup=_interval(whole.lookup, whole.n),
    )


def _interval(hits: int, n: int) -> tuple[float, float, float]:
    """Give a share with its 95 % interval after Wilson."""
    if not n:
        return 0.0, 0.0, 0.0
    share, spread = hits / n, _Z**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * sqrt(share * (1 - share) / n + spread / n / 4) / (1 + spread)
    return round(share, 4), round(middle - half, 4), round(middle + half, 4)
