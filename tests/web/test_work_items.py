"""A work item's page: its form as one types, completion, refusals, drafts, what comes next."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from lxml import html

from tests import factories
from tests.kept import kept
from tests.steps.office import CONSENTED, SURVEYED, Office
from tests.web.test_inbox import HTMX, client, text
from tests.workflows.stage import Stage
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    return made


def address(stage: Stage, verb: str = "", step: str = "take_note") -> str:
    return f"/work-items/{stage.item(step).pk}/{verb}"


def test_form_facts_course_and_history_are_there(stage: Stage) -> None:
    stage.note()
    page = text(client(stage.caseworker).get(address(stage, step="check_note")))
    assert 'id="answers"' in page
    assert "Why it is here" in page
    assert "village completed" in page  # the case's history
    assert "within" in page


def test_a_stranger_finds_nothing_and_another_role_no_form(stage: Stage) -> None:
    assert client(stage.stranger).get(address(stage)).status_code == 404
    page = text(client(stage.caseworker).get(address(stage)))
    assert 'data-code="not_yours"' in page
    assert 'id="answers"' not in page


def test_four_eyes_are_told_plainly(stage: Stage) -> None:
    WorkItem.objects.update(excluded=[str(stage.village.pk)])
    assert "this one needs another person" in text(client(stage.village).get(address(stage)))
    refused = client(stage.village).post(address(stage), {"text": "好"}, headers=HTMX)
    assert refused.status_code == 403
    assert 'data-code="four_eyes"' in refused.content.decode()


def test_completing_leads_to_what_happens_next(stage: Stage) -> None:
    where = address(stage)
    answer = client(stage.village).post(f"{where}?inbox=overdue%3Dtrue", {"text": "米面已送"}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == f"{where}?inbox=overdue%3Dtrue"
    page = text(client(stage.village).get(f"{where}?inbox=overdue%3Dtrue"))
    assert "What happens next" in page
    assert "Check the note: caseworker" in page
    assert 'href="/inbox/?overdue=true"' in page
    assert client(stage.village).post(address(stage, step="check_note"), {}).status_code == 404


def test_a_refusal_keeps_what_was_typed_and_names_the_field(stage: Stage) -> None:
    refused = client(stage.village).post(address(stage), {"text": "好" * 3000}, headers=HTMX)
    page = text(refused, 422)
    assert "好" * 3000 in page
    assert "This is too long." in page
    assert stage.item("take_note").version == 1


def test_a_double_click_completes_once(stage: Stage) -> None:
    where = address(stage)
    posted = {"text": "好", "key": "one-form-one-key"}
    for _click in range(2):
        assert client(stage.village).post(where, posted, headers=HTMX).headers["HX-Redirect"] == where
    assert WorkItem.objects.filter(step="check_note").count() == 1


def test_what_is_typed_is_kept_and_checked(stage: Stage) -> None:
    writer = client(stage.village)
    state = json.loads(text(writer.post(address(stage, "typed/"), {"text": "半句"}, headers=HTMX)))
    assert set(state) == {"shown", "required", "errors", "saved_at"}
    assert state["required"] == ["text"]
    assert "半句" in text(writer.get(address(stage)))
    too_long = json.loads(text(writer.post(address(stage, "typed/"), {"text": "好" * 3000}, headers=HTMX)))
    assert too_long["errors"]["text"] == ["This is too long."]


def test_what_was_known_beforehand_outlives_a_draft_that_did_not_ask_for_it() -> None:
    """The advised tier and categories are there when somebody was about to send the file back, and then does not."""
    office = Office()
    case = office.open()
    day = office.today.isoformat()
    office.do(case, "survey_family", office.village, {**SURVEYED, "surveyed_on": day})
    office.do(case, "record_consent", office.village, {**CONSENTED, "given_on": day})
    reader, where = client(office.caseworker), f"/work-items/{office.item(case, 'check_file').pk}/"
    advised = checked(text(reader.get(where)))
    assert {"categories", "tier"} == {name for name, _value in advised}
    text(reader.post(f"{where}typed/", {"check_result": "return"}, headers=HTMX))
    assert checked(text(reader.get(where))) == advised | {("check_result", "return")}
    assert checked(text(reader.post(where, {"check_result": "return"}, headers=HTMX), 422)) > advised
    emptied = {"check_result": "submit", "tier": "D"}
    text(reader.post(f"{where}typed/", emptied, headers=HTMX))
    assert checked(text(reader.get(where))) == set(emptied.items())


def checked(page: str) -> set[tuple[str, str]]:
    """The choices that are made on the page: name and value."""
    boxes = html.fromstring(page).iter("input")
    return {(box.get("name", ""), box.get("value", "")) for box in boxes if "checked" in box.attrib}


def test_a_draft_that_cannot_be_kept_says_so(stage: Stage) -> None:
    other = factories.user("other", role="village")
    WorkItem.objects.update(assignee=other)
    state = json.loads(text(client(stage.village).post(address(stage, "typed/"), {"text": "好"}, headers=HTMX)))
    assert state["problem"] == "Somebody else has taken this."


def test_without_a_session_a_part_gets_401_and_the_way_back_in(stage: Stage) -> None:
    answer = Client(headers={"accept-language": "en"}).post(address(stage, "typed/"), {"text": "好"}, headers=HTMX)
    assert answer.status_code == 401
    assert answer.headers["HX-Retarget"] == "#logged-out"
    assert "log in again in a new window" in answer.content.decode()
    assert Client().get("/log-in/token/", headers=HTMX).status_code == 401
    assert len(client(stage.village).get("/log-in/token/").json()["token"]) == 64


@pytest.mark.parametrize(
    ("verb", "posted", "told"),
    [
        ("claim", {}, "Taken"),
        ("release", {}, "Given back"),
        ("postpone", {"until": "2199-01-01T09:00", "reason": "出差"}, "Put off"),
        ("postpone", {"until": "2020-01-01T09:00", "reason": "出差"}, "in the future"),
        ("delegate", {"to": "", "reason": ""}, "alert-danger"),
    ],
)
def test_verbs_say_what_became_of_them(stage: Stage, verb: str, posted: dict[str, Any], told: str) -> None:
    stage.note()
    where = address(stage, step="check_note")
    answer = client(stage.caseworker).post(f"{where}{verb}/?inbox=q%3Dx", posted)
    assert answer.headers["Location"] == f"{where}?inbox=q%3Dx"
    reader = client(stage.caseworker)
    assert told in text(reader.post(f"{where}{verb}/", posted, follow=True))


def test_a_verb_of_somebody_without_the_right_is_refused(stage: Stage) -> None:
    assert client(stage.village).post(address(stage, "delegate/"), {}).status_code == 403
    assert client(stage.stranger).post(address(stage, "claim/"), {}).status_code == 404


def test_the_page_takes_a_bounded_number_of_statements(stage: Stage) -> None:
    stage.note()
    reader, where = client(stage.caseworker), address(stage, step="check_note")
    text(reader.get(where))
    with CaptureQueriesContext(connection) as captured:
        text(reader.get(where))
    assert sum("SAVEPOINT" not in query["sql"] for query in captured) <= 16


def test_helpers_are_compared_and_what_each_rule_removed_is_counted() -> None:
    office = Office()
    office.helper(name="李向阳")
    factories.helper(status="away")
    factories.helper(status="away")
    case = office.open()
    office.file(case)
    reader = client(office.caseworker)
    where = f"/work-items/{office.item(case, 'pick_helper').pk}/"
    reader.get(where)
    with CaptureQueriesContext(connection) as captured:
        page = text(reader.get(where))
    assert sum("SAVEPOINT" not in query["sql"] for query in captured) <= 17
    compared = page[page.index('id="ranking"') : page.index('id="answers"')]
    assert "3 helpers looked at, 1 of them come into question" in compared
    assert "李向阳" in compared
    assert 'max="35"' in compared
    assert "26 of 35" in compared
    assert "same township" in compared
    assert compared.index("not available") < compared.index('<td class="text-end">2</td>')
    assert 'href="/pairing/"' in compared
    assert client(office.village).get(where).status_code == 404
