"""Measure how many signed 12345 reports a second one web process stores durably.

    python tests/load/accept.py [SENDERS] [SECONDS]

Starts an embedded PostgreSQL with fsync on, one web process and one sending process, all on this machine.
"""

import asyncio
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import uvloop
from aiohttp import ClientSession, TCPConnector, web

from deploy.embedded import EmbeddedPostgres
from intake.channels import signature
from intake.privacy import Vault
from intake.services import Secrets, Services, fresh_secrets
from models.city import City
from models.db.migrate import migrate
from models.db.pool import Database
from models.moment import now

CITY = "430100"
PORT = 18080
TEXT = "每晚十点以后楼下烧烤店油烟直排,音响声音很大,老人和孩子睡不着,多次向社区反映没有解决,请尽快处理。" * 4


def send(secrets: bytes, senders: int, seconds: float) -> None:
    """Be the platform: 64 senders in a loop of their own, then one line of figures."""
    uvloop.run(_send(msgspec.json.decode(secrets, type=Secrets), senders, seconds))


async def _send(secrets: Secrets, senders: int, seconds: float) -> None:
    hook = secrets.hook("12345", CITY)
    assert hook is not None
    times: list[float] = []
    url, until = f"http://127.0.0.1:{PORT}/hooks/12345/{CITY}", time.perf_counter() + seconds

    async def sender(number: int) -> None:
        n = 0
        while time.perf_counter() < until:
            n += 1
            body = msgspec.json.encode(_message(f"L{number:03d}-{n:07d}"))
            headers = signature.sign(hook, body, now())
            begun = time.perf_counter()
            async with session.post(url, data=body, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
                await answer.read()
            times.append(time.perf_counter() - begun)

    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        await asyncio.gather(*(sender(n) for n in range(senders)))
    times.sort()
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(f"{len(times) / seconds:.0f}/s p50 {p50 * 1000:.1f} ms p99 {p99 * 1000:.1f} ms")


def _message(number: str) -> dict[str, object]:
    return {
        "msgId": number,
        "msgType": "ORDER_DISPATCH",
        "order": {
            "orderNo": number,
            "sourceType": "01",
            "orderType": "投诉",
            "title": "烧烤店油烟和噪声",
            "content": TEXT,
            "caller": {"name": "测试甲", "phone": "13900000000", "isSecret": 1},
            "location": {"areaCode": "430102", "address": "某街道"},
            "pilotLight": "1",
            "dispatch": {"deadlineDate": "2026-12-11 23:59:59"},
        },
    }


async def main(senders: int, seconds: float) -> None:
    """Start everything, send, count what is stored."""
    from intake.app import build_app

    with tempfile.TemporaryDirectory(prefix="jiesu") as folder:
        async with EmbeddedPostgres(Path(folder, "data")) as server:
            dsn = server.admin_dsn
            await migrate(dsn)
            db = await Database.connect(dsn)
            secrets = fresh_secrets((CITY,))
            city = City(
                adcode=CITY, name="长沙市", short_names=(), version="", divisions=(), zones=(),
                units=(), bindings=(),
            )
            services = Services(db=db, cities={CITY: city}, vault=Vault(secrets), secrets=secrets)
            runner = web.AppRunner(build_app(services), access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", PORT).start()
            context = multiprocessing.get_context("spawn")
            child = context.Process(
                target=send, args=(msgspec.json.encode(secrets), senders, seconds)
            )
            child.start()
            while child.is_alive():
                await asyncio.sleep(0.1)
            async with db.city(CITY) as conn:
                n = await conn.fetchval("SELECT count(*) FROM cases")
                top = await conn.fetchval("SELECT max(case_no) % 1000000 FROM cases")
            print(f"{n} cases, highest number {top}")
            await runner.cleanup()
            await db.close()


if __name__ == "__main__":
    uvloop.run(
        main(int(dict(enumerate(sys.argv)).get(1, "64")), float(dict(enumerate(sys.argv)).get(2, "10")))
    )
