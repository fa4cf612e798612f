"""What the front door's tests share: services, deliveries, a platform that signs."""

import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from intake.channels import signature
from intake.delivery import Content, Delivery, Person
from intake.privacy import Vault
from intake.services import Hook, Secrets, Services, Settings, fresh_secrets
from models.case import Actor
from models.city import City
from models.db.pool import Database
from models.moment import now

CITY: Final = "430100"
OTHER: Final = "530100"
FIXTURES: Final = Path(__file__).parents[1] / "fixtures"
SECRETS: Final[Secrets] = fresh_secrets((CITY, OTHER))
VAULT: Final = Vault(SECRETS)
_numbers = itertools.count(1)


def empty_city(adcode: str, name: str) -> City:
    """Make a city without any data: the front door needs only that it is served."""
    return City(
        adcode=adcode,
        name=name,
        short_names=(),
        version="test",
        divisions=(),
        zones=(),
        units=(),
        bindings=(),
    )


def make_services(db: Database, cities: Mapping[str, City] | None = None, **given: Any) -> Services:
    """Make services over a database; `given` are settings, and `count` where a test counts."""
    count = given.pop("count", lambda _name, _label: None)
    served = cities or {CITY: empty_city(CITY, "长沙市"), OTHER: empty_city(OTHER, "昆明市")}
    settings = Settings(
        **({"linger_s": 0.001, "reports_per_hour": 10_000, "max_message_bytes": 100_000} | given)
    )
    return Services(
        db=db, cities=served, vault=VAULT, secrets=SECRETS, settings=settings, count=count
    )


def make_delivery(**given: Any) -> Delivery:
    """Make a delivery of a new report; `text`, `person` and `content` fill its content."""
    n = next(_numbers)
    text = given.pop("text", f"河边每晚有刺鼻气味,第 {n} 次反映")
    person = given.pop("person", Person(name="测试甲", phone="13900000000"))
    channel = given.pop("channel", "12345_TEL")
    content = given.pop("content", Content(channel=channel, text=text, person=person))
    values: dict[str, Any] = {
        "city": CITY,
        "source": "12345",
        "external_no": f"T{n:08d}",
        "message_id": f"M{n:08d}",
        "digest": VAULT.fingerprint(msgspec.json.encode(content)),
        "issued_at": now(),
        "actor": Actor(kind="platform", name="12345"),
        "payload": {"n": n},
        "content": content,
    }
    return Delivery(**(values | given))


def hook(source: str = "12345", city: str = CITY) -> Hook:
    """Give the secret of a platform."""
    found = SECRETS.hook(source, city)
    assert found is not None
    return found


def order(number: str = "CS0001", **given: Any) -> dict[str, Any]:
    """Make a 12345 order; `given` replaces its fields."""
    made = {
        "orderNo": number,
        "sourceType": "01",
        "callTime": "2026-11-20 22:41:08",
        "orderType": "投诉",
        "questionCode": "0801",
        "title": "楼下餐馆油烟直排",
        "content": "每晚七点后油烟从后巷直排到居民楼,家里不能开窗。",
        "caller": {"name": "测试乙", "phone": "13900000001", "isSecret": 1, "needReply": 1},
        "location": {"areaCode": "430102", "address": "某街道某小区 3 栋"},
        "pilotLight": "2",
        "dispatch": {
            "organizationCode": "CS-FR-ECO",
            "timeUnit": "WORKDAY",
            "handleDays": 15,
            "deadlineDate": "2026-12-11 23:59:59",
        },
    }
    return made | given


def message(kind: str = "ORDER_DISPATCH", number: str = "CS0001", **given: Any) -> dict[str, Any]:
    """Make a 12345 message around an order; `order` holds replaced fields of it."""
    fields = given.pop("order", {})
    made = {
        "msgId": f"{number}-{kind}-{next(_numbers)}",
        "msgType": kind,
        "version": "1.0",
        "order": order(number, **fields),
    }
    return made | given


class Platform:
    """Speaks to the front door as a platform does: signs, posts, reads."""

    def __init__(
        self, client: TestClient[Any, Any], source: str = "12345", city: str = CITY
    ) -> None:
        """Take the client of a running application."""
        self.client = client
        self.source = source
        self.city = city

    async def post(
        self,
        body: bytes | dict[str, Any],
        *,
        at: datetime | None = None,
        nonce: str | None = None,
        headers: Mapping[str, str] | None = None,
        path: str | None = None,
    ) -> ClientResponse:
        """Sign and post a body; `headers` replace those of the signature."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        signed = signature.sign(hook(self.source, self.city), raw, at or now(), nonce)
        target = path or f"/hooks/{self.source}/{self.city}"
        return await self.client.post(target, data=raw, headers=signed | dict(headers or {}))


async def rows(db: Database, query: str, *args: Any, city: str = CITY) -> list[dict[str, Any]]:
    """Run a query within a city and give its rows."""
    async with db.city(city) as conn:
        return [dict(row.items()) for row in await conn.fetch(query, *args)]


async def counts(db: Database, city: str = CITY) -> dict[str, int]:
    """Count the rows of every table that a delivery may write."""
    tables = ("cases", "case_ref", "report", "identity", "attachment", "nonce", "event")
    async with db.city(city) as conn:
        return {t: await conn.fetchval(f"SELECT count(*) FROM {t}") for t in tables}


def later(minutes: float) -> datetime:
    """Give a moment some minutes from now."""
    return now() + timedelta(minutes=minutes)
