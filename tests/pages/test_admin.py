"""Administrators make and close accounts; a new system has its first ones."""

import re

import pytest

from deploy.seed import DEMO_PASSWORD, seed_demo
from models.city import City
from models.db.pool import Database
from models.db.units import sync_city
from tests.pages.kit import CITY, ECO, PASSWORD, World, open_world, where

_SECRET = re.compile(r'id="secret">([^<]+)<')


async def test_a_new_account_works_with_the_password_shown_once(world: World) -> None:
    """The password is on the page that made it and on no other."""
    root = await world.browser("root")
    form = {"username": "new.one", "display_name": "新同事", "role": "unit", "unit": ECO}
    page = await (await root.post("/admin/staff", form)).text()
    found = _SECRET.search(page)
    assert found
    assert found[1] not in await root.get("/admin")
    fresh = await world.browser()
    response = await fresh.sign_in("new.one", found[1])
    assert where(response) == "/home"
    assert await fresh.status("/unit") == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "op"),
        ("username", "X"),
        ("username", "demo-new"),
        ("display_name", ""),
        ("role", "king"),
        ("unit", ECO),
    ],
)
async def test_a_wrong_account_is_refused_with_what_was_typed(
    world: World, field: str, value: str
) -> None:
    """Taken and malformed names, missing roles, units where none belongs."""
    root = await world.browser("root")
    good = {"username": "new.one", "display_name": "新同事", "role": "operator", "unit": ""}
    form = good | {field: value}
    response = await root.post("/admin/staff", form)
    assert response.status in {400, 409}
    page = await response.text()
    assert form["display_name"] in page
    async with world.db.city(CITY) as conn:
        assert not await conn.fetchval("SELECT count(*) FROM staff WHERE username = 'new.one'")


async def test_an_administrator_gives_another_password_and_opens_and_closes(world: World) -> None:
    """The old password stops working; a closed account opens again."""
    root = await world.browser("root")
    page = await (await root.post("/admin/staff/op/password")).text()
    found = _SECRET.search(page)
    assert found
    assert (await (await world.browser()).sign_in("op", PASSWORD)).status == 401
    assert (await (await world.browser()).sign_in("op", found[1])).status == 303
    await root.post("/admin/staff/op/close")
    assert (await (await world.browser()).sign_in("op", found[1])).status == 401
    await root.post("/admin/staff/op/open")
    assert (await (await world.browser()).sign_in("op", found[1])).status == 303


async def test_nobody_locks_themselves_out(world: World) -> None:
    """One's own account cannot be closed here, nor one that is not there."""
    root = await world.browser("root")
    assert (await root.post("/admin/staff/root/close")).status == 400
    assert await root.status("/admin") == 200
    assert (await root.post("/admin/staff/nobody/close")).status == 404


async def test_the_page_names_the_release_of_the_citys_data(world: World) -> None:
    """So that an old decision can be explained."""
    root = await world.browser("root")
    assert world.city.version in await root.get("/admin")


async def test_a_demonstration_is_seeded_once_and_says_so_on_the_pages(
    db: Database, changsha: City
) -> None:
    """Every role, a few units, the same again, and a warning as long as they are there."""
    async with db.city(CITY) as conn:
        await sync_city(conn, changsha)
    first = await seed_demo(db, [changsha])
    assert {account.role for account in first} == {"operator", "unit", "supervisor", "admin"}
    assert all(account.password == DEMO_PASSWORD for account in first)
    assert DEMO_PASSWORD in str(first[0])
    assert await seed_demo(db, [changsha]) == first
    world = await open_world(db, changsha)
    try:
        browser = await world.browser()
        response = await browser.sign_in("demo-operator", DEMO_PASSWORD)
        assert response.status == 303
        assert "演示系统" in await browser.get("/desk")
        assert "demo-operator" in await (await world.browser()).get("/login")
    finally:
        await world.close()


async def test_an_empty_system_gets_one_administrator_with_a_password_of_its_own(
    db: Database, changsha: City
) -> None:
    """It is told once; the second start tells nothing."""
    async with db.city(CITY) as conn:
        await sync_city(conn, changsha)
    (admin,) = await seed_demo(db, [changsha], empty=True)
    assert admin.role == "admin"
    assert admin.password != DEMO_PASSWORD
    assert len(admin.password) >= 16
    assert await seed_demo(db, [changsha], empty=True) == []
    assert await seed_demo(db, [changsha]) == []


async def test_no_warning_where_there_is_no_demonstration(world: World) -> None:
    """The banner is only for demo accounts."""
    operator = await world.browser("op")
    assert "演示系统" not in await operator.get("/desk")
