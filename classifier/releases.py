"""Trained readers as folders, and which one serves: promoted, rolled back, never half there.

    <home>/<version>/      a reader's files, its model card, release.json with their digests
    <home>/current.json    which serves and which served before; one rename changes it
    <home>/ledger.jsonl    what was done and why, one line each

A folder takes its name only when it is whole, and the pointer is renamed into place: whatever kills
a promotion, the reader before it or the reader after it serves. Where nothing was promoted the
shipped reader serves, under the name `shipped`.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from classifier.manifest import SHIPPED, Act, Deed, Figures, Manifest, Pointer, Reference
from classifier.whole import digest_of, sync, write_whole
from models.errors import Conflict, NotFound, Unavailable
from models.moment import now

__all__ = (
    "CARD",
    "MANIFEST",
    "SHIPPED",
    "SHIPPED_FOLDER",
    "Act",
    "Figures",
    "Manifest",
    "Pointer",
    "Reference",
    "Releases",
)

SHIPPED_FOLDER: Final = Path(__file__).with_name("data")
MANIFEST: Final = "release.json"
CARD: Final = "MODEL_CARD.md"
#: So many releases are kept beside the one that serves and those it may be rolled back to.
_KEEP: Final = 5
_HISTORY: Final = 10
_UNFINISHED: Final = ".building-"
_STALE_S: Final = 86_400


class Releases:
    """The releases of one installation."""

    def __init__(self, home: Path, shipped: Path = SHIPPED_FOLDER) -> None:
        """Name the folder; it is made when something is first put there."""
        self.home: Final = home
        self.shipped: Final = shipped
        self._pointer: Final = home / "current.json"
        self._ledger: Final = home / "ledger.jsonl"

    def current(self) -> Pointer:
        """Tell which release serves; Unavailable where the pointer cannot be read."""
        try:
            return msgspec.json.decode(self._pointer.read_bytes(), type=Pointer)
        except FileNotFoundError:
            return Pointer()
        except (OSError, msgspec.MsgspecError) as error:
            detail = f"{self._pointer} 无法读取,请运行 jiesu model promote {SHIPPED} --force。"
            raise Unavailable("model_pointer_unreadable", detail) from error

    def stamp(self) -> tuple[int, int]:
        """Give what changes whenever another release is made to serve; cheap to ask."""
        try:
            found = self._pointer.stat()
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_ino

    def folder(self, version: str) -> Path:
        """Give the folder of a release; NotFound where there is none."""
        if version == SHIPPED:
            return self.shipped
        folder = self.home / version
        if version.startswith(".") or "/" in version or not (folder / MANIFEST).is_file():
            have = "、".join((SHIPPED, *self.versions()))
            raise NotFound("model_release_unknown", f"没有模型 {version};现有:{have}。")
        return folder

    def manifest(self, version: str) -> Manifest | None:
        """Give what a release says of itself; None for a shipped reader that says nothing.

        Unavailable where it cannot be read.
        """
        path = self.folder(version) / MANIFEST
        if not path.is_file():
            return None
        try:
            return msgspec.json.decode(path.read_bytes(), type=Manifest)
        except (OSError, msgspec.MsgspecError) as error:
            detail = f"{path} 无法读取,请重新训练,或运行 jiesu model promote {SHIPPED} --force。"
            raise Unavailable("model_unreadable", detail) from error

    def versions(self) -> list[str]:
        """Name the releases that are whole, the oldest first."""
        found = [path.parent for path in self.home.glob(f"*/{MANIFEST}")]
        whole = [folder for folder in found if not folder.name.startswith(".")]
        whole.sort(key=lambda folder: (folder.stat().st_mtime_ns, folder.name))
        return [folder.name for folder in whole]

    def serving(self) -> Path:
        """Give the folder of the release that serves, its files checked against their digests."""
        version = self.current().version
        self.check(version)
        return self.folder(version)

    def check(self, version: str) -> None:
        """Raise Unavailable `model_release_damaged` unless each file is as it was made.

        The shipped reader's files are those of the program and not checked.
        """
        folder = self.folder(version)
        for name, digest in {} if version == SHIPPED else self._held(version).items():
            path = folder / name
            if not path.is_file() or digest_of(path) != digest:
                detail = f"模型 {version} 的文件 {name} 缺失或损坏,请换用其他版本或重新训练。"
                raise Unavailable("model_release_damaged", detail)

    def workplace(self) -> Path:
        """Make a folder in which a release is built; those that were left behind go."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self.home.glob(f"{_UNFINISHED}*"):
            if now().timestamp() - left.stat().st_mtime > _STALE_S:
                shutil.rmtree(left, ignore_errors=True)
        place = self.home / f"{_UNFINISHED}{os.getpid()}-{now():%Y%m%d%H%M%S%f}"
        place.mkdir(mode=0o700)
        return place

    def add(self, built: Path, manifest: Manifest) -> Manifest:
        """Take a built folder in as a release, whole or not at all; it is not yet made to serve.

        The same reader made again keeps its folder; another one of the same name gets a longer one.
        """
        files = {path.name: digest_of(path) for path in _files(built)}
        if (self.home / manifest.version).exists() and self._held(manifest.version) != files:
            digest = hashlib.sha256(msgspec.json.encode(files, order="deterministic")).hexdigest()
            version = f"{manifest.version}-{digest[:6]}"
            manifest = msgspec.structs.replace(manifest, version=version)
        whole = msgspec.structs.replace(manifest, files=files)
        target = self.home / whole.version
        if target.exists():
            if (built / CARD).is_file():
                write_whole(target / CARD, (built / CARD).read_bytes())
            write_whole(target / MANIFEST, _pretty(whole))
            return whole
        for path in _files(built):
            sync(path)
        write_whole(built / MANIFEST, _pretty(whole))
        built.rename(target)
        sync(self.home)
        return whole

    def promote(self, version: str, reason: str, *, force: bool = False) -> Act:
        """Make a release serve; Conflict for one that was refused, unless forced."""
        manifest = self.manifest(version)
        self.check(version)
        if manifest and manifest.refused and not force:
            detail = f"模型 {version} 指标变差({manifest.refused}),确要启用请加 --force。"
            raise Conflict("model_release_refused", detail)
        before = self._before(force=force)
        if before.version == version:
            raise Conflict("model_release_serves", f"模型 {version} 正在使用中。")
        earlier = (*before.earlier, before.version)[-_HISTORY:]
        self._point(Pointer(version=version, since=now(), reason=reason, earlier=earlier))
        figures = manifest.figures if manifest else {}
        return self._log("promoted", version, before.version, reason, figures)

    def ship(self, version: str) -> None:
        """Put a release's files in the place of the shipped ones: for those who make the program.

        Each file is replaced whole, what tells of them last; unlike a promotion it is not one act.
        Where the release serves here, the shipped reader, which is the same now, takes over.
        """
        folder = self.folder(version)
        self.check(version)
        for path in (*_files(folder), folder / CARD, folder / MANIFEST):
            if path.is_file():
                write_whole(self.shipped / path.name, path.read_bytes())
        before = self.current()
        if before.version == version:
            reason = f"{version} 已随程序发布"
            self._point(Pointer(since=now(), reason=reason, earlier=before.earlier))

    def rollback(self, reason: str) -> Act:
        """Make the release serve that served before; Conflict where there is none."""
        before = self.current()
        if not before.earlier:
            raise Conflict("model_nothing_earlier", "没有更早的模型可以回退。")
        *earlier, version = before.earlier
        self.check(version)
        self._point(Pointer(version=version, since=now(), reason=reason, earlier=tuple(earlier)))
        return self._log("rolled_back", version, before.version, reason, {})

    def refuse(self, manifest: Manifest) -> Act:
        """Log that a release is not made to serve."""
        serves = self.current().version
        return self._log("refused", manifest.version, serves, manifest.refused, manifest.figures)

    def ledger(self) -> list[Act]:
        """Give what was done, the oldest first; a line torn by a crash is left out."""
        acts: list[Act] = []
        with suppress(FileNotFoundError):
            for line in self._ledger.read_bytes().splitlines():
                with suppress(msgspec.MsgspecError):
                    acts.append(msgspec.json.decode(line, type=Act))
        return acts

    def prune(self) -> list[str]:
        """Delete the oldest releases that neither serve nor may be rolled back to; name them."""
        pointer = self.current()
        held = {pointer.version, *pointer.earlier}
        loose = [version for version in self.versions() if version not in held]
        gone = loose[:-_KEEP]
        for version in gone:
            hidden = self.home / f"{_UNFINISHED}{version}-{os.getpid()}"
            (self.home / version).rename(hidden)
            shutil.rmtree(hidden, ignore_errors=True)
        return gone

    def _held(self, version: str) -> dict[str, str]:
        manifest = self.manifest(version)
        return manifest.files if manifest else {}

    def _before(self, *, force: bool) -> Pointer:
        try:
            return self.current()
        except Unavailable:
            if not force:
                raise
            return Pointer()

    def _point(self, pointer: Pointer) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._pointer, msgspec.json.encode(pointer))

    def _log(
        self,
        act: Deed,
        version: str,
        replaced: str,
        reason: str,
        figures: Figures,
    ) -> Act:
        done = Act(
            at=now(), act=act, version=version, replaced=replaced, reason=reason, figures=figures
        )
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._ledger.open("ab+") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 1, 0))
            torn = b"\n" if file.read(1) not in {b"", b"\n"} else b""
            file.write(torn + msgspec.json.encode(done) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return done


def _files(folder: Path) -> Iterator[Path]:
    """Give the files of the reader itself; what is written about it may change."""
    told = (MANIFEST, CARD)
    return (path for path in sorted(folder.iterdir()) if path.is_file() and path.name not in told)


def _pretty(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest))
