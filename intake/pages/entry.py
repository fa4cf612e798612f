"""What an operator writes down for a caller, a letter or a visitor."""

from typing import Any, Final
from uuid import uuid4

import msgspec
from aiohttp import web

from intake import asked
from intake.auth import Staff
from intake.channels import desk as channel
from intake.channels.dispatcher import Event
from intake.keys import DISPATCHER, RECEIVER, SERVICES
from intake.pages import uploads
from intake.pages.citizen import as_file
from intake.pages.city_words import CITY_WORDS
from intake.pages.render import page
from models.case import Receipt
from models.errors import Conflict, Invalid, JiesuError, TooLarge

_TEXTS: Final = (
    "text",
    "title",
    "channel",
    "address",
    "adcode",
    "township",
    "name",
    "phone",
    "contact_time",
)
_TICKS: Final = ("anonymous", "confidential", "want_callback")
_BLANK: Final = dict.fromkeys(_TEXTS, "") | {
    "channel": "12345_TEL",
    "anonymous": False,
    "confidential": True,
    "want_callback": True,
}


async def form(request: web.Request, staff: Staff) -> web.Response:
    """Show the empty form."""
    return _form(request, staff, _BLANK)


async def take(request: web.Request, staff: Staff) -> web.Response:
    """Store what was written down; the answer is read out to the caller."""
    sent = await asked.form(request)
    typed: dict[str, Any] = {name: str(sent.get(name, "")).strip() for name in _TEXTS}
    typed |= {name: name in sent for name in _TICKS}
    try:
        photos = await uploads.evidence(sent, "files")
        entry = _entry(typed, str(sent.get("key", "")))
        entered = channel.Entered(
            entry=entry, files=tuple(as_file(photo) for photo in photos), staff=staff
        )
        receipt: Receipt = await request.app[DISPATCHER].dispatch(
            Event(channel=channel.SOURCE, type="ENTRY", body=entered),
            services=request.app[SERVICES],
            receiver=request.app[RECEIVER],
        )
    except (Invalid, TooLarge, Conflict) as error:
        return _form(request, staff, typed, error)
    return page(request, "desk/entered.html", staff=staff, receipt=receipt)


def _entry(typed: dict[str, Any], key: str) -> channel.DeskEntry:
    given = {name: value for name, value in typed.items() if value not in ("", None)}
    if not given.get("text"):
        raise Invalid("field_missing", "请填写诉求内容。")
    if given["channel"] not in channel.CHANNELS:
        raise Invalid("channel_unknown", "请选择来源。")
    try:
        # The struct speaks camelCase to the outside; the form has its own names.
        known = {f.name: f.encode_name for f in msgspec.structs.fields(channel.DeskEntry)}
        given["client_key"] = key
        named = {known[name]: value for name, value in given.items()}
        return msgspec.convert(named, channel.DeskEntry)
    except msgspec.ValidationError as error:
        raise Invalid("field_invalid", "有内容过长,请缩短后再提交。") from error


def _form(
    request: web.Request, staff: Staff, typed: dict[str, Any], problem: JiesuError | None = None
) -> web.Response:
    words = request.app[CITY_WORDS][staff.city]
    return page(
        request,
        "desk/entry.html",
        staff=staff,
        status=problem.status if problem else 200,
        typed=typed,
        problem=problem,
        key=uuid4().hex,
        channels=list(channel.CHANNELS.items()),
        counties=words.counties,
        townships=words.townships,
    )
