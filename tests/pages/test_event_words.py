"""No event, and no code that it carries, is shown to people as programs write it."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import routing
from intake.pages.event_words import VERBS
from models.moment import now
from routing.acts import ACTS
from tests.pages.kit import TEXT, World

_CLOCKS = Path(routing.__file__).parent / "data" / "clocks.toml"
_RAW = re.compile(r"[a-z]+(?:_[a-z]+)*")


def test_every_event_of_an_act_has_a_name() -> None:
    """What acts write into the history is Chinese there."""
    assert {act.move.event for act in ACTS.values()} <= set(VERBS)


def test_every_event_that_clocks_listen_to_has_a_name() -> None:
    """A clock's start and stop are told by the same names."""
    clocks = tomllib.loads(_CLOCKS.read_text(encoding="utf-8"))["clock"]
    named = {
        verb for clock in clocks for verb in _verbs(clock.get("start")) | _verbs(clock.get("stop"))
    }
    assert {verb for verb in named if ":" in verb} <= set(VERBS)
    assert len(named) > len(clocks) / 2


def _verbs(said: object) -> set[str]:
    return {said} if isinstance(said, str) else {str(one) for one in said or ()}  # type: ignore[attr-defined]


async def test_codes_in_the_history_are_words(world: World) -> None:
    """How one visited, why two districts share a matter, until when something is due."""
    number = await world.dispatched()
    unit, operator = await world.browser("uma"), await world.browser("op")
    boss = await world.browser("boss")
    task, desk = f"/unit/tasks/{number}", f"/desk/cases/{number}"
    due = now() + timedelta(days=2)
    for browser, path, form in (
        (unit, f"{task}/sign", {"handler": "李工"}),
        (
            unit,
            f"{task}/visit",
            {
                "at": f"{now():%Y-%m-%dT%H:%M}",
                "people": "李工、王工",
                "place": "店门口",
                "found": "true",
                "finding": "有油烟",
            },
        ),
        (operator, f"{desk}/share", {"adcode": "430103", "basis": "source", "note": "烟从那边来"}),
        (boss, f"{desk}/urge", {"demand": "尽快", "due_at": f"{due:%Y-%m-%dT%H:%M}"}),
    ):
        response = await browser.post(path, form)
        assert response.status == 303, path
    page = await operator.get(desk)
    told = re.findall(r"<li><strong>([^<]+)</strong> <span[^>]*>[^<]*</span>([^<]*)<time", page)
    details = {what: said.strip(":").split(";") for what, said in told}
    assert "现场" in details["现场核查"]
    assert "来源在另一区县" in details["跨区协办"]
    assert f"期限 {due.month}月{due.day}日 {due:%H:%M}" in details["催办"]
    assert not [one for said in details.values() for one in said if _RAW.fullmatch(one)]
    assert ">PLACE<" not in page


async def test_the_desk_reads_how_much_time_is_asked_for(world: World) -> None:
    """Who grants sees the days; a letter's words, its number and who took it in stand there too."""
    number = await world.dispatched()
    unit, operator = await world.browser("uma"), await world.browser("op")
    task, desk = f"/unit/tasks/{number}", f"/desk/cases/{number}"
    await unit.post(f"{task}/sign", {"handler": "李工"})
    wish = {"n": "5", "reason": "须鉴定", "told": "phone"}
    assert (await unit.post(f"{task}/request_extension", wish)).status == 303
    letter = {"to_name": "湘潭市生态环境局", "body": "请协查来源"}
    assert (await operator.post(f"{desk}/send_letter", letter)).status == 303
    page = await operator.get(desk)
    assert "5 个工作日" in page
    assert "请协查来源" in page
    sent = re.search(rf'value="({number}-函1)"', page)
    assert sent
    receipt = {"number": sent[1], "received_by": "办公室"}
    assert (await operator.post(f"{desk}/receive_letter", receipt)).status == 303
    page = await operator.get(desk)
    assert f"办公室;{sent[1]}<" in page
    assert 'id="receive_letter-number"' not in page
    assert 'id="answer_letter-number"' in page


async def test_a_merged_case_says_into_which_and_claims_no_promise_kept(world: World) -> None:
    """Both pages name the other case; a clock that merging stopped was not met."""
    number, main = await world.dispatched(), await world.dispatched(TEXT + "又来反映一次。")
    operator = await world.browser("op")
    desk = f"/desk/cases/{number}"
    response = await operator.post(f"{desk}/merge", {"into": main, "reason": "同一家店"})
    assert response.status == 303
    page = await operator.get(desk)
    assert f'已并入 <a class="mono" href="/desk/cases/{main}">' in page
    told = page.partition('id="history"')[2].partition("</section>")[0]
    assert main in told
    clocks = page.partition('id="clocks"')[2].partition("</section>")[0]
    assert "已停" in clocks
    assert "按时" not in clocks
    told = (await operator.get(f"/desk/cases/{main}")).partition('id="history"')[2]
    assert number in told.partition("</section>")[0]
