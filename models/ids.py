"""Identifiers that sort by time (UUID version 7, RFC 9562)."""

import os
import time
from uuid import UUID


class _Clock:
    """Milliseconds and twelve bits of their fraction; never repeats, never goes back."""

    last = 0

    def tick(self) -> int:
        milliseconds, rest = divmod(time.time_ns(), 1_000_000)
        self.last = max(self.last + 1, milliseconds << 12 | rest * 4096 // 1_000_000)
        return self.last


_clock = _Clock()


def uuid7() -> UUID:
    """Make a UUID of this moment that sorts after all that this process made before."""
    stamp = _clock.tick()
    value = stamp >> 12 << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64
    value |= 0x2 << 62 | int.from_bytes(os.urandom(8)) >> 2
    return UUID(int=value)
