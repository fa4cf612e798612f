"""Reading the fields of messages: strict about form, lenient about what platforms vary."""

from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from intake import problems
from intake.privacy import Vault
from models.errors import Invalid
from models.moment import parse_local

#: Yes or no as platforms write it: 1, "1", true.
Flag: TypeAlias = bool | int | str | None
_T = TypeVar("_T")
_NO: Final = frozenset({"", "0", "false", "no", "n", "否", "none"})
_ESCAPED_NUL: Final = b"\\u0000"
_LONGEST_CATEGORY: Final = 100
_MOST_CATEGORIES: Final = 8
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2099


def decode(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    """Decode a JSON message; Invalid says in Chinese which field to fix."""
    try:
        message = decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        if isinstance(error, msgspec.MsgspecError):
            raise problems.malformed(error) from error
        code = "json_malformed"
        raise Invalid(code, "报文不是合法的 UTF-8 JSON,或嵌套过深。") from error
    if _ESCAPED_NUL in body and _has_nul(msgspec.to_builtins(message)):
        raise nul_character()
    return message


def nul_character() -> Invalid:
    """Say that a text holds the one character that no text may hold."""
    return Invalid("character_forbidden", "报文含有空字符(U+0000),请去除后重发。")


def _has_nul(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(inner) for inner in value.values())
    return isinstance(value, list | tuple) and any(_has_nul(inner) for inner in value)


def flag(value: Flag, *, default: bool = False) -> bool:
    """Read yes or no; None and the empty text give the default."""
    if value is None or value == "":
        return default
    return str(value).strip().lower() not in _NO


def text(value: str | None) -> str | None:
    """Trim a text; nothing is left of an empty one."""
    return (value.strip() or None) if value else None


def category(*stated: str | None) -> tuple[str, ...]:
    """Give what a source calls a matter: its codes and names in order, each once, on one line."""
    said = (" ".join(one.split())[:_LONGEST_CATEGORY].rstrip() for one in stated if one)
    return tuple(dict.fromkeys(one for one in said if one))[:_MOST_CATEGORIES]


def moment(name: str, value: str | None) -> datetime | None:
    """Read a time of the field `name`, China's where no zone is given.

    Invalid when it is none, or lies outside of 2000 to 2099: a slip, which dates could not hold.
    """
    if not value or not value.strip():
        return None
    try:
        found = parse_local(value)
    except (ValueError, OverflowError):
        found = None
    if found is None or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        code = "field_invalid"
        detail = f"字段 {name} 应为时间,形如 2026-11-20 14:30:00。"
        raise Invalid(code, detail, path=name)
    return found


def township(value: str | None) -> str | None:
    """Give a township's nine digits, also out of a village's twelve; None when it is neither."""
    code = division(value, 9, 12)
    return code[:9] if code else None


def division(value: str | None, *digits: int) -> str | None:
    """Give a division's code when it has one of the lengths in digits, None when it has not."""
    code = (value or "").strip()
    return code if code.isascii() and code.isdigit() and len(code) in digits else None


def digest(vault: Vault, content: object) -> bytes:
    """Fingerprint a content in one canonical writing; keyed, for it may hold identity."""
    return vault.fingerprint(msgspec.json.encode(content, order="deterministic"))
