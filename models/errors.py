"""Errors that cross a boundary: a stable code for programs, a Chinese detail for people.

JiesuError
├── Invalid            what was sent cannot be understood: fix it and send again
│   └── Unsupported    a known thing that this installation or version does not do
├── Unauthenticated    who is asking is not known
├── Forbidden          who is asking is known and may not
├── NotFound           nothing of that name is held here
├── Conflict           it does not fit the present state; `fresh` carries that state
├── TooLarge           over a stated limit
├── TooMany            over a stated rate; `retry_after` seconds
└── Unavailable        not now: a resource is missing or full; the operator must act
"""


class JiesuError(Exception):
    """Something a caller can be told; the Chinese `detail` says what to fix."""

    status = 500

    def __init__(self, code: str, detail: str, **extra: object) -> None:
        """Keep `extra` (JSON values only) for the problem document beside code and detail."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.extra = extra


class Invalid(JiesuError):
    """The input cannot be understood as it is."""

    status = 400


class Unsupported(Invalid):
    """The input is understood, and this installation does not do it."""

    status = 422


class Unauthenticated(JiesuError):
    """The sender could not be verified."""

    status = 401


class Forbidden(JiesuError):
    """The sender is known and has no right to this."""

    status = 403


class NotFound(JiesuError):
    """Nothing of that name is held here."""

    status = 404


class Conflict(JiesuError):
    """The request does not fit the present state; `extra["fresh"]` carries it where it helps."""

    status = 409


class TooLarge(JiesuError):
    """The input is over a stated limit."""

    status = 413


class TooMany(JiesuError):
    """Too many requests; `extra["retry_after"]` is in seconds."""

    status = 429


class Unavailable(JiesuError):
    """A resource this needs is missing, full or of the wrong version; the operator must act."""

    status = 503
