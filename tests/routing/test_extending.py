"""Extensions (K15): asked in time, approved before the end, as often and as long as allowed."""

from typing import Any

import pytest

from models.city import City
from models.clock import ClockTerms, Extension, Span
from models.db.pool import Database
from models.errors import Conflict, Invalid
from routing.catalogue import catalogue
from tests.routing.kit import Desk, put_case, small_city
from tests.routing.moments import UNIT, Time, day

WISH: dict[str, Any] = {"n": 5, "reason": "须等设备到货", "told": "phone"}


async def ends(desk: Desk, code: str = "K12") -> list[str]:
    """Give the days on which the attempts of a clock end, in order."""
    found = sorted(await desk.clocks())
    return [day((await desk.clocks())[key].due_at) for key in found if key[1] == code]


async def test_an_extension_moves_the_promise_once_it_is_approved(working: Desk) -> None:
    """Asking moves nothing; a grant makes the promise end five working days later."""
    await working.act("request_extension", UNIT, **WISH)
    assert await ends(working) == ["2026-12-11"]
    await working.act("grant_extension", note="同意")
    assert await ends(working) == ["2026-12-11", "2026-12-18"]
    clocks = await working.clocks()
    assert clocks[0, "K12", 1].stop_reason == "case:extension:granted"
    assert "延期" in clocks[0, "K12", 2].trace[-1].note
    assert clocks[0, "K15", 1].stop_reason == "case:extension:granted"


async def test_the_desk_may_grant_less_and_denying_changes_nothing(working: Desk) -> None:
    """A shorter extension than asked for, and none."""
    await working.act("request_extension", UNIT, **WISH)
    with pytest.raises(Invalid, match="extension_too_long"):
        await working.act("grant_extension", n=6)
    await working.act("grant_extension", n=2)
    assert (await ends(working))[-1] == "2026-12-15"
    await working.act("request_extension", UNIT, **WISH)
    await working.act("deny_extension", note="已延过一次")
    assert (await ends(working))[-1] == "2026-12-15"
    assert (await working.clocks())[0, "K15", 2].stop_reason == "case:extension:denied"


async def test_it_is_asked_at_least_a_working_day_before_the_end(working: Desk, time: Time) -> None:
    """On the last day, and after it, it is too late; the day before it is not."""
    time.at("2026-12-11T00:00:01")
    with pytest.raises(Conflict, match="extension_too_late"):
        await working.act("request_extension", UNIT, **WISH)
    time.at("2026-12-10T23:59")
    await working.act("request_extension", UNIT, **WISH)


async def test_what_was_asked_in_time_must_also_be_approved_in_time(
    working: Desk, time: Time
) -> None:
    """A promise that has run out is not mended by an approval after the fact."""
    await working.act("request_extension", UNIT, **WISH)
    time.at("2026-12-12T09:00")
    with pytest.raises(Conflict, match="promise_over"):
        await working.act("grant_extension")


async def test_twice_at_most_and_a_third_of_the_span_each_time(working: Desk) -> None:
    """Six days at once are too many; after two extensions there is no third."""
    with pytest.raises(Conflict, match="extension_limit"):
        await working.act("request_extension", UNIT, **WISH | {"n": 6})
    for _ in range(2):
        await working.act("request_extension", UNIT, **WISH)
        await working.act("grant_extension")
    with pytest.raises(Conflict, match="extension_limit"):
        await working.act("request_extension", UNIT, **WISH | {"n": 1})


async def test_one_request_at_a_time_and_the_citizen_told_before(working: Desk) -> None:
    """A pending request blocks another; without word to the citizen there is none."""
    with pytest.raises(Invalid, match="citizen_not_told"):
        await working.act("request_extension", UNIT, **WISH | {"told": "none"})
    await working.act("request_extension", UNIT, **WISH)
    with pytest.raises(Conflict, match="extension_pending"):
        await working.act("request_extension", UNIT, **WISH | {"n": 1})


async def test_a_city_settles_its_own_terms(town: Database, time: Time) -> None:
    """Where a city allows one extension of ten days, that is what holds there."""
    terms = ClockTerms(
        code="K12",
        source="test",
        ordinary=Span(n=5, unit="W"),
        extension=Extension(times=1, each=Span(n=10, unit="W")),
    )
    city: City = small_city(clock_terms=(terms,))
    assert catalogue(city).clocks["K12"].pause
    desk = Desk(town, city, await put_case(town, 7))
    await desk.act("accept")
    await desk.act("sign", UNIT, handler="张工")
    assert await ends(desk) == ["2026-11-27"]
    await desk.act("request_extension", UNIT, **WISH | {"n": 10})
    await desk.act("grant_extension")
    assert (await ends(desk))[-1] == "2026-12-11"


async def test_the_desk_extends_its_own_clocks_as_the_law_allows(
    town: Database, city: City, time: Time
) -> None:
    """A petition's term is the unit's to prolong, thirty days once, and not twice."""
    desk = Desk(town, city, await put_case(town, 8, kind="XF"))
    await desk.act("accept", lead_unit=UNIT.unit, reason="信访件指定")
    await desk.act("sign", UNIT, handler="张工")
    assert await ends(desk, "K25") == ["2027-01-19"]
    await desk.act("request_extension", UNIT, **WISH | {"n": 30})
    await desk.act("grant_extension")
    assert (await ends(desk, "K25"))[-1] == "2027-02-18"
    with pytest.raises(Conflict, match="extension_limit"):
        await desk.act("request_extension", UNIT, **WISH | {"n": 1})
    with pytest.raises(Conflict, match="not_desks_clock"):
        await desk.act("extend_clock", code="K25", n=5, reason="情况复杂")
