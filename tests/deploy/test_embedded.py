"""The embedded server: starts anywhere, dies with its parent, loses nothing, says what is wrong."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from deploy import embedded_home
from deploy.embedded import EmbeddedPostgres, running_dsn
from models.errors import Unavailable

PARENT = """
import asyncio, sys
from pathlib import Path
import asyncpg
from deploy.embedded import EmbeddedPostgres

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1])) as server:
        conn = await asyncpg.connect(server.dsn)
        await conn.execute("CREATE TABLE IF NOT EXISTS kept (n serial)")
        await conn.execute("INSERT INTO kept DEFAULT VALUES")
        print(server.pid, flush=True)
        while True:
            await conn.execute("INSERT INTO kept DEFAULT VALUES")
            print("committed", flush=True)

asyncio.run(main())
"""


@pytest.fixture(scope="session")
async def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data folder once; tests work on copies."""
    home = tmp_path_factory.mktemp("embedded") / "made"
    async with EmbeddedPostgres(home, durable=False):
        pass
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """Give a data folder of the test's own, under a name with a space."""
    return Path(shutil.copytree(made, tmp_path / "我的 data", symlinks=True))


async def fetch(dsn: str, statement: str) -> object:
    """Run one statement on a connection of its own."""
    conn = await asyncpg.connect(dsn)
    try:
        return await conn.fetchval(statement)
    finally:
        await conn.close()


def start(command: list[str]) -> subprocess.Popen[str]:
    """Start a program whose output can be read."""
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603


def user_of(pid: int | None) -> int:
    """Give the user a process runs as."""
    return Path(f"/proc/{pid}").stat().st_uid


async def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    return False


async def test_it_starts_in_a_private_folder_whose_name_has_spaces(tmp_path: Path) -> None:
    """Parents of mode 700 stay so, and the application's login has no special right."""
    private = tmp_path / "a b"
    private.mkdir(mode=0o700)
    async with EmbeddedPostgres(private / "c d", durable=False) as server:
        assert await fetch(server.dsn, "SELECT current_user || current_database()") == "jiesujiesu"
        rights = (
            "SELECT rolsuper OR rolcreatedb OR rolbypassrls FROM pg_roles WHERE rolname = 'jiesu'"
        )
        assert await fetch(server.dsn, rights) is False
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'jiesu'"
        assert await fetch(server.dsn, owner) == "jiesu"
    assert private.stat().st_mode & 0o777 == 0o700


async def test_chinese_has_trigrams_and_time_is_chinas(home: Path) -> None:
    """The locale lets pg_trgm see Chinese characters as letters."""
    async with EmbeddedPostgres(home, durable=False) as server:
        await fetch(server.dsn, "CREATE EXTENSION pg_trgm")
        assert await fetch(server.dsn, "SELECT show_trgm('鼓楼区化工厂')")
        assert await fetch(server.dsn, "SHOW timezone") == "Asia/Shanghai"


async def test_it_listens_on_a_private_socket_only(home: Path) -> None:
    """No TCP port, and a folder that only its owner enters."""
    async with EmbeddedPostgres(home, durable=False) as server:
        assert await fetch(server.dsn, "SHOW listen_addresses") == ""
        assert (home / "run").stat().st_mode & 0o777 == 0o700


async def test_a_long_path_gets_its_socket_elsewhere(made: Path, tmp_path: Path) -> None:
    """The socket's path fits its limit however deep the data lies."""
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.parent.mkdir()
    shutil.copytree(made, deep, symlinks=True)
    shutil.rmtree(deep / "run")
    async with EmbeddedPostgres(deep, durable=False) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1
    assert not (deep / "run").exists()


async def test_it_stops_with_its_context_and_leaves_no_pid_file(home: Path) -> None:
    """A clean shutdown, after which nothing runs on the data."""
    async with EmbeddedPostgres(home, durable=False) as server:
        pid = server.pid
        assert running_dsn(home) == server.dsn
    assert pid
    assert not is_alive(pid)
    assert running_dsn(home) is None
    assert not (home / "pg/postmaster.pid").exists()


async def test_killing_the_parent_ends_the_server_and_loses_no_commit(home: Path) -> None:
    """After kill -9 the server goes within seconds; all rows that were confirmed are there."""
    command = [sys.executable, "-c", PARENT, str(home)]
    with start(command) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        await asyncio.sleep(1)
        parent.kill()
        confirmed = 1 + parent.stdout.read().count("committed")
    await eventually(lambda: not is_alive(pid), 10)
    async with EmbeddedPostgres(home) as server:
        kept = await fetch(server.dsn, "SELECT count(*) FROM kept")
    assert isinstance(kept, int)
    assert confirmed <= kept <= confirmed + 1
    assert confirmed > 10


async def test_a_killed_server_comes_back_with_all_commits(home: Path) -> None:
    """After kill -9 of the server itself the supervisor starts it again, recovered."""
    async with EmbeddedPostgres(home) as server:
        await fetch(server.dsn, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        killed = server.pid
        assert killed
        os.kill(killed, signal.SIGKILL)
        await eventually(lambda: server.pid not in {None, killed})
        until = time.monotonic() + 20
        while True:
            try:
                assert await fetch(server.dsn, "SELECT count(*) FROM kept") == 1000
                break
            except (OSError, asyncpg.PostgresError):
                assert time.monotonic() < until
                await asyncio.sleep(0.05)


async def test_a_server_whose_parent_is_gone_is_stopped_and_replaced(home: Path) -> None:
    """A server left behind on the data is found by its pid file and does not stand in the way."""
    binary = embedded_home.find_binaries() / "postgres"
    identity, _ = embedded_home.choose_identity(home, binary)
    command = [str(binary), "-D", str(home / "pg"), "-c", "listen_addresses="]
    command += ["-c", f'unix_socket_directories="{home / "run"}"']
    stale = start(embedded_home.child_command(identity, home, command))
    await eventually(lambda: embedded_home.running_server(home / "pg") == stale.pid)
    async with EmbeddedPostgres(home, durable=False) as server:
        assert server.pid != stale.pid
        assert await fetch(server.dsn, "SELECT 1") == 1
    stale.communicate()
    assert stale.returncode == 0


async def test_a_pid_file_that_names_another_program_is_ignored(home: Path) -> None:
    """A reused pid is not taken for the server, and that program is left alone."""
    other = start(["/bin/sleep", "60"])
    (home / "pg/postmaster.pid").write_text(f"{other.pid}\n{home}/pg\n", "utf-8")
    async with EmbeddedPostgres(home, durable=False) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1
        assert other.poll() is None
    other.kill()
    other.communicate()


async def test_the_same_data_cannot_be_opened_twice(home: Path) -> None:
    """The second one is told who has it, and the first one is not disturbed."""
    async with EmbeddedPostgres(home, durable=False) as server:
        with pytest.raises(Unavailable, match="data_in_use") as told:
            await EmbeddedPostgres(home, durable=False).__aenter__()
        assert str(os.getpid()) in told.value.detail
        assert await fetch(server.dsn, "SELECT 1") == 1


async def test_half_an_initialisation_is_never_used(home: Path) -> None:
    """What a kill in the middle of initdb leaves is thrown away and made anew."""
    (home / "pg").rename(home / "pg.new")
    (home / "pg.new/global/pg_control").unlink()
    async with EmbeddedPostgres(home, durable=False) as server:
        assert await fetch(server.dsn, "SELECT 1") == 1
    assert not (home / "pg.new").exists()


async def test_data_of_another_major_version_is_refused(home: Path) -> None:
    """The error names both versions and nothing is touched."""
    (home / "pg/PG_VERSION").write_text("15\n", "ascii")
    with pytest.raises(Unavailable, match="data_version_mismatch"):
        await EmbeddedPostgres(home).__aenter__()


async def test_a_full_disk_is_told_before_anything_is_touched(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too little room is an error of its own."""
    usage = shutil.disk_usage(home)._replace(free=1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(Unavailable, match="disk_full"):
        await EmbeddedPostgres(home).__aenter__()
    assert running_dsn(home) is None


async def test_a_platform_without_binaries_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the way out: an existing server."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(Unavailable, match="platform_unsupported") as told:
        await EmbeddedPostgres(home).__aenter__()
    assert "--database-url" in told.value.detail


async def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    """What cannot be used as a folder is an error with a name."""
    (tmp_path / "data").write_text("", "utf-8")
    with pytest.raises(Unavailable, match="data_not_ours"):
        await EmbeddedPostgres(tmp_path / "data").__aenter__()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("FATAL:  could not write to file: No space left on device", "disk_full"),
        ("FATAL:  could not create any Unix-domain sockets", "socket_taken"),
        ('FATAL:  lock file "postmaster.pid" already exists', "data_in_use"),
        ("FATAL:  database files are incompatible with server", "data_version_mismatch"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "memory_short"),
        ("FATAL:  something nobody has seen", "postgres_failed"),
        ("", "postgres_failed"),
    ],
)
def test_the_last_words_of_a_server_become_an_error_with_a_name(words: str, code: str) -> None:
    """Each known cause has its own code, an unknown one is quoted."""
    assert embedded_home.diagnose(words).code == code


def test_a_foreign_socket_folder_is_refused(home: Path) -> None:
    """A folder that others may enter is not trusted with the socket."""
    (home / "run").chmod(0o755)
    with pytest.raises(Unavailable, match="socket_taken"):
        embedded_home.socket_folder(home)


async def test_without_user_namespaces_root_becomes_an_existing_user(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel forbids namespaces, the server runs as nobody on data it can reach."""
    folder = Path(shutil.copytree(made, f"/tmp/jiesu-test-{os.getpid()}", symlinks=True))  # noqa: S108
    real, expected = embedded_home.probe, 65534 if os.geteuid() == 0 else os.geteuid()

    def forbidden(identity: str, *where: Path) -> str:
        if identity == "userns":
            raise PermissionError
        return real(identity, *where)

    monkeypatch.setattr(embedded_home, "probe", forbidden)
    try:
        async with EmbeddedPostgres(folder, durable=False) as server:
            assert await fetch(server.dsn, "SELECT 1") == 1
            assert user_of(server.pid) == expected
        async with EmbeddedPostgres(folder, durable=False) as server:
            assert user_of(server.pid) == expected
    finally:
        shutil.rmtree(folder)


def test_no_identity_at_all_is_an_error_that_tells_the_ways_out(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a namespace nor another user: say so, and name what can be done."""

    def forbidden(*_: object) -> str:
        raise PermissionError

    monkeypatch.setattr(embedded_home, "probe", forbidden)
    with pytest.raises(Unavailable, match="user_namespaces_unavailable") as told:
        embedded_home.as_user(os.geteuid(), home, Path("postgres"))
    assert "--database-url" in told.value.detail


def test_data_of_another_user_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain user is told before the server would fail on somebody else's files."""
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(Unavailable, match="data_not_ours"):
        embedded_home.choose_identity(home, Path("postgres"))
