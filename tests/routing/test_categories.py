"""What a platform calls a report: rules ask for it, reasons say it, emergencies do not heed it."""

from typing import Any

import pytest

from deploy.route_page import html_page, page
from deploy.tagged import facts_of_line
from models.case import CaseNo
from models.checks.order import check_order, overlaps
from models.checks.rules import check_rules
from models.city import Category, City
from models.db.pool import Database
from models.decision import Decision
from models.duty import Condition, Rule
from routing.engine import decide
from routing.facts import facts_of
from routing.rules import holds
from routing.simulation import simulate
from routing.stage import RouteStage
from tests.routing.kit import CITY, EAST, Desk, facts, put_case, put_city, rule, small_city

SMOKE = ("0801", "餐饮油烟")
UMA, ECO = f"{EAST}-UMA", f"{EAST}-ECO"


def asking(*categories: str, name: str = "called", lead: str = "UMA", **fields: Any) -> Rule:
    """Make a local rule for categories."""
    return rule(name, "T4", when=Condition(categories=categories, **fields), lead=lead)


def city(*rules: Rule) -> City:
    """Make the small city with rules of its own."""
    return small_city(duties=rules)


def unit(decision: Decision) -> str | None:
    """Name the unit that leads."""
    return decision.lead.unit if decision.lead else None


@pytest.mark.parametrize(
    ("asked", "stated", "expected"),
    [
        (("餐饮油烟",), SMOKE, True),
        (("0801",), SMOKE, True),
        (("08*",), SMOKE, True),
        (("餐饮*", "x"), SMOKE, True),
        (("080",), SMOKE, False),
        (("09*",), SMOKE, False),
        (("餐饮油烟",), (), False),
        (("*",), SMOKE, True),
        (("*",), (), False),
    ],
)
def test_a_rule_asks_for_a_category_whole_or_by_its_beginning(
    asked: tuple[str, ...], stated: tuple[str, ...], *, expected: bool
) -> None:
    """A code or a name, exactly, or all that begin alike where it ends in a star."""
    assert holds(asking(*asked), facts("A01", categories=stated)) is expected


def test_cases_that_differ_in_their_category_alone_are_told_apart() -> None:
    """What was ruled for one is not taken for the other, and each is told its own reason."""
    town = city(asking("08*"))
    by = {c: decide(town, facts("A01", categories=(c,))) for c in ("0801", "0802", "0901")}
    assert [unit(found) for found in by.values()] == [UMA, UMA, ECO]
    said = [
        step.conditions["categories"]
        for found in by.values()
        for step in found.trace
        if step.rule == "called"
    ]
    assert said == [["0801"], ["0802"]]


def test_a_category_says_nothing_in_an_emergency() -> None:
    """A hazard in the text is the text's: who leads is as if nobody had called it anything."""
    town = city(asking("0801"))
    for given in (facts("R01", categories=SMOKE), facts("W03", urgency="P0", categories=SMOKE)):
        found = decide(town, given)
        plain = decide(small_city(), given)
        assert found.urgency == "P0"
        assert "hazard" in found.reasons
        assert found.lead == plain.lead
        assert not any(step.rule == "called" for step in found.trace)


def test_a_category_does_not_outweigh_special_jurisdiction() -> None:
    """A complaint about an authority stays with people, whatever the platform calls it."""
    found = decide(city(asking("0801")), facts("P06", kind="JC", categories=SMOKE))
    assert found.pool
    assert "misconduct" in found.reasons


def test_the_platforms_word_is_for_the_main_matter() -> None:
    """Another issue of the same report is led by its own rules."""
    found = decide(city(asking("0801")), facts("A03", "W01", categories=SMOKE))
    assert unit(found) == UMA
    (part,) = found.split
    assert (part.types, part.lead.unit) == (("W01",), ECO)


def test_the_page_says_what_the_platform_called_it_and_that_it_counted() -> None:
    """The category stands among the facts and with the rule that asked for it."""
    line = {
        "id": "1",
        "types": ["A01"],
        "kind": "TS",
        "adcode": EAST,
        "channel": "12345_TEL",
        "source_category": list(SMOKE),
    }
    town = city(asking("餐饮*"))
    given = facts_of_line(line)
    shown = page("1", line, given, town, decide(town, given))
    assert "来件类别:0801、餐饮油烟" in shown
    assert "因为 来件类别:餐饮油烟" in shown
    assert "来件类别:餐饮油烟" in html_page("1", line, given, town, decide(town, given))
    alone = facts_of_line(line | {"source_category": "餐饮油烟"})
    assert alone.categories == ("餐饮油烟",)
    assert facts_of_line({"types": ["A01"]}).categories == ()


def test_the_report_knows_which_categories_meet() -> None:
    """Two names share no case, a code and a name may; a prefix takes what begins with it."""
    by_name = (asking("油烟", name="a"), asking("臭味", name="b", lead="ECO"))
    assert overlaps(by_name) == []
    by_both = (asking("油烟", name="a"), asking("0801", name="b", lead="ECO"))
    assert [(o.first, o.later) for o in overlaps(by_both)] == [("a", "b")]
    hidden = (asking("08*", name="a"), asking("0801", "0802", name="b", lead="ECO"))
    (found,) = check_order(hidden)
    assert (found.code, found.where) == ("rule_unreachable", "b")
    assert not list(check_order(tuple(reversed(hidden))))
    (never,) = check_order((asking("0801", urgencies=("P0",)),))
    assert never.code == "rule_impossible"


def test_a_category_that_the_platform_does_not_have_is_found() -> None:
    """Where a city lists its platform's categories, a rule for another one is told of."""
    listed = (Category(name="餐饮油烟", types=("A03",)),)
    rules = (asking("餐饮*", name="a"), asking("噪声", name="b"))
    town = small_city(duties=rules, categories=listed)
    found = [one for one in check_rules(town, town.duties) if one.code == "category_unknown"]
    assert [one.where for one in found] == ["b"]
    assert "噪声" in found[0].text
    unlisted = small_city(duties=rules)
    assert "category_unknown" not in {one.code for one in check_rules(unlisted, unlisted.duties)}


async def put_called(db: Database, n: int, *types: str, called: tuple[str, ...] = SMOKE) -> CaseNo:
    """Put a case that came with a category into the routing queue."""
    number = await put_case(db, n, *types, queue="route")
    async with db.city(CITY) as conn:
        await conn.execute(
            "UPDATE cases SET source_category = $1 WHERE case_no = $2", list(called), number
        )
    return number


async def test_a_stored_case_is_led_by_its_category(db: Database) -> None:
    """The stage carries the category from the case to the rules; it is kept in the reasons."""
    town = city(asking("餐饮油烟"))
    await put_city(db, town)
    desk = Desk(db, town, await put_called(db, 1, "A01"))
    await RouteStage(db, {CITY: town}).run_once(CITY)
    case = await desk.case()
    assert (case.lead_unit, case.source_category) == (UMA, SMOKE)
    assert case.decision is not None
    (step,) = [step for step in case.decision.trace if step.rule == "called"]
    assert step.conditions == {"categories": ["餐饮油烟"]}


async def test_a_person_who_finds_another_type_outweighs_the_platform(db: Database) -> None:
    """Once the main type is set right, the category no longer counts, though it stays on record."""
    town = city(asking("餐饮油烟"))
    await put_city(db, town)
    desk = Desk(db, town, await put_called(db, 1, "A01"))
    before = await desk.case()
    assert facts_of(before, before.received_at).categories == SMOKE
    await desk.act("correct", types=["W01"], reason="实为污水")
    after = await desk.case()
    assert after.source_category == SMOKE
    assert facts_of(after, after.received_at).categories == ()


async def test_a_part_keeps_the_category_where_it_keeps_the_main_type(db: Database) -> None:
    """What was split off for another type is not what the platform spoke of."""
    town = city(asking("餐饮油烟"))
    await put_city(db, town)
    number = await put_called(db, 1, "A01", "N02")
    desk = Desk(db, town, number)
    parts = [{"types": ["A01"]}, {"types": ["N02"], "lead_role": "HUD"}]
    await desk.act("split", parts=parts, reason="两件事")
    async with db.city(CITY) as conn:
        rows = await conn.fetch("SELECT * FROM cases WHERE parent_no = $1 ORDER BY 2", number)
    assert [row["source_category"] for row in rows] == [list(SMOKE)] * 2
    assert [row["lead_unit"] for row in rows] == [UMA, f"{EAST}-HUD"]


async def test_simulation_sees_the_category_of_past_cases(db: Database) -> None:
    """A draft that asks for a category changes those cases alone that came with it."""
    old, new = city(), city(asking("餐饮油烟"))
    await put_city(db, old)
    for n, called in enumerate([SMOKE, ("0901", "工业废气"), SMOKE, ()], 1):
        await put_called(db, n, "A01", called=called)
    await RouteStage(db, {CITY: old}).run_once(CITY)
    async with db.city(CITY) as conn:
        # The third was found by a person to be another matter.
        await conn.execute("UPDATE cases SET types = '{W01}' WHERE case_no % 10 = 3")
    shown = await simulate(db, old, new, 100)
    assert (shown.cases, shown.lead_changed) == (4, 1)
    (one,) = shown.examples
    assert one.case.endswith("000001")
    assert (one.before.lead, one.after.lead) == (ECO, UMA)
