"""The settings are safe unless somebody says otherwise."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from backend.core import environment, keys


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment that says nothing, and an empty data folder."""
    for name in ("DEMO", "DEBUG", "HTTPS", "SECRET_KEY", "FIELD_KEYS", "ALLOWED_HOSTS", "TRUSTED_ORIGINS"):
        monkeypatch.delenv(f"JIEQIN_{name}", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("JIEQIN_DATA", str(tmp_path))
    return monkeypatch


def read() -> dict[str, Any]:
    """The settings as a new process would read them."""
    return runpy.run_path(str(settings.ROOT / "backend" / "settings.py"))


@pytest.mark.usefixtures("clean")
def test_nothing_said() -> None:
    found = read()
    assert found["DEBUG"] is False
    assert "*" not in found["ALLOWED_HOSTS"]
    assert found["X_FRAME_OPTIONS"] == "DENY"
    assert found["CSRF_COOKIE_HTTPONLY"] is True
    assert found["DATABASES"]["default"]["HOST"].endswith("/postgres")
    middleware = found["MIDDLEWARE"]
    assert "django.middleware.csrf.CsrfViewMiddleware" in middleware
    assert "django.middleware.security.SecurityMiddleware" in middleware


def test_real_use_sends_cookies_over_tls_only(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("JIEQIN_DEMO", "0")
    found = read()
    assert found["SESSION_COOKIE_SECURE"] is True
    assert found["CSRF_COOKIE_SECURE"] is True
    assert found["LOGGING"]["texts"] is False
    assert "SECURE_PROXY_SSL_HEADER" not in found  # nobody but a proxy may say that a request came by TLS


def test_behind_a_proxy_with_tls(clean: pytest.MonkeyPatch) -> None:
    clean.setenv("JIEQIN_HTTPS", "1")
    found = read()
    assert found["SECURE_SSL_REDIRECT"] is True
    assert found["SECURE_HSTS_SECONDS"] >= 365 * 24 * 3600
    assert found["SESSION_COOKIE_SECURE"] is True


def test_secrets_come_from_the_environment_then_from_the_data_folder(clean: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert read()["SECRET_KEY"] == keys.INSECURE_SECRET
    keys.make(tmp_path)
    assert read()["SECRET_KEY"] == keys.kept(tmp_path)["secret_key"]
    clean.setenv("JIEQIN_SECRET_KEY", "from the environment")
    assert read()["SECRET_KEY"] == "from the environment"


@pytest.mark.parametrize(("value", "meant"), [("1", True), ("TRUE", True), ("off", False), ("0", False), ("", True)])
def test_flags(monkeypatch: pytest.MonkeyPatch, value: str, meant: bool) -> None:
    monkeypatch.setenv("JIEQIN_TRIED", value)
    assert environment.flag("JIEQIN_TRIED", True) is meant


def test_an_unclear_flag_or_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIEQIN_TRIED", "perhaps")
    with pytest.raises(ValueError, match="JIEQIN_TRIED"):
        environment.flag("JIEQIN_TRIED", False)
    with pytest.raises(ValueError, match="JIEQIN_TRIED"):
        environment.number("JIEQIN_TRIED", 1)
