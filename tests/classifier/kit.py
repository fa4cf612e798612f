"""What the classifier's tests share."""

from typing import TypeVar

import msgspec

_T = TypeVar("_T", bound=msgspec.Struct)


def replaced(value: _T, **given: object) -> _T:
    """Give a value with some fields set otherwise."""
    return msgspec.structs.replace(value, **given)
