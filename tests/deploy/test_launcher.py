"""The launcher: installs once, never half, and says what a machine lacks.

It runs here for real on a copy, with a stand-in for the installer that is slow, or fails, on
demand.
"""

import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[2] / "jiesu"
INSTALLER = """#!/bin/sh
slow="$(cat "{root}/slow")"
echo "$@" >> "{root}/installs"
sleep "$slow"
test -e "{root}/broken" && exit 1
printf '#!/bin/sh\\necho "forwarded $@"\\n' > "{root}/.venv/bin/jiesu"
chmod +x "{root}/.venv/bin/jiesu"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project with the launcher, an environment without packages, and a stand-in for uv."""
    root = tmp_path / "a project"
    (root / ".venv/bin").mkdir(parents=True)
    (root / "tools").mkdir()
    shutil.copy(SOURCE, root / "jiesu")
    (root / "pyproject.toml").write_text("[project]\n", "utf-8")
    (root / ".venv/bin/python").symlink_to(sys.executable)
    (root / "slow").write_text("0", "utf-8")
    uv = root / "tools/uv"
    uv.write_text(INSTALLER.format(root=root), "utf-8")
    uv.chmod(0o755)
    return root


def launch(root: Path, *argv: str) -> subprocess.Popen[str]:
    """Start the launcher with the stand-in first on the path."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, str(root / "jiesu"), *argv],
        env={**os.environ, "PATH": f"{root}/tools:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )


def run(root: Path, *argv: str) -> tuple[int, str, str]:
    """Run the launcher to its end."""
    with launch(root, *argv) as process:
        out, err = process.communicate()
    return process.returncode, out, err


def installs(root: Path) -> int:
    """Count how often the installer was called."""
    log = root / "installs"
    return len(log.read_text("utf-8").splitlines()) if log.exists() else 0


def load(root: Path) -> ModuleType:
    """Load the launcher as a module."""
    loader = importlib.machinery.SourceFileLoader("launcher", str(root / "jiesu"))
    spec = importlib.util.spec_from_loader("launcher", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_it_installs_once_and_forwards_everything(root: Path) -> None:
    """The second start installs nothing; arguments and exit status are the program's own."""
    assert run(root, "up", "--port", "1")[:2] == (0, "forwarded up --port 1\n")
    assert run(root, "--help")[:2] == (0, "forwarded --help\n")
    assert installs(root) == 1


def test_a_changed_project_is_installed_again(root: Path) -> None:
    """The stamp follows the project's file."""
    run(root, "up")
    (root / "pyproject.toml").write_text("[project]\nname = 'x'\n", "utf-8")
    run(root, "up")
    assert installs(root) == 2


def test_a_moved_project_is_installed_again(root: Path) -> None:
    """An environment knows its own path, so it is not used at another one."""
    run(root, "up")
    moved = root.rename(root.with_name("elsewhere"))
    assert not load(moved).is_ready([])


def test_tests_need_more_than_running_does(root: Path) -> None:
    """`test` adds the extra, and an environment that has it also serves for running."""
    module = load(root)
    run(root, "up")
    assert module.is_ready([])
    assert not module.is_ready(["dev"])
    stamp = json.loads(module.stamp_file().read_text("ascii"))
    module.stamp_file().write_text(json.dumps({**stamp, "extras": ["dev"]}), "ascii")
    assert module.is_ready([])
    assert module.is_ready(["dev"])


def test_several_at_once_install_once(root: Path) -> None:
    """One prepares, the others wait for it and then run."""
    (root / "slow").write_text("0.5", "utf-8")
    started = [launch(root, str(number)) for number in range(4)]
    outputs = [process.communicate()[0] for process in started]
    assert outputs == [f"forwarded {number}\n" for number in range(4)]
    assert installs(root) == 1


def test_a_killed_installation_is_never_taken_for_ready(root: Path) -> None:
    """After kill -9 in the middle the next start waits for its remains and installs again."""
    (root / "slow").write_text("1", "utf-8")
    started = time.monotonic()
    with launch(root, "up") as process:
        until = time.monotonic() + 10
        while installs(root) == 0:
            assert time.monotonic() < until
            time.sleep(0.02)
        process.kill()
    assert not load(root).is_ready([])
    (root / "slow").write_text("0", "utf-8")
    assert run(root, "up")[1] == "forwarded up\n"
    assert installs(root) == 2
    assert time.monotonic() - started > 1


def test_a_failed_installation_leaves_no_stamp_even_where_one_was(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stamp goes before the work starts."""
    run(root, "up")
    (root / "pyproject.toml").write_text("[project]\nname = 'x'\n", "utf-8")
    (root / "broken").touch()
    (root / ".venv/bin/python").unlink()
    (root / ".venv/bin/python").write_text("#!/bin/sh\nexit 1\n", "utf-8")
    (root / ".venv/bin/python").chmod(0o755)
    module = load(root)
    monkeypatch.setattr(module, "venv_version", lambda: sys.version)
    with pytest.raises(module.MissingError):
        module.prepare([])
    assert not module.stamp_file().exists()


def test_pip_takes_over_where_uv_fails(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken uv is no reason to stop."""
    module = load(root)
    ran: list[list[str]] = []
    monkeypatch.setattr(module, "works", lambda command: not command[0].endswith("/uv"))
    monkeypatch.setattr(module, "run", ran.append)
    module.install("/usr/bin/uv", ["dev"])
    assert ran[0][2:5] == ["-m", "pip", "install"]
    assert ran[0][-1] == f"{root}[dev]"


def test_a_missing_venv_component_is_told_with_the_line_that_mends_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian without python3-venv: one line to copy."""
    module = load(root)
    monkeypatch.setattr(module, "venv_version", lambda: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(module.MissingError) as told:
        module.make_venv(None)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"apt-get install -y python{version}-venv" in str(told.value)


def test_an_old_python_hands_over_to_a_newer_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest that is found runs the launcher again."""
    module, became = load(root), []
    monkeypatch.setattr(module.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}" if "13" in name else None)
    monkeypatch.setattr(os, "execv", lambda *command: became.append(command))
    module.main(["up"])
    assert became == [("/opt/python3.13", ["/opt/python3.13", str(root / "jiesu"), "up"])]


def test_an_old_python_without_a_newer_one_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names what is needed and what there is."""
    module = load(root)
    monkeypatch.setattr(module.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert module.main(["up"]) == 1
    told = capsys.readouterr().err
    assert "3.11" in told
    assert "3.9" in told
