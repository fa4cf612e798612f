"""/api/openapi.json: the interface as it is, made from the structs that read and write it."""

from functools import cache
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from intake import api_marks
from intake.answers import CaseList, CasePage, DeadLetters, Reconciled, Revived, Tracked
from intake.api import Reconcile, Revive
from intake.api_closure import Agenda, Closure, InspectionTable
from intake.api_disputes import Dealings
from intake.api_emergencies import EmergencyList
from intake.api_grid import Cells, OwnCheck, OwnChecks, OwnGrid
from intake.api_restricted import Keepers, WaitingCases
from intake.api_similar import SimilarCases
from intake.api_supervision import Read, Supervision
from intake.channels.desk import DeskEntry
from intake.channels.messages12345 import Message, Reply
from intake.channels.patrol import Patrol, PatrolTaken
from intake.channels.portal import PRIVACY_NOTICE, CitizenReport, Taken
from intake.problems import CONTENT_TYPE, Problem
from models.db.emergencies import Whole as WholeEmergency
from routing.grid_verbs import GridReport
from routing.secrecy_verbs import Admit
from routing.verify_verbs import Judge

_PATH: Final = "#/components/schemas/{name}"
_SIGNED: Final = ("X-App-Id", "X-Timestamp", "X-Nonce", "X-Sign")
_ERRORS: Final = (400, 401, 403, 404, 409, 413, 422, 429, 503)


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One path and method; `guard` is signature, session or none."""

    method: str
    path: str
    summary: str
    guard: str = "none"
    body: type[msgspec.Struct] | None = None
    answer: type[msgspec.Struct] | None = None
    media_type: str = "application/json"
    query: tuple[str, ...] = ()
    status: int = 200


ENDPOINTS: Final = (
    Endpoint(
        method="post",
        path="/hooks/12345/{city}",
        summary="12345 平台推送工单:新单、更新、补充、催办",
        guard="signature",
        body=Message,
        answer=Reply,
    ),
    Endpoint(
        method="post",
        path="/hooks/12369/{city}",
        summary="全国 12369 平台推送举报件(XML,ReportMessage 应答 ReportReceipt)。"
        '<Sign alg="SM3"> 非空时另校验其中的 hex(HMAC-SM3(secret, msgId + "\\n" + type + "\\n" + '
        'Sender + "\\n" + Receiver + "\\n" + SendTime + "\\n" + C14N2.0(ReportInfo)))。',
        guard="signature",
        media_type="application/xml",
    ),
    Endpoint(
        method="post",
        path="/api/v1/reports",
        summary=f"群众反映问题。{PRIVACY_NOTICE}",
        body=CitizenReport,
        answer=Taken,
        status=201,
    ),
    Endpoint(
        method="get", path="/api/v1/track/{code}", summary="凭查询码看办理进展", answer=Tracked
    ),
    Endpoint(
        method="post",
        path="/api/v1/track/{code}/judgement",
        summary="凭查询码评价办理结果,等同回访",
        body=Judge,
        answer=api_marks.Judged,
    ),
    Endpoint(
        method="post",
        path="/api/v1/track/{code}/reward",
        summary="凭查询码取得领奖码(仅显示一次)",
        answer=api_marks.OwnReward,
    ),
    Endpoint(
        method="get",
        path="/api/v1/callbacks",
        summary="待回访工单和待处理的群众评价(坐席、督办员)",
        guard="session",
        answer=api_marks.Callbacks,
    ),
    Endpoint(
        method="get",
        path="/api/v1/exclusions",
        summary="待审核的不纳入考核申请和某月各单位已用上限(坐席、督办员)",
        guard="session",
        answer=api_marks.Exclusions,
        query=("month",),
    ),
    Endpoint(
        method="get",
        path="/api/v1/marks",
        summary="某月最近一次统计的指标(承办单位只见本单位的)",
        guard="session",
        answer=api_marks.MarkList,
        query=("month",),
    ),
    Endpoint(
        method="get",
        path="/api/v1/marks/{run}/cases",
        summary="一个指标所据的工单(坐席、督办员)",
        guard="session",
        answer=api_marks.MarkCases,
        query=("formula", "scope", "area"),
    ),
    Endpoint(
        method="get",
        path="/api/v1/restricted",
        summary="待指定知悉人的保密件,只有编号(督办员)",
        guard="session",
        answer=WaitingCases,
    ),
    Endpoint(
        method="get",
        path="/api/v1/restricted/{no}",
        summary="保密件的知悉人和查看记录(督办员、知悉人)",
        guard="session",
        answer=Keepers,
    ),
    Endpoint(
        method="post",
        path="/api/v1/restricted/{no}/admit",
        summary="指定保密件知悉人(督办员,或受理一侧的知悉人)",
        guard="session",
        body=Admit,
        answer=Keepers,
    ),
    Endpoint(
        method="post",
        path="/api/v1/rewards/pay",
        summary="凭领奖码发放奖励,不显示工单和举报人(坐席)",
        guard="session",
        body=api_marks.Claim,
        answer=api_marks.Paid,
    ),
    Endpoint(
        method="post",
        path="/api/v1/desk/reports",
        summary="坐席登记",
        guard="session",
        body=DeskEntry,
        answer=Taken,
        status=201,
    ),
    Endpoint(
        method="post",
        path="/api/v1/patrols",
        summary="网格员巡查发现,自动成单(须带 Idempotency-Key;离线后补报、重复上报只成一单)",
        guard="session",
        body=Patrol,
        answer=PatrolTaken,
        status=201,
    ),
    Endpoint(
        method="get",
        path="/api/v1/grid/me",
        summary="网格员本人:所在网格与提交所需的 CSRF 码",
        guard="session",
        answer=OwnGrid,
    ),
    Endpoint(
        method="get",
        path="/api/v1/grid/checks",
        summary="派给本网格的核实任务(网格员;不含诉求内容和诉求人)",
        guard="session",
        answer=OwnChecks,
    ),
    Endpoint(
        method="post",
        path="/api/v1/grid/checks/{no}/{n}/report",
        summary="回报核实结果:属实、不属实、已消除或无法核实,附照片指纹(SHA-256)或坐标",
        guard="session",
        body=GridReport,
        answer=OwnCheck,
    ),
    Endpoint(
        method="get",
        path="/api/v1/grids",
        summary="网格树:某网格的下级、在岗人数与近 90 天核实情况(坐席、承办单位、督办员)",
        guard="session",
        answer=Cells,
        query=("under",),
    ),
    Endpoint(
        method="get",
        path="/api/v1/cases",
        summary="工单列表,新的在前",
        guard="session",
        answer=CaseList,
        query=("state", "unit", "q", "cursor", "limit"),
    ),
    Endpoint(
        method="get",
        path="/api/v1/cases/{no}",
        summary="一件工单的全部内容(不含诉求人身份)",
        guard="session",
        answer=CasePage,
    ),
    Endpoint(
        method="get",
        path="/api/v1/cases/{no}/closure",
        summary="办结依据:核查、监测、自查、移送、会商、回头看、督察交办(坐席、督办员)",
        guard="session",
        answer=Closure,
    ),
    Endpoint(
        method="get",
        path="/api/v1/agenda",
        summary="待办的回头看和待会商议题(坐席、督办员)",
        guard="session",
        answer=Agenda,
    ),
    Endpoint(
        method="get",
        path="/api/v1/inspection",
        summary="督察交办件公示表(公开,不含个人信息)",
        answer=InspectionTable,
        query=("city",),
    ),
    Endpoint(
        method="get",
        path="/api/v1/cases/{no}/dealings",
        summary="这件事归谁:持有台账、主办争议、函件、可派单位(坐席、督办员)",
        guard="session",
        answer=Dealings,
    ),
    Endpoint(
        method="get",
        path="/api/v1/cases/{no}/similar",
        summary="可能是同一件事的工单及理由(坐席;仅为提示,不含诉求人身份)",
        guard="session",
        answer=SimilarCases,
        query=("limit",),
    ),
    Endpoint(
        method="get",
        path="/api/v1/emergencies",
        summary="进行中的突发环境事件(坐席、督办员);ended=1 含已终止的",
        guard="session",
        answer=EmergencyList,
        query=("ended",),
    ),
    Endpoint(
        method="get",
        path="/api/v1/emergencies/{no}",
        summary="一个突发环境事件:通知名单、通话记录、报告(编号为首个工单号)",
        guard="session",
        answer=WholeEmergency,
    ),
    Endpoint(
        method="get",
        path="/api/v1/supervision",
        summary="未结督办、挂账台账、待签收文书、通报名单、重点件和未读通知(承办单位只见本单位的)",
        guard="session",
        answer=Supervision,
    ),
    Endpoint(
        method="post",
        path="/api/v1/notices/{id}/read",
        summary="通知已阅(承办单位、督办员)",
        guard="session",
        answer=Read,
    ),
    Endpoint(
        method="post",
        path="/api/v1/cases/{no}/actions/{verb}",
        summary="对工单办理一个动作;正文为动作内容与可选的 revision",
        guard="session",
        answer=CasePage,
    ),
    Endpoint(
        method="post",
        path="/api/v1/reconcile",
        summary="对账:这些编号是否已收、处于何种状态(一次至多 1000 个)",
        guard="signature",
        body=Reconcile,
        answer=Reconciled,
    ),
    Endpoint(
        method="get",
        path="/api/v1/outbox/dead",
        summary="未能送达而搁置的回传消息(管理员)",
        guard="session",
        answer=DeadLetters,
    ),
    Endpoint(
        method="post",
        path="/api/v1/outbox/revive",
        summary="重新发送搁置的回传消息(管理员)",
        guard="session",
        body=Revive,
        answer=Revived,
    ),
    Endpoint(method="get", path="/healthz", summary="进程是否应答"),
    Endpoint(method="get", path="/readyz", summary="是否可以工作,缺什么"),
    Endpoint(method="get", path="/metrics", summary="Prometheus 指标", media_type="text/plain"),
    Endpoint(method="get", path="/api/openapi.json", summary="本文档"),
)


def add_openapi(app: web.Application) -> None:
    """Give the document its route."""
    app.router.add_get("/api/openapi.json", openapi)


async def openapi(_request: web.Request) -> web.Response:
    """Give the document."""
    return web.Response(body=document(), content_type="application/json")


@cache
def document() -> bytes:
    """Write the OpenAPI 3.1 document."""
    used = [kind for e in ENDPOINTS for kind in (e.body, e.answer) if kind is not None]
    _, schemas = msgspec.json.schema_components([*used, Problem], ref_template=_PATH)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method] = _operation(endpoint)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Jiesu 接诉", "version": "1"},
            "paths": paths,
            "components": {"schemas": schemas, "securitySchemes": _SCHEMES},
        }
    )


_SCHEMES: Final = {
    "session": {"type": "apiKey", "in": "cookie", "name": "jiesu_session"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Sign",
        "description": "hex(HMAC-SHA256(secret, app_id + '\\n' + ts + '\\n' + nonce + '\\n' + "
        "hex(SHA-256(body)))),X-Timestamp 为毫秒,前后 5 分钟内有效,X-Nonce 不得复用。",
    },
}


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    made: dict[str, Any] = {
        "summary": endpoint.summary,
        "parameters": _parameters(endpoint),
        "responses": {str(endpoint.status): _answer(endpoint), **_problems()},
    }
    if endpoint.method == "post":
        schema = _schema(endpoint.body) if endpoint.body else {"type": "object"}
        kind = endpoint.media_type
        content = {kind: {"schema": schema if "json" in kind else {"type": "string"}}}
        made["requestBody"] = {"required": True, "content": content}
    if endpoint.guard != "none":
        made["security"] = [{endpoint.guard: []}]
    return made


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    in_path = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
    named = [("path", name) for name in in_path] + [("query", name) for name in endpoint.query]
    if endpoint.guard == "signature":
        named += [("header", name) for name in _SIGNED]
    return [
        {"name": name, "in": place, "required": place != "query", "schema": {"type": "string"}}
        for place, name in named
    ]


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    schema = _schema(endpoint.answer) if endpoint.answer else {}
    return {"description": "成功", "content": {endpoint.media_type: {"schema": schema}}}


def _problems() -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": _schema(Problem)}}
    return {
        str(status): {"description": HTTPStatus(status).phrase, "content": content}
        for status in _ERRORS
    }


def _schema(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": _PATH.format(name=kind.__name__)}
