"""F64: a restricted case is seen by who is named, and to everyone else as if it were not there."""

from uuid import uuid4

import pytest

from classifier.sketch import MAKER, sketches
from models.case import Receipt
from models.db import sameness as store
from models.db.sameness import Sketch, SketchRow
from tests.pages.kit import CITY, ECO, World, where
from tests.pages.secrecy import (
    PLAIN,
    POLICE,
    STRANGERS,
    TEAM,
    TEXT,
    WORD,
    add_staff,
    admit,
    answer,
    beside,
    keepers,
    secret,
)

PHONE = "13900001111"
_TABLES = """
SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN pg_tables t
    ON t.schemaname = c.table_schema AND t.tablename = c.table_name
 WHERE c.table_schema = current_schema()
   AND c.column_name IN ('case_no', 'other_no', 'emergency_no')
   AND c.table_name NOT IN ('restriction', 'admission')
"""


@pytest.fixture
async def hidden(world: World) -> Receipt:
    """Give a case that a rule has restricted, with nobody named yet."""
    await add_staff(world)
    return await secret(world)


@pytest.fixture
async def kept(world: World, hidden: Receipt) -> Receipt:
    """Give a restricted case with an operator and one of the team named."""
    boss = await world.browser("boss")
    for name in ("op", "enf"):
        status, _ = await admit(boss, hidden.number, name)
        assert status == 200
    return hidden


async def test_whoever_is_not_named_gets_the_answer_of_a_case_that_is_not_there(
    world: World, kept: Receipt
) -> None:
    """Page, file, clock, preview, API, similar cases, keepers and acts: word for word the same."""
    paths = {
        "op2": ("/desk/cases/{}", "/desk/cases/{}/preview", "/desk/cases/{}/clocks/0/K12/1"),
        "boss": ("/desk/cases/{}", "/desk/cases/{}/clocks/0/K12/1"),
        "enf2": ("/unit/tasks/{}", "/unit/tasks/{}/clocks/0/K12/1"),
        "psb": ("/unit/tasks/{}",),
        "far": ("/unit/tasks/{}",),
    }
    api = ("/api/v1/cases/{}", "/api/v1/cases/{}/similar", "/api/v1/restricted/{}")
    for name in STRANGERS:
        browser = await world.browser(name)
        for path in (*paths[name], *api):
            if name == "boss" and path == api[2]:
                continue  # names people, and reads who looked: never what it is about
            real = await answer(browser, "GET", path.format(kept.number))
            none = await answer(browser, "GET", path.format(beside(kept.number)))
            assert real == none, (name, path)
            assert real[0] in (403, 404)


async def test_whoever_is_not_named_cannot_act_and_is_told_of_no_case(
    world: World, kept: Receipt
) -> None:
    """Acts over the API and the pages' forms answer as for a case that is not there."""
    acts = {
        "op2": ("redispatch", {"lead_unit": ECO, "reason": "改派分局"}),
        "boss": ("admit", {"username": "op2", "reason": "由其经办"}),
        "enf2": ("sign", {"handler": "张工"}),
        "psb": ("sign", {"handler": "张工"}),
    }
    for name, (verb, data) in acts.items():
        browser = await world.browser(name)
        path = f"/api/v1/cases/{{}}/actions/{verb}"
        real = await answer(browser, "POST", path.format(kept.number), json=data)
        none = await answer(browser, "POST", path.format(beside(kept.number)), json=data)
        assert real == none, name
        assert real[0] == 404, name
    for name, path in (("op2", "/desk/cases/{}/redispatch"), ("enf2", "/unit/tasks/{}/sign")):
        browser = await world.browser(name)
        form = {"csrf": browser.csrf, "handler": "张工", "lead_unit": ECO, "reason": "改派分局"}
        real = await answer(browser, "POST", path.format(kept.number), data=form)
        none = await answer(browser, "POST", path.format(beside(kept.number)), data=form)
        assert real == none
        assert real[0] == 404


async def test_no_list_search_or_number_shows_it(world: World, kept: Receipt) -> None:
    """Tabs, search, board, inboxes, lists of the API: neither its number nor its words."""
    places = {
        "op2": (
            *(f"/desk?tab={tab}" for tab in ("review", "new", "dispatched", "closed")),
            f"/desk?q={WORD}",
            f"/api/v1/cases?q={WORD}",
            f"/api/v1/cases?q={kept.number}",
            "/api/v1/cases",
            "/api/v1/supervision",
            "/api/v1/callbacks",
        ),
        "boss": ("/watch", "/desk?tab=dispatched", "/api/v1/cases", "/api/v1/supervision"),
        "enf2": ("/unit", "/unit?tab=waiting", "/api/v1/cases"),
        "psb": ("/unit", "/api/v1/cases"),
    }
    for name, paths in places.items():
        browser = await world.browser(name)
        for path in paths:
            text = await browser.get(path)
            assert kept.number not in text, (name, path)
            assert PLAIN not in text, (name, path)
    assert kept.number in await (await world.browser("op")).get(f"/desk?q={WORD}")
    assert kept.number in await (await world.browser("enf")).get("/unit")


async def test_counts_leave_it_out_too(world: World, hidden: Receipt) -> None:
    """A tab's number is that of the cases it lists."""
    del hidden
    await world.dispatched()
    told = (await (await world.browser("op2")).get("/desk")).partition("已派单")[2][:80]
    assert "1" in told
    assert "2" not in told


async def test_who_is_named_sees_and_works_on_it(world: World, kept: Receipt) -> None:
    """The operator opens the case, the team's own signs its task."""
    assert PLAIN in await (await world.browser("op")).get(f"/desk/cases/{kept.number}")
    team = await world.browser("enf")
    page = await team.get(f"/unit/tasks/{kept.number}")
    assert PLAIN in page
    response = await team.post(f"/unit/tasks/{kept.number}/sign", {"handler": "张工"})
    assert response.status == 303
    assert "已签收" in await team.get(f"/unit/tasks/{kept.number}?done=sign")


async def test_only_two_may_see_it(world: World, kept: Receipt) -> None:
    """Naming another on a side takes the one before from it."""
    boss = await world.browser("boss")
    _, told = await admit(boss, kept.number, "op2", "第二人复核")
    assert [one["staff"] for one in told["admitted"]] == ["enf", "op2"]
    assert await (await world.browser("op")).status(f"/desk/cases/{kept.number}") == 404
    assert await (await world.browser("op2")).status(f"/desk/cases/{kept.number}") == 200
    _, told = await admit(boss, kept.number, "enf2")
    assert [one["staff"] for one in told["admitted"]] == ["op2", "enf2"]
    assert await (await world.browser("enf")).status(f"/unit/tasks/{kept.number}") == 404


async def test_only_people_of_the_lead_are_named_for_it(world: World, kept: Receipt) -> None:
    """Nobody of another unit, no administrator, nobody twice, nobody who is not there."""
    boss = await world.browser("boss")
    for name, code in (
        ("psb", "not_of_the_lead"),
        ("root", "staff_unknown"),
        ("nobody", "staff_unknown"),
        ("op", "admitted_already"),
    ):
        _, told = await admit(boss, kept.number, name)
        assert told["code"] == code, name


async def test_the_operator_in_charge_names_others_and_strangers_cannot(
    world: World, hidden: Receipt
) -> None:
    """Who sees the case may hand it on; who does not cannot even name themselves."""
    other = await world.browser("op2")
    real = await answer(
        other,
        "POST",
        f"/api/v1/restricted/{hidden.number}/admit",
        json={"username": "op2", "reason": "我来办理"},
    )
    assert real[0] == 404
    await admit(await world.browser("boss"), hidden.number, "op")
    status, told = await admit(await world.browser("op"), hidden.number, "op2", "换班交接")
    assert (status, [one["staff"] for one in told["admitted"]]) == (200, ["op2"])


async def test_a_supervisor_reads_for_which_numbers_to_name_somebody(
    world: World, hidden: Receipt
) -> None:
    """The list says number and side, nothing of what it is about; who is named leaves it."""
    boss = await world.browser("boss")
    text = await boss.get("/api/v1/restricted")
    assert hidden.number in text
    assert '"desk":true,"unit":true' in text
    assert WORD not in text
    for name in ("op", "enf"):
        await admit(boss, hidden.number, name)
    assert hidden.number not in await boss.get("/api/v1/restricted")
    assert await (await world.browser("op2")).status("/api/v1/restricted") == 403


async def test_a_supervisor_names_people_on_the_board(world: World, hidden: Receipt) -> None:
    """The board lists the number on both sides; each form names one, and then the line goes."""
    boss = await world.browser("boss")
    board = await boss.get("/watch")
    assert board.count(f'action="/watch/restricted/{hidden.number}"') == 2
    assert PLAIN not in board
    assert '<option value="enf2">' in board
    assert '<option value="psb">' not in board
    for name in ("op", "enf"):
        form = {"username": name, "reason": "由其经办"}
        response = await boss.post(f"/watch/restricted/{hidden.number}", form)
        assert where(response) == "/watch?done=admit"
    assert hidden.number not in await boss.get("/watch?done=admit")
    assert await (await world.browser("op")).status(f"/desk/cases/{hidden.number}") == 200
    open_one = await world.dispatched()
    refused = await boss.post(
        f"/watch/restricted/{open_one}", {"username": "op", "reason": "由其经办"}
    )
    assert refused.status == 404


async def test_every_look_is_written_down(world: World, kept: Receipt) -> None:
    """Who opened the page, over the API, a file or a clock, and who was refused."""
    op, team, other = [await world.browser(name) for name in ("op", "enf", "op2")]
    await op.get(f"/desk/cases/{kept.number}")
    await op.get(f"/api/v1/cases/{kept.number}")
    await team.get(f"/unit/tasks/{kept.number}")
    await other.status(f"/desk/cases/{kept.number}")
    await other.status(f"/api/v1/cases/{kept.number}")
    told = await keepers(await world.browser("boss"), kept.number)
    looks = {(one["staff"], one["what"]) for one in told["accesses"]}
    assert looks == {("op", "page"), ("op", "api"), ("enf", "page"), ("op2", "refused")}
    async with world.db.city(CITY) as conn:
        with pytest.raises(Exception, match="append-only"):
            await conn.execute("DELETE FROM restricted_access")


async def test_files_are_as_closed_as_the_case(world: World, kept: Receipt) -> None:
    """A file of it opens for who is named, and that is written down."""
    file = uuid4()
    async with world.db.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO attachment (city, attachment_id, case_no, origin, name, media_type, size,"
            " sha256, content, created_at) VALUES ($1, $2, $3, 'citizen', 'a.jpg', 'image/jpeg',"
            " 1, 'x', '\\x01', now())",
            CITY,
            file,
            kept.case_no,
        )
    other = await world.browser("op2")
    strange = await answer(other, "GET", f"/files/{file}")
    assert strange == await answer(other, "GET", f"/files/{uuid4()}")
    op = await world.browser("op")
    assert await op.status(f"/files/{file}") == 200
    assert ("op", "file") in {
        (one["staff"], one["what"]) for one in (await keepers(op, kept.number))["accesses"]
    }


async def test_no_row_of_it_in_any_table_is_for_other_eyes(world: World, kept: Receipt) -> None:
    """The database itself keeps them, whatever a page asks."""
    async with world.db.city(CITY) as conn:
        tables = await conn.fetch(_TABLES)
    held = 0
    for table, column in tables:
        statement = f'SELECT count(*) FROM "{table}" WHERE "{column}" = $1'
        async with world.db.city(CITY, reader="op2") as conn:
            assert await conn.fetchval(statement, kept.case_no) == 0, table
        async with world.db.city(CITY) as conn:
            held += bool(await conn.fetchval(statement, kept.case_no))
    assert held >= 8


async def test_every_table_of_cases_has_the_guard(world: World) -> None:
    """A table that names a case and forgets to be guarded is found here."""
    async with world.db.city(CITY) as conn:
        tables = await conn.fetch(_TABLES)
        guarded = await conn.fetch(
            "SELECT tablename, policyname FROM pg_policies WHERE policyname LIKE 'closed%'"
        )
    wanted = {(table, f"closed_{column}") for table, column in tables}
    assert wanted == {(row["tablename"], row["policyname"]) for row in guarded}


async def test_nobody_else_has_a_task_or_a_copy(world: World, kept: Receipt) -> None:
    """The police are named in the decision, told by who handles it, and have no task."""
    async with world.db.city(CITY) as conn:
        tasks = await conn.fetch("SELECT unit FROM task WHERE case_no = $1", kept.case_no)
        copies = await conn.fetchval(
            "SELECT count(*) FROM case_copy WHERE case_no = $1", kept.case_no
        )
        decision = await conn.fetchval(
            "SELECT decision::text FROM cases WHERE case_no = $1", kept.case_no
        )
    assert [row["unit"] for row in tasks] == [TEAM]
    assert copies == 0
    assert POLICE in decision


async def test_it_is_nobodys_likeness(world: World) -> None:
    """A second report of the same thing does not lead others to it."""
    await add_staff(world)
    text = f"{TEXT}厂就在水岸云庭小区旁的老灶台火锅店后面。"
    kept = await secret(world, text, phone=PHONE)
    await admit(await world.browser("boss"), kept.number, "op")
    second = await world.report(text, phone=PHONE)
    await world.read(
        second.case_no,
        review=("low_confidence_type",),
        types=(("P02", WORD),),
        place=("430104", "岳麓区"),
    )
    again = second.number
    for number in (kept.case_no, second.case_no):
        async with world.db.city(CITY) as conn:
            sketch = Sketch(MAKER, sketches([text])[0], ("e:水岸云庭", "s:老灶台"))
            row = SketchRow(number, sketch, ("P02",), "430104", None)
            await store.keep(conn, CITY, [row])
    for name, found in (("op", 1), ("op2", 0)):
        browser = await world.browser(name)
        page = await browser.get(f"/desk/cases/{again}")
        assert (kept.number in page) == bool(found), name
        told = await browser.get(f"/api/v1/cases/{again}/similar")
        assert (kept.number in told) == bool(found), name


async def test_the_citizen_tracks_it_by_code_whoever_sits_at_the_browser(
    world: World, kept: Receipt
) -> None:
    """The code opens what it always opened, also right after a refused page on one connection."""
    for name in (None, "op2"):
        browser = await world.browser(name)
        if name:
            assert await browser.status(f"/desk/cases/{kept.number}") == 404
        told = await browser.get(f"/api/v1/track/{kept.track_code}")
        assert kept.number in told
        assert '"DISPATCHED"' in told
        assert await browser.status("/desk") == (200 if name else 303)
