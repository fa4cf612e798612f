"""Signing in, sessions, and the secret every form carries."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from intake import auth
from models.city import City
from models.db.pool import Database
from models.moment import now
from tests.pages.kit import CITY, PASSWORD, World, open_world, where


async def test_a_right_pair_opens_a_session_that_scripts_and_other_sites_cannot_use(
    world: World,
) -> None:
    """The cookie is HttpOnly and SameSite; the store holds only the token's hash."""
    browser = await world.browser()
    response = await browser.sign_in("op")
    assert where(response) == "/home"
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    token = response.cookies[auth.COOKIE].value.partition(".")[2]
    async with world.db.city(CITY) as conn:
        (row,) = await conn.fetch("SELECT * FROM session")
    assert token.encode() not in row["token_hash"]
    assert len(row["token_hash"]) == 32


@pytest.mark.parametrize(("name", "password"), [("op", "wrong password"), ("nobody", PASSWORD)])
async def test_a_wrong_pair_says_the_same_whoever_it_names(
    world: World, name: str, password: str
) -> None:
    """A name that exists cannot be told from one that does not."""
    browser = await world.browser()
    response = await browser.sign_in(name, password)
    assert response.status == 401
    assert "用户名或密码不正确" in await response.text()
    assert auth.COOKIE not in response.cookies


def test_a_name_nobody_has_costs_as_much_as_one_somebody_has() -> None:
    """The stand-in hash has the parameters of real ones."""
    hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    assert not hasher.check_needs_rehash(auth._NOBODY)  # noqa: SLF001 - what the time rests on


async def test_trying_too_often_is_refused_even_with_the_right_password(
    db: Database, changsha: City
) -> None:
    """The rate holds for the account, whatever the password."""
    world = await open_world(db, changsha, logins_per_minute=5)
    try:
        browser = await world.browser()
        for _ in range(5):
            await browser.sign_in("op", "wrong password")
        response = await browser.sign_in("op")
        assert response.status == 429
        assert "过于频繁" in await response.text()
    finally:
        await world.close()


async def test_a_session_ends_after_its_time(world: World) -> None:
    """After twelve hours the page asks to sign in again, and leads back to where one was."""
    browser = await world.browser("op")
    async with world.db.city(CITY) as conn:
        await conn.execute("UPDATE session SET expires_at = $1", now() - timedelta(seconds=1))
    response = await browser.client.get("/desk?tab=closed", allow_redirects=False)
    assert response.status == 303
    assert response.headers["Location"] == "/login?next=%2Fdesk%3Ftab%3Dclosed"


async def test_htmx_is_led_to_the_sign_in_page_as_a_whole(world: World) -> None:
    """A part of a page must not be replaced by the sign-in form."""
    browser = await world.browser()
    response = await browser.client.get("/desk", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"].startswith("/login?next=")
    assert await response.text() == ""


async def test_signing_out_ends_the_session_at_the_server(world: World) -> None:
    """A copy of the cookie opens nothing afterwards."""
    browser = await world.browser("op")
    kept = browser.client.session.cookie_jar.filter_cookies(world.server.make_url("/"))
    token = kept[auth.COOKIE].value
    assert (await browser.post("/logout")).status == 303
    stranger = await world.browser()
    response = await stranger.client.get(
        "/desk", cookies={auth.COOKIE: token}, allow_redirects=False
    )
    assert response.status == 303


async def test_closing_an_account_ends_its_sessions(world: World) -> None:
    """What an administrator closes is closed at once."""
    operator, root = await world.browser("op"), await world.browser("root")
    assert (await root.post("/admin/staff/op/close")).status == 303
    assert await operator.status("/desk") == 303
    assert (await (await world.browser()).sign_in("op")).status == 401


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "/\\x"])
async def test_signing_in_leads_nowhere_else(world: World, target: str) -> None:
    """The page one wanted must be one of ours."""
    browser = await world.browser()
    form = {"city": CITY, "username": "op", "password": PASSWORD, "next": target}
    response = await browser.client.post("/login", data=form, allow_redirects=False)
    assert where(response) == "/home"


async def test_another_sites_form_cannot_sign_anyone_in(world: World) -> None:
    """A sign-in that another page sends is refused."""
    browser = await world.browser()
    form = {"city": CITY, "username": "op", "password": PASSWORD}
    response = await browser.client.post(
        "/login", data=form, headers={"Sec-Fetch-Site": "cross-site"}, allow_redirects=False
    )
    assert response.status == 403


async def test_a_cookie_of_another_city_or_none_at_all_opens_nothing(world: World) -> None:
    """Cookies that were never given out lead to the sign-in page."""
    browser = await world.browser()
    for value in ("530100.abc", "430100.", "nonsense", "430100.abc"):
        response = await browser.client.get(
            "/desk", cookies={auth.COOKIE: value}, allow_redirects=False
        )
        assert response.status == 303, value


async def test_people_change_their_own_password_and_other_sessions_end(world: World) -> None:
    """The old password must be right, the new one long enough and typed twice the same."""
    first, second = await world.browser("op"), await world.browser("op")
    new = "another long password"
    for old, one, two, status in (
        ("wrong password", new, new, 401),
        (PASSWORD, new, "different", 400),
        (PASSWORD, "short", "short", 400),
        (PASSWORD, new, new, 303),
    ):
        form = {"old": old, "new": one, "again": two}
        assert (await first.post("/account", form)).status == status
    assert await first.status("/desk") == 200
    assert await second.status("/desk") == 303
    assert (await (await world.browser()).sign_in("op", new)).status == 303
