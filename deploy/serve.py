"""The two long-running parts, web and worker: stateless, run as many as needed."""

import asyncio
import errno
import gc
import os
import socket
from contextlib import AsyncExitStack
from typing import Final

import structlog
from prometheus_client import start_http_server

from deploy import wiring
from deploy.database import ready_database
from deploy.follow import follow_all
from deploy.observe import Meter
from deploy.settings import Settings, load_secrets
from deploy.supervise import until_stopped
from deploy.worker import Worker
from models.db.pool import Database
from models.errors import Unavailable
from routing.live import live

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.serve")
_BACKLOG: Final = 1024
_DRAIN_S: Final = 10.0


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; raises Unavailable `port_taken` when somebody has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except PermissionError as error:
        raise Unavailable("port_forbidden", f"无权监听 {host}:{port},请用 --port 另选。") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            detail = f"{host}:{port} 已被别的程序占用,请用 --port 另选。"
            raise Unavailable("port_taken", detail) from error
        reason = os.strerror(error.errno) if error.errno else error
        detail = f"无法监听 {host}:{port}({reason}),请用 --host、--port 另选。"
        raise Unavailable("port_taken", detail) from error


async def serve(settings: Settings, *, fd: int | None = None, supervised: bool = False) -> None:
    """Answer HTTP until stopped; `fd` is a socket that the supervisor has opened already."""
    from aiohttp import web  # noqa: PLC0415 - the worker does not need it

    from intake.app import build_app  # noqa: PLC0415

    own = socket.socket(fileno=fd) if fd is not None else listen(settings.host, settings.port)
    async with AsyncExitStack() as stack:
        dsn = await ready_database(settings)
        db = await Database.connect(dsn, min_size=1, max_size=5, name="jiesu web")
        stack.push_async_callback(db.close)
        services = wiring.build_services(settings, load_secrets(settings), db, Meter())
        runner = web.AppRunner(build_app(services), access_log=None, shutdown_timeout=_DRAIN_S)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, own).start()
        following = asyncio.create_task(follow_all(db, live(services.cities)))
        stack.callback(following.cancel)
        _settle()
        _log.info("web_started", host=settings.host, port=own.getsockname()[1])
        await until_stopped(supervised=supervised)
        _log.info("web_stopping")


async def work(settings: Settings, *, number: int = 0, supervised: bool = False) -> None:
    """Do the stages' work until stopped; `number` tells the workers of one machine apart."""
    async with AsyncExitStack() as stack:
        dsn = await ready_database(settings)
        db = await Database.connect(dsn, min_size=1, max_size=4, name=f"jiesu worker {number}")
        stack.push_async_callback(db.close)
        meter = Meter()
        if settings.worker_metrics_port:
            start_http_server(
                settings.worker_metrics_port + number, "127.0.0.1", registry=meter.registry
            )
        steps = wiring.build_steps(settings, db)
        runners = wiring.build_runners(settings, load_secrets(settings), db, meter)
        worker = Worker(db, settings.cities, steps, meter, runners)
        _settle()
        running = asyncio.create_task(worker.run())
        await until_stopped(supervised=supervised)
        worker.stop()
        await running


def _settle() -> None:
    """Leave what start-up made out of later garbage collections: it is here to stay."""
    gc.collect()
    gc.freeze()
