"""Identifiers: valid version 7, in the order in which they were made."""

import subprocess
import sys
import time
from uuid import UUID

from models.ids import uuid7


def test_identifiers_sort_in_the_order_they_were_made() -> None:
    """Also within one millisecond, so that a case's history reads as it happened."""
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_identifiers_carry_their_version_and_time() -> None:
    """The first 48 bits are the milliseconds since 1970; asked of a process with a true clock."""
    program = "from models.ids import uuid7; print(uuid7())"
    said = subprocess.check_output([sys.executable, "-c", program], text=True)  # noqa: S603 - ours
    made = UUID(said.strip())
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert abs((made.int >> 80) - time.time() * 1000) < 5000
