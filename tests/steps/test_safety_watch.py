"""E27: an elder with dementia says no: relatives and witnesses are heard, safety looked after, reviewed every month by
the same person; a refusal that was understood is never overridden."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend.audit.models import Event
from backend.core.errors import DomainError
from backend.emergencies.models import Incident, SafetyWatch
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.steps.office import Office
from tests.web.visitor import text, visitor
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db

HEARD = {
    "ground": "diagnosis", "relative_says": "agrees", "relative": "女儿", "witness_1": "邻居甲", "witness_2": "邻居乙",
}  # fmt: skip
WATCH = {"watch_decision": "watch", "reason": "独居，多次走失"}


@kept
def office() -> Office:
    made = Office()
    case = made.open()
    response = Caller(made.caseworker).post("safety-watches/", {"case": str(case.pk), "because": "不认得来人"})
    assert response.status_code == 201, response.content
    return made


def heard(office: Office, **changed: Any) -> None:
    office.do(SafetyWatch.objects.get().case, "hear_relatives", office.village, {**HEARD, **changed})


def test_looked_after_and_reviewed_every_month_by_the_same_person(office: Office) -> None:
    case = SafetyWatch.objects.get().case
    again = Caller(office.village).post("safety-watches/", {"case": str(case.pk), "because": "同上"})
    assert_problem(again, 409, "watched_already")
    heard(office)
    office.do(case, "decide_watch", office.supervisor, WATCH)
    office.pass_time(minutes=1)
    office.do(case, "check_safety", office.village, {"safety": "danger", "note": "倒在院里"})
    office.work()
    incident = Incident.objects.get()
    assert (incident.incapable, incident.what, incident.about_case) == (True, "倒在院里", case)
    assert WorkItem.objects.filter(step="acknowledge").count() == 1
    office.pass_time(days=30)
    review = office.item(case, "review_watch")
    assert review.assignee == office.supervisor
    assert SafetyWatch.objects.get().review_on == office.today
    office.do(case, "review_watch", office.supervisor, {"watch_review": "go_on", "reason": "情况未变"})
    assert SafetyWatch.objects.get().review_on == office.today + timedelta(days=30)
    office.pass_time(days=30)
    office.do(case, "review_watch", office.supervisor, {"watch_review": "has_capacity", "reason": "恢复清醒"})
    assert "check_safety" not in office.waiting(case)
    shown = Caller(office.caseworker).get(f"safety-watches/{SafetyWatch.objects.get().pk}/").json()
    assert (shown["state"], shown["outcome"], shown["checks"][0]["found"]) == ("ended", "has_capacity", "danger")
    told = "".join(event.body for event in Event.objects.filter(case_id=case.pk))
    assert not [word for word in ("不认得来人", "女儿", "邻居甲", "倒在院里") if word in told]


@pytest.mark.parametrize("answer", [{"ground": "none"}, {"relative_says": "refuses"}])
def test_a_refusal_that_counts_is_never_overridden(office: Office, answer: dict[str, str]) -> None:
    heard(office, **answer)
    case = SafetyWatch.objects.get().case
    with pytest.raises(DomainError) as refused:
        office.do(case, "decide_watch", office.supervisor, WATCH)
    assert (refused.value.code, SafetyWatch.objects.get().state) == ("refusal_counts", "doubted")
    office.do(case, "decide_watch", office.supervisor, {"watch_decision": "respect", "reason": "本人明白"})
    assert SafetyWatch.objects.get().outcome == "refusal_counts"
    assert "check_safety" not in office.waiting(case)


@pytest.mark.parametrize("second", ["邻居甲", "李专干"])
def test_two_witnesses_beside_the_one_who_writes(office: Office, second: str) -> None:
    with pytest.raises(DomainError) as refused:
        heard(office, witness_2=second)
    assert refused.value.code == "two_witnesses"


def test_the_page_begins_one_from_the_case(office: Office) -> None:
    watch = SafetyWatch.objects.get()
    here = visitor(office.caseworker)
    assert f"?case={watch.case_id}" in text(here.get(f"/cases/{watch.case_id}/"))
    assert "safety" in text(here.get("/safety-watches/"))
    assert watch.case.number in text(here.get(f"/safety-watches/{watch.pk}/"))
    refused = here.post(f"/safety-watches/new/?case={watch.case_id}", {"because": "不认得来人", "key": "k"})
    assert (refused.status_code, "不认得来人" in refused.content.decode()) == (409, True)
    stranger = factories.user("stranger", role="supervisor", unit=factories.town(factories.OTHER_TOWN))
    assert visitor(stranger).get(f"/safety-watches/{watch.pk}/").status_code == 404
