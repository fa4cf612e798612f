"""kill -9 of the whole system, in the middle of intake and of a stage."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.embedded import running_dsn
from tests.faults.kit import CITY, Group, reconcile, running, send, settled


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give a data folder with a space in its name."""
    return tmp_path / "data dir"


async def ask(group: Group, statement: str) -> Any:
    """Ask the group's database for one value, every city in sight."""
    dsn = running_dsn(group.data)
    assert dsn is not None
    conn = await asyncpg.connect(dsn, server_settings={"jiesu.city": "*"})
    try:
        return await conn.fetchval(statement)
    finally:
        await conn.close()


async def verified(group: Group) -> None:
    """Check the event chain and the invariants by the command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "deploy.cli", "verify", "--json"),
        *("--data", str(group.data)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, json.loads(out)


@pytest.mark.timeout(180)
async def test_what_was_acknowledged_before_a_kill_is_held_once_after_it(data: Path) -> None:
    """A power cut in the middle of intake loses no acknowledged report and doubles none."""
    numbers = [f"KILL-{n}" for n in range(3000)]
    acknowledged: dict[str, dict[str, Any]] = {}
    async with running(data) as group:
        sending = asyncio.create_task(send(group, numbers, acknowledged))
        while len(acknowledged) < 400:
            await asyncio.sleep(0.005)
        await group.kill()
        await sending
        assert len(acknowledged) < len(numbers), "the kill came too late to be in the middle"

        await group.start()
        held = await reconcile(group, sorted(acknowledged)[:1000])
        assert len(held) == min(len(acknowledged), 1000)
        again: dict[str, dict[str, Any]] = {}
        repeat = [*acknowledged, *(n for n in numbers if n not in acknowledged)][:1000]
        await send(group, repeat, again)
        for number in set(acknowledged) & set(again):
            assert again[number]["ticketNo"] == acknowledged[number]["ticketNo"]
            assert again[number]["trackCode"] == acknowledged[number]["trackCode"]
            assert again[number]["duplicateOf"] == acknowledged[number]["ticketNo"]
        cases = await ask(group, "SELECT count(*) FROM cases")
        assert cases == await ask(group, "SELECT count(DISTINCT external_no) FROM case_ref")
        assert cases == await ask(group, "SELECT sum(n) FROM case_counter")
        await settled(group, repeat)
        await verified(group)


@pytest.mark.timeout(240)
async def test_a_kill_in_the_middle_of_the_stages_leaves_each_case_done_once(data: Path) -> None:
    """After a power cut among tagging and dispatching, every case is tagged and dispatched once."""
    numbers = [f"STAGE-{n}" for n in range(900)]
    receipts: dict[str, dict[str, Any]] = {}
    async with running(data) as group:
        await send(group, numbers, receipts)
        assert len(receipts) == len(numbers)
        while await ask(group, "SELECT count(*) FROM cases WHERE queue = 'tag'") == 900:
            await asyncio.sleep(0.01)
        await group.kill()

        await group.start()
        held = await settled(group, numbers, 150)
        assert {one["state"] for one in held.values()} <= {"DISPATCHED", "SCREEN"}
        twice = """SELECT count(*) FROM (SELECT case_no, verb FROM event
                    WHERE verb IN ('case:received', 'case:tags:written', 'case:dispatched')
                    GROUP BY city, case_no, verb HAVING count(*) > 1) AS twice"""
        assert await ask(group, twice) == 0
        leads = "SELECT count(*) FROM task WHERE is_lead"
        sent = "SELECT count(*) FROM cases WHERE state = 'DISPATCHED'"
        assert await ask(group, leads) == await ask(group, sent)
        assert await ask(group, f"SELECT n FROM case_counter WHERE city = '{CITY}'") == 900
        await verified(group)
