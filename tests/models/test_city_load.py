"""Loading cities: what ships loads, and a mistake is named with file, line and reason."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from models.city import City, Division, Zone
from models.city_load import (
    CITIES,
    digest,
    installed_cities,
    load_city,
    read_calendar,
    read_clocks,
    read_rules,
)
from models.errors import Invalid, NotFound


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a folder of cities with a copy of Changsha."""
    shutil.copytree(CITIES / "430100", tmp_path / "430100")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    """Replace the first occurrence, which must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(path: Path, start: str) -> int:
    """Give the number of the line that starts so."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.startswith(start))


def test_both_cities_are_installed() -> None:
    """Changsha and Kunming ship."""
    assert {"430100", "530100"} <= set(installed_cities())


def test_a_city_that_is_not_installed_is_not_found() -> None:
    """The error names those that are."""
    with pytest.raises(NotFound, match="430100"):
        load_city("440300")


def test_changsha_has_its_nine_counties_and_kunming_its_fourteen(
    changsha: City, kunming: City
) -> None:
    """Current counties, by code."""
    assert counties(changsha) == {
        "430102": "芙蓉区",
        "430103": "天心区",
        "430104": "岳麓区",
        "430105": "开福区",
        "430111": "雨花区",
        "430112": "望城区",
        "430121": "长沙县",
        "430181": "浏阳市",
        "430182": "宁乡市",
    }
    assert len(counties(kunming)) == 14


def counties(city: City) -> dict[str, str]:
    """Give the current counties."""
    return {d.code: d.name for d in city.divisions if d.level == "county" and d.valid_to is None}


@pytest.mark.parametrize(
    ("adcode", "old", "new"),
    [
        ("430100", "430122", "430112"),
        ("430100", "430124", "430182"),
        ("530100", "530121", "530114"),
        ("530100", "530122", "530115"),
    ],
)
def test_abolished_counties_name_their_successor(adcode: str, old: str, new: str) -> None:
    """A report with an old code finds today's county."""
    divisions = {d.code: d for d in load_city(adcode).divisions}
    ended, after = divisions[old], divisions[new]
    assert ended.successor == new
    assert ended.valid_to is not None
    assert after.valid_from is not None
    assert ended.valid_to < after.valid_from


def test_colloquial_names_lead_to_their_place(changsha: City) -> None:
    """What people say for a county, a township or a zone."""
    said = {alias: d.code for d in changsha.divisions for alias in d.aliases}
    assert said["榔梨"] == "430121004"
    assert said["橘子洲"] == "430104003"
    assert said["马王堆"] == "430102010"
    assert said["宁乡县"] == "430182"
    zones = {alias: z.code for z in changsha.zones for alias in z.aliases}
    assert zones["湘江新区"] == "430100-Z-XJ"
    assert zones["长沙经开区"] == "430100-Z-JK"
    assert "经开区" not in zones, "four zones of the city are called so"


@pytest.mark.parametrize(
    "word", ["芙蓉", "安宁", "关上", "沙市", "天顶", "西湖", "先锋", "岳麓", "官渡"]
)
def test_words_that_mean_other_things_are_no_aliases(
    word: str, changsha: City, kunming: City
) -> None:
    """They would turn up in texts about somewhere else."""
    for city in (changsha, kunming):
        places: tuple[Division | Zone, ...] = (*city.divisions, *city.zones)
        assert not [p.name for p in places if word in p.aliases]


def test_a_unit_of_the_ecology_bureau_stands_under_the_city_bureau(changsha: City) -> None:
    """Branches are the city bureau's, not the district government's."""
    units = {unit.code: unit for unit in changsha.units}
    branches = [code for code in units if re.fullmatch(r"4301\d\d-ECO", code)]
    assert len(branches) == 10
    assert {units[code].parent for code in branches if code != "430100-ECO"} == {"430100-ECO"}


def test_every_township_has_its_office(changsha: City, kunming: City) -> None:
    """One unit per sub-district or town."""
    for city in (changsha, kunming):
        towns = {d.code for d in city.divisions if d.level == "township"}
        assert towns == {code for u in city.units if u.level == "town" for code in u.adcodes}


def test_the_version_follows_the_content(root: Path, changsha: City) -> None:
    """An edited file is another release though nobody changed the declared version."""
    before = load_city("430100", root)
    assert before == changsha
    edit(
        root / "430100" / "units.csv", "长沙市生态环境局,市生态环境局", "长沙市生态环境局,市环保局"
    )
    load_city.cache_clear()
    after = load_city("430100", root)
    assert after.version != before.version
    assert after.version.split("+")[0] == before.version.split("+")[0]


def test_the_digest_does_not_mind_line_ends(root: Path) -> None:
    """A checkout with other line ends is the same release."""
    folder = root / "430100"
    before = digest(folder)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert digest(folder) == before


def test_a_bad_value_is_told_with_file_line_and_reason(root: Path) -> None:
    """The keeper of the file finds the row."""
    path = root / "430100" / "bindings.csv"
    edit(path, "ECO,430102,430102-ECO,,", "ECO,430102,430102-ECO,2026-13-01,")
    line = line_of(path, "ECO,430102,")
    with pytest.raises(Invalid, match=f"430100/bindings.csv 第 {line} 行") as caught:
        load_city("430100", root)
    assert caught.value.extra == {"file": "bindings.csv", "line": line}
    assert "valid_from" in caught.value.detail


def test_a_missing_value_and_a_cell_too_many_are_told(root: Path) -> None:
    """Rows must fit their columns."""
    path = root / "430100" / "units.csv"
    edit(path, "430100-ECO,长沙市生态环境局,", "430100-ECO,,")
    with pytest.raises(Invalid, match=r"units.csv 第 \d+ 行:.*name"):
        load_city("430100", root)
    edit(path, "430100-ECO,,", "430100-ECO,长沙市生态环境局,又一格,")
    with pytest.raises(Invalid, match="单元格数"):
        load_city("430100", root)


def test_an_unknown_column_is_told_with_the_known_ones(root: Path) -> None:
    """A misspelt heading would silently lose a column otherwise."""
    edit(root / "430100" / "zones.csv", "code,name,aliases", "code,name,alias")
    with pytest.raises(Invalid, match=r"alias.*可用的列.*aliases"):
        load_city("430100", root)


def test_a_missing_file_or_column_is_told(root: Path) -> None:
    """Nothing is taken for empty that is not there."""
    edit(root / "430100" / "bindings.csv", "role,territory,unit", "role,territory,source")
    with pytest.raises(Invalid, match=r"bindings\.csv"):
        load_city("430100", root)
    (root / "430100" / "bindings.csv").unlink()
    with pytest.raises(Invalid, match=r"缺少数据文件 430100/bindings\.csv"):
        load_city("430100", root)


def test_a_file_in_another_encoding_is_told(root: Path) -> None:
    """Spreadsheets like to save GBK."""
    path = root / "430100" / "zones.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gbk", errors="ignore"))
    with pytest.raises(Invalid, match="UTF-8"):
        load_city("430100", root)


def test_a_wrong_rule_is_told_by_its_id(root: Path) -> None:
    """A misspelt field of a rule does not vanish."""
    path = root / "430100" / "duties.toml"
    edit(path, 'lead = "UMA"', 'leads = "UMA"')
    with pytest.raises(Invalid, match=r"duties.toml 第 1 个 \[\[rule\]\] CS-A03.*leads"):
        load_city("430100", root)


def test_a_rule_id_used_twice_is_told(tmp_path: Path) -> None:
    """Traces name rules by id."""
    path = tmp_path / "duties.toml"
    rule = '[[rule]]\nid = "A"\ntier = "T6"\nnote = "试"\nsource = "试"\n'
    path.write_text(rule * 2, encoding="utf-8")
    with pytest.raises(Invalid, match="重复编号:A"):
        read_rules(path)


def test_toml_that_is_none_is_told(tmp_path: Path) -> None:
    """The parser's own words are kept."""
    path = tmp_path / "clocks.toml"
    path.write_text("[[clock]\n", encoding="utf-8")
    with pytest.raises(Invalid, match="不是合法的 TOML"):
        read_clocks(path)
    path.write_text("clock = 3\n", encoding="utf-8")
    with pytest.raises(Invalid, match="表数组"):
        read_clocks(path)


def test_days_are_read(tmp_path: Path) -> None:
    """A city or a new notice settles single days."""
    path = tmp_path / "calendar.toml"
    path.write_text(
        '[[day]]\nday = "2027-10-10"\nworking = true\nnote = "调休"\n', encoding="utf-8"
    )
    (day,) = read_calendar(path)
    assert date.fromisoformat(day.day) == date(2027, 10, 10)
    assert day.working


def test_a_city_must_stand_in_the_folder_of_its_code(root: Path) -> None:
    """A copied folder that was not edited would overwrite another city."""
    (root / "430100").rename(root / "430300")
    with pytest.raises(Invalid, match="应与目录名相同"):
        load_city("430300", root)
