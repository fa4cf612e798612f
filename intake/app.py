"""The web application: what every request passes, the channels, the API, the pages."""

from collections.abc import AsyncIterator

from aiohttp import web

from intake import (
    api,
    api_closure,
    api_disputes,
    api_emergencies,
    api_grid,
    api_marks,
    api_restricted,
    api_similar,
    api_supervision,
    keys,
    openapi,
)
from intake.channels.dispatcher import Dispatcher
from intake.channels.table import include_channels
from intake.limits import Limits
from intake.middlewares import answer_errors, client_address, observe
from intake.pages import add_pages
from intake.receive import Receiver
from intake.services import Services


def build_app(services: Services) -> web.Application:
    """Make the application; closing it answers all that waits before it returns."""
    settings = services.settings
    app = web.Application(
        client_max_size=settings.max_upload_bytes,
        middlewares=[observe, answer_errors, client_address(settings.trusted_proxies)],
    )
    app[keys.SERVICES] = services
    app[keys.LIMITS] = Limits(settings, services.count)
    app[keys.RECEIVER] = Receiver(services)
    app[keys.DISPATCHER] = dispatcher = Dispatcher("root")
    app.cleanup_ctx.append(_drain)
    include_channels(app, dispatcher)
    api.add_api(app)
    api_closure.add_closure(app)
    api_disputes.add_disputes(app)
    api_emergencies.add_emergencies(app)
    api_grid.add_grid(app)
    api_marks.add_marks(app)
    api_restricted.add_restricted(app)
    api_similar.add_similar(app)
    api_supervision.add_supervision(app)
    openapi.add_openapi(app)
    add_pages(app)
    return app


async def _drain(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[keys.RECEIVER].close()
