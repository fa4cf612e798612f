"""What a channel is: three small methods around a path that is written once.

A new channel is one file with such a class and one line in intake/channels/table.py.
"""

from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from intake import keys
from intake.channels.dispatcher import Dispatcher, Event, Router
from intake.delivery import Proof
from models.case import Receipt


class Channel(Protocol):
    """A way by which reports arrive; `router` holds its handlers."""

    name: str
    path: str
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


def entrance(channel: Channel, dispatcher: Dispatcher) -> Handler:
    """Make the request handler of a channel: read, verify, parse, dispatch, answer."""

    async def enter(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        proof = await channel.verify(request, body)
        event = await channel.parse(request, body)
        receipt = await dispatcher.dispatch(
            event,
            request=request,
            proof=proof,
            city=request.match_info.get("city"),
            services=request.app[keys.SERVICES],
            receiver=request.app[keys.RECEIVER],
        )
        return channel.receipt(event, receipt)

    return enter


def attach(app: web.Application, dispatcher: Dispatcher, *channels: Channel) -> None:
    """Give each channel its route and include its handlers."""
    for channel in channels:
        dispatcher.include(channel.router)
        app.router.add_post(channel.path, entrance(channel, dispatcher))
