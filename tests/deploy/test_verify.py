"""`jiesu verify`: sound data pass, each kind of damage is named."""

from pathlib import Path

import pytest

from deploy.settings import Settings
from deploy.verify import show, verify_all
from models.case import SYSTEM, CaseNo, Event
from models.db import events
from models.db.pool import Database
from models.errors import Invalid, Unavailable
from models.ids import uuid7
from models.moment import now
from tests.kit import Server, tamper

CITY = "430100"
CASE = 20261121_000001
CLOSE = "UPDATE cases SET state = 'CLOSED';"


@pytest.fixture
async def settings(db: Database, server: Server, tmp_path: Path) -> Settings:
    """Give the settings of an installation with one sound, sealed case."""
    event = Event(
        city=CITY,
        event_id=uuid7(),
        case_no=CaseNo(CASE),
        at=now(),
        verb="case:received",
        actor=SYSTEM,
        data={},
    )
    async with db.city(CITY) as conn:
        name = await conn.fetchval("SELECT current_database()")
        await conn.execute("INSERT INTO city_release VALUES ($1, 'v', '{}'::jsonb)", CITY)
        await conn.execute("INSERT INTO unit VALUES ($1, 'A', 'A', 'A', 'county')", CITY)
        await conn.execute("INSERT INTO case_counter VALUES ($1, '2026-11-21', 1)", CITY)
        await conn.execute(
            "INSERT INTO cases (city, case_no, channel, source, text, received_at, track_hash)"
            " VALUES ($1, $2, 'portal', 'web', '夜间施工', now(), '\\x01')",
            CITY,
            CASE,
        )
        await events.append(conn, [event])
        await events.seal(conn, CITY, 10)
    return Settings(database_url=server.database(name), data_dir=tmp_path, cities=(CITY,))


async def test_sound_data_pass_and_give_a_head_to_keep(settings: Settings) -> None:
    """The head can be asked for later."""
    report = await verify_all(settings, [])
    assert report.ok
    head = f"{CITY}:{report.cities[0].chain.head}"
    assert head in show(report)
    assert (await verify_all(settings, [head])).ok


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE event SET verb = 'case:closed'", "记录被改动"),
        ("DELETE FROM event", "记录被删除"),
        ("DELETE FROM event_seal", "链条缺环"),
        ("UPDATE case_counter SET n = 2", "工单号不连续"),
        ("DELETE FROM event; DELETE FROM event_seal", "工单没有任何记录"),
        ("UPDATE cases SET state = 'DISPATCHED'", "在办工单没有牵头单位"),
        ("INSERT INTO case_ref VALUES ('430100', 's', 'x', 5, 1, '')", "来源编号没有对应工单"),
        (
            CLOSE + "INSERT INTO task (city, case_no, task_no, unit, role, is_lead, dispatched_at)"
            " SELECT city, case_no, 1, 'A', 'R', true, now() FROM cases",
            "已办结工单仍有在办事项",
        ),
        ("UPDATE cases SET state = 'MERGED'", "并案工单没有可答复的主单"),
        (
            (
                "INSERT INTO clock_alarm (city, case_no, task_no, code, attempt, level, at,"
                " escalated_at) SELECT city, case_no, 0, 'K12', 1, 'breach', now(),"
                " now() + interval '1 s' FROM cases"
            ),
            "预警超期记为已通知却没有通知对象",
        ),
        (
            CLOSE + "INSERT INTO ledger_entry (city, case_no, n, conditions, keeper, opened_at,"
            " opened_by) SELECT city, case_no, 1, 'x', 'x', now(), 'x' FROM cases",
            "挂账件未销账即结束",
        ),
        (
            (
                "INSERT INTO press_document (city, document_id, case_no, number, kind, to_unit,"
                " title, body, sha256, issued_at, issued_by) SELECT city, gen_random_uuid(),"
                " case_no, '1', 'notice', 'x', 'x', 'x', 'x', now(), 'x' FROM cases"
            ),
            "督办文书跳级而没有理由",
        ),
        (
            (
                "INSERT INTO case_link (city, link_id, case_no, other_no, kind, reason, made_by,"
                " made_at) SELECT city, gen_random_uuid(), case_no, 5, 'merge', 'x', 'x', now()"
                " FROM cases"
            ),
            "拆并记录与工单不符",
        ),
        (
            (
                "UPDATE cases SET state = 'MERGED'; INSERT INTO clock (city, case_no, task_no,"
                " code, started_at, due_at, calendar, trace) SELECT city, case_no, 0, 'K12', now(),"
                " now(), 'W', '[]' FROM cases"
            ),
            "并案工单仍有在办事项",
        ),
        (
            CLOSE + "INSERT INTO cases (city, case_no, channel, source, text, received_at,"
            " track_hash, parent_no, state) SELECT city, case_no + 1, channel, source, text,"
            " received_at, '\\x02', case_no, 'DISPATCHED' FROM cases",
            "已办结工单仍有未办结的子单",
        ),
        (
            (
                "INSERT INTO task (city, case_no, task_no, unit, role, is_lead, dispatched_at)"
                " SELECT city, case_no, 1, 'A', 'R', true, now() FROM cases"
            ),
            "工单主办与牵头任务不符",
        ),
    ],
)
async def test_damage_is_named(db: Database, settings: Settings, statement: str, told: str) -> None:
    """Each invariant and each way of tampering has words of its own."""
    await tamper(db, statement)
    report = await verify_all(settings, [])
    assert not report.ok
    assert told in show(report)


async def test_a_lost_head_is_named(settings: Settings) -> None:
    """A chain that no longer holds what was noted has been replaced."""
    report = await verify_all(settings, [f"{CITY}:1:{'00' * 32}"])
    assert not report.ok
    assert "先前记下的链头" in show(report)


async def test_a_malformed_head_is_refused(settings: Settings) -> None:
    """What cannot be a head is wrong use, not a finding."""
    with pytest.raises(Invalid, match="head_malformed"):
        await verify_all(settings, ["nonsense"])


async def test_a_database_without_schema_is_refused(server: Server, tmp_path: Path) -> None:
    """Nothing to verify is not the same as verified."""
    with pytest.raises(Unavailable, match="database_older"):
        await verify_all(Settings(database_url=server.dsn, data_dir=tmp_path), [])
