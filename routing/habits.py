"""Who has been handling what: shares of roles from the general to the particular, newest first.

A ticket counts half after each `_HALF_LIFE` days, so that a change of responsibility soon shows. Of
many tickets of one kind from one place within `_BURST`, as after one stench, each next one counts
less. On each level the shares are drawn towards those of the level above by the weight of `_PULL`
tickets: a type over everything, a category over its type, a street and a channel over their
category. So a single ticket decides only where the more general is all but undecided.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from math import sqrt
from typing import Final, TypeAlias

import msgspec

from routing.history import Handled

_HALF_LIFE: Final = 45
_BURST: Final = timedelta(days=7)
_PULL: Final = 2.0
#: What each level looks at, from the general to the particular.
LEVELS: Final = (
    (),
    ("type",),
    ("type", "category"),
    ("type", "category", "town"),
    ("type", "category", "town", "channel"),
)
#: How many tickets each level needs to be looked at: how one came is often chance.
FEWEST: Final = (1, 1, 1, 1, 2)

Key: TypeAlias = tuple[str, ...]


class Count(msgspec.Struct, kw_only=True):
    """What was handled of one kind of ticket: tickets by role and unit, weights by role, days."""

    weights: dict[str, float] = msgspec.field(default_factory=lambda: defaultdict(float))
    units: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    first: dict[str, date] = msgspec.field(default_factory=dict)
    last: dict[str, date] = msgspec.field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many tickets."""
        return self.units.total()

    def add(self, row: Handled, weight: float) -> None:
        """Count one ticket in; rows come in order of time."""
        self.weights[row.role] += weight
        self.units[row.role, row.unit] += 1
        self.first.setdefault(row.role, row.day)
        self.last[row.role] = row.day

    def right(self, role: str) -> int:
        """How many were handled in the role."""
        return sum(n for (held, _), n in self.units.items() if held == role)


class _Bursts:
    """The tickets of a kind from one place within the days before, as they come."""

    def __init__(self) -> None:
        self._lately: dict[Key, deque[date]] = defaultdict(deque)

    def share(self, row: Handled) -> float:
        """Count a ticket in and give what it counts for, the first of a burst whole."""
        lately = self._lately[row.category, row.town, row.place]
        while lately and row.day - lately[0] >= _BURST:
            lately.popleft()
        lately.append(row.day)
        return 1 / sqrt(len(lately))


class Habits:
    """What a history tells: who handles which kind of ticket, and which unit each role is where."""

    def __init__(self, rows: Sequence[Handled]) -> None:
        """Count the tickets; those without a known type tell only of units."""
        self.end = max(row.day for row in rows)
        self.counts: tuple[dict[Key, Count], ...] = tuple({} for _ in LEVELS)
        self._units: dict[tuple[str, str], dict[str, float]] = {}
        bursts = _Bursts()
        for row in rows:
            weight = 0.5 ** ((self.end - row.day).days / _HALF_LIFE)
            if row.role:
                held = self._units.setdefault((row.role, row.town if row.local else ""), {})
                held[row.unit] = held.get(row.unit, 0.0) + weight
            if row.type:
                self._count(row, weight * bursts.share(row))

    def _count(self, row: Handled, weight: float) -> None:
        for level, names in enumerate(LEVELS):
            key = tuple(str(getattr(row, name)) for name in names)
            self.counts[level].setdefault(key, Count()).add(row, weight)

    def units(self) -> dict[tuple[str, str], list[str]]:
        """Give the units of each role and town (empty: all towns), the one that counts first."""
        return {
            held: [name for name, _ in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))]
            for held, found in self._units.items()
        }

    def shares(self, key: Key) -> dict[str, float]:
        """Give the share of each role in the tickets of a key."""
        found: dict[str, float] = {}
        for names, fewest, counts in zip(LEVELS, FEWEST, self.counts, strict=True):
            count = counts.get(key[: len(names)])
            if len(names) > len(key) or count is None or count.n < fewest:
                break
            total = sum(count.weights.values()) + _PULL
            found = {
                role: (count.weights.get(role, 0.0) + _PULL * found.get(role, 0.0)) / total
                for role in found.keys() | count.weights.keys()
            }
        return found

    def has(self, role: str, town: str) -> bool:
        """Tell whether a role has a unit in the town, or one for all towns."""
        return bool(role) and ((role, "") in self._units or (role, town) in self._units)

    def best(self, key: Key) -> tuple[str, float]:
        """Name the likeliest role that has a unit there, and its share; empty where none has."""
        town = key[2] if len(key) > 2 else None  # noqa: PLR2004 - the third part is the town
        shares = sorted(self.shares(key).items(), key=lambda pair: (-pair[1], pair[0]))
        return next(((r, p) for r, p in shares if self._reachable(r, town)), ("", 0.0))

    def _reachable(self, role: str, town: str | None) -> bool:
        if town is None:
            return any(held == role for held, _ in self._units)
        return self.has(role, town)


def known(rows: Iterable[Handled]) -> list[Handled]:
    """Keep the tickets whose issue type is known."""
    return [row for row in rows if row.type]
