"""The check of a city's data: what would send a case astray, and what to do about it.

Pure: a City and the national rules and clocks in, findings out. `jiesu doctor` prints them.
"""

from collections.abc import Sequence
from typing import Final

from models.checks.clocks import check_clocks
from models.checks.finding import Finding, Severity
from models.checks.places import check_places
from models.checks.posts import check_posts
from models.checks.rules import check_rules, laid_over
from models.checks.times import check_times
from models.checks.units import check_units
from models.city import City
from models.clock import ClockDef
from models.duty import Rule

__all__ = ["Finding", "Severity", "check", "errors_of"]

_ORDER: Final[dict[Severity, int]] = {"error": 0, "warning": 1, "info": 2}


def check(city: City, rules: Sequence[Rule], clocks: Sequence[ClockDef]) -> list[Finding]:
    """Find what is wrong or doubtful in a city's data over the national ones, worst first."""
    laid = laid_over(city.duties, rules)
    found = [
        *check_places(city),
        *check_units(city, laid),
        *check_posts(city),
        *check_rules(city, laid),
        *check_times(city, laid),
        *check_clocks(city, clocks),
    ]
    return sorted(found, key=lambda finding: _ORDER[finding.severity])


def errors_of(findings: Sequence[Finding]) -> list[Finding]:
    """Keep the findings that must be mended before the city runs."""
    return [finding for finding in findings if finding.severity == "error"]
