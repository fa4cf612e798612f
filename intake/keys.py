"""Typed keys of what lives in the application and in a request."""

from typing import Final

from aiohttp import web

from intake.channels.dispatcher import Dispatcher
from intake.limits import Limits
from intake.receive import Receiver
from intake.services import Services

SERVICES: Final = web.AppKey("services", Services)
RECEIVER: Final = web.AppKey("receiver", Receiver)
DISPATCHER: Final = web.AppKey("dispatcher", Dispatcher)
LIMITS: Final = web.AppKey("limits", Limits)

#: The address of who asks, seen through configured proxies only.
CLIENT: Final = web.RequestKey("client", str)
#: The id under which this request's log lines and its answer can be found again.
REQUEST_ID: Final = web.RequestKey("request_id", str)
