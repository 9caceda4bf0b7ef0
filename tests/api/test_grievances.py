"""Requests and complaints (P16): independently looked into, closed to whom they are about, answered in time."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.merging import merge
from backend.cases.models import Case, Consent, Family, Review
from backend.cases.reviews import CaseHeld, record_review
from backend.cases.surveys import families_with_photo_consent, record_consent
from backend.helpers.models import Helper, Pairing
from backend.org import parameters
from backend.org.codes import load_codes
from backend.org.models import User
from backend.org.working_days import add_working_days
from backend.reminders.models import Reminder
from backend.rights.models import Grievance
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.steps.office import Office
from workflows import services
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db

TEXT = "帮扶人借了五百元一直不还"
WHO = "孙桂兰本人"
FOUND = {"finding": "upheld", "evidence": "双方都见了", "answer": "已经处理，钱会还您", "measure": "none"}
REQUEST = {"finding": "upheld", "identity": "id_card", "answer": "复印件已交给您", "redacted": True}


def told(**changes: Any) -> dict[str, Any]:
    today = timezone.localdate().isoformat()
    return {"replied_on": today, "replied_by": "in_person", "appeal_told": True, "satisfied": "yes", **changes}


class Town:
    """A family with a helper, the people of the township, and an auditor of the county."""

    def __init__(self) -> None:
        load_codes()
        self.office = Office(timezone.now())
        self.caseworker, self.supervisor = self.office.caseworker, self.office.supervisor
        self.village = self.office.village
        self.auditor = factories.user("auditor", role="auditor", unit=factories.region("120114000000"), name="刘科")
        self.case: Case = factories.case()
        self.family: Family = self.case.family
        self.helper: Helper = factories.helper(user=self.office.volunteer)
        self.pairing: Pairing = factories.pairing(self.case, self.helper)

    def post(self, by: User | None = None, **asked: Any) -> Any:
        said = {
            "kind": "complaint", "target": "helper", "family": str(self.family.pk), "text": TEXT, "complainant": WHO,
            "contact": "13820001234", "channel": "visit", "reply_by": "in_person", **asked,
        }  # fmt: skip
        return Caller(by or self.village).post("grievances/", said)

    def taken_in(self, by: User | None = None, **asked: Any) -> dict[str, Any]:
        response = self.post(by, **asked)
        assert response.status_code == 201, response.content
        row: dict[str, Any] = response.json()
        return row

    def request(self, kind: str, **asked: Any) -> dict[str, Any]:
        return self.taken_in(self.caseworker, kind=kind, target="data", identity="id_card", **asked)

    def item(self, user: User, step: str) -> dict[str, Any] | None:
        return next(iter(results(Caller(user).get("work-items/", doable="true", step=step))), None)

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        item = self.item(user, step)
        assert item is not None, step
        return Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})

    def done(self, user: User, step: str, answers: dict[str, Any]) -> None:
        response = self.do(user, step, answers)
        assert response.status_code == 200, response.content

    def row(self) -> Grievance:
        return Grievance.objects.latest("id")


@kept
def town() -> Town:
    return Town()


def test_a_helper_complained_about_is_suspended_first_and_serves_again_when_cleared(town: Town) -> None:
    """E10: with all families, so that the helper cannot tell which of them it was."""
    other = factories.pairing(factories.case(factories.family(label="别家")), town.helper)
    taken = town.taken_in()
    assert (taken["helper"]["id"], taken["handler"], taken["office"]["name"]) == (
        str(town.helper.pk), "supervisor", "大黄堡镇",
    )  # fmt: skip
    found = results(Caller(town.supervisor).get("work-items/", q=taken["number"]))
    assert [each["step"] for each in found] == ["investigate"]
    assert taken["due_at"][:10] == (timezone.localdate() + timedelta(days=60)).isoformat()
    today = timezone.localdate()
    town.helper.refresh_from_db()
    assert town.helper.status == "suspended"
    assert town.pairing.is_suspended(today)
    assert other.is_suspended(today)
    town.done(town.supervisor, "investigate", {**FOUND, "finding": "not_upheld", "measure": "helper_returns"})
    town.helper.refresh_from_db()
    assert town.helper.status == "active"
    assert not town.pairing.is_suspended(today)
    town.done(town.caseworker, "reply_to_person", told())
    assert Instance.objects.get(process__key="grievance").outcome == "not_upheld"
    row = Caller(town.supervisor).get(f"grievances/{taken['id']}/").json()
    assert (row["state"], row["decision"], row["satisfied"], bool(row["closed_at"])) == (
        "closed", "not_upheld", "yes", True,
    )  # fmt: skip


def test_upheld_the_helpers_service_may_end(town: Town) -> None:
    """E22: a photograph put online."""
    town.taken_in(text="把老人的照片发到网上")
    town.done(town.supervisor, "investigate", {**FOUND, "measure": "helper_ends"})
    town.helper.refresh_from_db()
    town.pairing.refresh_from_db()
    assert (town.helper.status, town.helper.end_reason) == ("ended", "complaint")
    assert town.pairing.end_reason == "complaint"


def test_another_open_complaint_keeps_the_helper_suspended(town: Town) -> None:
    town.taken_in()
    town.taken_in(text="另一件")
    town.done(town.supervisor, "investigate", {**FOUND, "measure": "helper_returns"})
    town.helper.refresh_from_db()
    assert town.helper.status == "suspended"


def test_whom_it_is_about_sees_nothing_of_it(town: Town) -> None:
    """Over the API, the inbox, history, search and export; even in a role that would look into it."""
    accused = town.helper.user
    assert accused is not None
    factories.member(accused, "supervisor")
    factories.member(accused, "auditor", factories.region("120114000000"))
    taken = town.taken_in()
    item = WorkItem.objects.get(process="grievance")
    caller = Caller(accused)
    assert results(caller.get("grievances/")) == []
    assert_problem(caller.get(f"grievances/{taken['id']}/"), 404, "not_found")
    assert town.item(accused, "investigate") is None
    for verb in ("", "form/", "course/"):
        assert_problem(caller.get(f"work-items/{item.pk}/{verb}"), 404, "not_found")
    assert_problem(caller.post(f"work-items/{item.pk}/complete/", {"answers": FOUND}), 404, "not_found")
    others = Caller(town.supervisor)
    assert others.post(f"work-items/{item.pk}/delegate/", {"to": str(accused.pk), "reason": "忙"}).status_code == 422
    read: dict[str, dict[str, str]] = {
        "events/": {},
        f"cases/{town.case.pk}/history/": {},
        f"cases/{town.case.pk}/diagram/": {},
    }
    searched = [
        results(caller.get("work-items/", q=text, process="grievance")) for text in (taken["number"], "investigate")
    ]
    assert searched == [[], []]
    seen = [caller.get(path, **query).content.decode() for path, query in read.items()]
    with ZipFile(BytesIO(caller.get(f"cases/{town.case.pk}/export/").content)) as exported:
        seen += [exported.read(name).decode(errors="replace") for name in exported.namelist()]
    assert not [text for text in seen if TEXT in text or WHO in text]
    events = Event.objects.filter(object_kind__in=["grievance", "work_item", "instance"], data__isnull=False)
    told = [each for each in events if each.object_kind == "grievance" or each.object_id == str(item.pk)]
    assert told
    assert not [each for each in told if each.case_id or each.family_id]
    assert not [each for each in Event.objects.all() if WHO in each.body or TEXT in each.body]


def test_about_an_officer_it_goes_to_the_county_and_leaves_the_township(town: Town) -> None:
    taken = town.taken_in(target="officer", officer=None, text="态度很差")
    assert (taken["handler"], taken["office"]["name"]) == ("auditor", "武清区")
    for user in (town.caseworker, town.supervisor):
        assert results(Caller(user).get("grievances/")) == []
        assert results(Caller(user).get("work-items/", process="grievance")) == []
        assert taken["number"] not in Caller(user).get("events/").content.decode()
    assert [row["id"] for row in results(Caller(town.village).get("grievances/"))] == [taken["id"]]
    town.done(town.auditor, "investigate_independently", {**FOUND, "measure": "admonished"})
    town.done(town.auditor, "reply_independently", told())
    assert town.row().state == "closed"


def test_nobody_takes_in_a_complaint_about_oneself(town: Town) -> None:
    body = {"target": "officer", "officer": str(town.caseworker.pk)}
    assert_problem(town.post(town.caseworker, **body), 403, "about_yourself")
    assert_problem(town.post(factories.deputy(town.caseworker), **body), 403, "about_yourself")
    taken = town.taken_in(town.supervisor, **body)
    assert taken["officer"]["name"] == "陈姐"


def test_the_nearest_auditor_who_is_not_meant_looks_into_it(town: Town) -> None:
    city = factories.user("city", role="auditor", unit=factories.region("120100000000"), name="市督查")
    factories.member(town.auditor, "caseworker")
    taken = town.taken_in(town.supervisor, target="officer", officer=str(town.auditor.pk))
    assert taken["office"]["name"] == "市辖区"
    assert town.item(town.auditor, "investigate_independently") is None
    assert town.item(city, "investigate_independently") is not None


def test_danger_is_a_matter_of_hours_and_a_child_of_an_independent_office(town: Town) -> None:
    urgent = town.taken_in(danger=True)
    assert timezone.now() < Grievance.objects.get(pk=urgent["id"]).due_at < timezone.now() + timedelta(hours=24)
    assert urgent["handler"] == "auditor"
    assert town.taken_in(minor=True)["handler"] == "auditor"


def test_an_objection_holds_only_that_case_until_it_is_answered(town: Town) -> None:
    """E13: an anonymous letter."""
    signer = factories.actor(town.supervisor, role="supervisor")
    now = timezone.now()
    record_review(case=town.case, subject="year", decision="approve", actor=signer, now=now)
    anonymous: dict[str, Any] = {"complainant": "", "contact": "", "channel": "letter", "reply_by": "none"}
    about: dict[str, Any] = {
        "kind": "objection",
        "target": "decision",
        "case": str(town.case.pk),
        "text": "他们有第二个孩子",
    }
    taken = town.taken_in(**about, **anonymous)
    assert (taken["holds_case"], taken["officer"]["name"], taken["handler"]) == (True, "老王", "auditor")
    town.case.refresh_from_db()
    with pytest.raises(CaseHeld):
        record_review(case=town.case, subject="year", decision="approve", actor=signer, now=now)
    other = factories.case(factories.family(label="别家"))
    record_review(case=other, subject="year", decision="approve", actor=signer, now=now)
    assert results(Caller(town.supervisor).get("grievances/")) == []
    said = Caller(town.supervisor).get(f"cases/{town.case.pk}/history/").content.decode()
    assert "nothing is decided meanwhile" in said
    assert "第二个孩子" not in said
    town.done(town.auditor, "investigate_independently", {**FOUND, "finding": "not_upheld"})
    town.case.refresh_from_db()
    assert town.case.held_for == ""
    assert Instance.objects.get(process__key="grievance").state == "done"
    record_review(case=town.case, subject="year", decision="approve", actor=signer, now=now)
    assert Review.objects.filter(case=town.case).count() == 2


def test_two_objections_hold_until_both_are_answered(town: Town) -> None:
    about: dict[str, Any] = {"kind": "objection", "target": "decision", "case": str(town.case.pk)}
    town.taken_in(**about)
    second = town.taken_in(**about)
    for still in (second["number"], ""):
        town.done(town.auditor, "investigate_independently", FOUND)
        town.done(town.auditor, "reply_independently", told())
        town.case.refresh_from_db()
        assert town.case.held_for == still


def test_what_the_office_is_not_to_hear_of_is_late_for_whoever_looks_into_it_alone(town: Town) -> None:
    """An objection to a decision: those who decided hear nothing of it."""
    town.taken_in(kind="objection", target="decision", case=str(town.case.pk))
    assert services.wake(
        instance_id=Instance.objects.get(process__key="grievance").pk, now=town.row().due_at + timedelta(hours=1)
    )
    late = Reminder.objects.get(kind="grievance.overdue")
    assert (town.row().handler, late.role, late.unit) == ("auditor", "auditor", town.row().office)


def test_a_clock_is_put_off_once_with_a_reason(town: Town) -> None:
    taken = town.taken_in()
    first = town.row().due_at
    more = {"finding": "extend", "extension_reason": "证人外出", "told_on": timezone.localdate().isoformat()}
    assert_problem(town.do(town.supervisor, "investigate", {"finding": "extend"}), 422, "bad_answers")
    town.done(town.supervisor, "investigate", more)
    row = town.row()
    assert (row.due_at - first).days == 30
    assert WorkItem.objects.get(state="open", process="grievance").due_at == row.due_at
    assert_problem(town.do(town.supervisor, "investigate", more), 409, "extended_already")
    late = row.due_at + timedelta(hours=1)
    assert services.wake(instance_id=Instance.objects.get(process__key="grievance").pk, now=late)
    assert town.row().escalated_at == late
    reminder = Reminder.objects.get(kind="grievance.overdue")
    assert (reminder.role, reminder.unit, reminder.closed_to) == (
        "supervisor", town.row().office, town.office.volunteer.pk,
    )  # fmt: skip
    Grievance.objects.update(due_at=timezone.now() - timedelta(days=1))
    assert [each["id"] for each in results(Caller(town.supervisor).get("grievances/", overdue="true"))] == [taken["id"]]


def test_a_request_is_due_in_working_days_that_the_office_sets(town: Town) -> None:
    today = timezone.localdate()
    assert town.request("copy")["due_at"][:10] == add_working_days(today, 15).isoformat()
    rules = {**parameters.definitions()["grievance.days"].value, "request_working_days": 5}
    parameters.set_parameter(key="grievance.days", value=rules, from_date=today, path="12.01.14.")
    assert town.request("see")["due_at"][:10] == add_working_days(today, 5).isoformat()


def test_a_request_is_signed_by_somebody_else_and_told_as_the_person_wants(town: Town) -> None:
    factories.member(town.caseworker, "supervisor")
    taken = town.request("copy")
    town.done(town.caseworker, "handle_request", REQUEST)
    own = WorkItem.objects.get(step="confirm_request")
    refused = Caller(town.caseworker).post(f"work-items/{own.pk}/complete/", {"answers": {"confirmation": "confirm"}})
    assert_problem(refused, 403, "four_eyes")
    town.done(town.supervisor, "confirm_request", {"confirmation": "return", "reason": "遮去邻居的名字"})
    assert town.row().returned == "遮去邻居的名字"
    town.done(town.caseworker, "handle_request", REQUEST)
    town.done(town.supervisor, "confirm_request", {"confirmation": "confirm"})
    assert_problem(
        town.do(town.caseworker, "reply_to_person", told(replied_by="phone")), 422, "other_way", "/answers/way_reason"
    )
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    assert_problem(town.do(town.caseworker, "reply_to_person", told(replied_on=tomorrow)), 422, "wrong_day")
    town.done(town.caseworker, "reply_to_person", told(replied_by="phone", way_reason="腿脚不便"))
    row = Caller(town.caseworker).get(f"grievances/{taken['id']}/").json()
    assert (row["replied_by"], row["confirmed_by"]) == ("phone", "老王")
    said = Caller(town.caseworker).get(f"cases/{town.case.pk}/history/").content.decode()
    assert "陈姐 took in" in said


def test_delete_everything_keeps_what_the_law_keeps_and_stops_the_rest(town: Town) -> None:
    """E34."""
    Family.objects.update(emergency_contact="邻居", needs=["comfort"])
    consent(town)
    town.request("delete")
    partly = {**REQUEST, "finding": "partly_upheld", "restrict": ["photo", "contact", "needs"]}
    assert_problem(town.do(town.caseworker, "handle_request", partly), 422, "bad_answers", "/answers/kept_by_law")
    town.done(town.caseworker, "handle_request", {**partly, "kept_by_law": "特扶档案依法保存，待遇照发"})
    town.family.refresh_from_db()
    assert town.family.emergency_contact == "邻居"  # nothing before the supervisor's signature
    town.done(town.supervisor, "confirm_request", {"confirmation": "confirm"})
    town.family.refresh_from_db()
    assert (town.family.emergency_contact, town.family.needs, town.family.label) == ("", [], town.family.label)
    assert families_with_photo_consent([town.family.pk]) == set()
    assert "特扶档案" in town.row().kept_by_law


def consent(town: Town) -> None:
    now = timezone.now()
    record_consent(
        family=town.family, purpose="care", notice_version="1", items={"basics": True, "photo": True}, given_by="self",
        given_at=now, actor=factories.actor(), now=now,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("purpose", "photos", "in_force", "wish"),
    [("photo", False, True, "agreed"), ("sharing", True, True, "refused"), ("pairing", True, True, "refused"),
     ("care", False, False, "refused")],
)  # fmt: skip
def test_a_withdrawn_consent_ends_what_rested_on_it_at_once(
    town: Town, purpose: str, photos: bool, in_force: bool, wish: str
) -> None:
    Family.objects.update(willingness="agreed")
    town.case = town.office.open(factories.family(label="新户", status="draft", willingness="unknown"))
    town.family = town.case.family
    town.office.file(town.case)
    Consent.objects.update(items={"basics": True, "photo": True, "share_helper": True})
    taken = town.request("withdraw", purpose=purpose)
    town.office.work()
    assert (families_with_photo_consent([town.family.pk]) != set()) == photos
    assert Consent.objects.filter(family=town.family, withdrawn_at__isnull=True).exists() == in_force
    assert not Consent.objects.filter(
        family=town.family, items__share_helper=True, withdrawn_at__isnull=True
    ).exists() or (purpose == "photo")
    town.family.refresh_from_db()
    town.case.refresh_from_db()
    assert (town.family.willingness, town.case.state) == (wish, "open" if purpose == "photo" else "paused")
    assert (taken["state"], taken["decision"]) == ("decided", "upheld")
    town.done(town.caseworker, "reply_to_person", told())
    assert town.row().state == "closed"


def test_what_is_refused(town: Town) -> None:
    assert_problem(town.post(target="data"), 422, "incomplete", "/target")
    assert_problem(town.post(channel="gossip"), 422, "incomplete", "/channel")
    assert_problem(town.post(complainant=""), 422, "incomplete", "/complainant")
    assert_problem(town.post(kind="copy", target="data"), 422, "incomplete", "/identity")
    assert_problem(town.post(kind="withdraw", target="data", identity="known"), 422, "incomplete", "/purpose")
    assert_problem(town.post(kind="objection", target="decision"), 422, "incomplete", "/case")
    Pairing.objects.all().delete()
    assert_problem(town.post(), 422, "incomplete", "/helper")
    assert town.post(kind="copy", target="data", text="").status_code == 400
    far = factories.user("far", role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    assert town.post(far).status_code == 400  # a family that one does not see
    assert_problem(town.post(town.auditor), 403, "not_allowed")
    assert not Grievance.objects.exists()
    assert not WorkItem.objects.filter(process="grievance").exists()


def test_a_measure_about_a_helper_needs_one(town: Town) -> None:
    town.taken_in(target="officer")
    refused = town.do(town.auditor, "investigate_independently", {**FOUND, "measure": "helper_ends"})
    assert_problem(refused, 422, "no_helper", "/answers/measure")


def test_it_goes_with_the_family_when_households_are_merged(town: Town) -> None:
    taken = town.request("see")
    keep = factories.family(label="同一户")
    merge(kept=keep, merged=town.family, reason="重复登记", actor=factories.actor(), now=timezone.now())
    assert Grievance.objects.get(pk=taken["id"]).about_family_id == keep.pk
