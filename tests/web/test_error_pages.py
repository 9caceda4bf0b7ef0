"""Plain pages for what went wrong: they say it in the reader's language and keep what was typed."""

from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.db import OperationalError
from django.test import Client, RequestFactory
from pytest_django import DjangoDbBlocker

from backend.web import errors
from tests import factories
from tests.web.visitor import visitor


def guarded(language: str = "en") -> Client:
    """A browser whose forms must carry the token, before log-in."""
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "said"), [("en", "There is nothing here"), ("zh-hans", "没有找到")])
def test_what_is_not_there(language: str, said: str) -> None:
    for client in (visitor(factories.user("caseworker", role="caseworker"), language), guarded(language)):
        answer = client.get("/no-such-page/")
        assert answer.status_code == 404
        assert said in answer.content.decode()
        assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.django_db
def test_what_is_not_open_to_one() -> None:
    here = visitor(factories.user("sys", role="sysadmin"))
    answer = here.get("/families/", headers={"Referer": "http://testserver/administration/units/"})
    assert answer.status_code == 403
    assert "not open to you" in answer.content.decode()
    assert 'href="http://testserver/administration/units/"' in answer.content.decode()
    elsewhere = here.get("/families/", headers={"Referer": "http://elsewhere.example/"})
    assert "elsewhere.example" not in elsewhere.content.decode()


@pytest.mark.django_db
def test_a_part_of_a_page_gets_a_part() -> None:
    here = visitor(factories.user("sys", role="sysadmin"))
    answer = here.get("/families/", headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert "<html" not in answer.content.decode()


SENT = {"label": "孙桂兰 <b>", "username": "someone", "password": "not to be shown", "old": "not either", "empty": " "}


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "said"), [("en", "The form was not accepted"), ("zh-hans", "表单未被接受")])
def test_a_form_that_was_open_too_long_is_given_back(language: str, said: str) -> None:
    answer = guarded(language).post("/log-in/", SENT)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert said in page
    assert "孙桂兰 &lt;b&gt;" in page
    assert "someone" in page
    assert "not to be shown" not in page
    assert "not either" not in page


@pytest.mark.django_db
def test_another_site_cannot_have_its_words_shown() -> None:
    answer = guarded().post("/log-in/", SENT, headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 403
    assert "孙桂兰" not in answer.content.decode()


@pytest.mark.django_db
def test_a_form_sent_after_the_session_ended_is_given_back() -> None:
    form = "/administration/units/new/"
    answer = Client().post(form, {"name": "共建单位甲"}, headers={"Referer": f"http://testserver{form}"})
    assert answer.status_code == 401
    page = answer.content.decode()
    assert "共建单位甲" in page
    assert "/log-in/?next=" in page


@pytest.mark.django_db
def test_what_is_too_large(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = guarded("en").post("/log-in/", {"label": "x" * 200})
    assert answer.status_code == 413
    assert "too large" in answer.content.decode()


def test_what_is_malformed() -> None:
    answer = errors.malformed(RequestFactory().get("/api/me/"), TooManyFieldsSent())
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("language", "said"), [("en", "Something went wrong here"), ("zh-hans", "系统出错了")])
def test_an_error_of_ours_without_the_database(
    language: str, said: str, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> None:
    client = guarded(language)
    client.raise_request_exception = False
    client.cookies[settings.SESSION_COOKIE_NAME] = "somebody's"

    def gone(*_: Any, **__: Any) -> None:
        raise OperationalError("the database is gone: secret words")

    with django_db_blocker.unblock():
        monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.ensure_connection", gone)
        answer = client.get("/inbox/")
    assert answer.status_code == 500
    page = answer.content.decode()
    assert said in page
    assert answer.headers["X-Request-ID"] in page
    assert "secret words" not in page
