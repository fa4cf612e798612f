"""The table of channels: a new one is its file and one line here."""

from typing import Any

from aiohttp import web

from intake.channels.base import attach
from intake.channels.desk import Desk
from intake.channels.dispatcher import Answer, Dispatcher, Event, Proceed
from intake.channels.hotline12345 import Hotline12345
from intake.channels.national12369 import National12369
from intake.channels.patrol import Patrols
from intake.channels.portal import Portal
from models.errors import NotFound


def include_channels(app: web.Application, dispatcher: Dispatcher) -> None:
    """Give every channel its route."""
    dispatcher.outer.append(served_here)
    attach(
        app,
        dispatcher,
        Hotline12345(),
        National12369(),
        Portal(),
        Desk(),
        Patrols(),
    )


async def served_here(proceed: Proceed, event: Event, data: dict[str, Any]) -> Answer:
    """Let through what is for a city served here; NotFound for any other that a path names."""
    city, services = data.get("city"), data["services"]
    if city is not None and city not in services.cities:
        code = "city_unknown"
        raise NotFound(code, f"本系统未开通 {city},请核对地址中的行政区划代码。")
    return await proceed(event, data)
