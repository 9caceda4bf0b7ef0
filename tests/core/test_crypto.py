"""Encrypted fields."""

import base64
from collections.abc import Iterator

import pytest
from cryptography.exceptions import InvalidTag
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from backend.core.crypto import NONCE, blind_index, decrypt, encrypt


def key(letter: str) -> str:
    """A field key named after its letter."""
    return f"{letter}:{base64.b64encode(letter.encode() * 32).decode()}"


@pytest.fixture
def one_key() -> Iterator[None]:
    with override_settings(FIELD_KEYS=key("a")):
        yield


@given(st.text())
def test_what_went_in_comes_out(plain: str) -> None:
    assert decrypt(encrypt(plain)) == plain


@pytest.mark.usefixtures("one_key")
def test_the_same_text_never_looks_the_same_and_never_shows() -> None:
    first, second = encrypt("11010119500307001X"), encrypt("11010119500307001X")
    assert first != second
    assert b"1101" not in first


@pytest.mark.usefixtures("one_key")
@pytest.mark.parametrize("place", [2, 2 + NONCE, -1])
def test_an_altered_byte_is_noticed(place: int) -> None:
    stored = bytearray(encrypt("张三"))
    stored[place] ^= 1
    with pytest.raises(InvalidTag):
        decrypt(bytes(stored))


def test_old_rows_stay_readable_after_a_new_key_and_new_rows_take_it() -> None:
    with override_settings(FIELD_KEYS=key("a")):
        old, index = encrypt("张三"), blind_index("张三")
    with override_settings(FIELD_KEYS=f"{key('b')},{key('a')}"):
        assert decrypt(old) == "张三"
        assert encrypt("张三").startswith(b"b\0")
        assert blind_index("张三") == index


def test_a_row_cannot_be_passed_off_as_written_under_another_key() -> None:
    same = key("a").split(":")[1]
    with override_settings(FIELD_KEYS=f"a:{same},b:{same}"):
        stored = encrypt("张三")
        with pytest.raises(InvalidTag):
            decrypt(b"b" + stored[1:])


def test_a_lost_key_is_an_error_not_an_empty_text() -> None:
    with override_settings(FIELD_KEYS=key("a")):
        stored = encrypt("张三")
    with override_settings(FIELD_KEYS=key("b")), pytest.raises(KeyError):
        decrypt(stored)


@pytest.mark.usefixtures("one_key")
def test_blind_index_depends_on_text_and_key() -> None:
    assert blind_index("1") != blind_index("2")
    with override_settings(FIELD_KEYS=key("b")):
        other = blind_index("1")
    assert other != blind_index("1")
