"""Pages of findings: raised from a case's history or a sample's row, listed with state and day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.inspection.models import Finding
from tests.api.test_findings import ANSWER, TEXT, Town
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@kept
def town() -> Town:
    return Town()


@pytest.fixture
def auditor(town: Town) -> Client:
    return visitor(town.auditor)


def test_from_the_history_of_a_case_to_the_inbox(town: Town, auditor: Client) -> None:
    history = f"/cases/{town.case.pk}/history/"
    new = f"/findings/new/?case={town.case.pk}"
    assert f'href="{new}"' in text(auditor.get(history))
    assert "record missing" in text(auditor.get(new))
    refused = auditor.post(new, {"text": TEXT})
    assert refused.status_code == 400
    assert TEXT in refused.content.decode()
    assert auditor.post(new, {"kind": "record_missing", "text": TEXT})["Location"] == history
    assert "Finding: record missing · to be answered" in text(auditor.get(history))
    caseworker = visitor(town.caseworker)
    assert "Put it right and answer" in text(caseworker.get("/inbox/"))
    assert TEXT in text(caseworker.get("/findings/"))
    assert 'href="/findings/"' in text(caseworker.get("/history/"))
    assert new not in text(caseworker.get(history))


def test_from_a_row_of_a_sample(town: Town, auditor: Client) -> None:
    asked = {"unit": str(town.case.unit.parent_id), "population": "families", "size": "1"}
    path = auditor.post("/samples/new/", asked)["Location"]
    new = f"/findings/new/?sample={path.split('/')[2]}&place=1"
    assert town.case.family.label in text(auditor.get(new))
    assert auditor.post(new, {"kind": "late", "text": TEXT})["Location"] == path
    assert "deadline missed" in text(auditor.get(path))
    assert auditor.get(new.replace("place=1", "place=2")).status_code == 404
    assert auditor.get("/findings/new/").status_code == 404


def test_the_list_tells_state_answer_and_what_is_overdue(town: Town, auditor: Client) -> None:
    town.raised()
    town.do(town.caseworker, "answer_finding", ANSWER)
    Finding.objects.update(due_at=timezone.now() - timedelta(days=1))
    told = text(auditor.get("/findings/"))
    assert all(each in told for each in (TEXT, *ANSWER.values(), "to be confirmed by the supervisor", "overdue"))
    assert "No finding." in text(auditor.get("/findings/", {"overdue": "false"}))
    part = text(auditor.get("/findings/", {"state": "answered"}, headers={"HX-Request": "true"}))
    assert TEXT in part
    assert "<html" not in part
    assert 'id="refused"' in text(auditor.get("/findings/", {"state": "gone"}))
    assert statements(auditor, "/findings/") <= 10


def test_for_whom(town: Town) -> None:
    town.raised()
    supervisor = visitor(town.supervisor)
    assert TEXT in text(supervisor.get("/findings/"))
    assert supervisor.get(f"/findings/new/?case={town.case.pk}").status_code == 403
