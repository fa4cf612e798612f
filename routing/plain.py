"""Free text on its way into the history: numbers that lead to a person are taken out.

The history is kept for ever and read by many; a telephone or identity number that someone typed
into a note has no place there (the vault holds it). Ticket numbers and dates stay.
"""

import re
from typing import Any, Final

_PERSONAL: Final = re.compile(
    r"(?<!\d)(?:\d{17}[\dXx]"  # identity number
    r"|1[3-9]\d[- ]?\d{4}[- ]?\d{4}"  # mobile telephone
    r"|0\d{2,3}[- ]?\d{7,8})(?!\d)"  # fixed telephone
)
_HIDDEN: Final = "(号码已隐去)"


def plain(text: str) -> str:
    """Take personal numbers out of a text."""
    return _PERSONAL.sub(_HIDDEN, text)


def plain_data(data: dict[str, Any]) -> dict[str, Any]:
    """Take personal numbers out of every text of an event's data."""
    return {name: plain(value) if isinstance(value, str) else value for name, value in data.items()}
