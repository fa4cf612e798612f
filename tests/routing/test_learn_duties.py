"""Rules of duty learnt from past tickets: proposed with what speaks for them, judged by the engine.

The histories here are written for the tests; the real one is used only where it lies beside the
checkout, for floors.
"""

import csv
import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner, Result

from deploy.commands import history as command
from deploy.duty_files import write
from models.city import City
from models.city_check import check, errors_of
from models.city_load import load_city
from models.errors import Invalid
from models.moment import CHINA
from routing.engine import Facts, decide
from routing.hindsight import curve, cuts, facts_of, judged, least_for, look_back, months
from routing.history import Handled, read_history
from routing.proposing import Draft, Proposal, propose
from routing.rules import national_clocks, national_rules

CITY = "440310"
DATA = Path(__file__).parents[3] / "shared" / "data" / "pingshan_train.csv"
DAY = date(2019, 3, 1)
NOISE, DUST, PETS, ROAD = "施工噪音", "公共场所扬尘", "宠物扰民", "机动车噪声"
TOWNS = {"坪山街道": "440310001", "坑梓街道": "440310002", "马峦街道": "440310003"}
TEAMS = {name: f"{name}综合执法队" for name in TOWNS}
ECO, TRAFFIC = "生态环境局", "东片交警中队"

Ticket = tuple[int, str, str, str, str]


def tickets(n: int, category: str, street: str, unit: str, *, start: int = 0) -> list[Ticket]:
    """Write n tickets of one kind, one a day."""
    return [(start + i, category, street, "12345", unit) for i in range(n)]


def told(path: Path, rows: Iterable[Ticket]) -> Path:
    """Write tickets as a file of a city's history."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["create_time", "sub_type", "street", "event_source", "dispose_unit"])
        for day, *rest in rows:
            writer.writerow([f"{DAY + timedelta(days=day)} 10:00:00", *rest])
    return path


@pytest.fixture
def base() -> City:
    """Give the district with its places and categories."""
    return load_city(CITY)


@pytest.fixture
def usual(tmp_path: Path) -> Path:
    """Write a history in which each kind has its unit, noise in one street another one."""
    streets = list(TOWNS)
    return told(
        tmp_path / "history.csv",
        [
            *(row for s in streets for row in tickets(6, PETS, s, TEAMS[s])),
            *(row for s in streets[:2] for row in tickets(6, NOISE, s, ECO)),
            *tickets(6, NOISE, streets[2], TEAMS[streets[2]]),
            *tickets(5, ROAD, streets[0], TRAFFIC),
            *tickets(1, ROAD, streets[0], ECO, start=2),
        ],
    )


def lead(
    city: City, category: str, street: str, day: date = DAY, *, read: str | None = None
) -> str | None:
    """Decide a case that came with a category, its text read as some type, and name its unit."""
    (kind,) = [one for one in city.categories if one.name == category]
    at = datetime(day.year, day.month, day.day, 12, tzinfo=CHINA)
    facts = Facts(
        types=kind.types[:1] if read is None else (read,),
        kind="TS",
        categories=(kind.name,),
        adcode=CITY,
        township=TOWNS[street],
        channel="12345",
        happened_at=at,
        dispatched_at=at,
    )
    found = decide(city, facts).lead
    units = {unit.code: unit.name for unit in city.units}
    return units[found.unit] if found and found.unit else None


def learnt(base: City, path: Path, least: float = 0.0) -> Draft:
    """Learn from a file."""
    return propose(base, read_history(path, base), least)


def of(draft: Draft, category: str = "", street: str = "", kind: str = "") -> list[Proposal]:
    """Give the proposals for a category or type, at a street or in general."""
    return [
        one
        for one in draft.proposals
        if one.category == category and one.street == street and kind in {"", one.type}
    ]


def test_a_few_rules_name_the_unit_of_each_street(base: City, usual: Path) -> None:
    """A type and a category serve all streets, each by its own unit; a street apart has its own."""
    draft = learnt(base, usual)
    assert len(draft.proposals) == 7
    for street in TOWNS:
        assert lead(draft.city, PETS, street) == TEAMS[street]
    assert lead(draft.city, NOISE, "坪山街道") == ECO
    assert lead(draft.city, NOISE, "马峦街道") == TEAMS["马峦街道"]
    assert lead(draft.city, ROAD, "坑梓街道") == TRAFFIC


def test_a_proposal_says_what_speaks_for_and_against_it(base: City, usual: Path) -> None:
    """Support, share, first and last day and the units that disagree stand with each rule."""
    (road,) = of(learnt(base, usual), kind="N09")
    (called,) = of(learnt(base, usual), category=ROAD)
    assert (called.n, called.right, called.lead) == (road.n, road.right, road.lead)
    assert (road.lead, road.n, road.right, road.share) == ("TPB", 6, 5, 0.833)
    assert road.units == (f"{TRAFFIC} 5",)
    assert road.others == (f"{ECO} 1",)
    assert (road.since, road.last) == (DAY, DAY + timedelta(days=4))
    assert 0.5 < road.confidence < road.share


def test_a_change_of_responsibility_soon_shows(base: City, tmp_path: Path) -> None:
    """What was the bureau's for months is the team's after a few weeks of the new order."""
    old = tickets(20, NOISE, "坪山街道", ECO)
    new = tickets(8, NOISE, "坪山街道", TEAMS["坪山街道"], start=120)
    before = learnt(base, told(tmp_path / "before.csv", old + tickets(2, PETS, "坪山街道", ECO)))
    after = learnt(base, told(tmp_path / "after.csv", old + new))
    assert lead(before.city, NOISE, "坪山街道") == ECO
    assert lead(after.city, NOISE, "坪山街道") == TEAMS["坪山街道"]


def test_what_goes_now_here_now_there_is_left_to_people(base: City, tmp_path: Path) -> None:
    """Below the share asked for, the rule chooses the pool and the trace says why."""
    mixed = [
        row
        for i, unit in enumerate([ECO, TEAMS["坪山街道"], TRAFFIC] * 5)
        for row in tickets(1, DUST, "坪山街道", unit, start=i)
    ]
    sure = tickets(12, PETS, "坪山街道", TEAMS["坪山街道"])
    path = told(tmp_path / "history.csv", mixed + sure)
    draft = learnt(base, path, least=0.75)
    assert lead(draft.city, DUST, "坪山街道") is None
    assert lead(draft.city, PETS, "坪山街道") == TEAMS["坪山街道"]
    assert lead(learnt(base, path).city, DUST, "坪山街道") is not None
    pools = [rule for rule in draft.city.duties if rule.pool]
    assert {rule.when.categories or rule.when.types for rule in pools} == {(DUST,), ("A04",)}
    assert all("由人工确定" in rule.note for rule in pools)


def test_one_ticket_changes_nothing_that_is_settled(base: City, tmp_path: Path) -> None:
    """A street with one ticket that went elsewhere goes as all others do, if those agree."""
    settled = tickets(6, PETS, "坪山街道", ECO)
    split = [*tickets(3, ROAD, "坪山街道", ECO), *tickets(3, ROAD, "坪山街道", TRAFFIC)]
    once = [
        *tickets(1, PETS, "坑梓街道", TRAFFIC, start=6),
        *tickets(1, ROAD, "坑梓街道", ECO, start=6),
        *tickets(1, ROAD, "马峦街道", TRAFFIC, start=6),
    ]
    draft = learnt(base, told(tmp_path / "history.csv", [*settled, *split, *once]))
    assert lead(draft.city, PETS, "坑梓街道") == ECO
    assert lead(draft.city, ROAD, "坑梓街道") == ECO
    assert lead(draft.city, ROAD, "马峦街道") == TRAFFIC


def test_the_platforms_category_counts_whatever_the_text_is_read_as(
    base: City, usual: Path
) -> None:
    """A case that comes with a category goes where such cases went; none without one does."""
    city = learnt(base, usual).city
    assert lead(city, PETS, "坪山街道", read="N02") == TEAMS["坪山街道"]
    assert lead(city, ROAD, "坪山街道", read="Z99") == TRAFFIC
    assert lead(city, "机动车尾气超标", "坪山街道", read="N02") == ECO


def test_many_tickets_of_one_event_are_not_as_many_matters(base: City, tmp_path: Path) -> None:
    """Where the place is told, a week of calls about one stench weighs less than other matters."""
    stench = [(n % 6, DUST, "坪山街道", ECO, "老坑社区") for n in range(12)]
    others = [(n % 6, DUST, "坪山街道", TRAFFIC, f"第{n}社区") for n in range(8)]
    path = tmp_path / "history.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        head = ["create_time", "sub_type", "street", "dispose_unit", "community", "event_source"]
        writer.writerow(head)
        for day, *rest in [*stench, *others]:
            writer.writerow([f"{DAY + timedelta(days=day)} 10:00:00", *rest, "12345"])
    assert lead(learnt(base, path).city, DUST, "坪山街道") == TRAFFIC


def test_units_are_held_per_street_and_written_by_hand_ones_stay(base: City, usual: Path) -> None:
    """A street's team is bound to its street, the bureau to all; the draft passes the check."""
    city = learnt(base, usual).city
    bound = {(one.role, one.territory): one.unit for one in city.bindings}
    names = {unit.code: unit.name for unit in city.units}
    assert names[bound["UMA", "440310002"]] == TEAMS["坑梓街道"]
    assert names[bound["ECO", CITY]] == ECO
    assert names[bound["STR", "440310001"]] == "坪山街道办事处"
    assert not errors_of(check(city, national_rules(), national_clocks()))


def test_the_written_folder_is_the_draft(base: City, usual: Path, tmp_path: Path) -> None:
    """What is written loads back to the same rules, units and bindings, with the sheet beside."""
    draft = learnt(base, usual)
    write(draft, tmp_path / "new" / CITY)
    back = load_city(CITY, tmp_path / "new")
    assert back.duties == draft.city.duties
    assert back.units == draft.city.units
    assert back.bindings == draft.city.bindings
    sheet = (tmp_path / "new" / CITY / "proposal.csv").read_text(encoding="utf-8")
    assert sheet.count("LD-") == len(draft.proposals)


def test_hindsight_learns_only_from_before(base: City, tmp_path: Path) -> None:
    """A role known from one street is right in another, where a lookup has nothing to go by."""
    rows = [
        *(row for s in TOWNS for row in tickets(9, NOISE, s, ECO)),
        *tickets(9, PETS, "坪山街道", TEAMS["坪山街道"]),
        *(row for s in TOWNS for row in tickets(2, "供水设施故障", s, TEAMS[s])),
        *tickets(12, PETS, "坑梓街道", TEAMS["坑梓街道"], start=12),
    ]
    path = told(tmp_path / "history.csv", rows)
    history = read_history(path, base)
    found = look_back(base, history, days=cuts(history, 2))
    assert found.whole.right > found.whole.lookup
    assert found.splits[-1].score.accuracy == 1.0
    assert found.accuracy[1] <= found.accuracy[0] <= found.accuracy[2]


def test_the_least_share_is_what_earlier_tickets_needed(base: City, usual: Path) -> None:
    """Too little to judge by asks for near certainty, and no less than what was asked."""
    rows = read_history(usual, base)
    assert least_for(rows[:10], 0.9) == 0.99
    assert 0.0 <= least_for(rows, 0.5) <= 0.99


def test_more_is_asked_for_where_what_was_usual_proved_wrong(base: City, tmp_path: Path) -> None:
    """Rules at the share found keep what stayed right and leave to people what did not."""
    rows = [
        *tickets(80, PETS, "坪山街道", TEAMS["坪山街道"]),
        *tickets(40, DUST, "坪山街道", ECO),
        *tickets(80, DUST, "坪山街道", "老坑社区"),
    ]
    history = read_history(told(tmp_path / "history.csv", rows), base)
    strict, loose = least_for(history, 0.9), least_for(history, 0.4)
    assert loose < strict < 0.99
    city = propose(base, history, strict).city
    assert lead(city, DUST, "坪山街道") is None
    assert lead(city, PETS, "坪山街道") == TEAMS["坪山街道"]


def test_each_month_is_judged_by_the_months_before(base: City, tmp_path: Path) -> None:
    """What a month shows tells of the next one alone; the curve names ever less often."""
    by_month = [ECO, TEAMS["坪山街道"], TRAFFIC]
    rows = [
        row
        for month, unit in enumerate(by_month)
        for row in tickets(20, DUST, "坪山街道", unit, start=31 * month)
    ]
    history = read_history(told(tmp_path / "history.csv", rows), base)
    assert months(history, 2) == [date(2019, 4, 1), date(2019, 5, 1)]
    found = look_back(base, history, days=months(history, 2))
    assert [split.score.n for split in found.splits] == [20, 20]
    assert found.whole.right == 0
    points = curve(base, history, days=months(history, 1))
    assert [point.least for point in points] == sorted(point.least for point in points)
    named = [point.score.named for point in points]
    assert named == sorted(named, reverse=True)
    assert (named[0], named[-1]) == (20, 0)
    with pytest.raises(Invalid, match="history_short"):
        months(history, 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("create_time,sub_type\n2019-03-01,x\n", "缺少列 street、event_source、dispose_unit"),
        ("create_time,street,sub_type,event_source,dispose_unit\nlately,a,b,c,d\n", "第 2 行"),
        ("create_time,street,sub_type,event_source,dispose_unit\n", "没有"),
    ],
)
def test_a_bad_history_is_refused(base: City, tmp_path: Path, text: str, said: str) -> None:
    """A missing column, a line without a date and an empty file are named."""
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid) as error:
        read_history(path, base)
    assert said in error.value.detail


def run(*args: str) -> Result:
    """Run the command."""
    app = typer.Typer(rich_markup_mode=None)
    app.callback()(lambda: None)
    command.register(app)
    return CliRunner().invoke(app, ["learn-duties", "--city", CITY, *args])


def test_the_command_proposes_writes_and_judges(usual: Path, tmp_path: Path) -> None:
    """Proposals as a table or JSON, a folder where asked, figures where asked."""
    folder = tmp_path / "out" / CITY
    made = run("--history", str(usual), "--out", str(folder))
    assert made.exit_code == 0, made.output
    assert "LD-001" in made.stdout
    assert (folder / "duties.toml").is_file()
    proposals = msgspec.json.decode(
        run("--history", str(usual), "--json").stdout, type=list[Proposal]
    )
    assert len(proposals) == 7
    judged_text = run("--history", str(usual), "--measure", "--precision", "0.9").stdout
    assert "查表对照" in judged_text
    figures = json.loads(run("--history", str(usual), "--measure", "--json").stdout)
    assert figures["whole"]["n"] > 0
    assert figures["curve"] == []
    drawn = run("--history", str(usual), "--measure", "--curve").stdout
    assert "把握要求\t给出单位\t派对\t精确率\n0.00" in drawn
    short = run("--history", str(usual), "--measure", "--months", "1")
    assert short.exit_code == 1


def test_the_shipped_district_is_sound_and_decides_by_what_it_learnt(base: City) -> None:
    """Its folder passes the check; its rules carry what speaks for them and ask for categories."""
    assert not errors_of(check(base, national_rules(), national_clocks()))
    assert base.duties
    assert all("待本辖区确认" in rule.source for rule in base.duties)
    names = {category.name for category in base.categories}
    asked = {one for rule in base.duties for one in rule.when.categories}
    assert asked
    assert asked <= names
    assert not any(rule.when.flags for rule in base.duties)
    assert lead(base, "工业废气", "坑梓街道") == "环境保护和水务局"
    assert lead(base, PETS, "马峦街道") == "马峦办事处综合执法队"
    assert lead(base, ROAD, "坪山街道") == "市交警支队坪山大队"


if DATA.is_file():

    def test_learnt_rules_beat_the_lookup_on_the_months_after(base: City) -> None:
        """On the later half of the real tickets rules learnt before stay above their floors."""
        found = look_back(base, read_history(DATA, base))
        assert found.whole.accuracy >= 0.75
        assert found.whole.precision >= 0.76
        assert found.whole.right >= found.whole.lookup + 20

    def test_whole_months_held_back_are_led_better_than_by_lookup() -> None:
        """September by the months before it, and August and September each by those before."""
        rows = read_history(DATA, load_city(CITY))
        for last in (1, 2):
            found = look_back(load_city(CITY), rows, days=months(rows, last))
            assert found.whole.accuracy >= 0.6
            assert found.whole.right >= found.whole.lookup + 20

    def test_asked_for_precision_rules_are_surer(base: City) -> None:
        """Asked for 0.9, what rules still name is right far more often."""
        found = look_back(base, read_history(DATA, base), precision=0.9)
        assert found.whole.precision >= 0.88
        assert found.whole.named >= 0.4 * found.whole.n

    def test_the_engine_decides_the_last_days_by_rules_learnt_before(base: City) -> None:
        """A generated city names by `decide` what the measure counts, ticket by ticket."""
        rows = read_history(DATA, base)
        cut = date(2018, 9, 26)
        city = propose(base, [row for row in rows if row.day < cut]).city
        after: list[Handled] = [row for row in rows if row.day >= cut and row.type]
        units = {unit.code: unit.name for unit in city.units}
        leads = [decide(city, facts_of(city, row)).lead for row in after]
        right = sum(
            one is not None and units.get(one.unit or "") == row.unit
            for one, row in zip(leads, after, strict=True)
        )
        assert right == judged(city, after).right
        assert right / len(after) >= 0.74
