"""Who complains is protected: the vault's encryption, blind indexes, masking."""

import hmac
import os
import re
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.errors import Unavailable

_NONCE_BYTES: Final = 12
_NOT_DIGIT: Final = re.compile(r"\D+")
_COUNTRY: Final = "86"
_MOBILE_DIGITS: Final = 11
_SHORTEST_PHONE: Final = 7


class Vault:
    """Seals one field of one case with AES-256-GCM, bound to its place by associated data.

    A sealed value moved to another city, case or field does not open. Keys have versions: the
    highest seals, the version stored beside the value opens.
    """

    def __init__(self, keys: Mapping[int, bytes], index_key: bytes) -> None:
        """Take keys of 32 bytes by version (at least one) and the key of the blind indexes."""
        self._ciphers = {version: AESGCM(key) for version, key in keys.items()}
        self._index_key = index_key
        self.version = max(keys)
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


def normal_phone(phone: str) -> str:
    """Reduce a phone number to its digits, without China's country code."""
    digits = _NOT_DIGIT.sub("", phone)
    if len(digits) > _MOBILE_DIGITS:
        digits = digits.removeprefix("00").removeprefix(_COUNTRY)
    return digits


def mask_name(name: str) -> str:
    """Keep the first character of a name: 张*."""
    return f"{name[0]}{'*' * min(len(name) - 1, 2) or '*'}" if name else ""


def mask_phone(phone: str) -> str:
    """Keep the first three and last four digits: 138****0000; of a short number the last two."""
    digits = normal_phone(phone)
    if len(digits) < _SHORTEST_PHONE:
        return "*" * max(len(digits) - 2, 0) + digits[-2:] if digits else ""
    return f"{digits[:3]}****{digits[-4:]}"


def mask_text(value: str) -> str:
    """Keep the first two characters of an address or id, and not its length."""
    return f"{value[:2]}***" if value else ""
