"""Encryption bound to a place, keyed hashes, and the values we give out."""

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.common.secrets import (
    ADMIN_TOKEN_PREFIX,
    DecryptionError,
    Keyring,
    KeyringError,
    hint,
    is_well_formed,
    new_api_key,
    new_value,
    read_master,
)

MASTER = "m" * 32
KEYRING = Keyring(MASTER)
PLACE = "provider:7:credential"
VALUE = new_api_key()
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@given(st.text())
def test_what_is_encrypted_is_decrypted_in_its_place_only(text: str) -> None:
    sealed = KEYRING.encrypt(text, PLACE)
    assert KEYRING.decrypt(sealed, PLACE) == text
    for other in ("provider:8:credential", "model:7:credential", ""):
        with pytest.raises(DecryptionError):
            KEYRING.decrypt(sealed, other)


@given(st.integers(min_value=0), st.integers(1, 255))
def test_a_damaged_ciphertext_is_noticed(place: int, flip: int) -> None:
    sealed = bytearray(KEYRING.encrypt("sk-credential", PLACE))
    sealed[place % len(sealed)] ^= flip
    with pytest.raises(DecryptionError):
        KEYRING.decrypt(bytes(sealed), PLACE)


@given(st.binary(max_size=40))
def test_any_bytes_are_refused_in_order(sealed: bytes) -> None:
    with pytest.raises(DecryptionError):
        KEYRING.decrypt(sealed, PLACE)


def test_another_master_secret_decrypts_nothing() -> None:
    with pytest.raises(DecryptionError) as caught:
        Keyring("n" * 32).decrypt(KEYRING.encrypt("sk-credential", PLACE), PLACE)
    assert "sk-credential" not in str(caught.value)


def test_nothing_encrypts_to_the_same_twice() -> None:
    assert len({KEYRING.encrypt("x", PLACE) for _ in range(100)}) == 100


def test_hashes_are_keyed_per_purpose_and_master_secret() -> None:
    other = Keyring("n" * 32)
    hashes = {KEYRING.api_key_digest("v"), KEYRING.digest("v"), other.api_key_digest("v"), other.digest("v")}
    assert len(hashes) == 4
    assert KEYRING.api_key_digest("v") == Keyring(MASTER).api_key_digest("v")
    assert KEYRING.api_key_digest("\ud800") != KEYRING.api_key_digest("?")
    assert Keyring(MASTER).check_value == KEYRING.check_value != other.check_value


def test_a_keyring_does_not_show_itself() -> None:
    assert MASTER not in repr(KEYRING)


def test_api_keys_have_a_published_form() -> None:
    keys = {new_api_key() for _ in range(1000)}
    assert len(keys) == 1000
    for key in keys:
        assert re.fullmatch(r"gwk_[0-9A-Za-z]{38}", key)
        assert is_well_formed(key)


@given(st.integers(0, len(VALUE) - 1), st.sampled_from(ALPHABET + "_- \n\0é"))
def test_one_wrong_character_is_noticed(place: int, character: str) -> None:
    changed = VALUE[:place] + character + VALUE[place + 1 :]
    assert is_well_formed(changed) == (changed == VALUE)


@given(st.text())
def test_any_text_can_be_checked(text: str) -> None:
    assert not is_well_formed(text)
    assert not is_well_formed(VALUE + text + "x")


def test_an_admin_token_is_no_api_key() -> None:
    token = new_value(ADMIN_TOKEN_PREFIX)
    assert is_well_formed(token, ADMIN_TOKEN_PREFIX)
    assert not is_well_formed(token)
    assert not is_well_formed(VALUE, ADMIN_TOKEN_PREFIX)


def test_a_hint_gives_little_away() -> None:
    assert hint("sk-0123456789abcdef") == "cdef"
    assert hint("0123456789abcde") is None


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "gateway.key"
    first = read_master(None, file, may_create=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first) >= 32
    assert read_master(None, file, may_create=True) == first
    assert read_master(None, file, may_create=False) == first


def test_the_setting_comes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "gateway.key"
    assert read_master(f" {MASTER}\n", file, may_create=True) == MASTER
    assert not file.exists()


def test_a_lost_key_file_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="ENCRYPTION_KEY_FILE"):
        read_master(None, tmp_path / "gateway.key", may_create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"short-secret", b"\xff" * 40])
def test_an_unusable_key_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "gateway.key"
    file.write_bytes(content)
    with pytest.raises(KeyringError, match="ENCRYPTION_KEY_FILE") as caught:
        read_master(None, file, may_create=True)
    assert "short-secret" not in str(caught.value)


def test_a_key_file_where_none_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyringError, match="ENCRYPTION_KEY_FILE"):
        read_master(None, tmp_path / "file" / "gateway.key", may_create=True)
