"""Releases from draft to in force and back, under concurrency; what each case keeps of its own."""

import asyncio
from datetime import date, timedelta

import msgspec
import pytest

from deploy.explain import explained
from models.case import Case, CaseNo
from models.city import Chief, City, ProtectedPlace
from models.db import cases, copies
from models.db import releases as store
from models.db.pool import Database
from models.db.releases import Draft
from models.duty import Condition
from models.errors import Conflict, Invalid, JiesuError
from routing import releases
from routing.catalogue import catalogue
from routing.live import LiveCities
from routing.rules import installed_national
from routing.simulation import DESK
from routing.stage import RouteStage
from tests.routing.kit import CITY, EAST, FRIDAY, TOWN, Desk, put_case, put_city, rule, small_city

ECO, UMA, HUD = f"{EAST}-ECO", f"{EAST}-UMA", f"{EAST}-HUD"


def city_led_by(role: str, version: str) -> City:
    """Make a release in which that role leads industrial fumes."""
    own = rule("own", "T4", when=Condition(types=("A01",)), lead=role)
    return whole(small_city(duties=(own,), version=version))


def whole(city: City) -> City:
    """Make a city whose units have territories, as one that is published must."""
    units = tuple(msgspec.structs.replace(unit, adcodes=(EAST,)) for unit in city.units)
    return msgspec.structs.replace(city, units=units)


OLD, NEW, THIRD = city_led_by("ECO", "v1"), city_led_by("UMA", "v2"), city_led_by("HUD", "v3")
catalogue(OLD)  # reads the files once, as a start-up does


@pytest.fixture(autouse=True)
def _no_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small city be published: it lacks most roles that the national rules name."""
    monkeypatch.setattr(releases, "problems", lambda _city: [])


@pytest.fixture
async def town(db: Database) -> Database:
    """Give a database with the first release in force."""
    await put_city(db, OLD)
    async with db.city(CITY) as conn:
        await releases.install(conn, OLD)
    return db


async def drafted(db: Database, city: City) -> Draft:
    """Take a city in as a draft."""
    async with db.city(CITY) as conn:
        return await releases.draft(conn, city, "法规处", "按新的清单")


async def published(db: Database, city: City) -> None:
    """Draft, try and publish a city."""
    made = await drafted(db, city)
    await releases.try_draft(db, OLD, made.draft_no, 100)
    async with db.city(CITY) as conn:
        await releases.publish(conn, CITY, made.draft_no, "分管领导", "会议通过")


async def routed(db: Database, stage: RouteStage, n: int) -> Case:
    """Put a case into the queue, route it, and give it."""
    number = await put_case(db, n, queue="route")
    await stage.run_once(CITY)
    return await stored(db, number)


async def stored(db: Database, number: CaseNo) -> Case:
    """Give a case as it stands."""
    async with db.city(CITY) as conn:
        found = await cases.get(conn, CITY, number)
    assert found is not None
    return found


async def test_f12_a_published_release_decides_new_cases_without_a_restart(town: Database) -> None:
    """The same stage decides by the new rules; the old case keeps its own release."""
    stage = RouteStage(town, {CITY: OLD})
    before = await routed(town, stage, 1)
    assert before.lead_unit == ECO
    await published(town, NEW)
    after = await routed(town, stage, 2)
    assert after.lead_unit == UMA
    kept = await stored(town, before.case_no)
    assert kept.decision is not None
    assert kept.decision.version == releases.version_of(OLD)
    assert after.decision is not None
    assert after.decision.version == releases.version_of(NEW)


async def test_f12_rolling_back_puts_the_release_before_in_force(town: Database) -> None:
    """With who and why; nothing published is lost."""
    stage = RouteStage(town, {CITY: OLD})
    await published(town, NEW)
    async with town.city(CITY) as conn:
        await releases.roll_back(conn, CITY, None, "分管领导", "发现遗漏")
        told = await store.publications(conn, CITY)
    assert [(p.action, p.version) for p in told] == [
        ("rolled_back", releases.version_of(OLD)),
        ("published", releases.version_of(NEW)),
        ("installed", releases.version_of(OLD)),
    ]
    assert (told[0].by, told[0].why) == ("分管领导", "发现遗漏")
    assert (await routed(town, stage, 1)).lead_unit == ECO


async def test_f12_rolling_back_twice_does_not_bring_back_what_was_taken_back(
    town: Database,
) -> None:
    """Step by step to the first release, then no further; by its name anything is restored."""
    await published(town, NEW)
    await published(town, THIRD)
    async with town.city(CITY) as conn:
        went = [await releases.roll_back(conn, CITY, None, "某", "有误") for _ in range(2)]
        assert [one.version for one in went] == list(map(releases.version_of, (NEW, OLD)))
        with pytest.raises(Invalid) as refused:
            await releases.roll_back(conn, CITY, None, "某", "有误")
        assert refused.value.code == "nothing_before"
        again = await releases.roll_back(conn, CITY, releases.version_of(THIRD), "某", "恢复")
    assert again.version == releases.version_of(THIRD)


async def test_what_is_in_force_is_not_published_again(town: Database) -> None:
    """Neither at once nor after trying it anew: nothing would change."""
    made = await drafted(town, NEW)
    await releases.try_draft(town, OLD, made.draft_no, 10)
    for retried in (False, True, True):
        if retried:
            await releases.try_draft(town, OLD, made.draft_no, 10)
        async with town.city(CITY) as conn:
            if not retried:
                await releases.publish(conn, CITY, made.draft_no, "某", "理由")
            with pytest.raises(Conflict) as refused:
                await releases.publish(conn, CITY, made.draft_no, "某", "理由")
        assert refused.value.code == "in_force_already"
    async with town.city(CITY) as conn:
        assert (await store.publications(conn, CITY))[0].n == 2


async def test_a_rule_change_shows_who_would_get_what_and_what_would_be_late(
    town: Database,
) -> None:
    """The diff names the cases, the units that lose and gain, and due times."""
    stage = RouteStage(town, {CITY: OLD})
    long_ago = FRIDAY - timedelta(days=60)
    await put_case(town, 1, queue="route", received_at=long_ago)
    await put_case(town, 2, "W01", queue="route", received_at=long_ago)
    await stage.run_once(CITY)
    async with town.city(CITY) as conn:
        await conn.execute("UPDATE cases SET dispatched_at = $1, closed_at = $2", long_ago, FRIDAY)
    slow = rule("own", "T4", when=Condition(types=("A01",)), lead="UMA", pace=0.5)
    made = await drafted(town, whole(small_city(duties=(slow,), version="v9")))
    shown = await releases.try_draft(town, OLD, made.draft_no, 100)
    assert (shown.cases, shown.changed, shown.lead_changed) == (2, 1, 1)
    (one,) = shown.examples
    assert (one.before.lead, one.after.lead) == (ECO, UMA)
    assert {(s.unit, s.loses, s.gains) for s in shown.units} == {(ECO, 1, 0), (UMA, 0, 1)}
    assert one.before.due_at is not None
    assert one.after.due_at is not None
    assert one.after.due_at < one.before.due_at
    assert shown.due_changed == 1


async def test_what_would_be_newly_late_is_counted(town: Database) -> None:
    """A case closed between the two due times is late by the draft alone."""
    stage = RouteStage(town, {CITY: OLD})
    case = await routed(town, stage, 1)
    assert case.dispatched_at is not None
    async with town.city(CITY) as conn:
        closed = case.dispatched_at + timedelta(days=16)
        await conn.execute("UPDATE cases SET closed_at = $1", closed)
    fast = rule("own", "T4", when=Condition(types=("A01",)), lead="ECO", pace=0.5)
    made = await drafted(town, whole(small_city(duties=(fast,), version="v9")))
    shown = await releases.try_draft(town, OLD, made.draft_no, 100)
    assert (shown.overdue_before, shown.overdue_after, shown.newly_overdue) == (0, 1, 1)


async def test_a_draft_that_leaves_cases_to_people_says_so(town: Database) -> None:
    """The desk is counted like a unit."""
    await routed(town, RouteStage(town, {CITY: OLD}), 1)
    pool = rule("own", "T4", when=Condition(types=("A01",)), pool=True)
    made = await drafted(town, whole(small_city(duties=(pool,), version="v9")))
    shown = await releases.try_draft(town, OLD, made.draft_no, 100)
    assert (shown.to_desk, shown.from_desk) == (1, 0)
    assert shown.examples[0].after.lead == DESK


@pytest.mark.parametrize(("by", "why"), [("", "理由"), ("张三", " "), ("张三", "x")])
async def test_nobody_changes_what_is_in_force_without_name_and_reason(
    town: Database, by: str, why: str
) -> None:
    """Drafts, publications and roll-backs say who and why."""
    async with town.city(CITY) as conn:
        for act in (
            releases.draft(conn, NEW, by, why),
            releases.publish(conn, CITY, 1, by, why),
            releases.roll_back(conn, CITY, None, by, why),
        ):
            with pytest.raises(Invalid, match="由谁"):
                await act


async def test_only_a_tried_draft_is_published(town: Database) -> None:
    """And only against the release that it was tried against."""
    first, second = await drafted(town, NEW), await drafted(town, THIRD)
    async with town.city(CITY) as conn:
        with pytest.raises(Conflict) as refused:
            await releases.publish(conn, CITY, first.draft_no, "某", "理由")
    assert refused.value.code == "draft_not_tried"
    for made in (first, second):
        await releases.try_draft(town, OLD, made.draft_no, 10)
    async with town.city(CITY) as conn:
        await releases.publish(conn, CITY, first.draft_no, "某", "理由")
    async with town.city(CITY) as conn:
        with pytest.raises(Conflict) as outdated:
            await releases.publish(conn, CITY, second.draft_no, "某", "理由")
    assert outdated.value.code == "draft_outdated"


async def test_an_unchanged_draft_is_refused(town: Database) -> None:
    """It would be a release that says nothing."""
    with pytest.raises(Invalid, match="没有改动"):
        await drafted(town, OLD)


async def test_two_who_publish_at_once_do_not_both_succeed(town: Database) -> None:
    """One is told that the release in force is another now."""
    made = [await drafted(town, city) for city in (NEW, THIRD)]
    for one in made:
        await releases.try_draft(town, OLD, one.draft_no, 10)

    async def put(number: int) -> str:
        try:
            async with town.city(CITY) as conn:
                return (await releases.publish(conn, CITY, number, "某人", "理由")).version
        except JiesuError as error:
            return error.code

    said = await asyncio.gather(*(put(one.draft_no) for one in made))
    assert sorted(word == "draft_outdated" for word in said) == [False, True]
    async with town.city(CITY) as conn:
        assert [p.n for p in await store.publications(conn, CITY)] == [2, 1]


async def test_no_case_is_decided_by_a_release_after_another_came_in_force(
    town: Database,
) -> None:
    """Stages that decide while releases change: each case's version was in force when written."""
    stages = [RouteStage(town, {CITY: OLD}, batch=2) for _ in range(3)]
    for n in range(1, 25):
        await put_case(town, n, queue="route")
    made = [await drafted(town, city) for city in (NEW, THIRD)]

    async def work(stage: RouteStage) -> None:
        while await stage.run_once(CITY):
            await asyncio.sleep(0)

    async def change() -> None:
        for one in made:
            await releases.try_draft(town, OLD, one.draft_no, 10)
            async with town.city(CITY) as conn:
                await releases.publish(conn, CITY, one.draft_no, "某人", "理由")

    await asyncio.gather(*(work(stage) for stage in stages), change())
    async with town.city(CITY) as conn:
        rows = await conn.fetch(
            "SELECT lead_unit, decision ->> 'version' AS version FROM cases WHERE city = $1", CITY
        )
    leads = {releases.version_of(c): u for c, u in ((OLD, ECO), (NEW, UMA), (THIRD, HUD))}
    assert len(rows) == 24
    assert all(leads[row["version"]] == row["lead_unit"] for row in rows)


async def test_installed_data_follow_the_files_until_people_publish(town: Database) -> None:
    """A new file comes in force at start-up; after a publication only people change it."""
    async with town.city(CITY) as conn:
        held = await releases.install(conn, NEW)
        assert held.version == releases.version_of(NEW)
        assert (await releases.install(conn, NEW)).n == held.n
    await published(town, THIRD)
    async with town.city(CITY) as conn:
        assert (await releases.install(conn, NEW)).version == releases.version_of(THIRD)
        assert (await releases.in_force(conn, NEW)).version == "v3"


async def test_an_old_decision_is_explained_by_its_own_release(town: Database) -> None:
    """The page names the version that decided, and what would hold today."""
    case = await routed(town, RouteStage(town, {CITY: OLD}), 1)
    await published(town, NEW)
    async with town.city(CITY) as conn:
        book = await releases.deciding(conn, case, NEW)
        page = await explained(conn, case, NEW, "text")
        shown = await explained(conn, case, NEW, "html")
    assert book.version == "v1"
    assert book.national == installed_national()
    assert f"主办:{EAST}ECO局" in page
    assert f"主办会是 {UMA}" in page
    assert releases.version_of(OLD) in page
    assert shown.startswith("<!doctype html>")
    assert "规则own" in shown


async def test_the_web_follows_too(town: Database) -> None:
    """Cities held by the front door are those in force once it has looked."""
    cities = LiveCities({CITY: OLD})
    await published(town, NEW)
    assert cities[CITY] is OLD
    async with town.city(CITY) as conn:
        assert (await cities.follow(conn, CITY)).version == "v2"
    assert cities[CITY].version == "v2"
    desk = Desk(town, cities[CITY], await put_case(town, 1))
    assert (await desk.act("accept")).lead_unit == UMA


async def test_a_release_once_kept_is_never_changed(town: Database) -> None:
    """Not even by the owner of the tables."""
    async with town.city(CITY) as conn:
        with pytest.raises(Exception, match="append-only"):
            await conn.execute("UPDATE catalogue_release SET content = '{}'")


async def test_f22_a_chief_is_sent_a_copy_once_and_sees_no_more_than_that(db: Database) -> None:
    """By machine or by hand; the unit sees its copy, others see none."""
    chief = Chief(
        flag="water:own", kind="river", place="试验河", title="试验河河长", unit=f"{TOWN}-STR"
    )
    city = small_city(
        chiefs=(chief,), protected_places=(ProtectedPlace(name="试验河", flag="water:own"),)
    )
    await put_city(db, city)
    stage = RouteStage(db, {CITY: city})
    by_machine = await put_case(db, 1, "W01", queue="route", flags=("water:own",))
    await stage.run_once(CITY)
    by_hand = await put_case(db, 2, "W01", flags=("water:own",))
    await Desk(db, city, by_hand).act("accept")
    async with db.city(CITY, f"{TOWN}-STR") as conn:
        sent = await copies.of_unit(conn, CITY, f"{TOWN}-STR")
        assert await cases.get(conn, CITY, by_machine) is None
    assert [copy.case_no for copy in sent] == [by_hand, by_machine]
    async with db.city(CITY, HUD) as conn:
        assert await copies.of_unit(conn, CITY, f"{TOWN}-STR") == []
        assert await copies.of_case(conn, CITY, by_hand) == []
    async with db.city(CITY) as conn:
        assert [copy.title for copy in await copies.of_case(conn, CITY, by_hand)] == ["试验河河长"]


async def test_the_day_of_the_facts_that_a_person_finds_out_chooses_the_law(
    town: Database,
) -> None:
    """Set before the dispatch, it decides; both laws are kept with the case."""
    desk = Desk(town, OLD, await put_case(town, 1, "A03"))
    await desk.act("correct", happened_on=date(2026, 8, 1), reason="来电人说是八月初")
    case = await desk.case()
    assert case.happened_on == date(2026, 8, 1)
    assert case.decision is not None
    assert "AIR-81" in case.decision.laws
    assert "EC-250" in case.decision.laws_since
