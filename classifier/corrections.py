"""Corrections made at the desk as a versioned set of labelled texts, for training here alone.

The text is the case's own without who reported it, and what identifies its writer within is masked;
the file stays in the installation, readable by its owner only. The set's version is a digest of
numbers, labels and texts, so the same corrections make the same set.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from classifier.corpus import Gold
from classifier.redact import redact
from models.db.learning import Corrected

_DIGEST: Final = 12


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of one corrected case: its labels and which text it was, not the text."""

    case_no: int
    kind: str
    types: tuple[str, ...]
    urgency: str
    digest: str


def gold_of(city: str, cases: Iterable[Corrected]) -> tuple[Gold, ...]:
    """Make labelled texts of corrected cases, masked; `source` is the channel."""
    return tuple(
        Gold(
            id=f"{city}-{case.case_no}",
            text=redact(case.text),
            title=redact(case.title) if case.title else None,
            kind=case.kind,
            types=case.types,
            urgency=case.urgency,
            adcode=case.adcode,
            source=case.channel,
        )
        for case in cases
    )


def members_of(rows: Sequence[Gold]) -> list[dict[str, Any]]:
    """Give what is remembered of a set, ready to be stored."""
    found = [
        Member(
            case_no=int(row.id.rpartition("-")[2]),
            kind=row.kind,
            types=row.types,
            urgency=row.urgency,
            digest=_digest(f"{row.title or ''}\n{row.text}".encode()),
        )
        for row in rows
    ]
    return [msgspec.to_builtins(member) for member in found]


def version_of(rows: Iterable[Gold]) -> str:
    """Name a set by what it holds; the order does not matter."""
    return _digest(b"\n".join(sorted(map(msgspec.json.encode, rows))))


def write_set(path: Path, rows: Iterable[Gold]) -> None:
    """Write a set as JSON Lines, whole or not at all, readable by the owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for row in rows:
            file.write(msgspec.json.encode(row) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGEST]
