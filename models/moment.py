"""Time as the system keeps it: always aware, shown and counted in China's one time zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Give the present moment, aware, in China's zone."""
    return datetime.now(CHINA)


def aware(moment: datetime) -> datetime:
    """Give the moment in China's zone; raises ValueError on a naive one, never guesses."""
    if moment.tzinfo is None:
        msg = f"naive datetime {moment!r}: give it a time zone"
        raise ValueError(msg)
    return moment.astimezone(CHINA)


def china_day(moment: datetime) -> date:
    """Give the calendar day in China on which the moment falls."""
    return aware(moment).date()


def parse_local(text: str) -> datetime:
    """Read ISO 8601; a value without zone is China's; raises ValueError on anything else."""
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=CHINA) if moment.tzinfo is None else moment.astimezone(CHINA)


def from_epoch_ms(value: int) -> datetime:
    """Give the moment of a count of milliseconds since 1970 UTC."""
    return datetime.fromtimestamp(value / 1000, UTC).astimezone(CHINA)
