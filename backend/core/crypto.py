"""Sensitive fields: encrypted at rest, found by a keyed digest, masked by default.

AES-256-GCM (cryptography) with a random nonce; the key's id goes in front so that keys can be changed while old rows
stay readable. PIPL art. 28, 51: sensitive personal data is encrypted.
"""

import base64
import hashlib
import hmac
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

NONCE = 12


@lru_cache(maxsize=4)
def _keys(setting: str) -> dict[str, bytes]:
    pairs = (entry.split(":", 1) for entry in setting.split(","))
    return {name: base64.b64decode(key) for name, key in pairs}


@lru_cache(maxsize=16)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def encrypt(plain: str) -> bytes:
    """The text under the newest key: id, 0x00, nonce, ciphertext with tag."""
    return encrypt_bytes(plain.encode())


def encrypt_bytes(plain: bytes) -> bytes:
    """Bytes under the newest key, in the same form."""
    name, key = next(iter(_keys(settings.FIELD_KEYS).items()))
    nonce = os.urandom(NONCE)
    return name.encode() + b"\0" + nonce + _cipher(key).encrypt(nonce, plain, name.encode())


def decrypt(stored: bytes) -> str:
    """The text again. Raises KeyError when its key is gone, InvalidTag when the bytes were altered."""
    return decrypt_bytes(stored).decode()


def decrypt_bytes(stored: bytes) -> bytes:
    """The bytes again; raises as `decrypt` does."""
    name, _, rest = bytes(stored).partition(b"\0")
    key = _keys(settings.FIELD_KEYS)[name.decode()]
    return _cipher(key).decrypt(rest[:NONCE], rest[NONCE:], name)


@lru_cache(maxsize=4)
def _index_key(setting: str) -> bytes:
    oldest = list(_keys(setting).values())[-1]
    return hmac.new(oldest, b"blind-index", hashlib.sha256).digest()


def blind_index(value: str) -> bytes:
    """A keyed digest (HMAC-SHA-256) for finding equal values without storing them readably."""
    return hmac.new(_index_key(settings.FIELD_KEYS), value.encode(), hashlib.sha256).digest()


def signature(message: bytes, *, purpose: str, key: str = "") -> tuple[str, bytes]:
    """Which key (by default the newest) and its HMAC-SHA-256 of the message, different for every purpose.

    Raises KeyError when that key is gone.
    """
    keys = _keys(settings.FIELD_KEYS)
    name = key or next(iter(keys))
    derived = hmac.new(keys[name], purpose.encode(), hashlib.sha256).digest()
    return name, hmac.new(derived, message, hashlib.sha256).digest()


if TYPE_CHECKING:
    TextField = models.Field[str, str]
else:
    TextField = models.Field


class EncryptedText(TextField):
    """A text that is stored encrypted; empty stays empty. It cannot be searched: keep a blind index beside it."""

    def get_internal_type(self) -> str:
        """Stored as bytes."""
        return "BinaryField"

    def from_db_value(self, value: bytes | None, expression: object, connection: object) -> str:
        """Decrypt on reading."""
        return decrypt(value) if value else ""

    def get_prep_value(self, value: str | None) -> bytes:
        """Encrypt on writing."""
        return encrypt(value) if value else b""

    def value_to_string(self, obj: models.Model) -> str:
        """Serialised only as ciphertext."""
        return base64.b64encode(self.get_prep_value(self.value_from_object(obj))).decode()
