"""Tracking codes: what lets a citizen look at their own case, and nobody guess another's."""

import hashlib
import hmac
from typing import Final

from intake.services import Services
from models.case import CaseNo
from models.db import intake
from models.errors import NotFound

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_VALUES: Final = {letter: n for n, letter in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_LENGTH: Final = 16
_CITY_LETTERS: Final = 4
_SECRET_BITS: Final = 60


class TrackCodes:
    """Makes the code of a case from a key, so that the same case always has the same code.

    Sixteen letters of Crockford's base32 in groups of four: four say the city, twelve are 60 bits
    of HMAC-SHA256 over city and case number. Only `digest` of a code is stored.
    """

    def __init__(self, key: bytes) -> None:
        """Take the key, 32 bytes."""
        self._key = key

    def make(self, city: str, case_no: int) -> str:
        """Write the code of a case: `0D3M-7K2P-Q9XZ-4WHT`."""
        mac = hmac.digest(self._key, b"%s|%d" % (city.encode(), case_no), "sha256")
        secret = int.from_bytes(mac[:8]) >> (64 - _SECRET_BITS)
        code = _letters(int(city), _CITY_LETTERS) + _letters(secret, _LENGTH - _CITY_LETTERS)
        return f"{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12:]}"

    def digest(self, code: str) -> bytes:
        """Give what is stored of a code: SHA-256 of its sixteen letters."""
        return hashlib.sha256(code.replace("-", "").encode()).digest()


def read_code(text: str) -> tuple[str, str]:
    """Read a code as people write it (any case, O for 0, I or L for 1) into city and code.

    NotFound when it cannot be one: the answer is the same as for a code that was never given out.
    """
    values = [_VALUES.get(letter) for letter in text.upper() if letter not in "- \t"]
    if len(values) != _LENGTH or None in values:
        raise no_such_code()
    letters = "".join(_ALPHABET[value] for value in values if value is not None)
    number = 0
    for value in values[:_CITY_LETTERS]:
        number = number * 32 + (value or 0)
    return f"{number:06d}", letters


async def look_up(services: Services, text: str) -> tuple[str, CaseNo]:
    """Give the city and case of a code as people write it; NotFound when it leads nowhere."""
    city, letters = read_code(text)
    if city not in services.cities:
        raise no_such_code()
    async with services.db.city(city) as conn:
        case_no = await intake.tracked(conn, city, hashlib.sha256(letters.encode()).digest())
    if case_no is None:
        raise no_such_code()
    return city, case_no


def no_such_code() -> NotFound:
    """Make the one answer for every code that leads nowhere."""
    return NotFound("track_code_unknown", "查询码不存在,请核对 16 位查询码。")


def _letters(number: int, width: int) -> str:
    pairs = [_PAIRS[number >> shift & 1023] for shift in range(5 * width - 10, -1, -10)]
    return "".join(pairs)
