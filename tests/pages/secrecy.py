"""What the tests of restricted cases share: one that a rule restricts, who is named, who is not."""

import re
from typing import Any, Final

from intake import auth
from models.case import Receipt
from models.db import staff as store
from models.db.staff import Account
from models.moment import now
from tests.pages.kit import CITY, PASSWORD, Browser, World

TEXT: Final = "我是岳麓区一家厂里的员工,厂里让人改在线监测的数据再上传,请不要让厂里知道。"
WORD: Final = "在线监测"
#: Words of the report that no page marks up.
PLAIN: Final = "请不要让厂里知道"
#: The unit that leads such cases in Changsha, and three accounts of it and of a helper of them.
TEAM: Final = "430100-ENF"
POLICE: Final = "430104-PSB"
STRANGERS: Final = ("op2", "boss", "enf2", "psb", "far")
_OF_ONE: Final = re.compile(
    r"ENV-\d{6}-\d{8}-\d{6}|[0-9a-f]{20}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)


async def add_staff(world: World) -> None:
    """Make accounts of the units that would take part."""
    hashed = await auth.hash_password(PASSWORD)
    async with world.db.city(CITY) as conn:
        for name, unit in (("enf", TEAM), ("enf2", TEAM), ("psb", POLICE)):
            account = Account(
                city=CITY,
                username=name,
                display_name=name,
                role="unit",
                unit=unit,
                active=True,
                created_at=now(),
            )
            await store.add_account(conn, account, hashed)


async def secret(world: World, text: str = TEXT, **fields: Any) -> Receipt:
    """Bring a report of falsified data as far as the team's inbox."""
    receipt = await world.report(text, **fields)
    await world.read(
        receipt.case_no,
        types=(("P02", WORD),),
        kind="JB",
        place=("430104", "岳麓区"),
        flags=("data_fraud",),
        words=(WORD,),
    )
    await world.route()
    return receipt


async def admit(
    browser: Browser, number: str, username: str, reason: str = "由其经办"
) -> tuple[int, dict[str, Any]]:
    """Name somebody; give status and answer."""
    response = await browser.client.post(
        f"/api/v1/restricted/{number}/admit",
        json={"username": username, "reason": reason},
        headers={"X-CSRF-Token": browser.csrf},
    )
    return response.status, await response.json()


async def keepers(browser: Browser, number: str) -> dict[str, Any]:
    """Ask who may see a case and who looked."""
    response = await browser.client.get(f"/api/v1/restricted/{number}")
    assert response.status == 200, await response.text()
    told: dict[str, Any] = await response.json()
    return told


def beside(number: str) -> str:
    """Give the number of a case of the same day that there is not."""
    return number[:-6] + "900000"


async def answer(browser: Browser, method: str, path: str, **body: Any) -> tuple[int, str]:
    """Ask for something; give status and text, but for numbers and ids of requests."""
    headers = {"X-CSRF-Token": browser.csrf} if method == "POST" else {}
    response = await browser.client.request(
        method, path, headers=headers, allow_redirects=False, **body
    )
    return response.status, _OF_ONE.sub("…", await response.text())
