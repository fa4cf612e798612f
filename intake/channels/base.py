"""What a channel is: three small methods around a path that is written once.

A new channel is one file with such a class and one line in intake/channels/table.py.
"""

from typing import Final, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from intake import keys, problems
from intake.channels.dispatcher import Dispatcher, Event, Router
from intake.delivery import Proof
from models.case import Receipt

#: What browsers send a form as.
FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class Channel(Protocol):
    """A way by which reports arrive; `router` holds its handlers.

    One that takes `forms` reads them itself, out of the request.
    """

    name: str
    path: str
    forms: bool
    router: Router

    async def verify(self, request: web.Request, body: bytes) -> Proof | None:
        """Find out who sends, None where nobody need say; Unauthenticated or Forbidden."""
        ...

    async def parse(self, request: web.Request, body: bytes) -> Event:
        """Read the message; Invalid says what to fix."""
        ...

    def receipt(self, event: Event, receipt: Receipt) -> web.Response:
        """Write the answer in the sender's own form; it is called only after commit."""
        ...


async def deliver(
    channel: Channel, request: web.Request, dispatcher: Dispatcher
) -> tuple[Event, Receipt]:
    """Take one message the whole way: read, verify, parse, dispatch; returns after commit."""
    is_form = channel.forms and request.content_type in FORMS
    body = b"" if is_form else await _read(request)
    proof = await channel.verify(request, body)
    event = await channel.parse(request, body)
    receipt: Receipt = await dispatcher.dispatch(
        event,
        request=request,
        proof=proof,
        city=request.match_info.get("city"),
        services=request.app[keys.SERVICES],
        receiver=request.app[keys.RECEIVER],
    )
    return event, receipt


def attach(app: web.Application, dispatcher: Dispatcher, *channels: Channel) -> None:
    """Give each channel its route and include its handlers."""
    for channel in channels:
        dispatcher.include(channel.router)
        app.router.add_post(channel.path, _entrance(channel, dispatcher))


def _entrance(channel: Channel, dispatcher: Dispatcher) -> Handler:
    async def enter(request: web.Request) -> web.StreamResponse:
        event, receipt = await deliver(channel, request, dispatcher)
        return channel.receipt(event, receipt)

    return enter


async def _read(request: web.Request) -> bytes:
    """Read a message up to the limit, whether or not it says its length."""
    limit = request.app[keys.SERVICES].settings.max_message_bytes
    if (request.content_length or 0) > limit:
        raise problems.too_large(limit)
    if request.content_length is not None:
        return await request.read()
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise problems.too_large(limit)
    return bytes(body)
