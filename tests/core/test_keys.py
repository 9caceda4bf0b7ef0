"""Secrets that an installation makes for itself."""

import base64
from pathlib import Path

import pytest
from django.test import override_settings

from backend.core import checks, keys


def test_made_once_and_kept(tmp_path: Path) -> None:
    assert keys.kept(tmp_path) == {}
    keys.make(tmp_path)
    first = keys.kept(tmp_path)
    keys.make(tmp_path)
    assert keys.kept(tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == [keys.FILE]


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    keys.make(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / keys.FILE).stat().st_mode & 0o777 == 0o600


def test_two_installations_differ(tmp_path: Path) -> None:
    for name in ("a", "b"):
        keys.make(tmp_path / name)
    a, b = keys.kept(tmp_path / "a"), keys.kept(tmp_path / "b")
    assert a.keys() == b.keys() == {"secret_key", "field_keys", "demo_password"}
    assert not set(a.values()) & set(b.values())


def test_made_keys_pass_the_checks(tmp_path: Path) -> None:
    keys.make(tmp_path)
    made = keys.kept(tmp_path)
    with override_settings(DEMO=False, DEBUG=False, SECRET_KEY=made["secret_key"], FIELD_KEYS=made["field_keys"]):
        assert checks.check_secrets() == []


@override_settings(DEMO=False, DEBUG=True, SECRET_KEY=keys.INSECURE_SECRET, FIELD_KEYS=keys.INSECURE_FIELD_KEYS)
def test_real_use_refuses_secrets_of_the_source_code() -> None:
    assert [problem.id for problem in checks.check_secrets()] == ["jieqin.E002", "jieqin.E003", "jieqin.E004"]


@override_settings(
    DEMO=False, DEBUG=False, SECRET_KEY="short", FIELD_KEYS="new:" + base64.b64encode(b"1" * 32).decode()
)
def test_real_use_refuses_a_short_secret() -> None:
    assert [problem.id for problem in checks.check_secrets()] == ["jieqin.E002"]


@override_settings(
    DEMO=False, SECRET_KEY="x" * 50, FIELD_KEYS=f"new:{base64.b64encode(b'1' * 32).decode()},{keys.INSECURE_FIELD_KEYS}"
)
def test_real_use_refuses_the_known_field_key_also_as_an_old_one() -> None:
    assert [problem.id for problem in checks.check_secrets()] == ["jieqin.E003"]


@pytest.mark.parametrize(
    "text", ["", "key", "a:", ":MTIz", "a:short", "a:!!!", "a:" + base64.b64encode(b"1" * 31).decode()]
)
def test_broken_field_keys_are_named(text: str) -> None:
    with override_settings(DEMO=True, FIELD_KEYS=text):
        assert [problem.id for problem in checks.check_secrets()] == ["jieqin.E001"]
