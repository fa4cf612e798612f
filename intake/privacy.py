"""Who complains is protected: the vault's encryption and blind indexes."""

import hmac
import os
import re
from collections.abc import Sequence
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.db import identity
from models.db.pool import Connection
from models.errors import Unavailable

_NONCE_BYTES: Final = 12
_NOT_DIGIT: Final = re.compile(r"\D+")
_COUNTRY: Final = "86"
_MOBILE_DIGITS: Final = 11


class Key(Protocol):
    """One version of the vault's key, in hex."""

    @property
    def version(self) -> int:
        """Which version."""
        ...

    @property
    def key(self) -> str:
        """Its 32 bytes in hex."""
        ...


class Keys(Protocol):
    """What the vault needs of `intake.services.Secrets`."""

    @property
    def vault_keys(self) -> Sequence[Key]:
        """All versions of the key."""
        ...

    @property
    def index_key(self) -> str:
        """The key of blind indexes and fingerprints, in hex."""
        ...


class Vault:
    """Seals one field of one case with AES-256-GCM, bound to its place by associated data.

    A sealed value moved to another city, case or field does not open. Keys have versions: the
    highest seals, the version stored beside the value opens.
    """

    def __init__(self, keys: Keys) -> None:
        """Take the keys, at least one version."""
        self._ciphers = {k.version: AESGCM(bytes.fromhex(k.key)) for k in keys.vault_keys}
        self._index_key = bytes.fromhex(keys.index_key)
        self.version = max(self._ciphers)
        self._newest = self._ciphers[self.version]

    def seal(self, city: str, case_no: int, field: str, value: str) -> bytes:
        """Encrypt a value under the newest key: twelve bytes of nonce, then ciphertext and tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._newest.encrypt(nonce, value.encode(), _place(city, case_no, field))

    def open(self, city: str, case_no: int, field: str, version: int, sealed: bytes) -> str:
        """Decrypt a value; Unavailable when the key is missing or the value was tampered with."""
        cipher = self._ciphers.get(version)
        if cipher is None:
            code = "vault_key_missing"
            raise Unavailable(code, f"缺少第 {version} 版身份信息密钥,请管理员恢复密钥文件。")
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, body, _place(city, case_no, field)).decode()
        except InvalidTag as error:
            code = "vault_tampered"
            raise Unavailable(code, "身份信息密文校验失败,可能被改动,请联系管理员。") from error

    def phone_index(self, city: str, phone: str) -> bytes:
        """Give the blind index of a phone number: equal for equal numbers of one city only."""
        return self._index(city, "phone", normal_phone(phone))

    def wechat_index(self, city: str, wechat: str) -> bytes:
        """Give the blind index of a WeChat id, which is told apart by case."""
        return self._index(city, "wechat", wechat.strip())

    def fingerprint(self, content: bytes) -> bytes:
        """Give what equal contents share, and nobody without the key can test a guess against."""
        return hmac.digest(self._index_key, b"content|" + content, "sha256")

    def _index(self, city: str, field: str, value: str) -> bytes:
        return hmac.digest(self._index_key, f"{city}|{field}|{value}".encode(), "sha256")


def _place(city: str, case_no: int, field: str) -> bytes:
    return f"{city}|{case_no}|{field}".encode()


async def reveal(
    conn: Connection, vault: Vault, city: str, case_no: int, *, field: str, reason: str, staff: str
) -> str | None:
    """Show one field of who reported; who looked and why is written in the same transaction.

    None where that field was not given; Invalid without a reason, NotFound without an identity.
    """
    version, sealed = await identity.reveal(conn, city, case_no, field, reason, staff)
    return vault.open(city, case_no, field, version, sealed) if sealed else None


def normal_phone(phone: str) -> str:
    """Reduce a phone number to its digits, without China's country code."""
    digits = _NOT_DIGIT.sub("", phone)
    if len(digits) > _MOBILE_DIGITS:
        digits = digits.removeprefix("00").removeprefix(_COUNTRY)
    return digits
