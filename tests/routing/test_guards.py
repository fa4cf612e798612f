"""Who may do what, and what happens when two do it at once or one does it twice."""

import asyncio
from typing import Any

import pytest

from models.case import SYSTEM, Actor, State
from models.errors import Conflict, Forbidden, Invalid, JiesuError, NotFound
from routing import commands
from routing.acts import ACTS, act_of
from tests.routing.kit import EAST, OPERATOR, SECOND, WEST, Desk, handler

ECO, UMA = f"{EAST}-ECO", f"{EAST}-UMA"
UNIT, HELPER = handler(ECO), handler(UMA)


def test_every_act_starts_from_states_that_a_person_can_act_on() -> None:
    """No act names states that make no sense for it."""
    for move in (act.move for act in ACTS.values()):
        assert move.cases
        assert (move.to_task is None) or move.tasks
        assert not (move.lead_only and not move.tasks)
        assert State.NEW not in move.cases
    assert act_of("sign") is ACTS["sign"]


async def test_an_unknown_verb_is_refused(desk: Desk) -> None:
    """A verb that there is not is told with those that there are."""
    with pytest.raises(Invalid, match="verb_unknown"):
        await desk.act("explode")


async def test_data_that_does_not_fit_is_refused(desk: Desk) -> None:
    """Unknown and missing fields are named."""
    with pytest.raises(Invalid, match="action_malformed"):
        await desk.act("accept", colour="red")
    with pytest.raises(Invalid, match="action_malformed"):
        await desk.act("reject", code="NA1")


@pytest.mark.parametrize("actor", [UNIT, SYSTEM, Actor(kind="citizen", name="anyone")])
async def test_only_operators_work_at_the_desk(desk: Desk, actor: Actor) -> None:
    """Units, citizens and the machine cannot accept."""
    with pytest.raises(Forbidden, match="not_your_part"):
        await desk.act("accept", actor)


async def test_an_operator_cannot_sign_for_a_unit(desk: Desk) -> None:
    """What units do only units do."""
    await desk.act("accept")
    with pytest.raises(Forbidden, match="not_your_part"):
        await desk.act("sign", OPERATOR, handler="张工")


async def test_a_unit_acts_only_on_its_own_tasks(desk: Desk) -> None:
    """A unit without part in a case does not learn of it; one with a part keeps to its own."""
    await desk.act("accept")
    with pytest.raises(NotFound, match="case_not_found"):
        await desk.act("sign", handler(f"{WEST}-ECO"), handler="王工")
    with pytest.raises(Forbidden, match="not_your_task"):
        await desk.act("sign", HELPER, task_no=1, handler="李工")


async def test_only_the_lead_contacts_and_returns(desk: Desk) -> None:
    """A cooperating unit neither calls the citizen nor returns the case."""
    await desk.act("accept")
    await desk.act("sign", HELPER, handler="李工")
    with pytest.raises(Conflict, match="lead_only"):
        await desk.act("contact", HELPER, method="phone", result="reached")
    with pytest.raises(Conflict, match="lead_only"):
        await desk.act("request_return", HELPER, reason="R1", basis="三定规定")


async def test_a_case_that_is_not_held_is_not_found(desk: Desk) -> None:
    """An act on a number that is not held here says so."""
    nowhere = Desk(desk.db, desk.city, desk.number.__class__(desk.number + 5))
    with pytest.raises(NotFound, match="case_not_found"):
        await nowhere.act("accept")


async def test_a_stale_revision_carries_the_fresh_state(desk: Desk) -> None:
    """Whoever acts on an old view is told how the case stands now."""
    await desk.act("accept", OPERATOR, 1)
    with pytest.raises(Conflict, match="stale_revision") as caught:
        await desk.act("reject", OPERATOR, 1, code="NA1", notice="请走复议")
    fresh: Any = caught.value.extra["fresh"]
    assert (fresh["state"], fresh["revision"]) == ("DISPATCHED", 2)
    assert [task["unit"] for task in fresh["tasks"]] == [ECO, UMA]


async def test_a_move_from_the_wrong_state_is_a_conflict(desk: Desk) -> None:
    """No result before a signature, no closing before a result."""
    with pytest.raises(Conflict, match="wrong_state"):
        await desk.act("dispatch")
    await desk.act("accept")
    with pytest.raises(Conflict, match="wrong_state"):
        await desk.act("submit", UNIT, outcome="true", reply_text="已处理", reply_method="phone")
    with pytest.raises(Conflict, match="wrong_state"):
        await desk.act("close")


async def test_the_same_request_again_gives_the_case_as_it_is(desk: Desk) -> None:
    """A retry by the same actor changes nothing, with and without a revision."""
    first = await desk.act("accept", OPERATOR, 1)
    assert await desk.act("accept", OPERATOR, 1) == first
    signed = await desk.act("sign", UNIT, handler="张工")
    assert await desk.act("sign", UNIT, handler="张工") == signed
    assert (await desk.verbs()).count("case:task:signed") == 1


async def test_another_actors_same_request_is_a_conflict(desk: Desk) -> None:
    """What one has done another is not told to have done."""
    await desk.act("accept", OPERATOR)
    with pytest.raises(Conflict):
        await desk.act("accept", SECOND)


async def race(*acts: Any) -> list[Any]:
    """Do acts at once; give what each came to."""
    return await asyncio.gather(*acts, return_exceptions=True)


async def test_two_operators_at_once_dispatch_once(desk: Desk) -> None:
    """Of two who accept at once one succeeds and the other is told."""
    found = await race(desk.act("accept", OPERATOR), desk.act("accept", SECOND))
    assert sum(isinstance(one, Conflict) for one in found) == 1
    tasks = await desk.tasks()
    assert [task.is_lead for task in tasks] == [True, False]
    assert (await desk.verbs()).count("case:accepted") == 1


async def test_accept_and_reject_at_once_leave_one_of_them(desk: Desk) -> None:
    """A case is never both accepted and refused."""
    await race(
        desk.act("accept", OPERATOR),
        desk.act("reject", SECOND, code="NA1", notice="请走复议"),
    )
    case = await desk.case()
    assert case.revision == 2
    assert (case.state is State.REJECTED) == (not await desk.tasks())


async def test_many_at_once_each_count_once(desk: Desk) -> None:
    """Twenty signatures of two units at once are two."""
    await desk.act("accept")
    acts = [desk.act("sign", UNIT, handler=f"工{n}") for n in range(10)]
    acts += [desk.act("sign", HELPER, handler=f"员{n}") for n in range(10)]
    found = await race(*acts)
    assert sum(not isinstance(one, JiesuError) for one in found) == 2
    assert (await desk.verbs()).count("case:task:signed") == 2
    assert (await desk.case()).revision == 4


async def test_a_transaction_scoped_to_a_unit_is_refused(desk: Desk) -> None:
    """An act that could not see where a case came from would lose messages: it fails loudly."""
    await desk.act("accept")
    with pytest.raises(RuntimeError, match="scoped"):
        async with desk.db.city(desk.city.adcode, ECO) as conn:
            await commands.act(
                conn, desk.city, desk.number, "sign", {"handler": "张工"}, UNIT, None
            )
    assert "case:task:signed" not in await desk.verbs()
