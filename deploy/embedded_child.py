"""Between fork and exec: take a safe identity, be bound to the parent's life, become the command.

Run as a script by a bare interpreter (`python -I -S`), so that nothing happens in a forked copy of
a program with threads. Arguments: the parent's pid, the identity, the folder to enter, the command.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

CANNOT_CHANGE_IDENTITY: Final = 71
CANNOT_ENTER: Final = 72
CANNOT_EXECUTE: Final = 73
#: In a user namespace of its own the process is this user, and on the disk still the caller.
NOBODY: Final = 65534
_CLONE_NEWUSER: Final = 0x10000000
_PR_SET_PDEATHSIG: Final = 1


def main(argv: list[str]) -> None:
    """Do it; ends in exec, or exits with one of the codes above and the reason on stderr."""
    parent, identity, folder, *command = argv
    _step(CANNOT_CHANGE_IDENTITY, lambda: become(identity))
    _step(CANNOT_ENTER, lambda: enter(folder))
    die_with(int(parent))
    _step(CANNOT_EXECUTE, lambda: os.execv(command[0], command))  # noqa: S606 - the very purpose


def become(identity: str) -> None:
    """Be `self`, `userns` (nobody inside, the caller outside) or `uid:gid`; raises OSError."""
    if identity == "userns":
        _own_user_namespace()
    elif identity != "self":
        uid, gid = map(int, identity.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def enter(folder: str) -> None:
    """Enter a folder in which the new identity must be able to work; raises OSError."""
    os.chdir(folder)
    if not os.access(".", os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(folder)
    os.umask(0o077)


def die_with(parent: int) -> None:
    """Ask the kernel for SIGINT (a fast, clean shutdown) when the parent dies; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != parent:
        sys.exit(0)


def _own_user_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    one_to_one = f"{NOBODY} 0 1"
    for name, value in (("setgroups", "deny"), ("uid_map", one_to_one), ("gid_map", one_to_one)):
        Path("/proc/self", name).write_text(value, encoding="ascii")


def _step(code: int, action: Callable[[], None]) -> None:
    try:
        action()
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
