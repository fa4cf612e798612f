"""Who reported is in the vault, sealed, and nowhere else: in no other table, and in no log."""

import json
from typing import Any

import msgspec
import pytest
import structlog

from models.case import SYSTEM, Receipt
from routing import reward_rules
from routing.commands import act
from tests.pages.kit import CITY, World
from tests.pages.test_verification import send
from tests.routing.kit import OPERATOR, SECOND, handler

NAME, PHONE = "欧阳测试", "13900007777"
ANGRY: dict[str, Any] = {
    "connected": True,
    "contacted": True,
    "solved": False,
    "satisfaction": 1,
    "opinion": f"仍然吵,打{PHONE}",
    "redo": True,
    "reason": f"{PHONE}说仍然吵",
}
FINE = {"fine": "50000", "document": "测环罚〔2026〕3号"}


async def _live(world: World, receipt: Receipt) -> str:
    """Let a case be called about, done again, closed, rewarded and paid; give the claim code."""
    async with world.db.city(CITY) as conn:
        lead = await conn.fetchval("SELECT unit FROM task WHERE is_lead")

    async def do(verb: str, actor: Any = OPERATOR, **data: Any) -> None:
        async with world.db.city(CITY) as conn:
            await act(conn, world.city, receipt.case_no, verb, data, actor)

    async def closed() -> None:
        async with world.db.city(CITY) as conn:
            await conn.execute("UPDATE cases SET state = 'CLOSED', closed_at = now(), queue = NULL")
            await conn.execute("UPDATE task SET state = 'DONE'")
            await conn.execute(
                "INSERT INTO event (city, event_id, case_no, at, verb, actor_kind, actor_name,"
                " data) SELECT city, gen_random_uuid(), case_no, now(), 'case:closed', 'staff',"
                " 'x', '{}' FROM cases"
            )

    await do("sign", handler(lead), handler="张工")
    await do("contact", handler(lead), method="phone", result="reached", note=f"已拨{PHONE}")
    await closed()
    await do("callback", **ANGRY)
    await closed()
    await do("judge", SYSTEM, solved=False, satisfaction=2, opinion=f"请回{PHONE}")
    await do("settle_judgement", redo=False, reason=f"已向{PHONE}说明")
    await do("ask_exclusion", cause="unreasonable", reason=f"{PHONE}多次要求")
    await do("deny_exclusion", SECOND, note=f"{PHONE}有理")
    await do("propose_reward", **FINE)
    await do("approve_reward", SECOND, note=f"{PHONE}首报")
    await do("tell_reward", how=f"电话{PHONE}告知")
    citizen, operator = await world.browser(), await world.browser("op")
    _, told = await send(citizen, f"/api/v1/track/{receipt.track_code}/reward")
    status, _ = await send(operator, "/api/v1/rewards/pay", code=told["code"])
    assert status == 200
    return str(told["code"])


async def _rows(world: World) -> dict[str, list[str]]:
    """Give all that the store holds, table by table."""
    async with world.db.system() as conn:
        tables = await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = {row["tablename"] for row in tables}
        return {
            name: [row[0] for row in await conn.fetch(f'SELECT t::text FROM "{name}" t')]
            for name in sorted(names)
        }


async def test_who_reported_is_in_the_vault_and_nowhere_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a whole life with calls, words, wishes and a reward that was paid."""
    own = msgspec.structs.replace(reward_rules.reward_rules()[1], area=CITY)
    monkeypatch.setattr(reward_rules, "reward_rules", lambda: (own,))
    with structlog.testing.capture_logs() as logs:
        receipt = await world.report("楼下饭店油烟很大", name=NAME, phone=PHONE)
        await world.read(receipt.case_no)
        await world.route()
        code = await _live(world, receipt)
    told = await _rows(world)
    secrets = [NAME, PHONE, code, code.replace("-", ""), receipt.track_code]
    found = [
        (table, secret)
        for table, rows in told.items()
        for row in rows
        for secret in secrets
        if secret in row
    ]
    assert found == []
    assert {"identity", "callback", "event", "reward"} <= {t for t, rows in told.items() if rows}
    assert not [secret for secret in secrets if secret in json.dumps(logs, default=str)]
