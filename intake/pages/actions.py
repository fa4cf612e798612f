"""Posted forms that act on a case: the same commands as the API's, then on to the next page."""

from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from intake import asked, auth
from intake.auth import Staff
from intake.keys import SERVICES
from intake.pages import act_forms, case_view, desk, unit, uploads
from intake.pages.case_form import act_data
from intake.pages.render import page, see
from intake.track import TrackCodes
from models.case import Case, CaseNo, Event
from models.db import events, identity, views
from models.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from models.ids import uuid7
from models.moment import now
from routing.acts import ACTS
from routing.commands import act

#: After these the operator goes on to the next case of the review queue.
_ONWARD: Final = ("accept", "dispatch", "reject", "transfer")
#: The field of the reveal form that is no part of an identity.
_CODE: Final = "code"
#: What a page answers in its place; a case that is not for these eyes is not found there either.
_ANSWERS: Final = (Conflict, Invalid, TooLarge, Forbidden, NotFound)


async def desk_act(request: web.Request, staff: Staff) -> web.Response:
    """Do what a form of the desk says, an operator's or a supervisor's."""
    case_no = case_view.number_of(request, staff)
    verb = _verb(request, staff)
    try:
        await _act(request, staff, case_no, verb)
    except _ANSWERS as error:
        return await desk.case_page(
            request,
            staff,
            case_no,
            status=error.status,
            problem=error,
            typed=await _typed(request),
        )
    number = request.match_info["number"]
    query = urlencode({"done": verb, "was": number})
    waiting = (await asked.form(request)).get("then") == "next" and verb in _ONWARD
    return see(f"/desk/next?{query}" if waiting else f"/desk/cases/{number}?done={verb}")


async def unit_act(request: web.Request, staff: Staff) -> web.Response:
    """Do what a unit's form says, with the evidence it brings."""
    case_no = case_view.number_of(request, staff)
    verb = _verb(request, staff)
    try:
        await _act(request, staff, case_no, verb)
    except _ANSWERS as error:
        return await unit.task_page(
            request,
            staff,
            case_no,
            status=error.status,
            problem=error,
            typed=await _typed(request),
        )
    number = request.match_info["number"]
    gone = verb in ("submit", "request_return", "hand_over")
    return see(f"/unit?done={verb}" if gone else f"/unit/tasks/{number}?done={verb}")


async def reveal(request: web.Request, staff: Staff) -> web.Response:
    """Show one field of who reported, once, for a reason that is written down first."""
    case_no = case_view.number_of(request, staff)
    view = await case_view.load(request, staff, case_no)
    if staff.unit is not None:
        _may_call(view, staff)
    form = await asked.form(request)
    field, reason = str(form.get("field", "")), str(form.get("reason", "")).strip()
    if field == _CODE and staff.unit is None:
        value = await _tell_code(request, staff, view.case, reason)
    else:
        value = await _open(request, staff, (case_view.reported(view.case), field, reason))
    template = "revealed.html" if "HX-Request" in request.headers else "reveal.html"
    return page(request, template, staff=staff, field=field, value=value, number=view.case.number)


async def _open(request: web.Request, staff: Staff, wanted: tuple[int, str, str]) -> str:
    """Open one sealed field of a case for a reason, which is written down first."""
    services, (case_no, field, reason) = request.app[SERVICES], wanted
    async with services.db.city(staff.city) as conn:
        version, sealed = await identity.reveal(
            conn, staff.city, case_no, field, reason, staff.username
        )
    return services.vault.open(staff.city, case_no, field, version, sealed) if sealed else ""


async def _tell_code(request: web.Request, staff: Staff, case: Case, reason: str) -> str:
    """Give the tracking code again, for a caller who lost it and was recognised; it is an event."""
    if len(reason) < identity.SHORTEST_REASON:
        raise Invalid("reason_missing", "请填写怎样核对了诉求人(不少于 4 个字)。")
    services = request.app[SERVICES]
    told = Event(
        city=staff.city,
        event_id=uuid7(),
        case_no=CaseNo(case_view.reported(case)),
        at=now(),
        verb="case:code:told",
        actor=auth.actor(staff),
        data={"note": reason},
    )
    async with services.db.city(staff.city) as conn:
        await events.append(conn, [told])
    codes = TrackCodes(bytes.fromhex(services.secrets.track_key))
    return codes.make(staff.city, case_view.reported(case))


def _may_call(view: case_view.CaseView, staff: Staff) -> None:
    secret = view.case.confidential or any(r.confidential for r in view.reporters)
    if secret or view.task_of(staff.unit) is None:
        detail = "诉求人要求保密,承办单位不能查看姓名电话;如需联系,请通过 12345 热线转达。"
        raise Forbidden("identity_confidential", detail)


def _verb(request: web.Request, staff: Staff) -> str:
    verb = request.match_info["verb"]
    known = ACTS.get(verb)
    drawn_for_all = verb in act_forms.SHEETS and staff.role != "supervisor"
    whose = (staff.role, "anyone") if drawn_for_all else (staff.role,)
    if known is None or known.move.who not in whose:
        raise Invalid("verb_unknown", "没有这个操作。")
    return verb


async def _act(request: web.Request, staff: Staff, case_no: int, verb: str) -> None:
    form = await asked.form(request)
    files = await uploads.evidence(form, "files")
    view = await case_view.load(request, staff, case_no)
    data = _data(verb, form, view)
    revision = str(form.get("revision", ""))
    services = request.app[SERVICES]
    async with services.db.city(staff.city) as conn:
        if files:
            task = view.task_of(staff.unit)
            data["evidence"] = await views.add_files(
                conn,
                staff.city,
                case_no,
                files,
                origin="unit",
                task_no=task.task_no if task else None,
            )
        try:
            await act(
                conn,
                services.cities[staff.city],
                case_no,
                verb,
                data,
                auth.actor(staff),
                asked.number(revision),
            )
        except Invalid as error:
            raise act_forms.explained(verb, error) from error


def _data(verb: str, form: asked.Form, view: case_view.CaseView) -> dict[str, Any]:
    """Read a form: one drawn from the act's struct, or one of the page's own."""
    if verb in act_forms.SHEETS:
        return act_forms.read(verb, {k: v for k, v in form.items() if isinstance(v, str)})
    data = act_data(form.items(), view)
    if "measures" in data:
        data["measures"] = [str(code) for code in form.getall("measures")]
    return data


async def _typed(request: web.Request) -> dict[str, str]:
    form = await asked.form(request)
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    measures = [value for value in form.getall("measures", []) if isinstance(value, str)]
    return typed | ({"measures": " ".join(measures)} if measures else {})
