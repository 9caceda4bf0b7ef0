"""What requests and complaints set off beside their own way: help in danger, a word within 15 days, the data protection
officer, and the edge cases E13, E22 and E34."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone

from backend.activities import bans, volunteers
from backend.activities.models import Ban
from backend.audit.models import Event
from backend.cases.models import Consent, Family
from backend.cases.surveys import families_with_photo_consent
from backend.emergencies.models import Incident
from backend.health.models import HealthService
from backend.org.models import User
from backend.reminders.models import Reminder
from backend.rights.models import Grievance
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.api.test_grievances import FOUND, REQUEST, TEXT, WHO, Town, consent, told
from tests.kept import kept
from tests.web.visitor import visitor
from workflows import services
from workflows.models import Instance

pytestmark = pytest.mark.django_db


@kept
def town() -> Town:
    return Town()


@pytest.fixture
def dpo(town: Town) -> User:
    """孙工 of the county."""
    return factories.user("dpo", role="dpo", unit=factories.region("120114000000"), name="孙工")


def test_whoever_is_in_danger_is_helped_at_once(town: Town) -> None:
    """P16: a complaint about violence starts P04 in the same moment, and says so in its own history only."""
    taken = town.taken_in(danger=True, minor=True)
    incident = Incident.objects.get()
    assert taken["incident"] == str(incident.pk)
    assert (incident.about_family, incident.suspect, incident.suspect_helper) == (town.family, "helper", town.helper)
    assert (incident.violence, incident.minor, incident.what, incident.finder) == (True, True, TEXT, WHO)
    assert Instance.objects.filter(process__key="emergency_response").count() == 1
    told_of = Event.objects.get(action="grievance.alarm_raised")
    assert (told_of.case_id, told_of.family_id) == (None, None)
    assert results(Caller(town.helper.user).get("emergencies/")) == []
    town.taken_in()
    assert Incident.objects.count() == 1


def test_a_complaint_about_the_office_tells_the_office_nothing_but_where_help_is_needed(town: Town) -> None:
    """Whoever is complained about may be on duty."""
    town.taken_in(town.supervisor, target="officer", officer=str(town.caseworker.pk), danger=True)
    incident = Incident.objects.get()
    assert (incident.about_family, incident.what, incident.finder, incident.finder_contact) == (town.family, "", "", "")


def test_whoever_complained_hears_within_15_days_that_it_is_looked_into(town: Town) -> None:
    """信访工作条例 23."""
    taken = town.taken_in()
    assert taken["notice_by"][:10] == (timezone.localdate() + timedelta(days=15)).isoformat()
    late = Grievance.objects.get().notice_by
    assert late is not None
    running = Instance.objects.get(process__key="grievance").pk
    assert services.wake(instance_id=running, now=late + timedelta(minutes=1))
    assert Event.objects.filter(action="grievance.notice_due").count() == 1
    assert Reminder.objects.filter(kind="grievance.notice_due", closed_to=town.helper.user_id).count() == 1
    path, today = f"grievances/{taken['id']}/notify/", timezone.localdate().isoformat()
    assert_problem(Caller(town.village).post(path, {"told_on": today, "way": "phone"}), 403, "not_allowed")
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    assert_problem(Caller(town.supervisor).post(path, {"told_on": tomorrow, "way": "phone"}), 422, "wrong_day")
    row = Caller(town.supervisor).post(path, {"told_on": today, "way": "phone"}).json()
    assert (row["notified_on"], row["notified_by"], row["notice_overdue"]) == (today, "phone", False)
    assert_problem(Caller(town.supervisor).post(path, {"told_on": today, "way": "phone"}), 409, "nothing_to_notify")


def test_told_in_time_or_to_nobody_nobody_is_reminded(town: Town) -> None:
    taken = town.taken_in()
    body = {"told_on": timezone.localdate().isoformat(), "way": "in_person"}
    assert Caller(town.supervisor).post(f"grievances/{taken['id']}/notify/", body).status_code == 200
    about: dict[str, Any] = {"kind": "objection", "target": "decision", "case": str(town.case.pk)}
    letter = town.taken_in(**about, complainant="", contact="", channel="letter", reply_by="none")
    assert letter["notice_by"] is None
    assert town.request("see")["notice_by"] is None
    for instance in Instance.objects.filter(process__key="grievance"):
        services.wake(instance_id=instance.pk, now=timezone.now() + timedelta(days=16))
    assert not Event.objects.filter(action="grievance.notice_due").exists()


def test_requests_about_data_go_to_the_data_protection_officer(town: Town, dpo: User) -> None:
    """P-8; the township's supervisor signs, its caseworker answers the person."""
    taken = town.request("correct")
    assert (taken["handler"], taken["office"]["name"]) == ("dpo", "大黄堡镇")
    assert town.item(town.caseworker, "handle_request") is None
    town.done(dpo, "handle_as_dpo", REQUEST)
    town.done(town.supervisor, "confirm_request", {"confirmation": "return", "reason": "遮去邻居的名字"})
    town.done(dpo, "handle_as_dpo", REQUEST)
    town.done(town.supervisor, "confirm_request", {"confirmation": "confirm"})
    town.done(town.caseworker, "reply_to_person", told())
    assert town.row().state == "closed"
    assert town.taken_in()["handler"] == "supervisor"  # a complaint about a helper is none of the officer's


def test_an_objection_holds_its_case_where_everybody_sees_it(town: Town) -> None:
    """E13: only that case, by name on its page; neither who wrote nor what was written."""
    other = factories.case(factories.family(label="别家"))
    about: dict[str, Any] = {"kind": "objection", "target": "decision", "case": str(town.case.pk)}
    town.taken_in(**about, complainant="", contact="", channel="letter", reply_by="none", text="他们有第二个孩子")
    shown = Caller(town.caseworker).get(f"cases/{town.case.pk}/")
    assert shown.json()["held"] is True
    assert "第二个孩子" not in shown.content.decode()
    assert Caller(town.caseworker).get(f"cases/{other.pk}/").json()["held"] is False
    town.done(town.auditor, "investigate_independently", {**FOUND, "finding": "not_upheld"})
    assert Caller(town.caseworker).get(f"cases/{town.case.pk}/").json()["held"] is False


def test_a_photograph_put_online_is_taken_down_and_its_helper_not_taken_on_again(town: Town) -> None:
    """E22: complaint, request to remove it, ban signed by a second person; the consent to photographs stands."""
    consent(town)
    town.taken_in(text="把老人的照片发到网上")
    today = timezone.localdate()
    banned = {**FOUND, "measure": "helper_banned", "removal_asked_on": today.isoformat()}
    assert_problem(town.do(town.supervisor, "investigate", banned), 422, "bad_answers", "/answers/ban_reason")
    town.done(town.supervisor, "investigate", {**banned, "ban_reason": "photo_misuse"})
    town.helper.refresh_from_db()
    town.pairing.refresh_from_db()
    assert (town.helper.status, town.pairing.end_reason) == ("ended", "complaint")
    ban = Ban.objects.get()
    assert (ban.reason, ban.to_date, ban.state, ban.proposed_by) == ("photo_misuse", None, "proposed", town.supervisor)
    second = factories.user("second", role="supervisor", name="王副")
    bans.confirm(ban=ban, user=second, actor=factories.actor(second, role="supervisor"), now=timezone.now())
    assert "banned" in volunteers.obstacles(helper=town.helper, day=today)
    row = Caller(town.supervisor).get(f"grievances/{Grievance.objects.get().pk}/").json()
    assert (row["removal_asked_on"], row["ban_reason"]) == (today.isoformat(), "photo_misuse")
    assert families_with_photo_consent([town.family.pk]) == {town.family.pk}


def test_delete_everything_by_somebody_who_still_gets_a_benefit(town: Town) -> None:
    """E34: the benefit and what it rests on stay, the optional parts are restricted, pairing data stops."""
    Family.objects.update(emergency_contact="邻居", needs=["comfort"], policies=["特扶"], willingness="agreed")
    consent(town)
    town.request("delete")
    partly = {**REQUEST, "finding": "partly_upheld", "kept_by_law": "特扶档案依法保存，待遇照发"}
    town.done(town.caseworker, "handle_request", {**partly, "restrict": ["photo", "contact", "needs", "pairing"]})
    town.done(town.supervisor, "confirm_request", {"confirmation": "confirm"})
    town.office.work()
    town.family.refresh_from_db()
    assert (town.family.policies, town.family.status) == (["特扶"], "registered")
    assert (town.family.emergency_contact, town.family.needs) == ("", [])
    erased = Event.objects.get(action="family.updated")
    assert erased.data == dict.fromkeys(("emergency_contact", "languages", "needs"), "changed")
    assert not Event.objects.filter(Q(body__contains="邻居") | Q(body__contains="comfort")).exists()  # PIPL 47
    assert not Consent.objects.filter(family=town.family, withdrawn_at__isnull=True).exists()
    said = next(iter(results(Caller(town.caseworker).get("work-items/", step="reply_to_person"))))
    form = Caller(town.caseworker).get(f"work-items/{said['id']}/form/").content.decode()
    assert "特扶档案依法保存" in form


def test_a_childs_copy_is_told_without_the_childs_name(town: Town) -> None:
    """未成年人网络保护条例 36."""
    child = factories.person(town.family, name="孙小杰", birth_date=timezone.localdate() - timedelta(days=3000))
    taken = town.request("copy")
    Caller(town.caseworker).post(f"grievances/{taken['id']}/copy/", {"person": str(child.pk)})
    assert Event.objects.get(action="grievance.copy_made").data["name"] == "孙*"


def test_the_copy_holds_the_persons_own_health_and_nobody_elses(town: Town, dpo: User) -> None:
    """PIPL 45: what was answered for a health service, too; made while the request is answered, and told."""
    mine = factories.family(
        label="孙家", members=[{"name": "孙桂兰", "health": "41"}, {"name": "孙强", "health": "42"}]
    )
    asked, other = mine.persons.get(name="孙桂兰"), mine.persons.get(name="孙强")
    for number, person in (("JK-1", asked), ("JK-2", other)):
        HealthService.objects.create(
            number=number, kind="womens_check", place=mine.unit, person=person, residence_months=7
        )
    town.family, town.case = mine, factories.case(mine)
    taken = town.request("copy")
    path = f"grievances/{taken['id']}/copy/"
    for user in (dpo, town.caseworker):
        made = Caller(user).post(path, {"person": str(asked.pk)}).json()
        assert made["person"]["health"] == "41"
        assert [(row["number"], row["residence_months"]) for row in made["health_services"]] == [("JK-1", 7)]
        assert "42" not in str(made["person"])
    made_by = [event.actor for event in Event.objects.filter(action="grievance.copy_made").order_by("seq")]
    assert made_by == ["孙工", "陈姐"]
    stranger = factories.family(label="别家", members=[{"name": "别人"}]).persons.get()
    assert_problem(Caller(dpo).post(path, {"person": str(stranger.pk)}), 422, "wrong_person", "/person")
    assert_problem(Caller(town.supervisor).post(path, {"person": str(asked.pk)}), 403, "not_allowed")
    page = visitor(town.caseworker).post(f"/grievances/{taken['id']}/copy/", {"person": str(asked.pk)})
    assert "JK-1" in page.content.decode()
    assert "JK-2" not in page.content.decode()
    correct = town.request("correct")
    refused = Caller(dpo).post(f"grievances/{correct['id']}/copy/", {"person": str(asked.pk)})
    assert_problem(refused, 409, "no_copy_asked")
