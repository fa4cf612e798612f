"""Acts whose forms are drawn from their structs: offered when wanted, read as they were typed."""

import re
from datetime import timedelta

import pytest
from msgspec import inspect

from intake.pages.act_forms import CHOICES, CONDITIONS, SHEETS, Field, Sheet
from intake.pages.event_words import VERBS
from models.moment import now
from routing.acts import ACTS
from tests.pages.kit import ECO, UMA, Browser, World, revision
from tests.pages.test_dealings import disputed

_HIDDEN = {"task_no"}


@pytest.mark.parametrize("verb", SHEETS)
def test_a_form_asks_for_all_that_its_act_must_be_told(verb: str) -> None:
    """No field that the act does not know, none left out that it cannot do without."""
    info = inspect.type_info(ACTS[verb].move.data)
    assert isinstance(info, inspect.StructType)
    drawn = set(SHEETS[verb].fields)
    assert drawn <= {field.name for field in info.fields}
    assert {field.name for field in info.fields if field.required} - _HIDDEN <= drawn | _HIDDEN


@pytest.mark.parametrize("verb", SHEETS)
def test_a_choice_offers_what_its_act_takes(verb: str) -> None:
    """Every option of the data is a value of the struct's own list, and none is forgotten."""
    info = inspect.type_info(ACTS[verb].move.data)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        sheet = SHEETS[verb].fields.get(field.name)
        known = _values(field.type)
        if not isinstance(sheet, Field) or sheet.choices or not known:
            continue
        assert set(sheet.options) <= known, field.name
        assert known - set(sheet.options) <= {"none", ""}, field.name


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=list(SHEETS))
def test_a_form_names_only_conditions_lists_and_events_that_there_are(sheet: Sheet) -> None:
    """A slip in the data would else be found by whoever opens a page."""
    assert not sheet.only or sheet.only in CONDITIONS
    fields = [field for field in sheet.fields.values() if isinstance(field, Field)]
    assert {field.choices for field in fields} <= {"", *CHOICES}
    assert {*sheet.during, *sheet.over, *sheet.unless} <= set(VERBS)


def _values(kind: inspect.Type) -> set[str]:
    if isinstance(kind, inspect.EnumType):
        return {str(member.value) for member in kind.cls}
    return {str(value) for value in kind.values} if isinstance(kind, inspect.LiteralType) else set()


async def test_the_desk_designates_the_lead_of_a_dispute(world: World) -> None:
    """The form stands open while the dispute is, and is gone when it is settled."""
    number = await disputed(world)
    operator = await world.browser("op")
    path = f"/desk/cases/{number}"
    page = await operator.get(path)
    assert 'id="act-adjudicate"' in page
    form = {"revision": revision(page), "lead_unit": ECO, "body": "HOT", "reason": "属工业源"}
    response = await operator.post(f"{path}/adjudicate", form)
    text = await response.text()
    assert response.status == 400
    assert "“决议文书”没有填或填得不对" in text
    assert "属工业源" in text.partition('id="act-adjudicate"')[2]
    assert "`" not in text
    response = await operator.post(f"{path}/adjudicate", form | {"document": "会商纪要3号"})
    assert response.headers["Location"] == f"{path}?done=adjudicate"
    page = await operator.get(f"{path}?done=adjudicate")
    assert "“会商指定主办”已登记。" in page
    assert "不得退单" in page
    assert 'id="act-adjudicate"' not in page


async def test_both_parties_agree_on_their_pages(world: World) -> None:
    """Each says who shall lead, of the parties alone; the same word of both ends the dispute."""
    number = await disputed(world)
    for name in ("uma", "eco"):
        unit = await world.browser(name)
        page = await unit.get(f"/unit/tasks/{number}")
        offered = page.partition('id="negotiate-lead_unit"')[2].partition("</select>")[0]
        assert re.findall(r'value="([^"]+)"', offered) == [UMA, ECO]
        form = {"lead_unit": ECO, "note": "双方商定", "revision": revision(page)}
        response = await unit.post(f"/unit/tasks/{number}/negotiate", form)
        assert response.status == 303, _problem(await response.text())
    page = await (await world.browser("op")).get(f"/desk/cases/{number}")
    assert "协商一致" in page
    assert 'id="act-adjudicate"' not in page


async def test_a_case_is_restricted_and_opened_again_on_its_page(world: World) -> None:
    """One of the two forms is there at a time, and what others would see is not offered."""
    number = await world.dispatched()
    operator, other = await world.browser("op"), await world.browser("op2")
    path = f"/desk/cases/{number}"
    for verb, there, gone, status in (
        ("restrict", "lift_restriction", "restrict", 404),
        ("lift_restriction", "restrict", "lift_restriction", 200),
    ):
        page = await operator.get(path)
        response = await operator.post(
            f"{path}/{verb}", {"reason": "举报人要求", "revision": revision(page)}
        )
        assert response.status == 303, _problem(await response.text())
        page = await operator.get(path)
        assert f'action="{path}/{there}"' in page
        assert f'action="{path}/{gone}"' not in page
        assert (f'action="{path}/merge"' in page) is (status == 200)
        assert await other.status(path) == status


async def test_a_supervisor_urges_and_the_unit_answers(world: World) -> None:
    """What was asked is answered on the unit's page and ended by who asked; times are China's."""
    number = await world.dispatched()
    boss, unit = await world.browser("boss"), await world.browser("uma")
    path = f"/desk/cases/{number}"
    due = f"{now() + timedelta(days=2):%Y-%m-%dT%H:%M}"
    page = await boss.get(path)
    assert f'action="{path}/accept"' not in page
    response = await boss.post(f"{path}/urge", {"demand": "请尽快到场", "due_at": due})
    assert response.status == 303
    page = await boss.get(path)
    assert f'action="{path}/urge"' not in page
    page = await unit.get(f"/unit/tasks/{number}")
    assert "请尽快到场" in page
    assert 'id="act-feedback"' in page
    await _send(unit, f"/unit/tasks/{number}/feedback", {"answer": "明早到场"})
    assert 'id="act-feedback"' not in await unit.get(f"/unit/tasks/{number}")
    await _send(boss, f"{path}/supervise", {"grade": "key", "demand": "仍未解决"})
    assert f'action="{path}/settle_order"' in await boss.get(path)
    await _send(boss, f"{path}/settle_order", {"note": "已到场"})
    assert f'action="{path}/settle_order"' not in await boss.get(path)


async def test_a_supervisor_does_not_do_the_desks_part(world: World) -> None:
    """Nor does the desk give orders: what is not of one's role is no act of the page."""
    number = await world.dispatched()
    boss, operator = await world.browser("boss"), await world.browser("op")
    path = f"/desk/cases/{number}"
    assert (await boss.post(f"{path}/restrict", {"reason": "试试"})).status == 400
    assert (await boss.post(f"{path}/ask_grid", {"place": "路口", "what": "看"})).status == 400
    assert (await operator.post(f"{path}/urge", {"demand": "快"})).status == 400


async def test_a_unit_asks_for_time_and_the_desk_grants_it(world: World) -> None:
    """The wish is offered once, and its answer stands open at the desk until it is given."""
    number = await world.dispatched()
    unit, operator = await world.browser("uma"), await world.browser("op")
    task = f"/unit/tasks/{number}"
    await _send(unit, f"{task}/sign", {"handler": "李工"})
    wish = {"n": "5", "reason": "须鉴定", "told": "phone"}
    response = await unit.post(f"{task}/request_extension", wish | {"n": "五"})
    assert "“延长天数”没有填或填得不对" in await response.text()
    await _send(unit, f"{task}/request_extension", wish)
    assert f'action="{task}/request_extension"' not in await unit.get(task)
    assert 'id="act-grant_extension"' in await operator.get(f"/desk/cases/{number}")
    await _send(operator, f"/desk/cases/{number}/grant_extension", {})
    assert "已同意延期" in await operator.get(f"/desk/cases/{number}?done=grant_extension")


async def _send(browser: Browser, path: str, form: dict[str, str]) -> None:
    response = await browser.post(path, form)
    assert response.status == 303, _problem(await response.text())


def _problem(page: str) -> str:
    return page.partition("data-focus>")[2][:300]


async def test_an_emergency_is_opened_reported_and_called_about_at_the_desk(world: World) -> None:
    """Offered for urgent cases alone; the report upward stands open until it is over."""
    calm = await world.dispatched()
    receipt = await world.report("芙蓉区仓库化工桶泄漏,地上黄水往河里流,多人恶心头晕。")
    await world.read(receipt.case_no, review=("emergency",), urgency="P0")
    operator, path = await world.browser("op"), f"/desk/cases/{receipt.number}"
    assert "open_emergency" not in await operator.get(f"/desk/cases/{calm}")
    page = await operator.get(path)
    offered = page.partition('id="open_emergency-trigger"')[2].partition("</select>")[0]
    trigger = re.findall(r'value="([a-z_]+)"', offered)[0]
    opened = {"trigger": trigger, "summary": "化工桶泄漏", "water": "true", "neighbours": "长沙县"}
    await _send(operator, f"{path}/open_emergency", opened)
    page = await operator.get(path)
    assert 'id="act-report_emergency"' in page
    assert "open_emergency" not in page
    first = {"kind": "first", "addressees": "市政府、省厅", "text": "已派人到场"}
    await _send(operator, f"{path}/report_emergency", first)
    await _send(operator, f"{path}/emergency_call", {"lines": "119、分局", "said": "先堵漏"})
    told = (await operator.get(path)).partition('id="history"')[2]
    assert "“三方通话”已登记。" in await operator.get(f"{path}?done=emergency_call")
    for word in (
        "启动突发事件",
        "泄漏、爆炸、着火、不明气体",
        "突发事件初报",
        "市政府、省厅",
        "三方通话",
        "119、分局",
    ):
        assert word in told, word
    assert ">emergency:" not in told


async def test_what_is_too_long_is_refused_by_what_the_page_calls_it(world: World) -> None:
    """A browser without the page's own limits gets its text back."""
    number = await world.dispatched()
    operator = await world.browser("op")
    letter = {"to_name": "局" * 201, "body": "请协查"}
    response = await operator.post(f"/desk/cases/{number}/send_letter", letter)
    text = await response.text()
    assert response.status == 400
    assert "“主送单位”太长,最多 200 字" in text
    assert "请协查" in text
    assert "发出函件" not in await operator.get(f"/desk/cases/{number}")


async def test_what_is_not_found_is_said_where_it_was_typed(world: World) -> None:
    """A case number that is none keeps the page and what was typed."""
    number = await world.dispatched()
    operator = await world.browser("op")
    for wrong in (f"{number[:-6]}999999", "不是工单号"):
        response = await operator.post(
            f"/desk/cases/{number}/merge", {"into": wrong, "reason": "同一件事"}
        )
        text = await response.text()
        assert response.status in (400, 404)
        assert f'value="{wrong}"' in text.partition('id="merge-into"')[2].partition(">")[0]
        assert "同一件事" in text
    assert (await operator.post(f"/desk/cases/{number[:-6]}999999/merge", {})).status == 404
