"""The table of channels: a new one is its file and one line here."""

from aiohttp import web

from intake.channels.base import attach
from intake.channels.desk import Desk
from intake.channels.dispatcher import Dispatcher
from intake.channels.hotline12345 import Hotline12345
from intake.channels.national12369 import National12369
from intake.channels.portal import Portal


def include_channels(app: web.Application, dispatcher: Dispatcher) -> None:
    """Give every channel its route."""
    attach(
        app,
        dispatcher,
        Hotline12345(),
        National12369(),
        Portal(),
        Desk(),
    )
