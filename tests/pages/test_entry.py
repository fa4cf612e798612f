"""What an operator writes down for a caller."""

import re

from tests.pages.kit import CITY, TEXT, World, code_of

_KEY = re.compile(r'name="key" value="([^"]+)"')
NAME, PHONE = "测试戊", "13900000055"


async def test_a_call_becomes_a_case_with_a_code_to_read_out(world: World) -> None:
    """The page shows the code once; who called goes to the vault, not to the case."""
    operator = await world.browser("op")
    key = _KEY.search(await operator.get("/desk/new"))
    assert key
    form = {
        "key": key[1],
        "channel": "12345_TEL",
        "text": TEXT,
        "adcode": "430102",
        "name": NAME,
        "phone": PHONE,
        "confidential": "1",
    }
    response = await operator.post("/desk/new", form)
    page = await response.text()
    assert response.status == 200, page
    again = await (await operator.post("/desk/new", form)).text()
    assert code_of(page) == code_of(again)
    async with world.db.city(CITY) as conn:
        row = await conn.fetchrow("SELECT channel, source, stated_adcode, confidential FROM cases")
        count = await conn.fetchval("SELECT count(*) FROM cases")
        event = await conn.fetchrow("SELECT actor_kind, actor_name FROM event")
    assert tuple(row or ()) == ("12345_TEL", "desk", "430102", True)
    assert count == 1
    assert tuple(event or ()) == ("staff", "op")
    assert NAME not in page


async def test_a_mistake_keeps_what_was_written(world: World) -> None:
    """Without a text nothing is stored and nothing typed is lost."""
    operator = await world.browser("op")
    form = {"key": "e" * 32, "channel": "VISIT", "text": " ", "address": "某路 8 号"}
    response = await operator.post("/desk/new", form)
    page = await response.text()
    assert response.status == 400
    assert 'value="某路 8 号"' in page
    assert '<option value="VISIT" selected' in page
    forged = await operator.post("/desk/new", form | {"text": TEXT, "channel": "FORGED"})
    assert forged.status == 400
    async with world.db.city(CITY) as conn:
        assert await conn.fetchval("SELECT count(*) FROM cases") == 0
