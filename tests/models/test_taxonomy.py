"""The vocabulary is complete, and its laws hold when they hold."""

import re
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import NotFound
from models.taxonomy import (
    ISSUE_TYPES,
    LEVELS,
    REQUEST_TYPES,
    ROLES,
    IssueType,
    RequestType,
    environmental,
    first_level,
    issue_type,
    labels,
    laws,
    laws_in_force,
    request_type,
)

CODE_STARTS = date(2026, 8, 15)
TODAY = date(2026, 11, 21)
PER_LEVEL = {"W": 14, "A": 18, "N": 16, "S": 13, "L": 3, "E": 3, "R": 3, "X": 3, "C": 9, "M": 4}
PER_LEVEL |= {"P": 7, "Z": 11}
#: Types on which the Code says nothing of its own: third parties' fraud, siting, farmland, mining,
#: ozone-depleting substances (a regulation), and what is not environmental.
OUTSIDE_THE_CODE = {"A17", "C03", "C09", "P04", "P05"}


def test_there_are_104_issue_types_on_twelve_levels() -> None:
    """Every level has as many codes as the domain gives it."""
    assert Counter(map(first_level, ISSUE_TYPES)) == PER_LEVEL
    assert len(ISSUE_TYPES) == 104
    assert PER_LEVEL.keys() == LEVELS.keys()


def test_codes_are_numbered_without_gaps() -> None:
    """A level runs 01, 02, …, and may end in 99 for the rest."""
    for level in LEVELS:
        numbers = [int(code[1:]) for code in ISSUE_TYPES if code[0] == level]
        plain = [n for n in numbers if n != 99]
        assert plain == list(range(1, len(plain) + 1))


def test_each_type_is_described_in_full() -> None:
    """Both names, a definition, at least one cue and a tie-break note; no name is used twice."""
    for kind in ISSUE_TYPES.values():
        assert kind.definition.endswith("。"), kind.code
        assert kind.tie_break.endswith("。"), kind.code
        assert kind.cues, kind.code
        assert len(set(kind.cues)) == len(kind.cues), kind.code
        assert re.search("[一-鿿]", kind.zh), kind.code
        assert kind.en.isascii(), kind.code
    names = Counter(kind.zh for kind in ISSUE_TYPES.values())
    assert max(names.values()) == 1


def test_tie_breaks_name_types_that_exist() -> None:
    """A note that says "use N02" names a code of the table."""
    kinds: tuple[IssueType | RequestType, ...] = (*ISSUE_TYPES.values(), *REQUEST_TYPES.values())
    for kind in kinds:
        for code in re.findall(r"(?<![A-Z])[WANSLERXCMPZ]\d\d\b", kind.tie_break):
            assert code in ISSUE_TYPES, (kind.code, code)


def test_there_are_ten_request_types() -> None:
    """The ten of the domain, each with what becomes of it."""
    wanted = {"TS", "JB", "QZ", "ZX", "JY", "BY", "JC", "XF", "CF", "WX"}
    assert set(REQUEST_TYPES) == wanted
    assert all(kind.handling for kind in REQUEST_TYPES.values())


def test_z_codes_are_not_environmental() -> None:
    """All other levels are."""
    assert not environmental("Z07")
    assert all(environmental(code) for code in ISSUE_TYPES if code[0] != "Z")


def test_an_unknown_code_is_not_found() -> None:
    """Lookups name what is missing."""
    with pytest.raises(NotFound, match="Q01"):
        issue_type("Q01")
    with pytest.raises(NotFound, match="QQ"):
        request_type("QQ")
    with pytest.raises(NotFound, match="EC-9999"):
        laws_in_force(["EC-1132", "EC-9999"], TODAY)
    assert issue_type("A03").zh == "餐饮油烟"
    assert request_type("JB").zh == "举报"


def test_every_reference_to_a_law_is_in_the_law_table() -> None:
    """No type names a provision that is not there."""
    used = {law for kind in ISSUE_TYPES.values() for law in kind.laws}
    used |= {law for kind in REQUEST_TYPES.values() for law in kind.laws}
    assert used <= laws().keys()


def test_what_the_code_covers_has_law_in_force_today() -> None:
    """Each environmental type rests on at least one provision in force."""
    for code, kind in ISSUE_TYPES.items():
        if environmental(code) and code not in OUTSIDE_THE_CODE:
            assert laws_in_force(kind.laws, TODAY), code


def test_the_old_acts_end_the_day_before_the_code_starts() -> None:
    """Each repealed provision names the provisions of the Code that follow it."""
    for law in laws().values():
        if law.code.startswith("EC-"):
            assert law.effective_from == CODE_STARTS
            assert law.effective_to is None
        elif law.effective_to == CODE_STARTS - timedelta(days=1):
            assert law.superseded_by
            assert all(laws()[code].effective_from == CODE_STARTS for code in law.superseded_by)


@given(st.sampled_from(sorted(ISSUE_TYPES)), st.dates(CODE_STARTS, date(2040, 1, 1)))
def test_no_repealed_provision_is_shown_for_later_facts(code: str, day: date) -> None:
    """From 2026-08-15 no provision of the repealed acts is in force."""
    shown = laws_in_force(ISSUE_TYPES[code].laws, day)
    assert not [law for law in shown if law.effective_to == CODE_STARTS - timedelta(days=1)]


@given(st.sampled_from(sorted(ISSUE_TYPES)), st.dates(date(2022, 6, 5), date(2026, 8, 14)))
def test_the_code_is_not_shown_for_earlier_facts(code: str, day: date) -> None:
    """Facts before 2026-08-15 are judged by the law of their day."""
    assert not [
        law for law in laws_in_force(ISSUE_TYPES[code].laws, day) if law.code.startswith("EC-")
    ]


def test_the_law_changes_overnight() -> None:
    """Catering fume rests on the air act one day and on the Code the next."""
    codes = ISSUE_TYPES["A03"].laws
    before = {law.code for law in laws_in_force(codes, date(2026, 8, 14))}
    after = {law.code for law in laws_in_force(codes, date(2026, 8, 15))}
    assert before == {"AIR-81", "AIR-118"}
    assert after == {"EC-250", "EC-1132", "EC-1078"}


def test_light_pollution_had_no_national_law_before_the_code() -> None:
    """The chapter on light is new."""
    assert laws_in_force(ISSUE_TYPES["X01"].laws, date(2026, 8, 14)) == ()
    assert laws_in_force(ISSUE_TYPES["X01"].laws, date(2026, 8, 15))


def test_roles_say_how_they_are_bound() -> None:
    """Each of the domain's 37 roles, and the one for a lake authority."""
    assert {role.per for role in ROLES.values()} == {
        "county",
        "city",
        "township",
        "zone",
        "external",
    }
    assert {"ECO", "ECO_ENF", "UMA", "STR", "PRO", "ZON", "HOT", "COORD", "CCG"} <= ROLES.keys()


@pytest.mark.parametrize(
    ("group", "code"),
    [("rejection", "NA8"), ("return_reason", "R1"), ("odor", "unknown"), ("measure", "order")],
)
def test_plain_lists_are_at_hand(group: str, code: str) -> None:
    """Reasons, sources and measures have codes with names."""
    assert labels(group)[code].zh
    assert labels(group)[code].en
