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
#: Under which name an event keeps the fingerprint by which a request sent again is known.
_MARK: Final = "request"
#: Lists that people write, not codes and ids.
_WRITTEN: Final = frozenset({"addressees", "lines", "neighbours"})


def plain(text: str) -> str:
    """Take personal numbers out of a text."""
    return _PERSONAL.sub(_HIDDEN, text)


def plain_data(data: dict[str, Any]) -> dict[str, Any]:
    """Take personal numbers out of every text of an event's data, also of what it holds.

    The fingerprint of a request stays, and so do bare items of lists that nobody wrote: in codes
    and ids digits that only look like a number must stay.
    """
    return {name: value if name == _MARK else _plain(name, value) for name, value in data.items()}


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return plain_data(value)
    if isinstance(value, list | tuple):
        codes = name not in _WRITTEN
        return [one if codes and isinstance(one, str) else _plain(name, one) for one in value]
    return value
