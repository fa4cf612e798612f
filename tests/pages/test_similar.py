"""What may be the same event: at the desk with reasons and a link, and over the API."""

import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from classifier.sketch import MAKER, sketches
from models.db import sameness as store
from models.db.sameness import Sketch, SketchRow
from tests.pages.kit import CITY, World

FIRST = "芙蓉区水岸云庭小区楼下的老灶台火锅店每晚油烟直排,家里不敢开窗。"
AGAIN = "水岸云庭小区楼下的老灶台火锅店油烟还是直排,没有人来管。"
PHONE = "13900001111"


async def tell(world: World, text: str, *names: str, phone: str | None = PHONE) -> str:
    """Bring a report to the review queue, sketched as the tagging stage does; give its number."""
    receipt = await world.report(text, phone=phone, name="测试丙" if phone else None)
    await world.read(receipt.case_no, review=("low_confidence_type",), types=(("A03", "油烟"),))
    async with world.db.city(CITY) as conn:
        sketch = Sketch(MAKER, sketches([text])[0], names)
        row = SketchRow(receipt.case_no, sketch, ("A03",), "430102", None)
        await store.keep(conn, CITY, [row])
    return receipt.number


@pytest.fixture
async def told_twice(world: World) -> tuple[str, str]:
    """Give the numbers of two reports of one caller and one restaurant."""
    names = ("e:水岸云庭", "s:老灶台")
    return await tell(world, FIRST, *names), await tell(world, AGAIN, *names)


def section(page: str) -> str:
    """Cut the block out of the case page; empty where there is none."""
    found = re.search(r'<section[^>]*aria-labelledby="similar".*?</section>', page, re.DOTALL)
    return found[0] if found else ""


async def test_the_desk_sees_what_may_be_the_same_event(
    world: World, told_twice: tuple[str, str]
) -> None:
    """The review page names the other case, why, what is advised, and leads there."""
    first, second = told_twice
    block = section(await (await world.browser("op")).get(f"/desk/cases/{second}"))
    assert f'href="/desk/cases/{first}"' in block
    for words in ("可能是同一件事", "同一诉求人", "“老灶台”", "在办重复", "由人确认"):
        assert words in block
    assert PHONE not in block
    assert "测试丙" not in block


async def test_a_case_without_its_like_has_no_block(world: World) -> None:
    """Nothing found, nothing shown."""
    alone = await tell(world, FIRST)
    assert section(await (await world.browser("op")).get(f"/desk/cases/{alone}")) == ""


async def test_supervisors_see_the_case_without_hints(
    world: World, told_twice: tuple[str, str]
) -> None:
    """Hints are for those who can act on them."""
    page = await (await world.browser("boss")).get(f"/desk/cases/{told_twice[1]}")
    assert section(page) == ""


async def test_the_third_time_the_desk_reads_how_often(
    world: World, told_twice: tuple[str, str]
) -> None:
    """Three reports of one caller about one matter are named as such."""
    third = await tell(world, FIRST, "e:水岸云庭", "s:老灶台")
    block = section(await (await world.browser("op")).get(f"/desk/cases/{third}"))
    assert "重复 3 次" in block
    assert all(f"/desk/cases/{number}" in block for number in told_twice)


async def test_the_api_gives_scores_and_reasons(world: World, told_twice: tuple[str, str]) -> None:
    """The other case with score, advice and reasons; the caller is not named."""
    first, second = told_twice
    status, told = await ask(world, second)
    assert (status, told["number"], told["repeats"], told["reports"]) == (200, second, 2, 2)
    (one,) = told["candidates"]
    assert (one["number"], one["advice"]) == (first, "merge")
    assert 0.9 < one["score"] <= 1
    reasons = {reason["code"]: reason["zh"] for reason in one["reasons"]}
    assert reasons["same_caller"] == "同一诉求人"
    assert reasons["same_main_type"] == "主类型相同:餐饮油烟"
    assert PHONE not in str(told)


async def test_only_operators_may_ask(world: World, told_twice: tuple[str, str]) -> None:
    """Units, supervisors and strangers are refused."""
    number = told_twice[1]
    for username in ("eco", "boss", "root"):
        assert (await ask(world, number, username))[0] == 403
    client = (await world.browser()).client
    assert (await client.get(f"/api/v1/cases/{number}/similar")).status == 401


@pytest.mark.parametrize(
    ("number", "query", "status"),
    [
        ("ENV-430100-20200101-000001", "", 404),
        ("ENV-530100-20261120-000001", "", 404),
        ("nonsense", "", 400),
        (None, "?limit=0", 400),
        (None, "?limit=21", 400),
        (None, "?limit=x", 400),
    ],
)
async def test_what_is_asked_wrongly_is_said_so(
    world: World, told_twice: tuple[str, str], number: str | None, query: str, status: int
) -> None:
    """Unknown cases are not found, malformed questions are named."""
    found, told = await ask(world, number or told_twice[1], query=query)
    assert (found, bool(told["code"])) == (status, True)


async def test_the_limit_holds(world: World, told_twice: tuple[str, str]) -> None:
    """No more than asked for, while all are counted."""
    await tell(world, AGAIN, "e:水岸云庭", "s:老灶台")
    _, told = await ask(world, told_twice[0], query="?limit=1")
    assert (len(told["candidates"]), told["reports"]) == (1, 3)


async def test_the_interface_is_documented(world: World) -> None:
    """The path stands in the OpenAPI document with its answer."""
    client: TestClient[Any, Any] = (await world.browser()).client
    document = await (await client.get("/api/openapi.json")).json()
    operation = document["paths"]["/api/v1/cases/{no}/similar"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["$ref"].endswith("/SimilarCases")
    assert "Reason" in document["components"]["schemas"]


async def ask(
    world: World, number: str, username: str = "op", query: str = ""
) -> tuple[int, dict[str, Any]]:
    """Ask the API as somebody; give status and answer."""
    browser = await world.browser(username)
    response = await browser.client.get(f"/api/v1/cases/{number}/similar{query}")
    return response.status, await response.json()
