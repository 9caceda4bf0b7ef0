"""Honours (P13): reviewed by different people, ruled out by D27 only, public with consent, objected to, awarded."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from backend.activities.honours import THEMES
from backend.activities.models import Call, Honour
from backend.audit.models import Event
from backend.org.codes import load_codes
from backend.org.models import User
from backend.publicity.masks import letters
from backend.publicity.models import Line, Notice
from backend.rights.models import Grievance
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.steps.office import Office
from workflows import services
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db

VOTES = {"votes_for": 6, "votes_against": 1, "recused": 1, "recommended": "yes"}
CLEAR = {"court_reply": "clear", "reply_number": "法函3号", "fraud_record": False}
AGREED = {"score": 88, "no_conflict": True, "approved_by_town": "yes"}
SELF_CHECK = {**dict.fromkeys(THEMES, 18), "self_findings": "五项工作台账齐全"}
AWARD = {"award": "yes", "minutes": "2026年第5号"}


def on_site(**changes: Any) -> dict[str, Any]:
    """What somebody finds there today."""
    today = timezone.localdate().isoformat()
    return {
        **dict.fromkeys(THEMES, 16), "visited_on": today, "site_findings": "看了三处阵地，问了十户", "on_site": "yes",
        **changes,
    }  # fmt: skip


class Town:
    """A township that calls for happy families."""

    def __init__(self) -> None:
        load_codes()
        self.office = Office(timezone.now())
        self.caseworker, self.supervisor = self.office.caseworker, self.office.supervisor
        self.village = self.office.village
        self.auditor = factories.user("auditor", role="auditor", unit=factories.region("120114000000"))
        self.family = factories.family()
        today = timezone.localdate()
        self.call: Call = Call.objects.create(
            kind="happy_family", year=today.year, unit=factories.town(), opens_on=today, closes_on=today, quota=1,
            publicity_days=5, term_months=24,
        )  # fmt: skip

    def post(self, by: User | None = None, **changes: Any) -> Any:
        said = {
            "call": str(self.call.pk), "unit": str(factories.village().pk), "origin": "village",
            "merits": "邻里互助十年", "candidate_family": str(self.family.pk), **changes,
        }  # fmt: skip
        return Caller(by or self.village).post("honours/", said)

    def nominated(self, **changes: Any) -> dict[str, Any]:
        response = self.post(**changes)
        assert response.status_code == 201, response.content
        row: dict[str, Any] = response.json()
        return row

    def call_communities(self) -> None:
        """The township calls for model communities."""
        today = timezone.localdate()
        self.call = Call.objects.create(
            kind="demo_community", year=today.year, unit=factories.town(), opens_on=today, closes_on=today, quota=1,
            publicity_days=5, term_months=24,
        )  # fmt: skip

    def community(self) -> dict[str, Any]:
        """The village itself is nominated."""
        self.call_communities()
        return self.nominated(candidate_family=None)

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        item = next(iter(results(Caller(user).get("work-items/", doable="true", step=step))))
        return Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})

    def published(self, **changes: Any) -> Honour:
        row = self.nominated(**changes)
        self.do(self.village, "review_in_village", VOTES)
        self.do(self.caseworker, "check_records", CLEAR)
        self.do(self.caseworker, "review_at_township", AGREED)
        return Honour.objects.get(pk=row["id"])

    def pass_days(self, honour: Honour, days: int) -> None:
        assert honour.instance_id is not None
        services.wake(instance_id=honour.instance_id, now=timezone.now() + timedelta(days=days))

    def awarded(self, **changes: Any) -> Honour:
        row = self.published(**changes)
        self.pass_days(row, 6)
        assert self.do(self.supervisor, "approve_award", AWARD).status_code == 200
        row.refresh_from_db()
        return row


@kept
def town() -> Town:
    return Town()


def test_from_nomination_to_the_story(town: Town) -> None:
    row = town.published(name_consented=True)
    notice = Notice.objects.get()
    (line,) = notice.sheets.get(place="board").lines.all()
    assert (notice.kind, notice.state, line.name) == ("honour", "public", letters(town.family.label))
    town.pass_days(row, 6)
    assert town.do(town.supervisor, "approve_award", AWARD).status_code == 200
    row.refresh_from_db()
    notice.refresh_from_db()
    assert (row.state, row.published_text, notice.state) == ("awarded", "", "taken_down")
    assert len(row.published_digest) == 64
    assert row.held_until is not None
    assert (row.held_until - timezone.localdate()).days > 700
    assert town.do(town.village, "ask_story", {"story": "yes"}).status_code == 422
    town.do(town.village, "ask_story", {"story": "yes", "text": "邻里互助"})
    assert Honour.objects.get().story == "邻里互助"


def test_only_consented_names_are_public(town: Town) -> None:
    row = town.published()
    assert (row.state, row.published_text) == ("published", "赵庄村 ×××")
    assert set(Line.objects.values_list("name", flat=True)) == {"×××"}
    Honour.objects.update(name_consented=True)
    told = Event.objects.filter(action__startswith="honour.")
    assert not any(town.family.label in event.body for event in told)


@pytest.mark.parametrize(("birth_date", "told"), [(date(1990, 5, 1), "赵强"), (date(2020, 5, 1), "×××"), (None, "×××")])
def test_a_volunteer_is_named_who_agreed_and_is_of_age(town: Town, birth_date: date | None, told: str) -> None:
    helper = factories.helper(user=town.office.volunteer, name="赵强", birth_date=birth_date)
    changes = {"candidate_family": None, "helper": str(helper.pk), "name_consented": True}
    assert town.published(by=town.caseworker, **changes).published_text == f"赵庄村 {told}"


def test_a_bereaved_family_is_never_asked_for_a_story(town: Town) -> None:
    town.family.categories = ["bereaved"]
    town.family.save()
    row = town.awarded()
    assert Instance.objects.get(process__key="honours_selection").state == "done"
    assert row.story == ""


def test_what_rules_out_never_is_how_many_children(town: Town) -> None:
    table = (Path(settings.BPMN_FOLDER) / "honours_selection" / "honour_disqualification.dmn").read_text("utf-8")
    inputs = [part.split("<")[0] for part in table.split("<text>")[1:4]]
    assert inputs == ["court_reply", "fraud_record", "pending"]


def test_something_unsettled_holds_it_and_then_it_goes_on(town: Town) -> None:
    helper = factories.helper(user=town.office.volunteer)
    row = town.nominated(by=town.caseworker, candidate_family=None, helper=str(helper.pk))
    complaint = Grievance.objects.create(
        number="TS-9", kind="complaint", target="helper", about_family=town.family, about_helper=helper, text="借钱",
        channel="phone", reply_by="none", office=factories.town(), due_at=timezone.now(),
    )  # fmt: skip
    town.do(town.village, "review_in_village", VOTES)
    town.do(town.caseworker, "check_records", CLEAR)
    held = Honour.objects.get(pk=row["id"])
    assert (held.state, held.eligibility_reason) == ("held", "to_be_settled")
    Grievance.objects.filter(pk=complaint.pk).update(closed_at=timezone.now())
    town.pass_days(held, 8)
    assert town.do(town.caseworker, "review_at_township", AGREED).status_code == 200
    assert Honour.objects.get().state == "published"


def test_a_court_record_rules_out(town: Town) -> None:
    town.nominated()
    town.do(town.village, "review_in_village", VOTES)
    town.do(town.caseworker, "check_records", {**CLEAR, "court_reply": "record"})
    assert Honour.objects.get().state == "disqualified"


def test_a_nominee_has_no_hand_in_it(town: Town) -> None:
    """E19: the village worker is the candidate: neither sees nor reviews it, somebody else does."""
    helper = factories.helper(user=town.village)
    town.nominated(by=town.caseworker, candidate_family=None, helper=str(helper.pk))
    assert results(Caller(town.village).get("work-items/", step="review_in_village")) == []
    assert results(Caller(town.village).get("honours/")) == []
    other = factories.user("other", role="village", name="赵专干")
    assert town.do(other, "review_in_village", VOTES).status_code == 200


def test_four_eyes(town: Town) -> None:
    """E19: whoever reviews says that there is no kinship or interest, and none of them approves."""
    factories.member(town.village, "caseworker", factories.town())
    factories.member(town.caseworker, "supervisor", factories.town())
    town.nominated()
    town.do(town.village, "review_in_village", VOTES)
    town.do(town.caseworker, "check_records", CLEAR)
    assert_problem(town.do(town.village, "review_at_township", AGREED), 403, "four_eyes")
    conflict = town.do(town.caseworker, "review_at_township", {**AGREED, "no_conflict": False})
    assert_problem(conflict, 422, "bad_answers", "/answers/no_conflict")
    town.do(town.caseworker, "review_at_township", AGREED)
    town.pass_days(Honour.objects.get(), 6)
    assert_problem(town.do(town.caseworker, "approve_award", AWARD), 403, "four_eyes")


def test_a_model_community_is_checked_by_itself_and_then_on_site_by_somebody_else(town: Town) -> None:
    """P13, W28: self-check, on site, then the vote; points of the five themes are kept and laid before the township."""
    row = town.community()
    assert [each["step"] for each in results(Caller(town.village).get("work-items/"))] == ["self_check"]
    factories.member(town.village, "caseworker", factories.town())
    assert town.do(town.village, "self_check", SELF_CHECK).status_code == 200
    assert_problem(town.do(town.village, "check_on_site", on_site()), 403, "four_eyes")
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    too_early = town.do(town.caseworker, "check_on_site", on_site(visited_on=tomorrow))
    assert_problem(too_early, 422, "in_future", "/answers/visited_on")
    assert town.do(town.caseworker, "check_on_site", on_site()).status_code == 200
    told = Caller(town.supervisor).get(f"honours/{row['id']}/").json()
    assert (told["self_scores"], told["site_scores"]) == (dict.fromkeys(THEMES, 18), dict.fromkeys(THEMES, 16))
    assert told["site_checked_on"] == timezone.localdate().isoformat()
    town.do(town.village, "review_in_village", VOTES)
    town.do(town.caseworker, "check_records", {"court_reply": "not_needed", "fraud_record": False})
    item = next(iter(results(Caller(town.caseworker).get("work-items/", step="review_at_township"))))
    form = Caller(town.caseworker).get(f"work-items/{item['id']}/form/").json()
    assert form["values"]["score"] == 80
    town.do(town.caseworker, "review_at_township", AGREED)
    honour = Honour.objects.get()
    assert (honour.state, honour.score, honour.published_text) == ("published", 88, "赵庄村 赵庄村")
    assert not Event.objects.filter(body__contains="台账").exists()


def test_what_is_not_up_to_the_standard_on_site_is_not_voted_on(town: Town) -> None:
    row = town.community()
    town.do(town.village, "self_check", SELF_CHECK)
    refused = town.do(town.caseworker, "check_on_site", on_site(on_site="no"))
    assert_problem(refused, 422, "bad_answers", "/answers/reason")
    town.do(town.caseworker, "check_on_site", on_site(on_site="no", reason="养老服务点没有开"))
    told = Caller(town.caseworker).get(f"honours/{row['id']}/").json()
    assert (told["state"], told["reason"]) == ("deferred", "养老服务点没有开")
    assert Instance.objects.get(process__key="honours_selection").outcome == "deferred"


@pytest.mark.parametrize(("months", "status"), [(23, 422), (24, 201), (36, 201), (37, 422)])
def test_a_model_community_is_one_for_two_to_three_years(town: Town, months: int, status: int) -> None:
    """P13; every other honour has the term that its call says."""
    today = timezone.localdate()
    said = {
        "kind": "demo_community", "year": today.year, "unit": str(factories.town().pk), "opens_on": today.isoformat(),
        "closes_on": today.isoformat(), "quota": 2, "term_months": months,
    }  # fmt: skip
    caller = Caller(town.caseworker)
    answer = caller.post("honour-calls/", said)
    if status == 422:
        assert "24 to 36 months" in assert_problem(answer, 422, "bad_term", "/term_months")["detail"]
    assert answer.status_code == status
    assert caller.post("honour-calls/", {**said, "kind": "role_model"}).status_code == 201


def test_only_a_community_is_a_model_community(town: Town) -> None:
    town.call_communities()
    assert_problem(town.post(), 422, "bad_nomination", "/candidate_family")
    helper = factories.helper(user=town.office.volunteer)
    answer = town.post(town.caseworker, candidate_family=None, helper=str(helper.pk))
    assert_problem(answer, 422, "bad_nomination", "/helper")


def above(town: Town) -> User:
    """A supervisor at whose place an auditor's work waits."""
    return factories.user("above", role="supervisor", unit=factories.region("120114000000"))


def test_an_objection_holds_it_until_somebody_independent_has_looked(town: Town) -> None:
    row = town.published()
    caller = Caller(town.village)
    said = {"text": "材料不实", "objector": "邻居老刘"}
    assert caller.post(f"honours/{row.pk}/object/", said).status_code == 200
    assert_problem(caller.post(f"honours/{row.pk}/object/", said), 409, "not_published")
    assert "老刘" not in caller.get(f"honours/{row.pk}/").content.decode()
    item = WorkItem.objects.get(step="settle_objection")
    forms = [Caller(user).get(f"work-items/{item.pk}/form/").content.decode() for user in (town.auditor, above(town))]
    assert ["老刘" in form for form in forms] == [True, False]
    town.pass_days(row, 6)
    assert results(Caller(town.supervisor).get("work-items/", step="approve_award")) == []
    town.do(town.auditor, "settle_objection", {"objection": "upheld", "evidence": "走访三户"})
    row.refresh_from_db()
    assert (row.state, row.published_text) == ("objected", "")


def test_no_more_than_the_quota_and_withdrawn_with_a_reason(town: Town) -> None:
    first = town.awarded()
    town.family = factories.family(label="周家")
    second = town.published()
    town.pass_days(second, 6)
    assert_problem(town.do(town.supervisor, "approve_award", AWARD), 409, "quota_reached")
    caller = Caller(town.supervisor)
    assert Caller(town.caseworker).post(f"honours/{first.pk}/withdraw/", {"reason": "骗取"}).status_code == 403
    assert caller.post(f"honours/{first.pk}/withdraw/", {"reason": "骗取"}).json()["state"] == "withdrawn"
    assert_problem(caller.post(f"honours/{second.pk}/withdraw/", {"reason": "骗取"}), 409, "not_awarded")
    assert town.do(town.supervisor, "approve_award", AWARD).status_code == 200


def test_the_call_has_days_and_comes_once(town: Town) -> None:
    today = timezone.localdate()
    said = {
        "kind": "happy_family", "year": today.year, "unit": str(factories.town().pk), "opens_on": today.isoformat(),
        "closes_on": today.isoformat(), "quota": 2,
    }  # fmt: skip
    caller = Caller(town.caseworker)
    assert_problem(caller.post("honour-calls/", said), 409, "called_already")
    assert_problem(caller.post("honour-calls/", {**said, "kind": "king"}), 422, "bad_call", "/kind")
    assert caller.post("honour-calls/", {**said, "year": today.year + 1}).status_code == 201
    both = town.post(town.caseworker, helper=str(factories.helper().pk))
    assert_problem(both, 422, "bad_nomination", "/helper")
    town.nominated()
    assert_problem(town.post(), 409, "nominated_already")
    Call.objects.update(opens_on=today - timedelta(days=9), closes_on=today - timedelta(days=1))
    assert_problem(town.post(candidate_family=None), 409, "not_called")
