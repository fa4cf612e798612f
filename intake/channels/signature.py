r"""The signature of messages between platforms (domain section 5.3), both ways.

`X-Sign` is the hex of HMAC-SHA256, under the secret both sides hold, of
`app_id + "\n" + timestamp + "\n" + nonce + "\n" + hex(SHA-256(body))`; the timestamp counts
milliseconds since 1970 UTC and holds for five minutes either way.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from intake.delivery import Proof
from intake.services import Hook
from models.errors import Forbidden, Unauthenticated
from models.moment import from_epoch_ms

SIGN_TYPE: Final = "HMAC-SHA256"
WINDOW: Final = timedelta(minutes=5)
_TIMESTAMP: Final = re.compile(r"[0-9]{10,15}")
_NONCE: Final = re.compile(r"[\x21-\x7e]{8,128}")
_SIGN: Final = re.compile(r"[0-9a-fA-F]{64}")
_HEADERS: Final = ("X-App-Id", "X-Timestamp", "X-Nonce", "X-Sign")


def sign(hook: Hook, body: bytes, at: datetime, nonce: str | None = None) -> dict[str, str]:
    """Make the headers that sign a body; the nonce is random unless given."""
    nonce = nonce or secrets.token_hex(16)
    timestamp = str(int(at.timestamp() * 1000))
    digest = hashlib.sha256(body).hexdigest()
    return {
        "X-App-Id": hook.app_id,
        "X-Timestamp": timestamp,
        "X-Nonce": nonce,
        "X-Sign-Type": SIGN_TYPE,
        "X-Sign": _mac(hook.secret, hook.app_id, timestamp, nonce, digest).decode(),
    }


def verify(
    headers: Mapping[str, str], body: bytes, hooks: Iterable[Hook], city: str, at: datetime
) -> Proof:
    """Check a body's signature and give what proves it.

    Unauthenticated when a header is missing or malformed, the clock is off, or nobody known signed;
    Forbidden when who signed may not speak for the city. It does not say whether the app id exists.
    """
    app_id, timestamp, nonce, given = _read(headers)
    body_hash = hashlib.sha256(body)
    digest = body_hash.hexdigest()
    signers = [
        hook
        for hook in hooks
        if hook.app_id == app_id
        and hmac.compare_digest(_mac(hook.secret, app_id, timestamp, nonce, digest), given.encode())
    ]
    if not signers:
        code = "signature_invalid"
        raise Unauthenticated(code, "签名校验失败,请核对 X-App-Id、密钥与签名算法(见接口文档)。")
    issued = from_epoch_ms(int(timestamp))
    if abs(issued - at) > WINDOW:
        code = "timestamp_out_of_window"
        raise Unauthenticated(
            code, "X-Timestamp 与服务器时间相差超过 5 分钟,请校准时钟后重新签名。"
        )
    if all(hook.city != city for hook in signers):
        code = "city_forbidden"
        raise Forbidden(code, f"该应用无权向 {city} 推送,请核对地址中的行政区划代码。")
    keyed = hmac.digest(signers[0].secret.encode(), body_hash.digest(), "sha256")
    return Proof(app_id=app_id, nonce=nonce, digest=keyed, at=issued)


def _read(headers: Mapping[str, str]) -> tuple[str, str, str, str]:
    missing = [name for name in _HEADERS if not headers.get(name)]
    if missing:
        code = "signature_missing"
        raise Unauthenticated(code, f"缺少请求头 {'、'.join(missing)}。")
    if headers.get("X-Sign-Type", SIGN_TYPE).upper() != SIGN_TYPE:
        code = "signature_type_unsupported"
        raise Unauthenticated(code, f"X-Sign-Type 须为 {SIGN_TYPE}。")
    app_id, timestamp, nonce, given = (headers[name] for name in _HEADERS)
    if not _TIMESTAMP.fullmatch(timestamp):
        code = "timestamp_malformed"
        raise Unauthenticated(code, "X-Timestamp 须为毫秒时间戳。")
    if not _NONCE.fullmatch(nonce):
        code = "nonce_malformed"
        raise Unauthenticated(code, "X-Nonce 须为 8 至 128 个可见 ASCII 字符。")
    if not _SIGN.fullmatch(given):
        code = "signature_invalid"
        raise Unauthenticated(code, "X-Sign 须为 64 位十六进制。")
    return app_id, timestamp, nonce, given.lower()


def _mac(secret: str, app_id: str, timestamp: str, nonce: str, digest: str) -> bytes:
    message = f"{app_id}\n{timestamp}\n{nonce}\n{digest}".encode()
    return hmac.digest(secret.encode(), message, "sha256").hex().encode()
