"""Public notices over HTTP: by everybody while they are up, at the desk by who works there."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
import time_machine
from django.test import Client
from docx import Document

from backend.audit.models import Event
from backend.org import codes
from backend.org.models import CodeEntry, User
from backend.publicity import notices
from backend.publicity.masking import KINDS, NoticeRow
from backend.publicity.models import Notice
from tests import factories
from tests.api.caller import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def up(now: datetime) -> Notice:
    """A notice with one line, about a family with a case."""
    CodeEntry.objects.create(list=KINDS, code="subsidy", label="扶助对象公示", label_en="subsidies")
    CodeEntry.objects.create(list="grievance_channel", code="window", label="窗口", label_en="window")
    for name in (KINDS, "grievance_channel"):
        codes.forget(name)
    case = factories.case()
    row = NoticeRow(
        name="孙桂英", village=factories.village(), birth_date=date(1950, 1, 1), amount=Decimal("960.00"),
        family_id=case.family_id, case_id=case.pk,
    )  # fmt: skip
    with time_machine.travel(now, tick=False):
        return notices.announce(
            kind="subsidy", unit=factories.village(), title="扶助对象公示", rows=[row], days=7,
            actor=factories.actor(), now=now,
        )  # fmt: skip


def somebody(role: str = "caseworker") -> User:
    user = factories.user()
    factories.member(user, role, factories.town())
    return user


def test_everybody_reads_it_while_it_is_up(up: Notice, now: datetime) -> None:
    anybody = Client()
    with time_machine.travel(now + timedelta(days=7), tick=False):
        listed = anybody.get("/api/public-notices/")
        told = anybody.get(f"/api/public-notices/{up.pk}/").json()
    assert [row["number"] for row in listed.json()["results"]] == [up.number]
    assert "noindex" in listed["X-Robots-Tag"]
    assert told["lines"] == [{"position": 1, "name": "孙*英", "locality": "大黄堡镇", "amount": None}]
    assert "2026年3月9日" in told["objection"]
    assert notices.digest_of(told["text"]) == told["digest"]
    # After its last day nobody reads it, also when nothing has taken it down.
    with time_machine.travel(now + timedelta(days=8), tick=False):
        assert anybody.get("/api/public-notices/").json()["results"] == []
        over = anybody.get(f"/api/public-notices/{up.pk}/").json()
        body = {"number": up.number, "text": told["text"]}
        notices.take_down_what_is_over(actor=factories.actor(), now=now + timedelta(days=8))
        answers = [
            anybody.post("/api/public-notices/check/", {**body, **other}, content_type="application/json").json()
            for other in ({}, {"text": told["text"].replace("孙", "李")}, {"number": "GS-0"})
        ]
    assert (over["is_public"], over["lines"], over["text"], over["title"]) == (False, [], "", "")
    assert over["digest"] == told["digest"]
    assert answers == [{"genuine": True}, {"genuine": False}, {"genuine": False}]


def test_an_address_reads_only_so_much(up: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.api.throttling.PublicBoard.rate", "2/min", raising=False)
    anybody = Client()
    found = [anybody.get("/api/public-notices/").status_code for _time in range(3)]
    assert found == [200, 200, 429]


def test_the_paper_is_an_event(up: Notice, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        caller = Caller(somebody())
        answer = caller.get(f"notices/{up.pk}/board.docx")
        stranger = factories.user()
        factories.member(stranger, "caseworker", factories.town(factories.OTHER_TOWN))
        assert Caller(stranger).get(f"notices/{up.pk}/board.docx").status_code == 404
    assert answer.status_code == 200
    paper = Document(BytesIO(answer.content))
    assert [cell.text for cell in paper.tables[0].rows[1].cells] == ["1", "孙*英", "赵庄村", "960.00元"]
    assert Event.objects.filter(action="notice.printed", object_id=str(up.pk)).count() == 1


def test_taken_down_with_a_reason_by_who_answers_for_it(up: Notice, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        assert Caller(somebody()).post(f"notices/{up.pk}/take-down/", {"reason": "有误"}).status_code == 403
        supervisor = Caller(somebody("supervisor"))
        assert supervisor.post(f"notices/{up.pk}/take-down/", {"reason": ""}).status_code == 400
        answer = supervisor.post(f"notices/{up.pk}/take-down/", {"reason": "名单有误"})
        shown = supervisor.get(f"notices/{up.pk}/").json()
        assert supervisor.get(f"notices/{up.pk}/board.docx").status_code == 409
    assert answer.json()["state"] == "taken_down"
    assert [(sheet["lines"], sheet["text"]) for sheet in shown["sheets"]] == [([], ""), ([], "")]
