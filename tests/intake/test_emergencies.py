"""Emergencies over the API: opened by an act, read by desk and supervisors, hidden from units."""

from tests.intake.test_api import act, ok
from tests.pages.kit import World


async def test_an_emergency_is_opened_and_read(world: World) -> None:
    """What the desk opens the list and its own page tell; a unit is told nothing."""
    receipt = await world.report()
    await world.read(receipt.case_no, types=(("W01", "废水"),))
    await world.route()
    op, watch = await world.browser("op"), await world.browser("boss")
    said = {"trigger": "river", "summary": "河面大片油污,有死鱼", "crossing": True}
    opened = await act(op, receipt.number, "open_emergency", **said)
    assert opened.status == 200, await opened.text()
    (listed,) = (await ok(watch, "/api/v1/emergencies"))["emergencies"]
    assert (listed["trigger"], listed["emergency_no"]) == ("river", receipt.case_no)
    whole = await ok(op, f"/api/v1/emergencies/{receipt.number}")
    assert whole["cases"] == [receipt.case_no]
    assert {notice["kind"] for notice in whole["notices"]} == {"unit", "superior", "neighbour"}
    unit = await world.browser("eco")
    assert (await unit.client.get("/api/v1/emergencies")).status == 403


async def test_a_number_without_an_emergency_is_not_found(world: World) -> None:
    """A case that is no emergency has none."""
    receipt = await world.report()
    op = await world.browser("op")
    answer = await op.client.get(f"/api/v1/emergencies/{receipt.number}")
    assert (answer.status, (await answer.json())["code"]) == (404, "emergency_not_found")
