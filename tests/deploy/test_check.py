"""`./jiesu test`: everything runs, the worst decides, the tests speak last."""

import subprocess

import pytest

from deploy import check


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Let each tool end with the status set here, and note in which order they ran."""
    statuses: dict[str, int] = {}

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        name = " ".join([command[0].rsplit("/", 1)[-1], *command[1:2]])
        statuses.setdefault(name, 0)
        ran.append(name)
        return subprocess.CompletedProcess(command, statuses[name])

    ran: list[str] = []
    monkeypatch.setattr(subprocess, "run", run)
    return statuses


def test_all_checks_run_and_the_tests_come_last(outcomes: dict[str, int]) -> None:
    """Zero only when all of them pass."""
    assert check.main([]) == 0
    assert list(outcomes) == ["ruff format", "ruff check", "mypy", "lint-imports", "pytest -n"]


@pytest.mark.parametrize(
    "failing", ["ruff format", "ruff check", "mypy", "lint-imports", "pytest -n"]
)
def test_any_failure_fails_the_whole_but_stops_nothing(
    outcomes: dict[str, int], failing: str
) -> None:
    """What comes after a failure still runs."""
    outcomes[failing] = 1
    assert check.main([]) == 1
    assert len(outcomes) == 5


def test_arguments_go_to_the_tests(outcomes: dict[str, int]) -> None:
    """`./jiesu test tests/deploy` runs those tests, and in one process."""
    check.main(["tests/deploy"])
    assert "pytest tests/deploy" in outcomes
    assert "pytest -n" not in outcomes
