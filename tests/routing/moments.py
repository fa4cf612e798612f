"""Acts at chosen moments: a case's days pass in a test as they would in the office."""

from datetime import datetime
from typing import Any

import pytest

from models.moment import CHINA
from tests.routing.kit import EAST, handler

ECO = f"{EAST}-ECO"
UNIT = handler(ECO)
RESULT: dict[str, Any] = {
    "outcome": "true",
    "reply_text": "已责令停止夜间生产",
    "reply_method": "phone",
    "measures": ["order"],
}


class Time:
    """What the acts take for now; `at` sets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Start on the golden Friday."""
        self._now = datetime(2026, 11, 20, 14, 30, tzinfo=CHINA)
        monkeypatch.setattr("routing.commands.now", lambda: self._now)
        monkeypatch.setattr("routing.recounting.now", lambda: self._now)

    def at(self, text: str) -> datetime:
        """Let it be that moment in China."""
        self._now = datetime.fromisoformat(text).replace(tzinfo=CHINA)
        return self._now


def day(moment: datetime) -> str:
    """Give the day of a moment in China."""
    return moment.astimezone(CHINA).date().isoformat()
