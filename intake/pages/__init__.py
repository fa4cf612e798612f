"""The pages people use: a table of addresses, each with who may open it."""

from typing import Final, NamedTuple

from aiohttp import web

from classifier.tokens import cutter
from intake.keys import SERVICES
from intake.pages import (
    account,
    actions,
    admin,
    assets,
    citizen,
    desk,
    entry,
    files,
    secrecy,
    unit,
    watch,
)
from intake.pages.city_words import CITY_WORDS, WordsOfCities
from intake.pages.handler import Handler, StaffHandler, friendly, public, staff_only

__all__ = ["PUBLIC", "STAFF", "Page", "add_pages"]


class Page(NamedTuple):
    """One address for staff: method, path, who may open it, and what answers."""

    method: str
    path: str
    roles: tuple[str, ...]
    handler: StaffHandler


#: What anyone may open.
PUBLIC: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/", citizen.form),
    ("POST", "/report", citizen.report),
    ("GET", "/receipt", citizen.receipt),
    ("GET", "/track", citizen.track_form),
    ("POST", "/track", citizen.track),
    ("GET", "/login", account.login_form),
    ("POST", "/login", account.login),
    ("GET", "/static/{name}", assets.serve),
)

_ALL: Final = ("operator", "unit", "supervisor", "admin", "grid")
_DESK: Final = ("operator",)
_READ: Final = ("operator", "supervisor")
_UNIT: Final = ("unit",)
_WATCH: Final = ("supervisor",)
_ADMIN: Final = ("admin",)

#: What staff may open, by role.
STAFF: Final = (
    Page("GET", "/home", _ALL, account.home),
    Page("POST", "/logout", _ALL, account.logout),
    Page("GET", "/account", _ALL, account.account),
    Page("POST", "/account", _ALL, account.password),
    Page("GET", "/desk", _READ, desk.queue),
    Page("GET", "/desk/next", _DESK, desk.following),
    Page("GET", "/desk/new", _DESK, entry.form),
    Page("POST", "/desk/new", _DESK, entry.take),
    Page("GET", "/desk/cases/{number}", _READ, desk.show),
    Page("GET", "/desk/cases/{number}/preview", _DESK, desk.preview),
    Page("GET", "/desk/cases/{number}/clocks/{task}/{clock}/{attempt}", _READ, desk.clock),
    Page("POST", "/desk/cases/{number}/reveal", _DESK, actions.reveal),
    Page("POST", "/desk/cases/{number}/{verb}", _READ, actions.desk_act),
    Page("GET", "/unit", _UNIT, unit.inbox),
    Page("GET", "/unit/tasks/{number}", _UNIT, unit.task),
    Page("GET", "/unit/tasks/{number}/clocks/{task}/{clock}/{attempt}", _UNIT, desk.clock),
    Page("POST", "/unit/tasks/{number}/reveal", _UNIT, actions.reveal),
    Page("POST", "/unit/tasks/{number}/{verb}", _UNIT, actions.unit_act),
    Page("GET", "/files/{file}", ("operator", "unit", "supervisor"), files.show),
    Page("GET", "/watch", _WATCH, watch.board),
    Page("GET", "/watch/list", _WATCH, watch.listing),
    Page("POST", "/watch/restricted/{number}", _WATCH, secrecy.name_keeper),
    Page("GET", "/admin", _ADMIN, admin.show),
    Page("POST", "/admin/staff", _ADMIN, admin.add),
    Page("POST", "/admin/staff/{username}/{verb:close|open|password}", _ADMIN, admin.change),
)


def add_pages(app: web.Application) -> None:
    """Give every page its address; unknown addresses are answered as pages, too."""
    cutter()  # its dictionary is read now, not at the first search
    cities = app[SERVICES].cities
    app[CITY_WORDS] = WordsOfCities(cities)
    app.middlewares.append(friendly)
    for method, path, handler in PUBLIC:
        app.router.add_route(method, path, public(handler))
    for method, path, roles, staff_handler in STAFF:
        app.router.add_route(method, path, staff_only(staff_handler, roles))
