"""Staff pages under addresses nobody's browser makes, and what a unit may read of a report."""

from urllib.parse import quote

import pytest

from models.case import CaseNo, read_case_no
from tests.pages.kit import CITY, World, where

SPOKEN = "我是王晓明,电话13900001234,芙蓉区烧烤店油烟直排,音响吵到两点。"
HUGE = "9" * 30


@pytest.mark.parametrize("number", ["²", HUGE, "-1"])
@pytest.mark.parametrize(
    "path",
    ["/desk?tab=dispatched&after={}", "/desk?tab=review&after=P1-{}", "/desk?q=油烟&after={}"],
)
async def test_a_mark_that_is_no_number_starts_from_the_top(
    world: World, path: str, number: str
) -> None:
    """The desk's lists take it for none."""
    operator = await world.browser("op")
    assert await operator.status(path.format(quote(number))) == 200


@pytest.mark.parametrize(
    "path",
    [
        "/unit?tab=finished&after=%C2%B2",
        f"/unit?tab=finished&after={HUGE}",
        f"/unit?after=2026-01-01%7C{HUGE}%7C1",
        "/unit?after=9999-12-31T23:59:59-14:00%7C1%7C1",
        "/unit?after=%7C1",
    ],
)
async def test_so_does_a_units_inbox(world: World, path: str) -> None:
    """The inbox takes it for none, too."""
    unit = await world.browser("uma")
    assert await unit.status(path) == 200


@pytest.mark.parametrize("clock", ["%C2%B2/K01/1", "999999999999/K01/1", "1/K01/40000"])
async def test_a_clock_that_cannot_be(world: World, clock: str) -> None:
    """It is not there."""
    number = await world.dispatched()
    operator = await world.browser("op")
    assert await operator.status(f"/desk/cases/{number}/clocks/{clock}") == 404


async def test_a_case_number_in_other_digits(world: World) -> None:
    """What only looks like a digit makes no number."""
    operator = await world.browser("op")
    path = f"/desk/cases/ENV-{CITY}-2026112%C2%B2-000001"
    assert await operator.status(path) == 400


@pytest.mark.parametrize("revision", ["²", HUGE])
async def test_a_revision_that_is_no_number(world: World, revision: str) -> None:
    """It is left out of account, and the page does not break."""
    number = await world.dispatched()
    unit = await world.browser("uma")
    form = {"handler": "测试经办", "revision": revision}
    assert (await unit.post(f"/unit/tasks/{number}/sign", form)).status == 303


@pytest.mark.parametrize(
    "target", ["/\t/evil.example", "/\n/evil.example", "/\\evil.example", "/a\r\nX: y"]
)
async def test_signing_in_leads_nowhere_else(world: World, target: str) -> None:
    """Browsers drop tabs and line feeds: `/<tab>/host` would lead to another site."""
    browser = await world.browser()
    form = {"city": CITY, "username": "op", "password": "correct horse battery", "next": target}
    response = await browser.client.post("/login", data=form, allow_redirects=False)
    assert where(response) == "/home"


async def test_a_name_with_a_null_character_signs_nobody_in(world: World) -> None:
    """The database could not even look for it."""
    browser = await world.browser()
    assert (await browser.sign_in("o\x00p")).status == 400


async def test_a_unit_does_not_read_who_wrote(world: World) -> None:
    """Name and number in the text are hidden on its pages and in its API, not from the desk."""
    number = await world.dispatched(SPOKEN, title="13900001234 反映油烟")
    unit, operator = await world.browser("uma"), await world.browser("op")
    assert "13900001234" in await operator.get(f"/desk/cases/{number}")
    shown = [
        await unit.get("/unit"),
        await unit.get(f"/unit/tasks/{number}"),
        await unit.get("/api/v1/cases"),
        await unit.get(f"/api/v1/cases/{number}"),
    ]
    for text in shown:
        assert "油烟直排" in text
        assert "13900001234" not in text
        assert "王晓明" not in text


async def test_nor_after_its_own_act_or_at_the_cut_of_a_list(world: World) -> None:
    """The answer to an act is such a view; a number cut short at the end of a gist is dropped."""
    long = "芙蓉区烧烤店油烟直排。" + "烟" * 142 + "13900001234"
    number = await world.dispatched(long)
    unit = await world.browser("uma")
    assert "1390000" not in await unit.get("/unit")
    city, case_no = read_case_no(number)
    assert (city, CaseNo(case_no)) == (CITY, case_no)
    answer = await unit.client.post(
        f"/api/v1/cases/{number}/actions/sign",
        json={"handler": "测试经办"},
        headers={"X-CSRF-Token": unit.csrf},
    )
    assert answer.status == 200
    assert "13900001234" not in await answer.text()
