"""What a request asks with, read so that nothing it can hold becomes a fault of ours."""

from typing import Final, TypeAlias

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import MultiDictProxy

from intake.channels import fields
from models.errors import Invalid

Form: TypeAlias = MultiDictProxy[str | bytes | bytearray | web.FileField]
#: What aiohttp raises on a form it cannot read: its shape, its charset, its transfer encoding.
_UNREADABLE: Final = (
    ValueError,
    LookupError,
    RuntimeError,
    HttpProcessingError,
    web.HTTPBadRequest,
)
_DIGITS: Final = 18
_NUL: Final = "%00"


async def form(request: web.Request) -> Form:
    """Read a posted form; Invalid when it is none, or holds the character no text may hold."""
    try:
        read = await request.post()
    except _UNREADABLE as error:
        code = "form_malformed"
        raise Invalid(code, "表单格式有误,请刷新页面后重新提交。") from error
    if any(isinstance(value, str) and "\x00" in value for value in read.values()):
        raise fields.nul_character()
    return read


def check_address(request: web.Request) -> None:
    """Refuse an address that holds the character no text may hold; Invalid then."""
    if _NUL in request.rel_url.raw_path_qs:
        raise fields.nul_character()


def number(given: str, largest: int = 10**_DIGITS - 1) -> int | None:
    """Read a whole number that the database can hold, None where it is none."""
    if not (given.isascii() and given.isdigit() and len(given) <= _DIGITS):
        return None
    value = int(given)
    return value if value <= largest else None
