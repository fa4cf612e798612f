"""The operators' desk, from list to closing."""

from tests.pages.kit import World, revision, where


async def test_an_operator_accepts_a_reviewed_case_and_is_led_to_the_next(world: World) -> None:
    """Accepting as decided dispatches to the unit of the catalogue and opens the next case."""
    first, second = await world.waiting(), await world.waiting("芙蓉区河边烧烤油烟和音响又来了")
    operator = await world.browser("op")
    page = await operator.get(f"/desk/cases/{first}")
    assert "污染类型把握不足" in page
    form = {"revision": revision(page), "then": "next", "type1": "A03", "type2": "N03"}
    response = await operator.post(f"/desk/cases/{first}/accept", form)
    assert response.status == 303, await response.text()
    onward = await operator.client.get(where(response))
    text = await onward.text()
    assert onward.status == 200
    assert second in text
    assert "已受理并派单" in text
    assert "芙蓉区城管局" in await operator.get(f"/desk/cases/{first}")
