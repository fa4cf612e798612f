"""Errors as people and programs get them: RFC 9457 problem+json with a stable code."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from models.errors import Invalid, JiesuError, TooLarge

CONTENT_TYPE: Final = "application/problem+json"
#: When to come back where the error does not say.
_RETRY_AFTER_S: Final = 5
#: Errors that aiohttp itself raises: the stable code and what the reader can do about it.
_HTTP: Final = {
    400: ("request_malformed", "请求格式有误,请检查后重试。"),
    401: ("unauthenticated", "请先登录或签名。"),
    403: ("forbidden", "无权进行此操作。"),
    404: ("path_not_found", "地址不存在,请核对路径。"),
    405: ("method_not_allowed", "该地址不支持此请求方法。"),
    411: ("length_required", "请求缺少 Content-Length。"),
    413: ("body_too_large", "请求内容过大,请缩小后重试。"),
    415: ("media_type_unsupported", "不支持该内容类型。"),
    417: ("expectation_failed", "不支持请求头 Expect 的要求。"),
}
_MISSING: Final = re.compile(r"^Object missing required field `(?P<field>[^`]+)`")
_EXPECTED: Final = re.compile(r"^Expected `(?P<wanted>[^`]+)`(?:, got `(?P<got>[^`]+)`)?")
_PATH: Final = re.compile(r" - at `(?P<path>[^`]+)`$")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An RFC 9457 problem document; `success` is what hotline platforms look at."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str | None = None
    success: bool = False


def respond(
    error: JiesuError, request_id: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Write the problem document of an error."""
    return _response(error.status, error.code, error.detail, error.extra, request_id, headers or {})


def respond_http(error: web.HTTPException, request_id: str | None = None) -> web.Response:
    """Write the problem document of an error that aiohttp raised, with its headers."""
    code, detail = _HTTP.get(error.status, (f"http_{error.status}", error.reason))
    kept = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
    return _response(error.status, code, detail, {}, request_id, kept)


def unexpected(request_id: str) -> JiesuError:
    """Make the error that stands for one nobody foresaw; the id finds it in the log."""
    return JiesuError(
        "internal_error", f"系统内部错误,请稍后重试;如仍失败请提供编号 {request_id}。"
    )


def malformed(error: msgspec.MsgspecError) -> Invalid:
    """Say in Chinese what a JSON message lacks, from msgspec's first finding."""
    text = str(error)
    place = _PATH.search(text)
    path = place["path"] if place else "$"
    if found := _MISSING.match(text):
        return Invalid("field_missing", f"缺少必填字段 {path}.{found['field']}。", path=path)
    if found := _EXPECTED.match(text):
        return Invalid("field_invalid", f"字段 {path} 应为 {found['wanted']}。", path=path)
    if isinstance(error, msgspec.ValidationError):
        return Invalid("field_invalid", f"字段 {path} 取值不合要求:{text}。", path=path)
    return Invalid("json_malformed", f"报文不是合法的 JSON:{text}。")


def too_large(limit: int) -> TooLarge:
    """Say that a body is over a limit in bytes."""
    return TooLarge("body_too_large", f"请求内容超过 {limit >> 10} KiB,请缩小后重试。", limit=limit)


def unreadable() -> Invalid:
    """Say that a body cannot be read: cut off, or not packed as its headers say."""
    return Invalid("body_malformed", "请求内容不完整或压缩有误,请检查后重发。")


def _response(  # noqa: PLR0917 - the parts of one document
    status: int,
    code: str,
    detail: str,
    extra: Mapping[str, Any],
    request_id: str | None,
    headers: Mapping[str, str],
) -> web.Response:
    problem = Problem(
        type=f"urn:jiesu:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        instance=f"urn:jiesu:request:{request_id}" if request_id else None,
    )
    body = {**extra, **msgspec.structs.asdict(problem)}
    sent = dict(headers)
    if status == HTTPStatus.SERVICE_UNAVAILABLE or "retry_after" in extra:
        sent["Retry-After"] = str(extra.get("retry_after", _RETRY_AFTER_S))
    if status == HTTPStatus.UNAUTHORIZED:
        sent["WWW-Authenticate"] = "Jiesu"
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type=CONTENT_TYPE, headers=sent
    )
