"""Candidates for the same event on the real database: each rule of domain 5.6 and 3.7 (7)."""

import pytest

from classifier.tokens import cutter
from models.db.pool import Database
from models.geo import Point
from routing.sameness import Advice, Candidate, Found, candidates, find, for_batch
from tests.routing.kit import CITY, EAST, OPERATOR, WEST, Desk
from tests.routing.similar import (
    ELSEWHERE,
    FUMES,
    FUMES_AGAIN,
    FUMES_TOLD,
    LIFT,
    put,
)

HERE = Point(112.9388, 28.2282)
NEAR = Point(112.9388 + 120 * 1.02e-5, 28.2282)
FAR = Point(112.9388 + 2500 * 1.02e-5, 28.2282)
ANNA, BERTA = b"a" * 32, b"b" * 32
BARE = "楼下餐馆的油烟味道很大。"


@pytest.fixture(scope="session", autouse=True)
def _words() -> None:
    cutter()


async def found(db: Database, number: int, limit: int = 5) -> Found:
    """Ask what may be of the same event."""
    async with db.city(CITY) as conn:
        told = await find(conn, CITY, number, limit=limit)
    assert told is not None
    return told


async def only(db: Database, number: int) -> Candidate:
    """Ask for the one candidate there is."""
    (one,) = (await found(db, number)).candidates
    return one


def codes(one: Candidate) -> set[str]:
    """Give the codes of a candidate's reasons."""
    return {reason.code for reason in one.reasons}


async def test_the_same_caller_place_and_type_while_open_is_a_repeat_to_merge(
    town: Database,
) -> None:
    """Rule 2: strong, and the advice is to merge; however long ago the first one came."""
    first = await put(town, 1, FUMES, hours=20 * 24, phone=ANNA)
    again = await put(town, 2, FUMES_AGAIN, phone=ANNA)
    one = await only(town, again)
    assert (one.case_no, one.advice) == (first, Advice.MERGE)
    assert one.score > 0.9
    assert {"same_caller", "same_name", "same_main_type", "still_open"} <= codes(one)
    assert (await only(town, first)).case_no == again


async def test_a_caller_is_known_by_wechat_too(town: Database) -> None:
    """Either blind index will do."""
    first = await put(town, 1, FUMES, hours=200, wechat=ANNA)
    again = await put(town, 2, FUMES_AGAIN, wechat=ANNA)
    assert (await only(town, again)).case_no == first


async def test_a_platform_may_name_the_earlier_order(town: Database) -> None:
    """What 12345 says was this caller's order before is taken as such, without any telephone."""
    first = await put(town, 1, FUMES, hours=200)
    again = await put(town, 2, FUMES_AGAIN)
    async with town.city(CITY) as conn:
        await conn.execute(
            "INSERT INTO case_ref (city, source, external_no, case_no, digest)"
            " VALUES ($1, '12345', 'CS-1', $2, '')",
            CITY,
            first,
        )
        await conn.execute(
            "INSERT INTO report (city, source, external_no, version, message_id, digest, case_no,"
            " received_at, payload) VALUES ($1, '12345', 'CS-2', 1, 'm', '', $2, now(), $3)",
            CITY,
            again,
            {"order": {"oldOrderNo": "CS-1"}},
        )
    one = await only(town, again)
    assert (one.case_no, one.advice) == (first, Advice.MERGE)


async def test_closed_within_thirty_days_the_caller_is_asked_for_news(town: Database) -> None:
    """Rule 3: closed not long ago and told so alike again, the desk asks what is new."""
    first = await put(town, 1, FUMES, hours=600, closed_days=12, phone=ANNA)
    again = await put(town, 2, FUMES_AGAIN, phone=ANNA)
    one = await only(town, again)
    assert (one.case_no, one.advice) == (first, Advice.ASK_NEWS)
    figures = {reason.code: reason.figure for reason in one.reasons}
    assert figures["closed"] == pytest.approx(12, abs=0.1)
    assert (figures["content"] or 0) >= 0.85


async def test_closed_longer_ago_it_is_a_new_case(town: Database) -> None:
    """Rule 3 ends after thirty days; the repeat is counted all the same."""
    await put(town, 1, FUMES, hours=2000, closed_days=31, phone=ANNA)
    again = await put(town, 2, FUMES_AGAIN, phone=ANNA)
    told = await found(town, again)
    assert (told.candidates, told.repeats) == ((), 2)


async def test_the_same_caller_with_another_matter_is_no_repeat(town: Database) -> None:
    """Who calls twice about two things is told nothing of merging."""
    await put(town, 1, FUMES, hours=9, phone=ANNA)
    other = await put(town, 2, LIFT, types=("N07",), phone=ANNA)
    told = await found(town, other)
    assert (told.candidates, told.repeats) == ((), 1)


async def test_different_callers_at_one_spot_are_a_group(town: Database) -> None:
    """Rule 4: within 200 m, of one type and three days; the reasons give the distance."""
    first = await put(town, 1, BARE, hours=50, point=HERE, phone=ANNA)
    second = await put(town, 2, BARE, point=NEAR, phone=BERTA)
    one = await only(town, second)
    assert (one.case_no, one.advice) == (first, Advice.GROUP)
    figures = {reason.code: reason.figure for reason in one.reasons}
    assert figures["same_point"] == pytest.approx(120, abs=5)
    assert figures["hours_apart"] == pytest.approx(50, abs=0.1)
    assert "same_caller" not in codes(one)


async def test_far_apart_they_are_not(town: Database) -> None:
    """The same words two and a half kilometres away are another matter."""
    await put(town, 1, BARE, hours=5, point=HERE)
    assert (await found(town, await put(town, 2, BARE, point=FAR))).candidates == ()


async def test_a_county_s_border_parts_no_event(town: Database) -> None:
    """Two points beside each other meet though they lie in two counties, or in an unknown one."""
    first = await put(town, 1, FUMES, hours=5, point=HERE, adcode=EAST)
    lost = await put(town, 2, FUMES_TOLD, hours=4, point=NEAR, adcode=None)
    west = await put(town, 3, FUMES_AGAIN, point=NEAR, adcode=WEST)
    assert {one.case_no for one in (await found(town, lost)).candidates} >= {first}
    assert lost in {one.case_no for one in (await found(town, west)).candidates}


async def test_a_case_of_unknown_county_is_looked_for_everywhere(town: Database) -> None:
    """In all counties, where names have to speak for the place; and it is found from there."""
    east = await put(town, 1, FUMES, hours=5, adcode=EAST)
    west = await put(town, 2, FUMES_AGAIN, hours=4, adcode=WEST)
    await put(town, 3, BARE, hours=3, adcode=EAST)
    lost = await put(town, 4, FUMES_TOLD, adcode=None)
    assert {one.case_no for one in (await found(town, lost)).candidates} == {east, west}
    assert lost in {one.case_no for one in (await found(town, east)).candidates}


async def test_after_three_days_different_callers_are_no_group(town: Database) -> None:
    """Seventy-two hours are the window."""
    await put(town, 1, FUMES, hours=73)
    edge = await put(town, 2, FUMES_TOLD, hours=71)
    now = await put(town, 3, FUMES_AGAIN)
    assert {one.case_no for one in (await found(town, now)).candidates} == {edge}


async def test_for_an_emergency_the_window_is_a_day(town: Database) -> None:
    """Twenty-four hours where either case is an emergency."""
    await put(town, 1, FUMES, hours=25)
    edge = await put(town, 2, FUMES_TOLD, hours=23)
    now = await put(town, 3, FUMES_AGAIN, urgency="P0")
    assert {one.case_no for one in (await found(town, now)).candidates} == {edge}
    old = await put(town, 4, FUMES, hours=60, urgency="P0")
    assert edge not in {one.case_no for one in (await found(town, old)).candidates}


async def test_two_platforms_with_the_same_fact(town: Database) -> None:
    """Rule 5 and F03: told on 12345 and 12369, one case should answer both."""
    first = await put(town, 1, FUMES, hours=3, point=HERE)
    second = await put(town, 2, FUMES_AGAIN, point=NEAR, source="12369")
    one = await only(town, second)
    assert (one.case_no, one.advice) == (first, Advice.SAME_FACT)
    assert "other_source" in codes(one)


async def test_f03_one_person_on_two_platforms_is_one_case(town: Database) -> None:
    """The same caller on both platforms is a repeat like any other."""
    await put(town, 1, FUMES, hours=3, phone=ANNA)
    second = await put(town, 2, FUMES_AGAIN, phone=ANNA, source="12369")
    assert (await only(town, second)).advice is Advice.MERGE


async def test_f21_the_third_report_of_one_matter_is_counted(town: Database) -> None:
    """Open and closed ones within a year count; other matters and other callers do not."""
    await put(town, 1, FUMES, hours=90 * 24, closed_days=80, phone=ANNA)
    await put(town, 2, FUMES_AGAIN, hours=40, phone=ANNA)
    await put(town, 3, LIFT, types=("N07",), hours=30, phone=ANNA)
    await put(town, 4, FUMES_TOLD, hours=20, phone=BERTA)
    third = await put(town, 5, FUMES_TOLD, phone=ANNA)
    assert (await found(town, third)).repeats == 3


async def test_the_same_place_with_another_matter_is_no_candidate(town: Database) -> None:
    """A lift that hums is not the restaurant below."""
    await put(town, 1, FUMES, hours=5)
    assert (await found(town, await put(town, 2, LIFT, types=("N07",)))).candidates == ()


async def test_the_same_matter_in_another_place_is_no_candidate(town: Database) -> None:
    """The same words about another estate are another restaurant."""
    await put(town, 1, FUMES, hours=5)
    assert (await found(town, await put(town, 2, ELSEWHERE))).candidates == ()


async def test_what_belongs_together_already_is_not_suggested(town: Database) -> None:
    """Cases merged or split, refused or handed on are left out; merged ones are counted."""
    first = await put(town, 1, FUMES, hours=9)
    await put(town, 2, FUMES_TOLD, hours=8, state="MERGED", merged_into=first)
    await put(town, 3, FUMES_TOLD, hours=7, state="REJECTED")
    part = await put(town, 4, FUMES, hours=9, parent_no=first)
    second = await put(town, 5, FUMES_AGAIN)
    told = await found(town, second)
    by_number = {one.case_no: one for one in told.candidates}
    assert set(by_number) == {first, part}
    assert by_number[first].merged == 1
    assert told.reports == 4
    assert first not in {one.case_no for one in (await found(town, part)).candidates}


async def test_sketches_of_another_maker_are_not_compared(town: Database) -> None:
    """Bits of two makers say nothing of each other; names and types still do."""
    await put(town, 1, FUMES, hours=5, maker="other/1")
    one = await only(town, await put(town, 2, FUMES))
    assert "similar_text" not in codes(one)
    assert "same_name" in codes(one)


async def test_another_city_s_cases_are_never_seen(town: Database) -> None:
    """The search keeps to its city, callers too."""
    await put(town, 1, FUMES, hours=5, phone=ANNA, city="990200")
    assert (await found(town, await put(town, 2, FUMES_AGAIN, phone=ANNA))).candidates == ()


async def test_no_identity_comes_out(town: Database) -> None:
    """Not even a blind index: only that the caller is the same."""
    await put(town, 1, FUMES, hours=5, phone=ANNA)
    one = await only(town, await put(town, 2, FUMES_AGAIN, phone=ANNA))
    assert [r.zh for r in one.reasons if r.code == "same_caller"] == ["同一诉求人"]
    assert "aaaa" not in repr(one)


async def test_a_batch_is_answered_like_its_cases(town: Database) -> None:
    """The few statements for many cases find for each what is found for it alone."""
    numbers = [await put(town, n, text, hours=n) for n, text in enumerate(_TEXTS, 1)]
    async with town.city(CITY) as conn:
        batch = await for_batch(conn, CITY, numbers, limit=5)
        singly = {number: await candidates(conn, CITY, number) for number in numbers}
    assert {number: list(told.candidates) for number, told in batch.items()} == singly
    assert any(singly.values())


_TEXTS = (FUMES, FUMES_AGAIN, FUMES_TOLD, LIFT, ELSEWHERE)


async def test_the_surest_come_first_and_no_more_than_asked(town: Database) -> None:
    """Scores fall, and the limit holds though more are counted."""
    for n in range(1, 9):
        await put(town, n, _TEXTS[n % 3], hours=n)
    told = await found(town, await put(town, 20, FUMES), limit=3)
    scores = [one.score for one in told.candidates]
    assert scores == sorted(scores, reverse=True)
    assert (len(scores), told.reports) == (3, 9)


async def test_what_a_person_corrects_is_what_a_case_is_found_by(desk: Desk) -> None:
    """A case moved to another county is found there, and no longer where it was."""
    await put(desk.db, 50, FUMES, hours=1, adcode=WEST)
    moved = await put(desk.db, 51, FUMES_TOLD, hours=2, state="SCREEN", adcode=EAST)
    asked = await put(desk.db, 52, FUMES_AGAIN, adcode=WEST)
    assert moved not in {one.case_no for one in (await found(desk.db, asked)).candidates}
    await Desk(desk.db, desk.city, moved).act("correct", OPERATOR, 1, adcode=WEST)
    assert moved in {one.case_no for one in (await found(desk.db, asked)).candidates}


async def test_a_case_that_is_not_there_gives_nothing(town: Database) -> None:
    """No such case, no answer."""
    async with town.city(CITY) as conn:
        assert await find(conn, CITY, 1) is None
        assert await candidates(conn, CITY, 1) == []
