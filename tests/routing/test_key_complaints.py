"""Key complaints that the machine finds: the third report, many people, what the reader saw."""

from collections.abc import Sequence

import pytest

from models.city import City
from models.db import escalations
from models.db.pool import Database
from routing.catalogue import catalogue
from routing.chain import above as units_above
from tests.routing.kit import CITY, EAST, FRIDAY, Desk, put_case
from tests.routing.test_escalating import DAY, follow_all, reported
from tests.routing.test_supervision import with_line


@pytest.fixture(scope="module")
def city() -> City:
    """Give the small city with a line above the east's branch."""
    made = with_line()
    catalogue(made)
    return made


async def test_f21_the_third_report_of_a_matter_is_a_key_complaint(
    town: Database, city: City
) -> None:
    """It is handled together with who is above the unit, never by the same unit alone."""
    desks = [await reported(town, city, n) for n in range(1, 4)]
    first, second, third = desks
    await second.act(
        "relate", to=(await first.case()).number, kind="repeat", reason="同一诉求人再次反映"
    )
    await follow_all(third)
    assert (await second.case()).key_reasons == ()
    await third.act("relate", to=(await second.case()).number, kind="repeat", reason="第三次反映")
    await follow_all(third)
    case = await third.case()
    assert (case.key_reasons, case.level) == (("repeated",), 1)
    above = units_above(catalogue(city), case.lead_unit, FRIDAY.date())[0]
    helper = next(task for task in await third.tasks() if task.unit == above)
    others = [t for t in await third.tasks() if not t.is_lead and t is not helper]
    for task in others:
        if task.unit != above:
            await third.act("withdraw", task_no=task.task_no, reason="无须协办")
    with pytest.raises(Exception, match="不能只留原主办"):
        await third.act("withdraw", task_no=helper.task_no, reason="无须协办")
    async with town.city(CITY) as conn:
        found = await escalations.notices(conn, CITY, str(above), (), 9)
    assert [notice.kind for notice in found] == ["key"]


async def test_f21_merged_reports_count_for_the_case_that_answers(
    town: Database, city: City
) -> None:
    """The main case of three reports is the key complaint."""
    main = await reported(town, city, 1)
    for n in (2, 3):
        other = Desk(town, city, await put_case(town, n))
        await other.act("merge", into=(await main.case()).number, reason="同一事实")
    await follow_all(main)
    assert (await main.case()).key_reasons == ("repeated",)


async def test_f21_another_unit_of_a_repeated_case_is_not_alone_either(
    town: Database, city: City
) -> None:
    """Whoever comes to lead it works together with who is above them."""
    main = await reported(town, city, 1)
    for n in (2, 3, 4, 5):
        other = Desk(town, city, await put_case(town, n))
        await other.act("merge", into=(await main.case()).number, reason="同一事实")
    await follow_all(main)
    assert set((await main.case()).key_reasons) == {"repeated", "collective"}
    await main.act("redispatch", lead_unit=f"{EAST}-HUD", reason="换单位办理")
    await follow_all(main)
    above = units_above(catalogue(city), f"{EAST}-HUD", FRIDAY.date())[0]
    present = [task.unit for task in await main.tasks() if task.state == "DISPATCHED"]
    assert above == f"{CITY}-COORD"
    assert above in present


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("group", "collective"),
        ("place:source_water", "source_water"),
        ("place:school", "school_hospital"),
        ("place:hospital", "school_hospital"),
    ],
)
async def test_f21_what_the_reader_saw_makes_a_key_complaint(
    town: Database, city: City, flag: str, reason: str
) -> None:
    """Many people, source water, schools and hospitals; once, and nothing for other flags."""
    desk = await reported(town, city, 1, flags=(flag, "night_permit"))
    plain = await reported(town, city, 2, flags=("night_permit",))
    await follow_all(desk)
    await follow_all(desk)
    assert (await desk.case()).key_reasons == (reason,)
    assert (await plain.case()).key_reasons == ()


async def test_f21_five_people_on_one_day_are_many_and_one_person_five_times_is_not(
    town: Database, city: City
) -> None:
    """Neither are five in a week; who told is known apart by the vault's blind index alone."""
    assert await told_by(town, city, 1, "abcde", [0]) == {"repeated", "collective"}
    assert await told_by(town, city, 11, "aaaaa", [0]) == {"repeated"}
    assert await told_by(town, city, 21, "abcde", [0, 1, 2]) == {"repeated"}


async def told_by(
    town: Database, city: City, first: int, callers: str, days: Sequence[int]
) -> set[str]:
    """Let callers tell of one matter on some days; give why it is a key complaint."""
    morning = FRIDAY.replace(hour=9)
    main, *others = [
        await put_case(town, first + n, received_at=morning - days[n % len(days)] * DAY)
        for n in range(len(callers))
    ]
    async with town.city(CITY) as conn:
        await conn.executemany(
            "INSERT INTO identity (city, case_no, reporter_no, key_version, phone_index, anonymous,"
            " confidential, want_callback, created_at)"
            " VALUES ($1, $2, 1, 1, $3, false, false, true, now())",
            [(CITY, no, who.encode()) for no, who in zip((main, *others), callers, strict=True)],
        )
    desk = Desk(town, city, main)
    await desk.act("accept")
    for no in others:
        other = Desk(town, city, no)
        await other.act("merge", into=(await desk.case()).number, reason="同一事实")
    await follow_all(desk)
    return set((await desk.case()).key_reasons)
