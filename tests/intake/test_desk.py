from typing import Any

import pytest

from models.db.pool import Database
from tests.intake.kit import CITY, rows
from tests.pages.kit import Browser, World

ENTRY: dict[str, Any] = {
    "text": "市民来电反映江边有人倾倒淤泥。",
    "title": "江边倾倒淤泥",
    "channel": "VISIT",
    "adcode": "430102",
    "address": "某大桥下",
    "name": "测试戊",
    "phone": "13900000005",
    "callerAddress": "某小区",
    "clientKey": "entry-1",
}


async def enter(
    browser: Browser, entry: dict[str, Any] | None = None, csrf: str | None = None
) -> Any:
    """Post an entry as the signed-in person."""
    headers = {"X-CSRF-Token": browser.csrf if csrf is None else csrf}
    return await browser.client.post(
        "/api/v1/desk/reports", json=ENTRY if entry is None else entry, headers=headers
    )


async def test_an_operator_writes_down_a_case(db: Database, world: World) -> None:
    """An entry becomes a case of the operator's city, by the way it reached the desk."""
    answer = await enter(await world.browser("op"))
    assert answer.status == 201, await answer.text()
    (case,) = await rows(db, "SELECT * FROM cases")
    assert (case["source"], case["channel"], case["stated_adcode"]) == ("desk", "VISIT", "430102")
    (event,) = await rows(db, "SELECT actor_kind, actor_name FROM event")
    assert event == {"actor_kind": "staff", "actor_name": "op"}
    (sealed,) = await rows(db, "SELECT name, phone, address FROM identity")
    assert all(sealed.values())


async def test_the_form_sent_twice(db: Database, world: World) -> None:
    """The same form sent twice by one operator is one case; another's same key is another's."""
    first = await enter(await world.browser("op"))
    again = await enter(await world.browser("op"))
    other = await enter(await world.browser("op2"))
    assert [first.status, again.status, other.status] == [201, 200, 201]
    assert (await again.json())["ticketNo"] == (await first.json())["ticketNo"]
    (found,) = await rows(db, "SELECT count(*) AS n FROM cases WHERE city = $1", CITY)
    assert found["n"] == 2


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("eco", 403), ("boss", 403)])
async def test_who_may_not_enter(db: Database, world: World, who: str | None, status: int) -> None:
    """Citizens, units and supervisors do not enter cases at the desk."""
    answer = await enter(await world.browser(who))
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    assert await rows(db, "SELECT 1 FROM cases") == []


async def test_a_forged_form(db: Database, world: World) -> None:
    """Another site's form, without the session's secret, is refused."""
    answer = await enter(await world.browser("op"), csrf="")
    assert (answer.status, (await answer.json())["code"]) == (403, "csrf_failed")
    assert await rows(db, "SELECT 1 FROM cases") == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"channel": "TELEPATHY"}, "channel_unknown"),
        ({"text": "  "}, "field_missing"),
        ({"text": None}, "field_invalid"),
        ({"happenedAt": "?"}, "field_invalid"),
    ],
)
async def test_what_is_entered_wrongly(
    db: Database, world: World, change: dict[str, Any], code: str
) -> None:
    """A wrong field is named and nothing is stored."""
    answer = await enter(await world.browser("op"), ENTRY | change)
    assert (answer.status, (await answer.json())["code"]) == (400, code)
    assert await rows(db, "SELECT 1 FROM cases") == []
