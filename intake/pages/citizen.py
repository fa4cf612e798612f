"""The citizen's pages: report, receipt, progress; without JavaScript, and without a name."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

from aiohttp import web

from intake import asked, following
from intake.channels import forms, portal
from intake.channels.dispatcher import Event
from intake.delivery import FileRef
from intake.keys import CLIENT, DISPATCHER, LIMITS, RECEIVER, SERVICES
from intake.pages import uploads
from intake.pages.city_words import CITY_WORDS
from intake.pages.render import page, see
from intake.track import look_up, no_such_code
from models.case import Receipt
from models.db import views
from models.db.lines import Upload
from models.errors import Conflict, Invalid, JiesuError, NotFound, TooLarge

_RECEIPT: Final = "jiesu_receipt"
_RECEIPT_S: Final = 1800
_RECEIPT_FORM: Final = re.compile(r"(ENV-\d{6}-\d{8}-\d{6})\.([0-9A-Z-]{16,19})")
_SHORTEST, _LONGEST = 5, 4000
_KEY_LENGTH: Final = 32
_FIELDS: Final = ("text", "adcode", "address", "when", "name", "phone")
_TICKS: Final = ("secret", "callback")
_BLANK: Final = dict.fromkeys(_FIELDS, "") | {"secret": True, "callback": True}
_PHONE: Final = re.compile(r"[+\d][\d\s()-]{5,18}\d")
_WRONG: Final = {
    "text_too_short": "请写下发生了什么,至少 5 个字。",
    "text_too_long": "内容请不要超过 4000 字。",
    "phone_malformed": "电话号码看起来不对,请检查,也可以不填。",
    "photos": "照片只支持 JPG、PNG、WebP,每张不超过 5 MB,最多 4 张。",
}


async def form(request: web.Request) -> web.Response:
    """Show the empty form, for the one city served or the one chosen."""
    return _form(request, _BLANK, request.query.get("city"))


async def report(request: web.Request) -> web.Response:
    """Take a report; the form's hidden key makes a second sending the same one."""
    sent = await asked.form(request)
    typed: dict[str, Any] = {name: str(sent.get(name, "")).strip() for name in _FIELDS}
    typed |= {name: name in sent for name in _TICKS}
    city, key = str(sent.get("city", "")), _key(str(sent.get("key", "")))
    wrong = _wrong(typed)
    photos: list[Upload] = []
    try:
        photos = await uploads.photos(sent, "photos")
    except (Invalid, TooLarge):
        wrong["photos"] = _WRONG["photos"]
    if wrong:
        return _form(request, typed, city, wrong, key)
    await request.app[LIMITS].spend("report", request[CLIENT])
    try:
        receipt = await _take(request, typed, photos, (city, key))
    except Conflict as error:
        return _form(request, typed, city, {"text": _again(error)})
    return _receipt(receipt)


async def receipt(request: web.Request) -> web.Response:
    """Show number and code; they come in a cookie, so that no address holds the code."""
    found = _RECEIPT_FORM.fullmatch(request.cookies.get(_RECEIPT, ""))
    if found is None:
        return see("/track")
    return page(request, "citizen/receipt.html", number=found[1], code=found[2])


async def track_form(request: web.Request) -> web.Response:
    """Ask for the code."""
    return page(request, "citizen/track.html", code="", error=None)


async def track(request: web.Request) -> web.Response:
    """Show how a case stands to whoever has its code; never who reported it."""
    await request.app[LIMITS].spend("track", request[CLIENT])
    code = str((await asked.form(request)).get("code", ""))[:40]
    try:
        return await _progress(request, code)
    except NotFound as error:
        return page(request, "citizen/track.html", status=404, code=code, error=error)


async def _progress(request: web.Request, typed: str) -> web.Response:
    services = request.app[SERVICES]
    city, case_no = await look_up(services, typed)
    async with services.db.city(city) as conn:
        case = await views.case(conn, city, case_no)
        if case is None:
            raise no_such_code()
        told = await following.told(conn, request.app[CITY_WORDS][city], case)
    return page(request, "citizen/progress.html", case=told)


def _key(given: str) -> str:
    """Give the form's own key; one too short to be ours could be somebody else's as well."""
    return given if len(given) >= _KEY_LENGTH and given.isascii() else uuid4().hex


def _wrong(typed: dict[str, Any]) -> dict[str, str]:
    """Say what is wrong, field by field, in the words of the page."""
    wrong = {}
    if len(typed["text"]) < _SHORTEST:
        wrong["text"] = _WRONG["text_too_short"]
    elif len(typed["text"]) > _LONGEST:
        wrong["text"] = _WRONG["text_too_long"]
    if typed["phone"] and not _PHONE.fullmatch(typed["phone"]):
        wrong["phone"] = _WRONG["phone_malformed"]
    return wrong


async def _take(
    request: web.Request, typed: dict[str, Any], photos: Sequence[Upload], place: tuple[str, str]
) -> Receipt:
    services = request.app[SERVICES]
    city, key = place
    when = f"\n发生时间:{typed['when']}" if typed["when"] else ""
    filled = portal.Filled(
        report=portal.CitizenReport(
            text=typed["text"] + when,
            city=forms.served_city(services, city or None),
            address=typed["address"] or None,
            adcode=typed["adcode"] or None,
            name=typed["name"] or None,
            phone=typed["phone"] or None,
            anonymous=not (typed["name"] or typed["phone"]),
            confidential=typed["secret"],
            want_callback=typed["callback"],
            notice=portal.NOTICE_VERSION,
        ),
        files=tuple(as_file(photo) for photo in photos),
        key=key,
    )
    taken: Receipt = await request.app[DISPATCHER].dispatch(
        Event(channel=portal.SOURCE, type="REPORT", body=filled),
        services=services,
        receiver=request.app[RECEIVER],
    )
    return taken


def as_file(upload: Upload) -> FileRef:
    """Make of an upload what a delivery carries."""
    digest = hashlib.sha256(upload.content).hexdigest()
    return FileRef(
        file_id=digest[:16],
        name=upload.name,
        media_type=upload.media_type,
        size=len(upload.content),
        sha256=digest,
        content=upload.content,
    )


def _again(error: JiesuError) -> str:
    number = error.extra.get("ticketNo", "")
    return f"这份表单已经提交过,工单号 {number}。要补充,请写上工单号再次提交。"


def _receipt(receipt: Receipt) -> web.Response:
    response = see("/receipt")
    response.set_cookie(
        _RECEIPT,
        f"{receipt.number}.{receipt.track_code}",
        max_age=_RECEIPT_S,
        path="/receipt",
        httponly=True,
        samesite="Strict",
    )
    return response


def _form(
    request: web.Request,
    typed: dict[str, Any],
    city: str | None,
    wrong: dict[str, str] | None = None,
    key: str = "",
) -> web.Response:
    cities = request.app[SERVICES].cities
    chosen = cities.get(city or "") or next(iter(cities.values()))
    return page(
        request,
        "citizen/report.html",
        status=422 if wrong else 200,
        cities=list(cities.values()),
        chosen=chosen,
        counties=request.app[CITY_WORDS][chosen.adcode].counties,
        typed=typed,
        wrong=wrong or {},
        key=key or uuid4().hex,
        notice=portal.PRIVACY_NOTICE,
    )
