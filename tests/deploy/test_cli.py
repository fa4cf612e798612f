"""The command line: three exit statuses, errors in one line, results on stdout alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.db.pool import Database
from tests.kit import Server


def jiesu(*argv: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user does, without our own variables."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JIESU_")}
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "deploy.cli", *argv],
        cwd=cwd,
        env={**clean, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("argv", [["nonsense"], ["up", "--port", "many"], ["migrate", "--nope"]])
def test_wrong_use_is_status_two(tmp_path: Path, argv: list[str]) -> None:
    """Unknown commands and options are the caller's mistake."""
    done = jiesu(*argv, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_an_error_with_a_name_is_one_line_and_status_one(tmp_path: Path) -> None:
    """Code for programs, Chinese for people, no traceback, nothing on stdout."""
    done = jiesu("verify", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "data_missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_answer_is_an_error_with_a_name(tmp_path: Path) -> None:
    """The same from the environment as from the option."""
    url = "postgresql://jiesu@127.0.0.1:1/jiesu"
    given = jiesu("verify", "--database-url", url, cwd=tmp_path)
    taken = jiesu("migrate", cwd=tmp_path, JIESU_DATABASE_URL=url)
    assert (given.returncode, taken.returncode) == (1, 1)
    assert "database_unavailable" in given.stderr
    assert "database_unavailable" in taken.stderr


def test_help_is_quick_and_names_every_command(tmp_path: Path) -> None:
    """Nothing heavy is imported to say what there is."""
    done = jiesu("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in (
        "up",
        "serve",
        "worker",
        "migrate",
        "verify",
        "tag",
        "route",
        "replay",
        "bench",
    ):
        assert f"  {command} " in done.stdout


def test_heavy_parts_are_not_imported_for_help() -> None:
    """The command line itself pulls in neither the driver nor the models."""
    code = (
        "import sys; from deploy.cli import build_app; build_app();"
        "print(sorted({'asyncpg', 'aiohttp', 'numpy', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


async def test_migrate_and_verify_give_json_when_asked(
    tmp_path: Path, server: Server, db: Database
) -> None:
    """A migrated database has nothing to apply, gets its cities, and verifies."""
    async with db.system() as conn:
        url = server.database(await conn.fetchval("SELECT current_database()"))
    done = jiesu("migrate", "--json", "--database-url", url, cwd=tmp_path)
    assert json.loads(done.stdout) == []
    done = jiesu("verify", "--json", "--database-url", url, cwd=tmp_path)
    report = json.loads(done.stdout)
    assert report["ok"]
    assert [city["chain"]["city"] for city in report["cities"]] == ["430100", "530100"]


def test_a_configuration_with_a_mistake_is_refused(tmp_path: Path) -> None:
    """The file of --config is checked like everything else."""
    (tmp_path / "own.toml").write_text("prot = 1", "utf-8")
    done = jiesu("--config", "own.toml", "verify", cwd=tmp_path)
    assert done.returncode == 1
    assert "settings_invalid" in done.stderr
    assert "prot" in done.stderr
