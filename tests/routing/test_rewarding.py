"""Rewards for reports that proved true: by the rules of the day, to the first who is named."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.case import SYSTEM, Case, CaseNo, State
from models.db import rewards
from models.errors import Conflict, Forbidden, Invalid, NotFound
from routing.reward_rules import RewardRule, reward_rules, rule_of
from routing.rewarding import case_of_code, digest, fresh_code
from tests.routing.kit import CITY, OPERATOR, SECOND, Desk, put_case
from tests.routing.moments import ECO, UNIT, Time
from tests.routing.test_verifying import close, name

HANGZHOU = "330100"
FINE: dict[str, Any] = {"fine": "80000", "document": "测环罚〔2026〕1号"}


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small city reward as Hangzhou does."""
    known = reward_rules()
    own = msgspec.structs.replace(known[1], area=CITY, id="TEST")
    monkeypatch.setattr("routing.reward_rules.reward_rules", lambda: (*known, own))


@pytest.fixture
async def found(working: Desk, time: Time) -> Desk:
    """Give the closed case of someone named."""
    await name(working)
    await close(working, time)
    return working


async def reward(desk: Desk) -> rewards.Reward:
    """Give the reward of a case."""
    async with desk.db.city(CITY) as conn:
        one = await rewards.get(conn, CITY, desk.number)
    assert one is not None
    return one


@pytest.mark.parametrize(
    ("fine", "worth"),
    [
        ("99999.99", "10000.00"),
        ("5000", "500.00"),
        ("100000", "10000"),
        ("199999", "10000"),
        ("200000", "30000"),
        ("500000", "50000"),
        ("1000000", "80000"),
        ("1499999.99", "80000"),
        ("1500000", "100000"),
        ("99000000", "100000"),
    ],
)
def test_f04_the_steps_of_hangzhou(fine: str, worth: str) -> None:
    """The amounts of domain section 4.6, at each edge."""
    rule = rule_of(HANGZHOU, date(2026, 11, 20))
    assert rule is not None
    assert rule.amount(Decimal(fine)) == Decimal(worth)


@given(low=st.integers(1, 10**10), more=st.integers(0, 10**10))
def test_f04_a_higher_fine_never_earns_less(low: int, more: int) -> None:
    """Every rule rises with the fine, and none goes over its most."""
    for rule in reward_rules():
        first, second = (rule.amount(Decimal(cents) / 100) for cents in (low, low + more))
        assert first <= second <= rule.most


def test_f05_the_version_of_the_day_of_the_report() -> None:
    """Two versions follow each other; the city's own comes before its province's."""
    days = {
        date(2020, 12, 31): None,
        date(2021, 1, 19): "ZJ-2021",
        date(2021, 1, 20): "HZ-2021",
        date(2026, 11, 20): "HZ-2021",
    }
    for day, wanted in days.items():
        rule = rule_of(HANGZHOU, day)
        assert (rule.id if rule else None) == wanted
    other = rule_of("330200", date(2026, 11, 20))
    assert other is not None
    assert other.amount(Decimal(80_000)) == Decimal(4_000)


def test_f05_a_new_version_leaves_old_reports_alone() -> None:
    """A revised rule holds for reports from its day on."""
    old = next(one for one in reward_rules() if one.id == "HZ-2021")
    before = msgspec.structs.replace(old, valid_to=date(2026, 12, 31))
    after: RewardRule = msgspec.structs.replace(old, id="HZ-2027", valid_from=date(2027, 1, 1))
    versions = (before, after)
    got = [rule_of(HANGZHOU, day, versions) for day in (date(2026, 12, 31), date(2027, 1, 1))]
    assert [one.id if one else None for one in got] == ["HZ-2021", "HZ-2027"]


async def test_f04_from_the_fine_to_the_payment(found: Desk, time: Time) -> None:
    """Computed, approved by another, told in time (K38), fetched and paid once."""
    await found.act("propose_reward", **FINE)
    assert (await reward(found)).amount == Decimal(8_000)
    clock = (await found.clocks())[0, "K38", 1]
    assert clock.due_at.isoformat()[:10] == "2027-01-05"
    with pytest.raises(Conflict, match="second_person_needed"):
        await found.act("approve_reward", OPERATOR)
    await found.act("approve_reward", SECOND)
    code = fresh_code()
    taken: dict[str, Any] = {"digest": digest(CITY, code).hex()}
    with pytest.raises(Conflict, match="reward_not_told"):
        await found.act("claim_reward", SYSTEM, **taken)
    await found.act("tell_reward", how="电话告知")
    assert (await found.clocks())[0, "K38", 1].stop_reason == "reward:told"
    with pytest.raises(Forbidden):
        await found.act("claim_reward", OPERATOR, **taken)
    await found.act("claim_reward", SYSTEM, **taken)
    with pytest.raises(Conflict, match="claim_code_wrong"):
        await found.act("pay_reward", code=fresh_code())
    async with found.db.city(CITY) as conn:
        assert await case_of_code(conn, found.city, code.lower()) == found.number
        with pytest.raises(NotFound, match="claim_code_unknown"):
            await case_of_code(conn, found.city, fresh_code())
    await found.act("pay_reward", SECOND, code=code)
    for who in (OPERATOR, SECOND):
        with pytest.raises(Conflict, match=r"reward_paid.*desk-two"):
            await found.act("pay_reward", who, code=code)
    assert (await found.case()).state is State.CLOSED
    assert (await found.verbs()).count("reward:paid") == 1


async def approved(desk: Desk) -> str:
    """Bring a reward to where it is paid, and give the claim code."""
    await desk.act("propose_reward", **FINE)
    await desk.act("approve_reward", SECOND)
    await desk.act("tell_reward", how="电话告知")
    code = fresh_code()
    await desk.act("claim_reward", SYSTEM, digest=digest(CITY, code).hex())
    return code


async def test_f04_proposed_anew_the_first_term_runs_on(found: Desk, time: Time) -> None:
    """One clock, from when the fine was confirmed; the amount is the last one's."""
    await found.act("propose_reward", **FINE)
    due = (await found.clocks())[0, "K38", 1].due_at
    time.at("2026-12-10T10:00")
    await found.act("propose_reward", **(FINE | {"fine": "90000"}))
    running = [clock for (_, code, _), clock in (await found.clocks()).items() if code == "K38"]
    assert [clock.due_at for clock in running] == [due]
    assert (await reward(found)).amount == Decimal(9_000)


async def test_f04_two_windows_at_once_pay_once(found: Desk) -> None:
    """Also one that sends the same request twice is told that it was paid out."""
    code = await approved(found)
    tried = [found.act("pay_reward", who, code=code) for who in (SECOND, OPERATOR) * 4]
    came = await asyncio.gather(*tried, return_exceptions=True)
    assert sum(isinstance(one, Case) for one in came) == 1
    assert {one.code for one in came if isinstance(one, Conflict)} == {"reward_paid"}
    assert (await found.verbs()).count("reward:paid") == 1


async def test_f04_a_code_fetched_again_ends_the_earlier_one(found: Desk) -> None:
    """Who has an old code has nothing; nothing is fetched once it is paid."""
    old = await approved(found)
    new = fresh_code()
    await found.act("claim_reward", SYSTEM, digest=digest(CITY, new).hex())
    with pytest.raises(Conflict, match="claim_code_wrong"):
        await found.act("pay_reward", code=old)
    await found.act("pay_reward", code=new)
    with pytest.raises(Conflict, match="reward_paid"):
        await found.act("claim_reward", SYSTEM, digest=digest(CITY, fresh_code()).hex())


async def test_f04_a_fine_too_small_to_reward_is_said_to_be(found: Desk) -> None:
    """A part of a fine that is less than a cent is no reward."""
    for fine, code in (("0", "fine_required"), ("0.00", "fine_required"), ("0.04", "reward_none")):
        with pytest.raises(Invalid, match=code):
            await found.act("propose_reward", fine=fine, document="测环罚〔2026〕1号")


async def test_f04_one_matter_is_rewarded_once(found: Desk, time: Time) -> None:
    """Neither one decision nor one matter pays twice, whatever is linked or found out later."""
    await approved(found)
    number = await put_case(found.db, 2, received_at=datetime(2026, 11, 1, tzinfo=UTC))
    earlier = Desk(found.db, found.city, number)
    await name(earlier)
    async with found.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET state = 'CLOSED' WHERE case_no = $1", earlier.number)
    with pytest.raises(Conflict, match="matter_rewarded"):
        await earlier.act("propose_reward", fine="90000", document=" 测环罚〔2026〕1 号")
    await earlier.act("propose_reward", fine="90000", document="测环罚〔2026〕9号")
    await found.act("relate", to=earlier.number, kind="repeat", reason="同一事项")
    with pytest.raises(Conflict, match="matter_rewarded"):
        await earlier.act("approve_reward", SECOND)


async def test_f04_who_is_first_is_looked_at_when_it_is_approved(found: Desk) -> None:
    """An earlier report that is found between proposal and approval wins."""
    await found.act("propose_reward", **FINE)
    earlier = await put_case(found.db, 2, received_at=datetime(2026, 11, 1, tzinfo=UTC))
    await found.act("relate", to=earlier, kind="repeat", reason="同一事项")
    with pytest.raises(Conflict, match="first_reporter_only"):
        await found.act("approve_reward", SECOND)


async def test_f04_an_anonymous_first_report_leaves_nobody_to_reward(found: Desk) -> None:
    """Only the first is rewarded, and only who is named: neither report is."""
    first = await put_case(found.db, 2, received_at=datetime(2026, 11, 1, tzinfo=UTC))
    earlier = Desk(found.db, found.city, first)
    await name(earlier, anonymous=True)
    async with found.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET state = 'CLOSED' WHERE case_no = $1", first)
    await found.act("relate", to=first, kind="repeat", reason="同一事项")
    with pytest.raises(Conflict, match="first_reporter_only"):
        await found.act("propose_reward", **FINE)
    with pytest.raises(Conflict, match="named_only"):
        await earlier.act("propose_reward", **FINE)


async def test_f04_two_approve_for_one_decision_at_once(found: Desk) -> None:
    """Of two cases that name the same decision one is rewarded, whoever is quicker."""
    other = Desk(found.db, found.city, await put_case(found.db, 2))
    await name(other)
    async with found.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET state = 'CLOSED' WHERE case_no = $1", other.number)
    for one in (found, other):
        await one.act("propose_reward", **FINE)
    tried = [one.act("approve_reward", SECOND) for one in (found, other)]
    came = await asyncio.gather(*tried, return_exceptions=True)
    assert [one.code for one in came if isinstance(one, Conflict)] == ["matter_rewarded"]


async def test_f04_nobody_anonymous_is_rewarded(working: Desk, time: Time) -> None:
    """An anonymous report is handled like any other, and not rewarded."""
    await name(working, anonymous=True)
    await close(working, time)
    with pytest.raises(Conflict, match="named_only"):
        await working.act("propose_reward", **FINE)


async def test_f04_only_the_first_reporter(found: Desk) -> None:
    """Of several reports of one matter, merged or repeated, the earliest is rewarded alone."""
    earlier = await put_case(found.db, 2, received_at=datetime.now(UTC) - timedelta(days=1))
    first = Desk(found.db, found.city, earlier)
    await name(first)
    async with found.db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO case_link (city, link_id, case_no, other_no, kind, reason, made_by,"
            " made_at) VALUES ($1, gen_random_uuid(), $2, $3, 'merge', 'x', 'x', now())",
            CITY,
            earlier,
            found.number,
        )
        await conn.execute(
            "UPDATE cases SET state = 'MERGED', merged_into = $1 WHERE case_no = $2",
            found.number,
            earlier,
        )
    with pytest.raises(Conflict, match=f"first_reporter_only.*{CaseNo(earlier) % 1000}"):
        await found.act("propose_reward", **FINE)
    await first.act("propose_reward", **FINE)
    assert (await reward(first)).amount == Decimal(8_000)


async def test_f04_a_bounty_has_a_most(found: Desk) -> None:
    """A great case may earn more, up to half a million."""
    with pytest.raises(Invalid, match="bounty_too_high"):
        await found.act("propose_reward", **FINE, bounty="500000.01")
    await found.act("propose_reward", **FINE, bounty="500000")
    assert (await reward(found)).amount == Decimal(500_000)


async def test_f04_a_city_without_rules_pays_nothing(found: Desk) -> None:
    """Where no rule holds on the day of the report, nothing can be proposed."""
    async with found.db.city(CITY) as conn:
        await conn.execute("UPDATE cases SET received_at = '2020-06-01 12:00+08'")
    with pytest.raises(Conflict, match="no_reward_rule"):
        await found.act("propose_reward", **FINE)


async def test_f04_the_unit_learns_nothing_of_it(found: Desk) -> None:
    """Neither reward nor events nor the clock are there for whoever handled the case."""
    await found.act("propose_reward", **FINE)
    await found.act("approve_reward", SECOND)
    with pytest.raises(Forbidden):
        await found.act("tell_reward", UNIT, how="电话")
    async with found.db.city(CITY, ECO) as conn:
        assert await conn.fetchval("SELECT count(*) FROM reward") == 0
        assert await conn.fetchval("SELECT count(*) FROM clock WHERE code = 'K38'") == 0
        verbs = [row["verb"] for row in await conn.fetch("SELECT verb FROM event")]
    assert verbs
    assert not any(verb.startswith("reward:") for verb in verbs)
