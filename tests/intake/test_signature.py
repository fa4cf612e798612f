import hashlib
import hmac

import pytest

from intake.channels.signature import sign, verify
from intake.services import Hook
from models.errors import Forbidden, Unauthenticated
from models.moment import from_epoch_ms, now
from tests.intake.kit import CITY, OTHER, SECRETS, hook, later

BODY = b'{"msgId":"1"}'


def check(headers: dict[str, str], body: bytes = BODY, city: str = CITY) -> str:
    """Verify headers against the hooks of 12345 and give the code of the refusal, "" for none."""
    try:
        verify(headers, body, [h for h in SECRETS.hooks if h.source == "12345"], city, now())
    except (Unauthenticated, Forbidden) as error:
        return error.code
    return ""


def test_the_signature_is_the_one_of_the_protocol() -> None:
    """The signature is computed over app id, timestamp, nonce and body hash, joined by feeds."""
    at = from_epoch_ms(1_795_156_200_000)
    made = sign(Hook(source="12345", city=CITY, app_id="hotline-1", secret="s"), b"{}", at, "n" * 8)
    message = f"hotline-1\n1795156200000\n{'n' * 8}\n{hashlib.sha256(b'{}').hexdigest()}"
    assert made["X-Sign"] == hmac.new(b"s", message.encode(), hashlib.sha256).hexdigest()
    assert made["X-Sign-Type"] == "HMAC-SHA256"


def test_what_was_signed_is_accepted() -> None:
    """A fresh signature of a known app holds, in capitals too."""
    headers = sign(hook(), BODY, now())
    assert check(headers) == ""
    assert check(headers | {"X-Sign": headers["X-Sign"].upper()}) == ""


@pytest.mark.parametrize("name", ["X-App-Id", "X-Timestamp", "X-Nonce", "X-Sign"])
def test_a_missing_header(name: str) -> None:
    """Each of the four headers is needed."""
    headers = sign(hook(), BODY, now())
    del headers[name]
    assert check(headers) == "signature_missing"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("X-Sign", "0" * 64, "signature_invalid"),
        ("X-Sign", "中文", "signature_invalid"),
        ("X-Sign", "\udcff" * 64, "signature_invalid"),
        ("X-App-Id", "nobody", "signature_invalid"),
        ("X-Nonce", "another-nonce", "signature_invalid"),
        ("X-Nonce", "short", "nonce_malformed"),
        ("X-Nonce", "x" * 129, "nonce_malformed"),
        ("X-Timestamp", "now", "timestamp_malformed"),
        ("X-Timestamp", "1" * 13, "signature_invalid"),
        ("X-Sign-Type", "MD5", "signature_type_unsupported"),
    ],
)
def test_a_header_that_was_changed(name: str, value: str, code: str) -> None:
    """A changed header is refused with a code that says which."""
    assert check(sign(hook(), BODY, now()) | {name: value}) == code


def test_a_body_that_was_changed() -> None:
    """A signature holds for its own body only."""
    assert check(sign(hook(), BODY, now()), BODY + b" ") == "signature_invalid"


@pytest.mark.parametrize(
    ("minutes", "code"),
    [(-5.1, "timestamp_out_of_window"), (-4.9, ""), (4.9, ""), (5.1, "timestamp_out_of_window")],
)
def test_the_window_of_time(minutes: float, code: str) -> None:
    """A timestamp holds for five minutes either way."""
    assert check(sign(hook(), BODY, later(minutes))) == code


def test_an_app_speaks_for_its_own_city() -> None:
    """An app of one city is not heard for another, though its signature is right."""
    assert check(sign(hook(), BODY, now()), city=OTHER) == "city_forbidden"


def test_nothing_tells_whether_an_app_exists() -> None:
    """An unknown app and a wrong secret get the same answer."""
    stranger = Hook(source="12345", city=CITY, app_id="stranger", secret="x")
    forger = Hook(source="12345", city=CITY, app_id=hook().app_id, secret="x")
    assert check(sign(stranger, BODY, now())) == check(sign(forger, BODY, now()))
