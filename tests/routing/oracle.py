"""An independent table of days of rest: written from the notices, counted by hand-made rules.

2024: notice of 2023-10-25; 2025: of 2024-11-12; 2026: of 2025-11-04. For 2027, whose notice is not
out, the thirteen statutory days, moved on where they fall on a weekend.
"""

from datetime import date, timedelta


def _span(first: date, last: date) -> set[date]:
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}


REST = (
    _span(date(2024, 1, 1), date(2024, 1, 1))
    | _span(date(2024, 2, 10), date(2024, 2, 17))
    | _span(date(2024, 4, 4), date(2024, 4, 6))
    | _span(date(2024, 5, 1), date(2024, 5, 5))
    | _span(date(2024, 6, 10), date(2024, 6, 10))
    | _span(date(2024, 9, 15), date(2024, 9, 17))
    | _span(date(2024, 10, 1), date(2024, 10, 7))
    | _span(date(2025, 1, 1), date(2025, 1, 1))
    | _span(date(2025, 1, 28), date(2025, 2, 4))
    | _span(date(2025, 4, 4), date(2025, 4, 6))
    | _span(date(2025, 5, 1), date(2025, 5, 5))
    | _span(date(2025, 5, 31), date(2025, 6, 2))
    | _span(date(2025, 10, 1), date(2025, 10, 8))
    | _span(date(2026, 1, 1), date(2026, 1, 3))
    | _span(date(2026, 2, 15), date(2026, 2, 23))
    | _span(date(2026, 4, 4), date(2026, 4, 6))
    | _span(date(2026, 5, 1), date(2026, 5, 5))
    | _span(date(2026, 6, 19), date(2026, 6, 21))
    | _span(date(2026, 9, 25), date(2026, 9, 27))
    | _span(date(2026, 10, 1), date(2026, 10, 7))
    | {date(2027, 1, 1), date(2027, 4, 5), date(2027, 6, 9), date(2027, 9, 15)}
    | {date(2027, 2, 5), *_span(date(2027, 2, 8), date(2027, 2, 10))}
    | {date(2027, 5, 3), date(2027, 5, 4)}
    | {date(2027, 10, 1), date(2027, 10, 4), date(2027, 10, 5)}
)
MAKEUP = {
    date(2024, 2, 4),
    date(2024, 2, 18),
    date(2024, 4, 7),
    date(2024, 4, 28),
    date(2024, 5, 11),
    date(2024, 9, 14),
    date(2024, 9, 29),
    date(2024, 10, 12),
    date(2025, 1, 26),
    date(2025, 2, 8),
    date(2025, 4, 27),
    date(2025, 9, 28),
    date(2025, 10, 11),
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
}


def is_working(day: date) -> bool:
    """Tell whether the notices, or for 2027 the statutes, let people work on the day."""
    return day in MAKEUP or (day.weekday() < 5 and day not in REST)
