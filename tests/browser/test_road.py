"""The whole road in a real browser: reported, read, reviewed, handled, approved, closed, seen."""

import asyncio
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page, expect

from classifier.engine import Tagger
from classifier.stage import TagStage
from models.city import City
from models.db.pool import Database
from routing.stage import RouteStage
from routing.tracking import Sweeper
from tests.browser.chromium import NARROW, SHOTS, Eye, chromium
from tests.pages.kit import CITY, ECO, PASSWORD, World, open_world
from tests.pages.photos import picture

NAME, PHONE = "测试己", "13900000044"
TEXT: Final = (
    "芙蓉区隆平路边一个仓库里的化工桶漏了,地上流着黄色的水,气味刺鼻,"
    "旁边几户人家头晕恶心,请马上派人来看。"
)
ANSWER: Final = "已到场封存泄漏桶并清理地面,周边空气监测正常;对仓库经营者立案查处。"


async def test_a_report_travels_the_whole_road_in_chromium(db: Database, changsha: City) -> None:
    """A citizen reports, people and machine do their parts, the citizen reads the answer."""
    SHOTS.mkdir(exist_ok=True)
    photo = SHOTS / "evidence.png"
    photo.write_bytes(picture(480, 360))
    world, eye = await open_world(db, changsha), Eye()
    try:
        async with chromium() as browser:
            code, number = await _report(world, eye, browser, photo)
            await _machine(world)
            await _review(world, eye, browser, number)
            await _handle(world, eye, browser, photo)
            await _close(world, eye, browser)
            await _see(world, eye, browser, code)
            await _oversee(world, eye, browser)
    finally:
        await world.close()
    assert eye.complaints == []


async def _report(world: World, eye: Eye, browser: Browser, photo: Path) -> tuple[str, str]:
    """Report on a phone without scripts: the citizen's pages need none."""
    page = await eye.open(browser, size=NARROW, scripts=False)
    await page.goto(_at(world, "/"))
    await page.get_by_label("发生了什么?").fill(TEXT)
    await page.get_by_label("区县").select_option("430102")
    await page.get_by_label("具体位置").fill("隆平路与合平路路口")
    await page.get_by_label("什么时候?").fill("今天早上八点发现")
    await page.get_by_label("照片").set_input_files(photo)
    await page.get_by_label("姓名", exact=True).fill(NAME)
    await page.get_by_label("电话", exact=True).fill(PHONE)
    await page.get_by_label("请为我保密").uncheck()
    await eye.shoot(page, "01-report")
    await page.get_by_role("button", name="提交").click()
    await expect(page.get_by_role("heading", name="已收到您反映的问题")).to_be_visible()
    await eye.shoot(page, "02-receipt")
    code = await page.locator("#code").inner_text()
    assert code.replace("-", "") not in page.url
    return code, await page.locator("#number").inner_text()


async def _machine(world: World) -> None:
    """Let the worker's stages run until nothing is left for them."""
    cities = {CITY: world.city}
    tagger = await asyncio.to_thread(Tagger.load, [world.city])
    stages = (TagStage(world.db, tagger), RouteStage(world.db, cities))
    for stage in stages:
        while await stage.run_once(CITY):
            pass


async def _review(world: World, eye: Eye, browser: Browser, number: str) -> None:
    """Find the emergency at the desk by keyboard, look at who reported, send it to a unit."""
    page = await _sign_in(world, eye, browser, "op")
    await expect(page.get_by_role("heading", name="工单台")).to_be_visible()
    await eye.shoot(page, "03-desk")
    await page.keyboard.press("/")
    await page.keyboard.type("仓库 刺鼻")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="搜索“仓库 刺鼻”")).to_be_visible()
    await expect(page.locator("a.open")).to_have_count(1)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.locator("#number")).to_have_text(number)
    await expect(page.get_by_text("可能是突发环境事件").first).to_be_visible()
    assert await page.locator(".report mark").count() > 0
    assert PHONE not in await page.content()
    await page.get_by_text("显示电话、姓名或查询码").click()
    await page.locator("#reveal-reason").fill("回访确认泄漏地点")
    await page.get_by_role("button", name="显示一次").click()
    await expect(page.locator("#revealed")).to_contain_text(PHONE)
    await page.get_by_label("主要类型").select_option("A01")
    await page.get_by_label("区县").select_option("430102")
    await expect(page.locator("#why")).to_contain_text("芙蓉生态环境分局")
    await page.get_by_label("主办单位").select_option(ECO)
    await page.locator("#helper1").evaluate("one => one.closest('details').open = true")
    for helper in await page.locator("select[id^=helper]").all():
        await helper.select_option("")
    await page.get_by_label("更正理由").fill("现场在分局辖区,由分局先行处置")
    await eye.shoot(page, "04-review")
    await page.get_by_role("button", name="受理并派单").click()
    await expect(page.get_by_role("status").first).to_contain_text("没有待复核的工单了")
    await page.goto(_at(world, f"/desk/cases/{number}"))
    await page.get_by_role("link", name="怎么算的").first.click()
    await expect(page.locator(".count-days")).to_be_visible()
    await eye.shoot(page, "05-dispatched")


async def _handle(world: World, eye: Eye, browser: Browser, photo: Path) -> None:
    """Sign, contact, submit with a photo, all from the unit's inbox."""
    page = await _sign_in(world, eye, browser, "eco")
    await expect(page.locator("a.open")).to_have_count(1)
    await eye.shoot(page, "06-inbox")
    await page.locator("a.open").click()
    await page.get_by_label("经办人").fill("值班一组")
    await page.get_by_role("button", name="签收").click()
    await expect(page.get_by_role("status").first).to_contain_text("已签收")
    await page.get_by_role("textbox", name="情况 (选填)").fill("已电话联系,二十分钟内到场")
    await page.get_by_role("button", name="记录联系").click()
    await expect(page.get_by_role("status").first).to_contain_text("首次联系已记录")
    await page.get_by_label("是否属实").select_option("true")
    await page.get_by_label("立案查处").check()
    await page.get_by_label("给诉求人的答复").fill(ANSWER)
    await page.get_by_label("佐证材料").set_input_files(photo)
    await eye.shoot(page, "07-task")
    await page.get_by_role("button", name="提交办结").click()
    await expect(page.get_by_role("status").first).to_contain_text("等待审核")


async def _close(world: World, eye: Eye, browser: Browser) -> None:
    """Approve the result and close the case."""
    page = await _sign_in(world, eye, browser, "op2")
    await page.get_by_role("link", name="待审核").click()
    await page.locator("a.open").click()
    await expect(page.get_by_text("核查结论:属实")).to_be_visible()
    await expect(page.locator(".thumbs img").first).to_be_visible()
    await eye.shoot(page, "08-approve")
    await page.get_by_label("审核意见").fill("材料齐全")
    await _expire(world, page, "op2")
    await page.get_by_role("button", name="审核通过").click()
    await expect(page.get_by_role("status").first).to_contain_text("审核通过")
    await page.get_by_role("button", name="办结", exact=True).click()
    await expect(page.get_by_role("status").first).to_contain_text("已办结")
    await eye.shoot(page, "09-closed")


async def _expire(world: World, page: Page, username: str) -> None:
    """Let the session run out under a filled form: signing in elsewhere is enough to go on."""
    async with world.db.city(CITY) as conn:
        await conn.execute("DELETE FROM session WHERE username = $1", username)
    await page.get_by_role("button", name="审核通过").click()
    await expect(page.get_by_role("alert").get_by_text("登录已过期")).to_be_visible()
    await expect(page.get_by_label("审核意见")).to_have_value("材料齐全")
    other = await page.context.new_page()
    await _fill_sign_in(world, other, username)
    await other.close()
    await page.evaluate("window.dispatchEvent(new Event('focus'))")
    await expect(page.get_by_role("alert").get_by_text("登录已过期")).to_be_hidden()


async def _see(world: World, eye: Eye, browser: Browser, code: str) -> None:
    """Read the answer by the code, which never stands in an address that a server logs."""
    page = await eye.open(browser, size=NARROW)
    await page.goto(_at(world, f"/track#{code.lower()}"))
    await expect(page.get_by_role("heading", name="已办结")).to_be_visible()
    await expect(page.get_by_text(ANSWER)).to_be_visible()
    shown = await page.locator("main").inner_text()
    assert "长沙市生态环境局芙蓉分局" in shown
    assert NAME not in shown
    assert PHONE not in shown
    assert "值班一组" not in shown
    assert code.lower() not in page.url.lower()
    await eye.shoot(page, "10-progress")


async def _oversee(world: World, eye: Eye, browser: Browser) -> None:
    """Open the supervisor's board and the administrator's page."""
    await Sweeper(world.db, {CITY: world.city}).run_once(CITY)
    for person, heading, name in (
        ("boss", "时限看板", "11-watch"),
        ("root", "账号与数据", "12-admin"),
    ):
        page = await _sign_in(world, eye, browser, person)
        await expect(page.get_by_role("heading", name=heading)).to_be_visible()
        await eye.shoot(page, name)


async def _sign_in(world: World, eye: Eye, browser: Browser, username: str) -> Page:
    page = await eye.open(browser)
    await _fill_sign_in(world, page, username)
    return page


async def _fill_sign_in(world: World, page: Page, username: str) -> None:
    await page.goto(_at(world, "/login"))
    await page.get_by_label("用户名").fill(username)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="登录").click()
    await page.wait_for_load_state()


def _at(world: World, path: str) -> str:
    return str(world.server.make_url(path.partition("#")[0])) + "".join(path.partition("#")[1:])
