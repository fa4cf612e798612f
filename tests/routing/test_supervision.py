"""Supervision of one case: orders, the ledger, letters that press, key complaints, the line."""

from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.case import Actor
from models.checks.posts import check_posts
from models.city import Binding, City, Post, Unit
from models.db import escalations, supervision
from models.errors import Conflict, Forbidden, Invalid
from models.moment import aware
from routing.catalogue import Catalogue, catalogue
from routing.chain import above, addressee, line, policy
from tests.routing.kit import CITY, EAST, FRIDAY, OPERATOR, Desk, handler, small_city
from tests.routing.moments import ECO, RESULT, UNIT, Time

BOSS = Actor(kind="staff", name="督办员甲")
TOP, COORD, HOT = f"{CITY}-ECO", f"{CITY}-COORD", f"{CITY}-HOT"
DAY = FRIDAY.date()


def with_line(**changed: Any) -> City:
    """Give the small city in which the east's branch stands under the city's bureau."""
    made = small_city()
    branch = [
        msgspec.structs.replace(unit, parent=TOP) if unit.code == ECO else unit
        for unit in made.units
    ]
    bodies = [
        Unit(code=COORD, name="市生环委办", short_name="环委办", level="city"),
        Unit(code=HOT, name="市12345热线中心", short_name="热线", level="city"),
    ]
    held = [
        Binding(role="COORD", territory=CITY, unit=COORD),
        Binding(role="HOT", territory=CITY, unit=HOT),
    ]
    fields = {"units": (*branch, *bodies), "bindings": (*made.bindings, *held)}
    return msgspec.structs.replace(made, **(fields | changed))


@pytest.fixture(scope="module")
def book() -> Catalogue:
    """Give the catalogue of that city."""
    return catalogue(with_line())


async def some_file(desk: Desk) -> UUID:
    """Put a file to the case and give its number."""
    file = uuid4()
    async with desk.db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO attachment (city, attachment_id, case_no, origin, name, media_type, size,"
            " sha256, created_at)"
            " VALUES ($1, $2, $3, 'unit', '照片.jpg', 'image/jpeg', 1, 'x', now())",
            CITY,
            file,
            desk.number,
        )
    return file


async def finish(desk: Desk) -> None:
    """Let both units submit and the desk approve."""
    await desk.act("submit", UNIT, **RESULT)
    uma = handler(f"{EAST}-UMA")
    await desk.act("sign", uma, handler="李工")
    await desk.act("submit", uma, **RESULT)
    await desk.act("approve", task_no=1)
    await desk.act("approve", task_no=2)


class TestTheLine:
    def test_f27_a_branch_stands_under_the_citys_bureau(self, book: Catalogue) -> None:
        """What a branch does not do in time climbs to the city's bureau, not to the county."""
        assert above(book, ECO, DAY)[0] == TOP
        told = addressee(book, "K12", "overdue1", ECO, DAY)
        assert (told.unit, told.post) == (TOP, "deputy")

    def test_f17_the_line_goes_from_the_deputy_to_the_head(self, book: Catalogue) -> None:
        """Liaison, deputy, head, the unit above, the coordinating body, the hotline's head."""
        found = [(rung.unit, rung.post) for rung in line(book, ECO, DAY)]
        own = [(ECO, "liaison"), (ECO, "deputy"), (ECO, "head")]
        assert found == [*own, (TOP, "deputy"), (TOP, "head"), (COORD, "head"), (HOT, "head")]

    def test_f17_a_missing_superior_leaves_it_to_the_coordinating_body(
        self, book: Catalogue
    ) -> None:
        """Then to the hotline's head, and the supervisors where a city has neither."""
        other = f"{EAST}-UMA"
        assert above(book, other, DAY)[0] == COORD
        assert addressee(book, "K12", "overdue2", other, DAY).unit == HOT
        assert above(book, other, DAY, {COORD}) == (HOT,)
        bare = catalogue(small_city())
        assert addressee(bare, "K02", "breach", None, DAY)[1:] == (None, "supervisor")

    def test_f17_a_city_says_which_posts_a_unit_has(self) -> None:
        """A post that nobody holds is left out and the next one is told."""
        posts = (Post(unit=ECO, rank="head", title="局长"),)
        made = catalogue(with_line(posts=posts, version="posts"))
        told = addressee(made, "K04", "warn1", ECO, DAY)
        assert (told.unit, told.post) == (ECO, "head")

    def test_f27_who_is_complained_of_hears_nothing(self, book: Catalogue) -> None:
        """A unit kept from a case is no rung on its line."""
        assert all(rung.unit != TOP for rung in line(book, ECO, DAY, {TOP}))

    @given(
        code=st.sampled_from(["K02", "K04", "K08", "K09", "K12", "K22", "K25", "S01", "S03"]),
        unit=st.sampled_from([None, ECO, f"{EAST}-UMA", TOP, COORD, HOT, "gone"]),
        warnings=st.integers(0, 5),
        days=st.integers(0, 31),
    )
    @settings(max_examples=200, deadline=None)
    def test_f29_a_higher_level_never_reaches_a_lower_rung(
        self, book: Catalogue, code: str, unit: str | None, warnings: int, days: int
    ) -> None:
        """Levels only rise: from warnings over the breach through each day overdue."""
        levels = [f"warn{n}" for n in range(1, warnings + 1)]
        levels += ["breach", *(f"overdue{n}" for n in range(1, days + 1))]
        told = [addressee(book, code, level, unit, DAY).place for level in levels]
        assert all(lower <= higher for lower, higher in pairwise(told))


async def orders(desk: Desk) -> list[tuple[str, bool, bool]]:
    """Give the orders as (grade, answered, ended)."""
    async with desk.db.city(CITY) as conn:
        found = await supervision.orders(conn, CITY, desk.number)
    return [(one.grade, one.answered_at is not None, one.ended_at is not None) for one in found]


def without_clock(desk: Desk, code: str) -> Desk:
    """Give the same case in a city that runs no clock of that code."""
    still = msgspec.structs.replace(catalogue(desk.city).clocks[code], active=False)
    own = msgspec.structs.replace(desk.city, clocks=(still,), version=f"no {code}")
    return Desk(desk.db, own, desk.number)


class TestOrders:
    async def test_f29_an_urge_starts_the_clock_of_its_answer(
        self, working: Desk, time: Time
    ) -> None:
        """The unit is told, answers in time, and the urge is over."""
        await working.act("urge", BOSS, demand="请尽快办理")
        clock = (await working.clocks())[0, "S01", 1]
        assert (clock.unit, clock.stopped_at) == (ECO, None)
        async with working.db.city(CITY) as conn:
            (notice,) = await escalations.notices(conn, CITY, ECO, (), 9)
        assert (notice.to_post, notice.body) == ("liaison", "请尽快办理")
        time.at("2026-11-20 16:00")
        await working.act("feedback", UNIT, answer="已派人到场检查")
        assert await orders(working) == [("urge", True, True)]
        assert (await working.clocks())[0, "S01", 1].stop_reason == "case:supervision:answered"

    @pytest.mark.parametrize("code", ["S01", "S02", "S03"])
    async def test_f29_an_order_stands_where_the_city_runs_no_clock_for_it(
        self, working: Desk, code: str
    ) -> None:
        """It is to be answered by what was stated, else in the usual time."""
        desk = without_clock(working, code)
        due = FRIDAY + timedelta(hours=3)
        await desk.act("urge", BOSS, demand="请尽快办理")
        await desk.act("supervise", BOSS, demand="请办理", due_at=due.isoformat())
        await desk.act("supervise", BOSS, grade="key", demand="请立即办理")
        async with desk.db.city(CITY) as conn:
            given = await supervision.orders(conn, CITY, desk.number)
        assert [one.grade for one in given] == ["urge", "general", "key"]
        assert [f"{aware(one.due_at):%m-%d}" for one in given] == ["11-23", "11-20", "11-24"]
        assert given[1].due_at == due
        assert not {key for key in await desk.clocks() if key[1] == code}
        await desk.act("feedback", UNIT, answer="已派人到场检查")

    async def test_f29_the_time_to_answer_may_be_stated(self, working: Desk) -> None:
        """A supervisor says until when; a time past is refused."""
        due = FRIDAY + timedelta(hours=3)
        with pytest.raises(Invalid, match="反馈时间"):
            await working.act("supervise", BOSS, demand="请办理", due_at=FRIDAY.isoformat())
        await working.act("supervise", BOSS, demand="请办理", due_at=due.isoformat())
        assert (await working.clocks())[0, "S02", 1].due_at == due

    async def test_f29_a_graver_order_takes_the_place_of_a_milder_one(self, working: Desk) -> None:
        """And a milder one is refused while it is open, until it is settled."""
        await working.act("urge", BOSS, demand="请尽快办理")
        await working.act("supervise", BOSS, demand="请办理")
        with pytest.raises(Conflict) as refused:
            await working.act("urge", BOSS, demand="请再办理")
        assert refused.value.code == "order_open"
        await working.act("supervise", BOSS, grade="key", demand="请立即办理")
        running = {c.code for c in (await working.clocks()).values() if c.stopped_at is None}
        assert {"S01", "S02", "S03"} & running == {"S03"}
        await working.act("settle_order", BOSS, note="问题已解决")
        expected = [("urge", False, True), ("general", False, True), ("key", False, True)]
        assert await orders(working) == expected

    async def test_f29_an_unanswered_order_keeps_a_case_open(self, working: Desk) -> None:
        """A case under supervision is closed after its unit has answered."""
        await working.act("supervise", BOSS, demand="请办理")
        await working.act("feedback", UNIT, answer="已责令整改,明日复查")
        await working.act("settle_order", BOSS, note="整改属实")
        await working.act("supervise", BOSS, grade="key", demand="夜间仍在生产,请办理")
        await finish(working)
        with pytest.raises(Conflict, match="重点督办未反馈"):
            await working.act("close")

    async def test_f29_only_the_lead_answers(self, working: Desk) -> None:
        """A cooperating unit does not, nor the desk while a unit leads."""
        await working.act("urge", BOSS, demand="请尽快办理")
        for actor in (handler(f"{EAST}-UMA"), OPERATOR):
            with pytest.raises(Forbidden):
                await working.act("feedback", actor, answer="已办理")

    async def test_f29_an_order_without_a_clock_goes_to_the_lead_too(self, desk: Desk) -> None:
        """Given at the desk before anything of the lead's runs."""
        own = without_clock(desk, "S01")
        await own.act("urge", BOSS, demand="请尽快派单办理")
        await own.act("accept")
        async with desk.db.city(CITY) as conn:
            (order,) = await supervision.orders(conn, CITY, desk.number)
            (told,) = await escalations.notices(conn, CITY, ECO, (), 9)
        assert (order.unit, told.body) == (ECO, "请尽快派单办理")

    async def test_f29_what_was_asked_of_the_desk_is_asked_of_the_lead_then(
        self, desk: Desk, time: Time
    ) -> None:
        """A case that was urged before it went out: its lead hears of it and has the clock."""
        await desk.act("urge", BOSS, demand="请尽快派单办理")
        await desk.act("accept")
        assert (await desk.clocks())[0, "S01", 1].unit == ECO
        async with desk.db.city(CITY) as conn:
            (told,) = await escalations.notices(conn, CITY, ECO, (), 9)
        assert told.body == "请尽快派单办理"
        await desk.act("feedback", UNIT, answer="已接单,今日到场")

    async def test_f29_an_order_that_comes_back_is_told_again(self, working: Desk) -> None:
        """The first lead hears of it a second time: meanwhile it was another's."""
        await working.act("supervise", BOSS, demand="请三日内办结")
        await working.act("redispatch", lead_unit=f"{EAST}-HUD", reason="改派")
        await working.act("redispatch", lead_unit=ECO, reason="又改派")
        async with working.db.city(CITY) as conn:
            told = await escalations.notices(conn, CITY, ECO, (), 9)
        assert [one.body for one in told] == ["请三日内办结"] * 2

    async def test_f29_an_order_goes_with_its_case(self, working: Desk) -> None:
        """Whoever leads now is told of it and answers; one that was answered stays as it is."""
        hud = f"{EAST}-HUD"
        await working.act("supervise", BOSS, demand="请三日内办结")
        await working.act("redispatch", lead_unit=hud, reason="改派")
        async with working.db.city(CITY, hud) as conn:
            (order,) = (await supervision.open_items(conn, CITY, 9)).orders
            (told,) = await escalations.notices(conn, CITY, hud, (), 9)
        assert (order.unit, told.body) == (hud, "请三日内办结")
        await working.act("feedback", handler(hud), answer="已到场检查")
        await working.act("redispatch", lead_unit=ECO, reason="又改派")
        async with working.db.city(CITY) as conn:
            (order,) = await supervision.orders(conn, CITY, working.number)
        assert (order.unit, order.answered_by) == (hud, f"staff-of-{hud}")


class TestTheLedger:
    async def test_f30_a_ledgered_case_is_not_closed_until_it_is_released(
        self, working: Desk
    ) -> None:
        """Released by name with evidence; until then on the ledger."""
        await working.act("ledger", BOSS, conditions="设备拆除并复测达标", keeper="王督办")
        with pytest.raises(Conflict) as twice:
            await working.act("ledger", BOSS, conditions="再挂一次账", keeper="王督办")
        assert twice.value.code == "ledgered_already"
        await finish(working)
        with pytest.raises(Conflict, match="挂账未销账"):
            await working.act("close")
        async with working.db.city(CITY) as conn:
            listed = (await supervision.open_items(conn, CITY, 9)).ledger
        assert [(entry.case_no, entry.keeper) for entry in listed] == [(working.number, "王督办")]
        with pytest.raises(Invalid, match="佐证"):
            await working.act("release", BOSS, note="已拆除,复测达标")
        with pytest.raises(Invalid, match="证据附件"):
            await working.act("release", BOSS, note="已拆除", evidence=[str(uuid4())])
        file = await some_file(working)
        await working.act("release", BOSS, note="已拆除,复测达标", evidence=[str(file)])
        assert (await working.act("close")).closed_at is not None

    async def test_f30_the_store_itself_archives_no_ledgered_case(self, working: Desk) -> None:
        """Whatever part would archive it."""
        await working.act("ledger", BOSS, conditions="设备拆除并复测达标", keeper="王督办")
        with pytest.raises(Exception, match="in the ledger"):
            async with working.db.city(CITY) as conn:
                await conn.execute("UPDATE cases SET state = 'ARCHIVED' WHERE city = $1", CITY)

    async def test_f32_a_report_sent_twice_is_one_report(self, working: Desk, time: Time) -> None:
        """The same words a week later are another one."""
        await working.act("ledger", BOSS, conditions="设备拆除并复测达标", keeper="王督办")
        for _ in range(2):
            await working.act("report_progress", UNIT, progress="按计划推进")
        assert (await working.verbs()).count("case:progress:reported") == 1
        time.at("2026-11-27 10:00")
        await working.act("report_progress", UNIT, progress="按计划推进")
        assert (await working.clocks())[0, "S04", 3].stopped_at is None

    async def test_f32_nobody_is_struck_who_is_not_listed(self, working: Desk) -> None:
        """An act that does nothing leaves no word in the history."""
        with pytest.raises(Conflict, match="not_listed"):
            await working.act("strike_name", BOSS, reason="已书面说明")

    async def test_f32_reports_are_due_again_and_again(self, working: Desk, time: Time) -> None:
        """Each report ends the running clock and starts the next."""
        await working.act("ledger", BOSS, conditions="设备拆除并复测达标", keeper="王督办")
        time.at("2026-11-23 10:00")
        await working.act("report_progress", UNIT, progress="已停产,正在拆除")
        found = await working.clocks()
        assert found[0, "S04", 1].stop_reason == "case:progress:reported"
        assert found[0, "S04", 2].stopped_at is None
        assert found[0, "S04", 2].due_at > found[0, "S04", 1].due_at
        file = await some_file(working)
        await working.act("release", BOSS, note="已拆除达标", evidence=[str(file)])
        assert (await working.clocks())[0, "S04", 2].stop_reason == "case:released"


class TestKeyComplaints:
    async def test_f21_a_supervisor_names_a_key_complaint(self, working: Desk) -> None:
        """It rises a level once, however many reasons it has."""
        await working.act("mark_key", BOSS, reason="media")
        case = await working.act("mark_key", BOSS, reason="leadership", note="市领导批示件")
        assert (case.key_reasons, case.level) == (("media", "leadership"), 1)
        with pytest.raises(Conflict):
            await working.act("mark_key", BOSS, reason="media")

    async def test_f20_a_leader_takes_on_a_key_complaint(self, working: Desk) -> None:
        """Only a key one, by name; it is in the file of key complaints with its leader."""
        with pytest.raises(Conflict, match="重点件"):
            await working.act("own", BOSS, leader="副市长 李某")
        await working.act("mark_key", BOSS, reason="leadership")
        assert (await working.act("own", BOSS, leader="副市长 李某")).leader == "副市长 李某"
        async with working.db.city(CITY) as conn:
            (kept,) = (await supervision.open_items(conn, CITY, 9)).key
        assert (kept.case_no, kept.leader) == (working.number, "副市长 李某")

    async def test_only_supervisors_supervise(self, working: Desk) -> None:
        """A unit cannot give orders, and the machine presses nobody."""
        with pytest.raises(Forbidden):
            await working.act("urge", UNIT, demand="请办理")
        with pytest.raises(Forbidden):
            await working.act("remind", Actor(kind="system", name="jiesu"), demand="请办理")


def test_every_ladder_names_rungs_that_there_are() -> None:
    """And a name for each post, grade and reason."""
    known = policy()
    names = {"liaison", "deputy", "head", "superior", "superior_head", "coordinator", "hotline"}
    for ladder in (known.usual, *known.ladders.values()):
        assert {*ladder.warn, ladder.breach, ladder.overdue} <= names
    assert set(known.key.flags.values()) <= set(known.key.names)


def test_a_city_whose_posts_lead_nowhere_is_told() -> None:
    """A unit that there is not, a rank that there is not."""
    posts = (
        Post(unit="gone", rank="head", title="局长"),
        Post(unit=ECO, rank="clerk", title="科员"),
    )
    codes = [finding.code for finding in check_posts(with_line(posts=posts))]
    assert codes == ["post_unit_missing", "post_rank_unknown"]
