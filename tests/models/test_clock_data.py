"""The clocks as data: what the domain's table of clocks says."""

import re

import pytest

from models.clock import ClockDef, Span
from routing.rules import national_clocks

CLOCKS = {clock.code: clock for clock in national_clocks()}


@pytest.mark.parametrize(
    ("code", "ordinary", "urgent"),
    [
        ("K03", "24H", "2H"),
        ("K04", "1W", "30MIN"),
        ("K05", "2W", "2W"),
        ("K09", "1W", "2H"),
        ("K10", "3W", "3W"),
        ("K11", "7W", "3W"),
        ("K12", "15W", "3W"),
        ("K18", "2W", "2W"),
        ("K20", "15N", "15N"),
        ("K21", "2W", "2W"),
        ("K22", "60N", "60N"),
    ],
)
def test_spans_are_those_of_the_table(code: str, ordinary: str, urgent: str) -> None:
    """Ordinary and P1."""
    clock = CLOCKS[code]
    assert shown(clock.ordinary) == ordinary
    assert shown(clock.by_urgency.get("P1", clock.ordinary)) == urgent


def shown(span: Span) -> str:
    """Write a span shortly."""
    return f"{span.n}{span.unit}"


def test_only_signing_and_returning_have_a_cut_off_hour() -> None:
    """What is dispatched from 17:00 on counts as dispatched the next day."""
    assert {c.code: c.cutoff_hour for c in CLOCKS.values() if c.cutoff_hour} == {
        "K04": 17,
        "K05": 17,
    }


@pytest.mark.parametrize("code", ["K11", "K12", "K22"])
def test_an_emergency_never_waits_for_working_days(code: str) -> None:
    """P0 runs in hours, within a day."""
    span = CLOCKS[code].by_urgency["P0"]
    assert (span.unit, span.n) == ("H", 24)


def test_the_national_platform_and_petitions_have_their_own_clocks() -> None:
    """The hotline's closing clocks do not run for their reports, nor the other way about."""
    own = {code: clock.channels for code, clock in CLOCKS.items() if clock.channels}
    assert {code for code, channels in own.items() if channels == ("12369",)} == {
        *("K18", "K20", "K21", "K22"),
    }
    assert own["K19"] == ("12369_TEL",)
    assert {code for code, channels in own.items() if channels == ("XF",)} == {
        *("K06", "K24", "K25", "K26", "K26A", "K27", "K27A"),
    }
    closing = [c for c in CLOCKS.values() if c.stop == "case:closed" and c.start != "case:reworked"]
    hotline = [c for c in closing if not c.channels and c.kinds]
    assert {clock.code for clock in hotline if clock.active} == {"K10", "K11", "K12"}
    assert all(clock.not_channels == ("12369", "XF") for clock in hotline)


def test_each_request_type_that_is_handled_has_one_closing_date() -> None:
    """On the hotline; a petition has its own clocks, an invalid report has none."""
    kinds = [kind for code in ("K10", "K11", "K12") for kind in CLOCKS[code].kinds]
    assert sorted(kinds) == sorted(["TS", "JB", "JC", "CF", "QZ", "JY", "BY", "ZX"])


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_each_clock_says_where_its_span_is_from(clock: ClockDef) -> None:
    """And starts and stops on a verb of the history."""
    assert clock.source
    verb = re.compile(r"[a-z]+(?::[a-z_]+)+")
    assert all(verb.fullmatch(named) for named in (clock.start, *clock.stops))


def test_a_refusal_answers_at_once() -> None:
    """A refusal carries its notice, so the clock for the reply stops with what starts it."""
    assert [c.code for c in CLOCKS.values() if c.start == c.stop] == ["K20"]
