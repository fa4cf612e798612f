"""F64: cases restricted and opened by people, handed on, and left at the desk."""

from models.db.pool import READER
from tests.pages.kit import CITY, ECO, World
from tests.pages.secrecy import TEAM, TEXT, WORD, add_staff, admit, answer, keepers, secret


async def test_who_handed_the_lead_on_sees_it_no_more(world: World) -> None:
    """With the unit its person goes; somebody of the new lead is named."""
    await add_staff(world)
    receipt = await secret(world)
    boss = await world.browser("boss")
    for name in ("op", "enf"):
        await admit(boss, receipt.number, name)
    op = await world.browser("op")
    body = {"lead_unit": ECO, "reason": "由属地分局经办"}
    path = f"/api/v1/cases/{receipt.number}/actions/redispatch"
    assert (await answer(op, "POST", path, json=body))[0] == 200
    told = await keepers(boss, receipt.number)
    assert [one["staff"] for one in told["admitted"]] == ["op"]
    assert await (await world.browser("enf")).status(f"/unit/tasks/{receipt.number}") == 404
    assert await (await world.browser("eco")).status(f"/unit/tasks/{receipt.number}") == 404
    await admit(boss, receipt.number, "eco")
    assert await (await world.browser("eco")).status(f"/unit/tasks/{receipt.number}") == 200


async def test_a_person_restricts_a_case_and_opens_it_again(world: World) -> None:
    """Who does it sees it alone; helpers are out; lifted, all is as for any case."""
    await add_staff(world)
    number = await world.dispatched()
    op, other = await world.browser("op"), await world.browser("op2")
    path = f"/api/v1/cases/{number}/actions/{{}}"
    status, _ = await answer(op, "POST", path.format("restrict"), json={"reason": "举报人要求"})
    assert status == 200
    for name, page in (
        ("op2", "/desk/cases/{}"),
        ("eco", "/unit/tasks/{}"),
        ("uma", "/unit/tasks/{}"),
    ):
        assert await (await world.browser(name)).status(page.format(number)) == 404, name
    status, said = await answer(
        op, "POST", path.format("relate"), json={"other": number, "reason": "同"}
    )
    assert status in (400, 409, 422), said
    status, _ = await answer(
        op, "POST", path.format("lift_restriction"), json={"reason": "已核实无须保密"}
    )
    assert status == 200
    assert await other.status(f"/desk/cases/{number}") == 200
    told = await op.get(f"/desk/cases/{number}")
    assert "列为保密件" in told
    assert "解除保密" in told


async def test_what_an_operator_corrects_into_a_secret_is_theirs_to_handle(world: World) -> None:
    """The act that makes it one closes it; who did it stays in."""
    await add_staff(world)
    number = await world.waiting(
        TEXT, types=(("A01", WORD),), flags=("data_fraud",), place=("430104", "岳麓区")
    )
    op = await world.browser("op")
    body = {"types": ["P02"], "kind": "JB", "reason": "反映数据造假"}
    status, said = await answer(op, "POST", f"/api/v1/cases/{number}/actions/accept", json=body)
    assert status == 200, said
    assert await op.status(f"/desk/cases/{number}") == 200
    assert await (await world.browser("op2")).status(f"/desk/cases/{number}") == 404
    async with world.db.city(CITY) as conn:
        units = await conn.fetch("SELECT unit FROM task ORDER BY task_no")
    assert [row["unit"] for row in units] == [TEAM]


async def test_a_case_that_waits_at_the_desk_is_closed_as_well(world: World) -> None:
    """What the machine leaves to people is shown to nobody until somebody is named."""
    await add_staff(world)
    receipt = await world.report(TEXT)
    await world.read(
        receipt.case_no,
        types=(("P02", WORD),),
        kind="JB",
        urgency="P0",
        place=("430104", "岳麓区"),
        flags=("data_fraud",),
    )
    await world.route()
    op = await world.browser("op")
    assert receipt.number not in await op.get("/desk?tab=review")
    assert (
        (await op.client.get("/desk/next", allow_redirects=False))
        .headers["Location"]
        .endswith("done=empty")
    )
    await admit(await world.browser("boss"), receipt.number, "op")
    assert receipt.number in await op.get("/desk?tab=review")


async def test_the_program_itself_reads_as_nobody(world: World) -> None:
    """Workers see every case; a reader is whoever the request's session says."""
    receipt = await secret(world)
    assert READER.get() == ""
    async with world.db.city(CITY) as conn:
        assert await conn.fetchval(
            "SELECT restricted FROM cases WHERE case_no = $1", receipt.case_no
        )
