"""The supervisors' board: its numbers and the lists behind them agree."""

import re

from intake.pages.watch import PAGE
from models.case import read_case_no
from routing.acts import ACTS
from routing.tracking import Sweeper
from tests.pages.kit import CITY, UMA, World, movable

_TILE = re.compile(r"<b>(\d+)</b>")
_ROWS = re.compile(r'class="open[^"]*" href="/desk/cases/(ENV-[0-9-]+)"')


async def _set_due(world: World, number: str, code: str, when: str) -> None:
    async with world.db.city(CITY) as conn, movable(conn):
        await conn.execute(
            f"UPDATE clock SET due_at = {when}, next_at = {when}"
            " WHERE case_no = $1 AND code = $2 AND (unit = $3 OR task_no = 0)",
            read_case_no(number)[1],
            code,
            UMA,
        )


async def test_the_numbers_lead_to_the_cases_behind_them(world: World) -> None:
    """One broken promise of one unit: one on the tile, one in the row, one in the list."""
    late, fine = await world.dispatched(), await world.dispatched("芙蓉区油烟和音响,又一家")
    await _set_due(world, late, "K04", "now() - interval '1 day'")
    boss = await world.browser("boss")
    page = await boss.get("/watch")
    assert _TILE.findall(page)[0] == "1"
    links = re.findall(r'href="(/watch/list\?band=late[^"]*)"', page)
    assert len(links) == 3
    for link in links:
        listing = await boss.get(link.replace("&amp;", "&"))
        assert _ROWS.findall(listing) == [late]
        assert "已超期" in listing
        assert fine not in listing


async def test_a_right_that_lapses_is_no_broken_promise(world: World) -> None:
    """The window for a return request is not on the board."""
    number = await world.dispatched()
    await _set_due(world, number, "K05", "now() - interval '1 day'")
    boss = await world.browser("boss")
    assert _TILE.findall(await boss.get("/watch"))[0] == "0"


async def test_warnings_and_breaches_are_listed_as_they_come(world: World) -> None:
    """What the sweeper notes is on the board, in words."""
    number = await world.dispatched()
    await _set_due(world, number, "K04", "now() - interval '1 minute'")
    await Sweeper(world.db, {CITY: world.city}).run_once(CITY)
    boss = await world.browser("boss")
    page = await boss.get("/watch")
    recent = page.partition("最近的预警和超期")[2]
    assert number in recent
    assert "超期" in recent
    assert "芙蓉区城管局 · 签收" in recent


async def test_the_history_says_whose_clock_ran_out(world: World) -> None:
    """Several units have the same clock: each warning and breach names its unit."""
    number = await world.dispatched()
    await _set_due(world, number, "K04", "now() - interval '1 hour'")
    await Sweeper(world.db, {CITY: world.city}).run_once(CITY)
    page = await (await world.browser("boss")).get(f"/desk/cases/{number}")
    breach = page.partition("<strong>时限超期</strong>")[2].partition("<time")[0]
    assert "芙蓉区城管局;签收" in breach


async def test_long_lists_come_in_pages(world: World) -> None:
    """No clock is missed or shown twice across pages."""
    for n in range(PAGE // 4 + 5):
        await world.dispatched(f"芙蓉区第{n}家店油烟和音响扰民")
    async with world.db.city(CITY) as conn:
        async with movable(conn):
            await conn.execute(
                "UPDATE clock SET due_at = now() - interval '1 day' WHERE code <> 'K05'"
            )
        total = await conn.fetchval("SELECT count(*) FROM clock WHERE code <> 'K05'")
    boss = await world.browser("boss")
    page, seen = await boss.get("/watch/list?band=late"), 0
    for _ in range(total // PAGE + 1):
        seen += len(_ROWS.findall(page))
        more = re.search(r'href="([^"]+)" rel="next"', page)
        if more is None:
            break
        page = await boss.get(more[1].replace("&amp;", "&"))
    assert total > PAGE
    assert seen == total


async def test_a_supervisor_reads_a_case_and_may_only_supervise_it(world: World) -> None:
    """The case page has no form but the sign-out and those of acts that are a supervisor's."""
    number = await world.dispatched()
    boss = await world.browser("boss")
    page = await boss.get(f"/desk/cases/{number}")
    assert "为什么派给" in page
    acts = re.findall(rf'action="/desk/cases/{number}/(\w+)"', page)
    assert len(acts) == page.count("<form") - 1
    assert "urge" in acts
    assert {ACTS[verb].move.who for verb in acts} == {"supervisor"}


async def test_a_list_that_is_none_is_not_found(world: World) -> None:
    """Bad addresses are answered, not crashed on."""
    boss = await world.browser("boss")
    assert await boss.status("/watch/list?band=nonsense") == 404
    assert await boss.status("/watch/list?band=late&after=x|y") == 200
