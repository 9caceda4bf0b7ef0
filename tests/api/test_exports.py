"""Exports: asked for with a purpose, written by a job, stopped, repeated, downloaded for a day; masked as lists are."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone
from python_calamine import CalamineWorkbook

from backend.audit.models import Event
from backend.documents import exports
from backend.documents.models import Export, ExportPart
from backend.jobs.exports import produce
from backend.org.models import Membership, User
from backend.reporting import registers
from tests import factories
from tests.api.caller import Caller
from tests.web.visitor import text, visitor

pytestmark = pytest.mark.django_db
ID_NUMBER = "120114195001013021"


def somebody(role: str = "caseworker") -> User:
    user = factories.user()
    factories.member(user, role, factories.town())
    return user


def ask(caller: Caller, register: str = "families") -> dict[str, Any]:
    body = {"register": register, "unit": str(factories.town().pk), "purpose": "区里年度核对"}
    answer = caller.post("exports/", body)
    assert answer.status_code == 202, answer.content
    made: dict[str, Any] = answer.json()
    return made


def opened(content: bytes) -> list[list[Any]]:
    return list(CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python())


def test_asked_written_downloaded_and_gone_after_a_day() -> None:
    family = factories.family()
    factories.person(family, name="=孙桂兰", certificate=ID_NUMBER, birth_date=date(1950, 1, 1), phone="13820001234",
                     health="41")  # fmt: skip
    caller = Caller(somebody())
    made = ask(caller)
    assert caller.get(f"exports/{made['id']}/file.xlsx").status_code == 409
    produce(export_id=made["id"])
    told = caller.get(f"exports/{made['id']}/").json()
    assert (told["state"], told["done"], told["total"]) == ("ready", 2, 2)
    answer = caller.get(f"exports/{made['id']}/file.xlsx")
    heads, *rows = opened(answer.content)
    row = next(row for row in rows if "=孙桂兰" in row)
    shown = dict(zip(heads, row, strict=True))
    assert heads[:6] == ["序号", "村(居)代码", "村(居)名称", "户编号", "与户主关系码", "姓名"]
    assert "健康码" not in heads
    assert (shown["姓名"], shown["证件号码"], shown["联系电话"]) == ("=孙桂兰", "**************3021", "138****1234")
    assert ID_NUMBER.encode() not in bytes(ExportPart.objects.get().content)
    done = [event.action for event in Event.objects.filter(object_id=made["id"]).order_by("seq", "at", "id")]
    assert sorted(done) == ["export.asked", "export.downloaded", "export.made"]
    assert exports.remove_expired(now=timezone.now()) == 0
    assert exports.remove_expired(now=timezone.now() + timedelta(hours=25)) == 1
    assert not ExportPart.objects.exists()
    assert caller.get(f"exports/{made['id']}/file.xlsx").status_code == 409


def test_rights_are_those_of_the_moment_it_is_written_and_nobody_elses() -> None:
    factories.person(factories.family(), name="孙桂兰")
    factories.person(factories.family(unit=factories.village("210403007201")), name="外地人")
    user = somebody()
    made = ask(Caller(user))
    assert Caller(somebody()).get(f"exports/{made['id']}/").status_code == 404
    Membership.objects.filter(user=user).update(to_date=date(2025, 1, 1))
    produce(export_id=made["id"])
    assert Export.objects.get().state == Export.State.FAILED
    assert not ExportPart.objects.exists()


def test_stopped_while_it_is_written_and_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    for _number in range(3):
        factories.person(factories.family(), name="孙桂兰")
    caller = Caller(somebody())
    made = ask(caller)
    monkeypatch.setattr(registers, "AT_ONCE", 1)
    real, told = exports.advance, []

    def stop_after_the_first(*, export: Export, done: int) -> None:
        told.append(done)
        if done == 2:
            assert caller.post(f"exports/{made['id']}/stop/").json()["state"] == "stopped"
        real(export=export, done=done)

    monkeypatch.setattr(exports, "advance", stop_after_the_first)
    produce(export_id=made["id"])
    assert told == [1, 2]
    assert not ExportPart.objects.exists()
    assert caller.post(f"exports/{made['id']}/stop/").status_code == 409
    again = caller.post(f"exports/{made['id']}/repeat/").json()
    assert (again["state"], again["purpose"]) == ("waiting", "区里年度核对")
    assert again["id"] != made["id"]


@pytest.mark.parametrize("register", ["visits", "pairings"])
def test_the_other_registers(register: str) -> None:
    pairing = factories.pairing()
    factories.visit(pairing)
    caller = Caller(somebody())
    made = ask(caller, register)
    produce(export_id=made["id"])
    rows = opened(caller.get(f"exports/{made['id']}/file.xlsx").content)
    assert len(rows) == 2
    assert pairing.family.label in rows[1]
    assert pairing.helper.name in rows[1]


def test_the_page_asks_and_shows_how_far_it_is() -> None:
    browser = visitor(somebody())
    body = {"register": "families", "unit": str(factories.town().pk), "purpose": "核对", "key": "k"}
    assert browser.post("/exports/", {**body, "purpose": ""}).status_code == 400
    assert browser.post("/exports/", body).status_code == 302
    made = Export.objects.get()
    assert "hx-get" in text(browser.get("/exports/rows/"))
    produce(export_id=str(made.pk))
    assert f"/exports/{made.pk}/file.xlsx" in text(browser.get("/exports/"))
    assert browser.get(f"/exports/{made.pk}/file.xlsx").status_code == 200
    assert browser.post("/exports/", {"verb": "repeat", "export": str(made.pk)}).status_code == 302
    assert Export.objects.count() == 2
    assert visitor(somebody("village")).get("/exports/").status_code == 403
