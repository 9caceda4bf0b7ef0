"""Pages of the history: all events narrowed, who looked at sensitive data, and a case as it was."""

import html
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.families import reveal
from backend.org.codes import load_codes
from tests import factories
from tests.kept import kept
from tests.web.visitor import statements, text, visitor
from tests.workflows.stage import NOW, Stage

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    load_codes()
    made = Stage(case=factories.case(opened_at=NOW - timedelta(days=3)))
    made.start()
    made.note()
    return made


@pytest.fixture
def auditor(stage: Stage) -> Client:
    return visitor(factories.user("auditor", role="auditor", unit=factories.region("120114000000")))


def test_entries_are_sentences_in_both_languages(auditor: Client, stage: Stage) -> None:
    assert "village completed" in text(auditor.get("/history/"))
    auditor.cookies["django_language"] = "zh-hans"
    assert "village完成了" in text(auditor.get("/history/")).replace(" ", "")
    assert statements(auditor, "/history/") <= 16


def test_narrowed_by_what_the_address_says(auditor: Client, stage: Stage) -> None:
    done, begun = "village completed", "began."

    def found(**asked: str) -> set[str]:
        said = text(auditor.get("/history/", asked)).split('id="found"')[1]
        return {each for each in (done, begun) if each in said}

    assert found() == {done, begun}
    assert found(about="work") == found(action="work_item.completed") == found(actor=str(stage.village.pk)) == {done}
    assert found(case=stage.case.number, unit=factories.VILLAGE) == {done, begun}
    assert found(**{"from": "2026-03-02", "to": "2026-03-02"}) == {done, begun}
    assert found(to="2026-03-01") == found(**{"from": "2026-03-03"}) == set()
    assert "There is no case with this number." in text(auditor.get("/history/", {"case": "1"}))
    assert "This is not a day." in text(auditor.get("/history/", {"from": "soon"}))
    assert 'id="refused"' in text(auditor.get("/history/", {"actor": "nobody"}))


def test_who_looked_at_sensitive_data_and_why(auditor: Client, stage: Stage) -> None:
    person = stage.case.family.persons.get()
    by = factories.actor(stage.caseworker)
    reveal(person=person, field="health", reason="医院来电核对", actor=by, now=timezone.now())
    said = text(auditor.get("/history/", {"about": "reads"})).split('id="found"')[1]
    assert "caseworker looked at the full health of 孙桂兰." in said
    assert "医院来电核对" in said
    assert "completed" not in said


def test_pages_follow_one_another(auditor: Client, stage: Stage) -> None:
    for _visit in range(60):
        reveal(person=stage.case.family.persons.get(), field="phone", reason="核对", actor=factories.actor(), now=NOW)
    first = auditor.get("/history/", {"about": "reads"})
    assert text(first).split('id="found"')[1].count("looked at") == 50
    further = auditor.get(
        "/history/", {"about": "reads", "cursor": first.context["next"]}, headers={"HX-Request": "true"}
    )
    assert text(further).count("looked at") == 10
    assert "<html" not in text(further)


def test_a_case_as_it_was(auditor: Client, stage: Stage) -> None:
    path = f"/cases/{stage.case.pk}/as-of/"
    now = text(auditor.get(path))
    assert 'type="range"' in now
    assert "米面已送" in now
    assert 'id="drawn" type="application/json"' in now
    assert "by role and place" in now
    before = text(auditor.get(path, {"place": "0"}))
    assert "米面已送" not in before
    assert "The case was not open yet." in text(auditor.get(path, {"day": "2026-02-01"}))
    assert "This is not a day." in text(auditor.get(path, {"day": "soon"}))
    assert 'id="refused"' in text(auditor.get(path, {"day": "2199-01-01"}))
    part = text(auditor.get(path, {"place": "3"}, headers={"HX-Request": "true"}))
    assert "<html" not in part


def test_for_whom(auditor: Client, stage: Stage) -> None:
    path = f"/cases/{stage.case.pk}/as-of/"
    assert visitor(stage.village).get("/history/").status_code == 403
    assert visitor(stage.village).get(path).status_code == 403
    assert "As it was" not in text(visitor(stage.village).get(f"/cases/{stage.case.pk}/"))
    assert visitor(stage.stranger).get(path).status_code == 404
    administrator = visitor(factories.user("auditadmin", role="auditadmin"))
    assert "village completed" not in text(administrator.get("/history/"))


def test_whether_it_is_as_it_was_written(auditor: Client, stage: Stage) -> None:
    assert 'hx-get="/history/verify/"' in text(auditor.get("/history/"))
    assert f"/history/verify/?case={stage.case.pk}" in text(auditor.get(f"/cases/{stage.case.pk}/as-of/"))
    said = text(auditor.get("/history/verify/"))
    assert "The history is as it was written." in said
    assert f"Checked: {Event.objects.count()} entries" in said
    sums = {"chains": "4", "events": "40", "count": "0"}
    assert f"Checked: {Event.objects.count() + 40} entries" in text(auditor.get("/history/verify/", sums))
    of_case = text(auditor.get("/history/verify/", {"case": str(stage.case.pk)}))
    assert "in 1 chains." in of_case
    assert 'id="refused"' in text(auditor.get("/history/verify/", {"after": "#x"}))
    assert visitor(stage.caseworker).get("/history/verify/").status_code == 403
    assert "/history/verify/" not in text(visitor(stage.caseworker).get("/history/"))


def test_the_next_portion_is_asked_for_by_itself(
    auditor: Client, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.api.events.PORTION", 1)
    factories.case()
    reveal(person=stage.case.family.persons.get(), field="phone", reason="核对", actor=factories.actor(), now=NOW)
    first = text(auditor.get("/history/verify/"))
    assert 'hx-trigger="load"' in first
    address = html.unescape(first.split('hx-get="')[1].split('"')[0])
    assert "events=" in address
    assert "Checked:" in text(auditor.get(address))


def test_a_case_is_taken_along(auditor: Client, stage: Stage) -> None:
    path = f"/cases/{stage.case.pk}/"
    assert f'href="{path}export/"' in text(auditor.get(f"{path}as-of/"))
    response = auditor.get(f"{path}export/")
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    assert "exported case" in text(auditor.get("/history/", {"about": "reads"})).split('id="found"')[1]
    assert visitor(stage.caseworker).get(f"{path}export/").status_code == 403
    assert f"{path}export/" not in text(visitor(stage.caseworker).get(f"{path}as-of/"))
