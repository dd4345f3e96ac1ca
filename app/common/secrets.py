"""The master secret and what is derived from it: encryption at rest, keyed hashes; and the values we give out.

Credentials are encrypted since we need them back. API keys, admin tokens and sessions are hashed since we don't.
"""

import binascii
import hmac
import os
import re
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MASTER_LENGTH: Final = 32
"""Least number of characters of a master secret."""
API_KEY_PREFIX: Final = "gwk_"
ADMIN_TOKEN_PREFIX: Final = "gwa_"  # noqa: S105  # the beginning of every token, no token

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH: Final = 32
_CHECKSUM_LENGTH: Final = 6
# Per digit of a checksum, the value of each character there.
_PLACES: Final[list[dict[int, int]]] = [
    {ord(c): i * 62**power for i, c in enumerate(_BASE62)} for power in reversed(range(_CHECKSUM_LENGTH))
]
_SHAPE: Final = re.compile(rb"gw[a-z]_[0-9A-Za-z]{38}")
_FORMAT: Final = b"\x01"
_NONCE_LENGTH: Final = 12
_HINT_LENGTH: Final = 4


class KeyringError(Exception):
    """The master secret is missing, unusable or another one. The message names the setting, never the value."""


class DecryptionError(Exception):
    """A ciphertext is damaged, belongs to another place, or was made with another master secret."""


class Keyring:
    """Subkeys of the master secret, derived with HKDF-SHA256 (RFC 5869)."""

    def __init__(self, master: str) -> None:
        secret = master.encode()
        self._cipher = AESGCM(_derive(secret, "credential"))
        self._api_key_key = _derive(secret, "api-key")
        self._admin_key = _derive(secret, "admin")
        self.check_value: str = _derive(secret, "check").hex()
        """Tells master secrets apart; kept in the database to notice a wrong one at start."""

    def __repr__(self) -> str:
        return "Keyring(...)"

    def encrypt(self, plaintext: str, place: str) -> bytes:
        """AES-256-GCM (NIST SP 800-38D) with a random nonce, bound to `place`, e.g. `provider:7:credential`."""
        nonce = os.urandom(_NONCE_LENGTH)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, plaintext.encode(), _FORMAT + place.encode())

    def decrypt(self, ciphertext: bytes, place: str) -> str:
        """The plaintext of `encrypt`, for the same place only.

        :raises DecryptionError:
        """
        nonce, sealed = ciphertext[1 : 1 + _NONCE_LENGTH], ciphertext[1 + _NONCE_LENGTH :]
        try:
            return self._cipher.decrypt(nonce, sealed, ciphertext[:1] + place.encode()).decode()
        except (InvalidTag, ValueError):  # ValueError: too short to be one of ours
            raise DecryptionError(f"{place} can't be decrypted") from None

    def api_key_digest(self, value: str) -> bytes:
        """Keyed hash (HMAC-SHA256, 32 bytes) of an API key. On the way of every request: about 1.5 us."""
        return hmac.digest(self._api_key_key, value.encode("utf-8", "surrogatepass"), "sha256")

    def digest(self, value: str) -> bytes:
        """The same for what opens the admin API, under a key of its own: no hash of one passes for the other's."""
        return hmac.digest(self._admin_key, value.encode("utf-8", "surrogatepass"), "sha256")


def _derive(secret: bytes, purpose: str) -> bytes:
    info = f"llm-gateway/{purpose}/v1".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)


def new_value(prefix: str) -> str:
    """A new secret to give out: `prefix`, 32 random base62 characters (190 bits), 6 of CRC-32 of all before."""
    value = prefix + "".join(secrets.choice(_BASE62) for _ in range(_RANDOM_LENGTH))
    checksum = binascii.crc32(value.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        checksum, digit = divmod(checksum, 62)
        digits = _BASE62[digit] + digits
    return value + digits


def new_api_key() -> str:
    return new_value(API_KEY_PREFIX)


def is_well_formed(value: str, prefix: str = API_KEY_PREFIX) -> bool:
    """Whether `value` can be one of ours: a typo or another vendor's key is told apart without a look-up."""
    try:
        raw = value.encode("ascii")
    except UnicodeEncodeError:
        return False
    if _SHAPE.fullmatch(raw) is None or not value.startswith(prefix):
        return False
    a, b, c, d, e, f = _PLACES
    u, v, w, x, y, z = raw[-_CHECKSUM_LENGTH:]
    return a[u] + b[v] + c[w] + d[x] + e[y] + f[z] == binascii.crc32(raw[:-_CHECKSUM_LENGTH])


def hint(value: str) -> str | None:
    """The last characters, to tell secrets apart by; None where they would give away too much of a short one."""
    return value[-_HINT_LENGTH:] if len(value) >= 4 * _HINT_LENGTH else None


def read_master(key: str | None, file: Path, *, may_create: bool) -> str:
    """The master secret: `key` (ENCRYPTION_KEY), or the content of `file` (ENCRYPTION_KEY_FILE).

    :param may_create: make the file with a random secret when missing; only for a database that has none yet.
    :raises KeyringError:
    """
    if key is not None:
        return key.strip()
    if may_create and not file.exists():
        _create(file)
    try:
        secret = file.read_text("utf-8").strip()
    except FileNotFoundError:
        raise KeyringError(
            "ENCRYPTION_KEY_FILE: the file is missing, and the database was set up with one."
            " Put it back, or set ENCRYPTION_KEY to its content."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyringError(f"ENCRYPTION_KEY_FILE: can't be read ({type(error).__name__}).") from None
    if len(secret) < MASTER_LENGTH:
        raise KeyringError(f"ENCRYPTION_KEY_FILE: the file holds fewer than {MASTER_LENGTH} characters.")
    return secret


def _create(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise KeyringError(f"ENCRYPTION_KEY_FILE: can't be made ({type(error).__name__}).") from None
    with os.fdopen(descriptor, "w") as stream:
        stream.write(secrets.token_urlsafe(48) + "\n")
