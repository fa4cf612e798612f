"""Grid workers over the API: what they are asked (F23), and what they find on patrol (F24)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse

from classifier.stage import read_point
from intake import auth
from models.case import read_case_no
from models.city import City
from models.db import grids, sameness
from models.db import staff as store
from models.db.pool import Database
from models.db.staff import Account
from models.grid import Grade, Grid
from models.moment import now
from tests.intake.kit import counts, later, rows
from tests.intake.test_api import act, ok
from tests.pages.kit import CITY, PASSWORD, Browser, World, open_world

COUNTY, TOWN = "430102", "430102001"
NEAR, FAR = f"{TOWN}001", f"{TOWN}-G02"
PHOTO = "0123456789abcdef" * 4
KEY = "device-7f3a-000000000001"
TREE = (
    Grid(code=CITY, name="长沙市", level=1, parent=None, grade=Grade.GENERAL),
    Grid(code=COUNTY, name="芙蓉区", level=2, parent=CITY, grade=Grade.GENERAL),
    Grid(code=TOWN, name="某街道", level=3, parent=COUNTY, grade=Grade.KEY),
    Grid(code=NEAR, name="东塘社区", level=4, parent=TOWN, grade=Grade.GENERAL),
    Grid(code=FAR, name="厂区网格", level=4, parent=TOWN, grade=Grade.KEY),
)
WORKERS = {"walker": NEAR, "strider": FAR}


async def staff_grid(db: Database) -> None:
    """Put the tree in, with two workers."""
    hashed = await auth.hash_password(PASSWORD)
    async with db.city(CITY) as conn:
        await grids.replace_tree(conn, CITY, TREE, now())
        for name, code in WORKERS.items():
            account = Account(
                city=CITY,
                username=name,
                display_name=f"网格员{name}",
                role="grid",
                unit=None,
                grid=code,
                active=True,
                created_at=now(),
            )
            assert await store.add_account(conn, account, hashed)


@pytest.fixture
async def world(db: Database, changsha: City) -> AsyncIterator[World]:
    """Give the application of Changsha with a grid and two workers in it."""
    made = await open_world(db, changsha)
    await staff_grid(db)
    yield made
    await made.close()


def finding(**changed: Any) -> dict[str, Any]:
    """Make what a device sends."""
    made = {
        "text": "河边排口有黑水流出,有臭味,无人值守",
        "foundAt": (now() - timedelta(hours=3)).isoformat(timespec="seconds"),
        "lon": 112.985,
        "lat": 28.183,
        "datum": "WGS-84",
        "address": "东塘社区沿河路桥下",
        "photos": [PHOTO],
    }
    return made | changed


async def patrol(browser: Browser, key: str | None = KEY, **changed: Any) -> ClientResponse:
    """Send a finding."""
    headers = {"X-CSRF-Token": browser.csrf} | ({"Idempotency-Key": key} if key else {})
    return await browser.client.post("/api/v1/patrols", json=finding(**changed), headers=headers)


async def answer(browser: Browser, number: str, n: int = 1, **said: Any) -> ClientResponse:
    """Answer a question."""
    told = {"result": "true", "finding": "油烟直排,未开净化器", "photos": [PHOTO]}
    told["found_at"] = now().isoformat()
    path = f"/api/v1/grid/checks/{number}/{n}/report"
    headers = {"X-CSRF-Token": browser.csrf}
    return await browser.client.post(path, json=told | said, headers=headers)


async def asked(world: World, grid: str = NEAR) -> str:
    """Bring a report to a unit, which asks a grid; give its number."""
    number = await world.dispatched()
    said = {"grid": grid, "place": "东塘社区美食街 3 号", "what": "看净化器是否开启"}
    response = await act(await world.browser("op"), number, "ask_grid", **said)
    assert response.status == 200, await response.text()
    return number


async def code_of(response: ClientResponse) -> tuple[int, str]:
    """Give status and code of a refusal."""
    return response.status, (await response.json())["code"]


async def test_f23_a_worker_reads_the_question_and_answers_it(world: World) -> None:
    """The worker sees where to go and nothing of the report; the case shows what was found."""
    number = await asked(world)
    near = await world.browser("walker")
    me = await ok(near, "/api/v1/grid/me")
    assert (me["grid"]["code"], me["csrf"]) == (NEAR, near.csrf)
    (shown,) = (await ok(near, "/api/v1/grid/checks"))["checks"]
    assert (shown["number"], shown["n"], shown["state"]) == (number, 1, "asked")
    assert set(shown) == {
        *("number", "n", "state", "asked_at", "due_at", "place", "what", "types"),
        *("unannounced", "result", "finding", "found_at", "late"),
    }
    assert "呛得家里不能开窗" not in str(shown)
    response = await answer(near, number, lon=112.98, lat=28.19, datum="GCJ-02")
    assert response.status == 200, await response.text()
    assert (await response.json())["state"] == "reported"
    for name in ("op", "uma", "boss"):
        page = await ok(await world.browser(name), f"/api/v1/cases/{number}")
        (check,) = page["grid_checks"]
        assert (check["result"], check["photos"], check["datum"]) == ("true", [PHOTO], "GCJ-02")
        assert page["history"][-1]["verb"] == "grid:reported"
    text = await (await world.browser("op")).get(f"/desk/cases/{number}")
    for words in ("网格核实回报", "东塘社区", "属实", "照片 1 张", "坐标 112.98,28.19(GCJ-02)"):
        assert words in text


async def test_f23_an_answer_that_is_sent_twice_is_one(world: World) -> None:
    """A device that lost ours sends the same again and is told the same; another is refused."""
    number = await asked(world)
    near = await world.browser("walker")
    at = now().isoformat()
    first = await (await answer(near, number, found_at=at)).json()
    await act(await world.browser("uma"), number, "sign", handler="经办甲")
    again = await answer(near, number, found_at=at)
    assert (again.status, await again.json()) == (200, first)
    assert await code_of(await answer(near, number, found_at=at, result="gone")) == (
        409,
        "grid_check_over",
    )
    verbs = await rows(world.db, "SELECT verb FROM event WHERE verb = 'grid:reported'")
    assert len(verbs) == 1


async def test_f23_another_grids_question_is_as_if_not_there(world: World) -> None:
    """By list, by number, by city; and nothing that is not the worker's opens."""
    number = await asked(world, FAR)
    near = await world.browser("walker")
    assert (await ok(near, "/api/v1/grid/checks"))["checks"] == []
    missing = (404, "grid_check_not_found")
    assert await code_of(await answer(near, number)) == missing
    assert await code_of(await answer(near, number, 99)) == missing
    assert await code_of(await answer(near, number.replace(CITY, "530100"))) == missing
    far = await world.browser("strider")
    assert await code_of(await answer(far, number, 2)) == missing
    forbidden = (
        "/api/v1/cases",
        f"/api/v1/cases/{number}",
        f"/api/v1/cases/{number}/closure",
        "/api/v1/grids",
        "/api/v1/supervision",
        "/api/v1/outbox/dead",
        f"/desk/cases/{number}",
        f"/unit/tasks/{number}",
        "/admin",
        "/watch",
    )
    for path in forbidden:
        assert await near.status(path) == 403, path
    response = await act(near, number, "grid_report", n=1, result="gone")
    assert await code_of(response) == (403, "role_forbidden")


async def test_f23_only_workers_answer(world: World) -> None:
    """Not signed in, other staff, or without the session's secret."""
    number = await asked(world)
    assert (await answer(await world.browser(), number)).status == 401
    for name in ("op", "uma", "boss", "root"):
        assert await code_of(await answer(await world.browser(name), number)) == (
            403,
            "role_forbidden",
        )
    near = await world.browser("walker")
    near.csrf = "guessed"
    assert await code_of(await answer(near, number)) == (403, "csrf_failed")


async def test_f23_staff_see_the_tree_and_how_its_checks_went(world: World) -> None:
    """From the root down, with who works there."""
    await asked(world)
    op = await world.browser("uma")
    (root,) = (await ok(op, "/api/v1/grids"))["cells"]
    assert (root["code"], root["level"], root["workers"]) == (CITY, 1, 0)
    cells = (await ok(op, "/api/v1/grids", under=TOWN))["cells"]
    told = {one["code"]: (one["grade"], one["workers"], one["open"]) for one in cells}
    assert told == {NEAR: ("general", 1, 1), FAR: ("key", 1, 0)}


async def test_f23_an_administrator_makes_a_workers_account(world: World) -> None:
    """With a grid that is there, and only for this role; the new worker signs in."""
    root = await world.browser("root")
    form = {"username": "new.grid", "display_name": "新网格员", "role": "grid", "unit": ""}
    for grid in ("", "999999"):
        refused = await root.post("/admin/staff", form | {"grid": grid})
        assert refused.status == 400
    assert (
        await root.post("/admin/staff", form | {"role": "operator", "grid": NEAR})
    ).status == 400
    page = await (await root.post("/admin/staff", form | {"grid": NEAR})).text()
    assert "东塘社区" in page
    secret = page.partition('id="secret">')[2].partition("<")[0]
    fresh = await world.browser()
    assert (await fresh.sign_in("new.grid", secret)).status == 303
    assert "我的账号" in await fresh.get("/home")


async def test_f24_a_finding_becomes_a_case_by_itself(world: World) -> None:
    """By the grid's channel, in its township, with time, position and photos; then dispatched."""
    near = await world.browser("walker")
    response = await patrol(near)
    assert response.status == 201, await response.text()
    told = await response.json()
    assert (set(told), told["duplicate"]) == ({"ticketNo", "receivedAt", "duplicate"}, False)
    _, number = read_case_no(told["ticketNo"])
    page = await ok(await world.browser("op"), f"/api/v1/cases/{told['ticketNo']}")
    case, found = page["case"], page["patrol"]
    assert (case["channel"], case["source"], case["state"]) == ("GRID", "patrol", "NEW")
    assert (case["stated_adcode"], case["stated_township"]) == (COUNTY, TOWN)
    assert (found["grid"], found["grid_name"], found["photos"]) == (NEAR, "东塘社区", [PHOTO])
    assert (found["lon"], found["lat"], found["datum"]) == (112.985, 28.183, "WGS-84")
    await world.read(number, types=(("W01", "黑水"),), place=(COUNTY, ""))
    await world.route()
    page = await ok(await world.browser("op"), f"/api/v1/cases/{told['ticketNo']}")
    assert page["case"]["state"] == "DISPATCHED"
    (person,) = await rows(world.db, "SELECT name, phone, anonymous, want_callback FROM identity")
    assert person == {"name": None, "phone": None, "anonymous": True, "want_callback": False}


@pytest.mark.parametrize("datum", ["WGS-84", "GCJ-02"])
async def test_f24_the_position_is_read_in_the_system_it_was_given_in(
    world: World, datum: str
) -> None:
    """Whoever reads the case finds it where the device was, not five hundred metres away."""
    told = await (await patrol(await world.browser("walker"), datum=datum)).json()
    _, number = read_case_no(told["ticketNo"])
    async with world.db.city(CITY) as conn:
        stated = (await sameness.stated(conn, CITY, [number]))[number]
    point = read_point(*stated)
    assert point is not None
    moved = abs(point.lon - 112.985) + abs(point.lat - 28.183)
    assert (moved < 1e-9) == (datum == "WGS-84")


async def test_f24_a_finding_sent_twice_or_late_is_one_case(world: World) -> None:
    """Again, at once, after days without a network or another sign-in: one case, one receipt."""
    near = await world.browser("walker")
    old = (now() - timedelta(days=9)).isoformat(timespec="seconds")
    first = await (await patrol(near, foundAt=old)).json()
    again = await asyncio.gather(*(patrol(near, foundAt=old) for _ in range(5)))
    other = await patrol(await world.browser("walker"), foundAt=old)
    for response in (*again, other):
        assert response.status == 200
        assert await response.json() == first | {"duplicate": True}
    held = await counts(world.db)
    assert (held["cases"], held["report"], held["identity"]) == (1, 1, 1)


async def test_f24_many_at_once_make_each_one_case(world: World) -> None:
    """What a device kept for days comes in one burst, some of it twice."""
    near = await world.browser("walker")
    keys = [f"{KEY}-{n % 8}" for n in range(24)]
    texts = [f"第 {key[-1]} 处排口有黑水流出" for key in keys]
    at = finding()["foundAt"]
    burst = (
        patrol(near, key, text=text, foundAt=at) for key, text in zip(keys, texts, strict=True)
    )
    taken = await asyncio.gather(*burst)
    assert sorted(response.status for response in taken) == [200] * 16 + [201] * 8
    assert (await counts(world.db))["cases"] == 8


async def test_f24_a_key_stands_for_one_content_of_one_worker(world: World) -> None:
    """With other words it is refused; another worker's same key is another finding."""
    near = await world.browser("walker")
    at = finding()["foundAt"]
    assert (await patrol(near, foundAt=at)).status == 201
    refused = await patrol(near, foundAt=at, text="另一处工地扬尘,没有洒水")
    assert await code_of(refused) == (409, "message_id_reused")
    assert (await patrol(await world.browser("strider"), foundAt=at)).status == 201
    assert (await counts(world.db))["cases"] == 2


@pytest.mark.parametrize(
    ("key", "changed", "code"),
    [
        (None, {}, "idempotency_key_missing"),
        ("short", {}, "idempotency_key_short"),
        (KEY, {"text": "黑水"}, "text_too_short"),
        (KEY, {"foundAt": "昨天"}, "field_invalid"),
        (KEY, {"foundAt": later(30).isoformat()}, "moment_in_future"),
        (KEY, {"foundAt": later(-60 * 24 * 31).isoformat()}, "patrol_too_old"),
        (KEY, {"lon": 28.183, "lat": 112.985}, "position_outside"),
        (KEY, {"lon": 0, "lat": 0}, "position_outside"),
        (KEY, {"lon": None}, "field_invalid"),
        (KEY, {"datum": "CGCS"}, "field_invalid"),
        (KEY, {"photos": ["not-a-hash"]}, "field_invalid"),
        (KEY, {"photos": [PHOTO] * 10}, "field_invalid"),
        (KEY, {"colour": "red"}, "field_invalid"),
    ],
)
async def test_f24_what_cannot_be_taken_says_what_to_mend(
    world: World, key: str | None, changed: dict[str, Any], code: str
) -> None:
    """A code that stays, words in Chinese, and no case."""
    response = await patrol(await world.browser("walker"), key, **changed)
    assert await code_of(response) == (400, code)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in (await response.json())["detail"])
    assert (await counts(world.db))["cases"] == 0


async def test_f24_only_grid_workers_report_patrols(world: World) -> None:
    """Nobody without a session, no other role, nobody without the session's secret."""
    assert (await patrol(await world.browser())).status == 401
    for name in ("op", "eco", "boss", "root"):
        assert await code_of(await patrol(await world.browser(name))) == (403, "role_forbidden")
    near = await world.browser("walker")
    near.csrf = ""
    assert await code_of(await patrol(near)) == (403, "csrf_failed")


async def test_f24_a_worker_of_a_closed_grid_is_told(world: World) -> None:
    """What was closed takes no more findings."""
    near = await world.browser("walker")
    async with world.db.city(CITY) as conn:
        await grids.replace_tree(conn, CITY, TREE[:3], now())
    assert await code_of(await patrol(near)) == (403, "grid_closed")


async def test_f24_patrols_have_a_rate_of_each_workers_own(db: Database, changsha: City) -> None:
    """One over it waits and is told how long; another at the same address does not."""
    world = await open_world(db, changsha, patrols_per_hour=2)
    await staff_grid(db)
    near = await world.browser("walker")
    statuses = [(await patrol(near, f"{KEY}-{n}")).status for n in range(3)]
    assert statuses == [201, 201, 429]
    refused = await patrol(near, f"{KEY}-9")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await patrol(await world.browser("strider"))).status == 201
    await world.close()


async def test_f24_the_interface_is_documented(world: World) -> None:
    """Every path of the grid, with what it takes and gives."""
    document = await ok(await world.browser(), "/api/openapi.json")
    for path, method in (
        ("/api/v1/patrols", "post"),
        ("/api/v1/grid/me", "get"),
        ("/api/v1/grid/checks", "get"),
        ("/api/v1/grid/checks/{no}/{n}/report", "post"),
        ("/api/v1/grids", "get"),
    ):
        assert document["paths"][path][method]["security"] == [{"session": []}]
    assert "foundAt" in document["components"]["schemas"]["Patrol"]["properties"]
