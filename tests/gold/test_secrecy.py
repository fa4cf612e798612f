"""Scenario 26: a worker tells of falsified data, the firm must not know: two people see it."""

from collections.abc import Sequence
from typing import Any

import pytest

from classifier.stage import TagStage
from classifier.tokens import cutter
from models.case import SYSTEM, CaseNo, State
from models.db import cases, outbox
from models.db.events import history
from models.errors import Conflict, Invalid
from models.ids import uuid7
from models.moment import now
from models.tags import TagRequest, Tags
from routing.commands import act
from routing.stage import RouteStage
from tests.gold.scenarios import scenarios
from tests.intake.kit import rows
from tests.pages.kit import CITY, ECO, UMA, World, make_tags
from tests.pages.secrecy import TEAM, add_staff, admit, keepers
from tests.routing.kit import OPERATOR, handler

TOLD = next(one for one in scenarios() if one.n == 26)
NEARBY = f"{TOLD.text}厂在岳麓区和芙蓉区交界的湘江边上。"


@pytest.fixture(scope="session", autouse=True)
def _words() -> None:
    """Load the dictionary before the loop runs, as the worker does."""
    cutter()


class Reader:
    """Reads every text as the scenario is meant."""

    def __init__(self, *, sure: bool) -> None:
        """Say whether a person must look."""
        self.sure = sure

    def tag(self, batch: Sequence[TagRequest]) -> list[Tags]:
        """Tag a batch."""
        known = TOLD.facts
        return [
            make_tags(
                request.text,
                types=tuple((code, "") for code in known.types),
                place=(known.adcode, ""),
                kind=known.kind,
                urgency=known.urgency,
                flags=known.flags,
                review=() if self.sure else ("low_confidence_type",),
            )
            for request in batch
        ]


async def told(world: World, *, sure: bool = True, text: str = TOLD.text) -> tuple[CaseNo, str]:
    """Take the report in, read it and send it out; give its number and tracking code."""
    await add_staff(world)
    receipt = await world.report(text)
    await TagStage(world.db, Reader(sure=sure)).run_once(CITY)
    await RouteStage(world.db, {CITY: world.city}).run_once(CITY)
    return receipt.case_no, receipt.track_code


async def doing(world: World, case_no: CaseNo, verb: str, **data: Any) -> None:
    """Let the team do something."""
    async with world.db.city(CITY) as conn:
        await act(conn, world.city, case_no, verb, data, handler(TEAM))


async def test_26_two_people_see_it_and_nobody_else(world: World) -> None:
    """An operator and one of the team, named by a supervisor; the others find nothing."""
    await told(world)
    boss = await world.browser("boss")
    number = (await (await boss.client.get("/api/v1/restricted")).json())["cases"][0]["number"]
    for name in ("op", "enf"):
        assert (await admit(boss, number, name))[0] == 200
    seen = []
    for name in ("op", "op2", "boss", "root", "eco", "uma", "far", "enf", "enf2", "psb"):
        browser = await world.browser(name)
        response = await browser.client.get(f"/api/v1/cases/{number}")
        seen += [name] if response.status == 200 else []
        listed = await browser.client.get("/api/v1/cases")
        assert (number in await listed.text()) == (name in ("op", "enf")), name
    assert seen == ["op", "enf"]
    looks = (await keepers(boss, number))["accesses"]
    assert {(one["staff"], one["what"]) for one in looks} >= {("op", "api"), ("op2", "refused")}


@pytest.mark.parametrize("sure", [True, False])
async def test_26_it_is_closed_from_the_moment_it_is_read(world: World, sure: bool) -> None:
    """Also while the machine is unsure and a person must look first."""
    case_no, _ = await told(world, sure=sure)
    async with world.db.city(CITY, reader="op") as conn:
        assert await cases.get(conn, CITY, case_no) is None
    async with world.db.city(CITY) as conn:
        case = await cases.get(conn, CITY, case_no)
        said = [e for e in await history(conn, CITY, case_no) if e.verb == "case:restricted"]
    assert case is not None
    assert case.restricted
    assert case.state is (State.DISPATCHED if sure else State.SCREEN)
    assert [event.data["rule"] for event in said] == ["DATA-FRAUD"]
    assert said[0].actor == SYSTEM


async def test_26_the_team_leads_and_nobody_else_is_told(world: World) -> None:
    """The enforcement team alone has a task: no helper, no neighbour, no chief of the river."""
    case_no, _ = await told(world, text=NEARBY)
    tasks = await rows(world.db, "SELECT unit, role FROM task WHERE case_no = $1", case_no)
    assert [(row["unit"], row["role"]) for row in tasks] == [(TEAM, "ECO_ENF")]
    for table in ("case_copy", "letter", "notice", "grid_check"):
        found = await rows(world.db, f"SELECT 1 FROM {table} WHERE case_no = $1", case_no)
        assert not found, table


async def test_26_f64_the_firm_is_not_told_before_somebody_looks(world: World) -> None:
    """A visit that was announced is refused."""
    case_no, _ = await told(world)
    await doing(world, case_no, "sign", handler="张工")
    visit = {"at": now().isoformat(), "people": ["张工", "李工"], "place": "厂门口"}
    with pytest.raises(Invalid) as refused:
        await doing(world, case_no, "visit", **visit, found=True, finding="已查看", announced=True)
    assert refused.value.code == "no_advance_notice"


async def test_26_it_is_made_part_of_nothing_that_others_see(world: World) -> None:
    """Not merged, split, shared with a district, laid before a meeting or a grid's worker."""
    case_no, _ = await told(world)
    other = (await world.report()).number
    for verb, data in (
        ("merge", {"into": other, "reason": "同一件事"}),
        ("relate", {"to": other, "reason": "有关联"}),
        ("split", {"reason": "分别办理"}),
        ("share", {"adcode": "430102", "basis": "source"}),
        ("propose_joint", {"kind": "check", "topic": "联合检查", "invited": [UMA, ECO]}),
        ("ask_grid", {"place": "厂门口", "what": "看看排口"}),
    ):
        async with world.db.city(CITY) as conn:
            with pytest.raises(Conflict) as refused:
                await act(conn, world.city, case_no, verb, data, OPERATOR)
        assert refused.value.code == "restricted_alone", verb


async def test_26_the_platform_that_sent_it_learns_how_it_stands_and_no_more(
    world: World,
) -> None:
    """Who works on it and what was found stays here: at a platform many read."""
    case_no, _ = await told(world)
    async with world.db.city(CITY) as conn:
        await outbox.set_targets(conn, CITY, {"portal": "http://127.0.0.1:9/"})
        message = outbox.Outgoing(
            case_no=case_no,
            kind="SUBMIT",
            dedupe=str(uuid7()),
            body={
                "at": "2026-11-20T15:00:00+08:00",
                "unit": "市执法支队",
                "handler": "张工",
                "text": "已核查",
                "reply": "查实造假",
                "outcome": "true",
            },
        )
        await outbox.put(conn, CITY, [message])
    (row,) = await rows(world.db, "SELECT body FROM outbox")
    assert row["body"] == {"at": "2026-11-20T15:00:00+08:00", "outcome": "true"}


async def test_26_the_worker_follows_it_by_the_code(world: World) -> None:
    """Whoever holds the code reads how it stands, without a name of staff."""
    case_no, code = await told(world)
    await doing(world, case_no, "sign", handler="张工")
    text = await (await world.browser()).get(f"/api/v1/track/{code}")
    assert '"IN_PROGRESS"' in text
    assert "张工" not in text
