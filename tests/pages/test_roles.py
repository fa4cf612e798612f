"""Who may open what: the whole table of staff pages against every role."""

import pytest

from intake.pages import STAFF, Page
from tests.pages.kit import PEOPLE, World

_FILLED = {
    "{number}": "ENV-430100-20261121-000001",
    "{verb}": "sign",
    "{verb:close|open|password}": "close",
    "{username}": "op2",
    "{file}": "01a1ffd1-3d47-7a61-9f28-532a7b420bfd",
    "{task}": "1",
    "{clock}": "K04",
    "{attempt}": "1",
}
_ROLES = {role: name for name, (role, _) in PEOPLE.items()}
_LATER = ("/logout", "/admin/staff/{username}/{verb:close|open|password}")


def _path(page: Page) -> str:
    path = page.path
    for name, value in _FILLED.items():
        path = path.replace(name, value)
    return path


def test_every_page_names_who_may_open_it() -> None:
    """No page for staff is open to everyone by an empty list."""
    assert all(page.roles for page in STAFF)


async def test_a_role_opens_its_own_pages_and_no_other(world: World) -> None:
    """A page of another role answers 403; one's own anything else."""
    for role, name in _ROLES.items():
        browser = await world.browser(name)
        for page in STAFF:
            if page.path in _LATER and role in page.roles:
                continue  # would end the session that the next pages need
            status = await browser.status(_path(page), page.method)
            assert (status == 403) == (role not in page.roles), (role, page.method, page.path)


async def test_nobody_opens_a_staff_page_without_signing_in(world: World) -> None:
    """Pages lead to the sign-in page, forms are refused."""
    browser = await world.browser()
    for page in STAFF:
        status = await browser.status(_path(page), page.method)
        assert status == (303 if page.method == "GET" else 401), page.path


async def test_a_form_without_the_sessions_secret_does_nothing(world: World) -> None:
    """Every form, in the field or the header, must carry it."""
    for name in _ROLES.values():
        browser = await world.browser(name)
        browser.csrf = "guessed"
        for page in STAFF:
            if page.method == "POST" and PEOPLE[name][0] in page.roles:
                assert await browser.status(_path(page), "POST") == 403, page.path


async def test_htmx_may_carry_the_secret_in_a_header(world: World) -> None:
    """The header does what the hidden field does."""
    browser = await world.browser("op")
    headers = {"X-CSRF-Token": browser.csrf}
    response = await browser.client.post("/logout", headers=headers, allow_redirects=False)
    assert response.status == 303


@pytest.mark.parametrize("name", list(PEOPLE))
async def test_the_navigation_shows_only_what_opens(world: World, name: str) -> None:
    """Every address of the navigation opens for whoever sees it."""
    browser = await world.browser(name)
    page = await browser.get("/account")
    shown = page.partition('<ul class="nav">')[2].partition("</ul>")[0]
    addresses = [part.partition('"')[0] for part in shown.split('href="')[1:]]
    assert addresses
    for address in addresses:
        assert await browser.status(address) == 200


async def test_an_address_that_is_not_there_is_answered_with_a_page(world: World) -> None:
    """Browsers get a page in Chinese, programs a problem document."""
    browser = await world.browser()
    for_people = await browser.client.get("/nothing", headers={"Accept": "text/html"})
    assert for_people.status == 404
    assert "没有这个页面" in await for_people.text()
    for_programs = await browser.client.get("/nothing")
    assert for_programs.content_type == "application/problem+json"
