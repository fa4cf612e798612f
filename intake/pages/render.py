"""From a template to a response: one environment with autoescape, one set of headers."""

from pathlib import Path
from typing import Any, Final

from aiohttp import web
from jinja2 import DictLoader, Environment, StrictUndefined

from intake import auth
from intake.auth import Staff
from intake.keys import REQUEST_ID, SERVICES
from intake.pages import act_forms, assets, english, words
from models.errors import JiesuError

_FOLDER: Final = Path(__file__).with_name("templates")
#: Nothing from elsewhere, nothing inline: what is not a file of ours does not run.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_LANG_COOKIE: Final = "lang"
_YEAR_S: Final = 31_536_000
#: What each role's navigation shows: address and name.
_NAV: Final = {
    "operator": (("/desk", "工单台"), ("/desk/new", "登记来电")),
    "unit": (("/unit", "我的任务"),),
    "supervisor": (("/watch", "时限看板"), ("/desk", "工单查询")),
    "admin": (("/admin", "账号与数据"),),
    "grid": (("/account", "我的账号"),),
}


def _environment() -> Environment:
    texts = {
        str(path.relative_to(_FOLDER)): path.read_text(encoding="utf-8")
        for path in _FOLDER.rglob("*.html")
    }
    env = Environment(
        loader=DictLoader(texts),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.filters.update(words.FILTERS)
    env.globals.update(asset=assets.url, words=words, roles=auth.ROLES)
    for name in texts:
        env.get_template(name)
    return env


_ENV: Final = _environment()


def page(
    request: web.Request,
    template: str,
    *,
    staff: Staff | None = None,
    status: int = 200,
    **context: Any,  # noqa: ANN401 - whatever the template shows
) -> web.Response:
    """Render a template; pages are never kept by caches, since they show what is so now."""
    lang = language(request)
    known = {
        "_": english.words(lang),
        "lang": lang,
        "path": request.path,
        "staff": staff,
        "nav": _NAV[staff.role] if staff else (),
        "city": _city_name(request, staff),
        "done": _said_done(request.query.get("done", "")),
        **context,
    }
    text = _ENV.get_template(template).render(known)
    response = web.Response(
        text=text, status=status, content_type="text/html", charset="utf-8", headers=_HEADERS
    )
    if request.query.get("lang") in english.LANGUAGES:
        response.set_cookie(_LANG_COOKIE, lang, max_age=_YEAR_S, samesite="Lax", path="/")
    return response


def error_page(request: web.Request, error: JiesuError, staff: Staff | None = None) -> web.Response:
    """Say in plain words what went wrong and what to do, with the stable code for support."""
    part = "HX-Request" in request.headers and "HX-Boosted" not in request.headers
    response = page(
        request,
        "error_part.html" if part else "error.html",
        status=error.status,
        staff=staff or auth.known(request),
        error=error,
        request_id=request.get(REQUEST_ID, ""),
    )
    if "retry_after" in error.extra:
        response.headers["Retry-After"] = str(error.extra["retry_after"])
    return response


def see(target: str) -> web.Response:
    """Lead the browser on after a form, so that reloading repeats nothing."""
    return web.Response(status=303, headers={"Location": target, "Cache-Control": "no-store"})


def language(request: web.Request) -> str:
    """Give the reader's language: zh, or en where they chose it."""
    chosen = request.query.get("lang") or request.cookies.get(_LANG_COOKIE, "")
    return chosen if chosen in english.LANGUAGES else "zh"


def _said_done(verb: str) -> str | None:
    """Say what was just done, by the word in the address."""
    return words.DONE.get(verb) or act_forms.done(verb)


def _city_name(request: web.Request, staff: Staff | None) -> str:
    cities = request.app[SERVICES].cities
    if staff:
        return cities[staff.city].name
    return next(iter(cities.values())).name if len(cities) == 1 else ""
