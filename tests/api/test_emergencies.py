"""Emergencies (P04): answered in minutes or passed on; reported by the finder, whom nobody can find out (E8, E9)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.models import Case
from backend.core.crypto import decrypt
from backend.emergencies.models import DutySpell, Incident
from backend.helpers.models import Helper, Pairing
from backend.org.codes import load_codes
from backend.org.models import User
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.steps.office import Office
from workflows import services
from workflows.models import Instance, Trace, WorkItem

pytestmark = pytest.mark.django_db

FALL: dict[str, Any] = {"kind": "fall", "alone": True, "where": "二组水井旁", "who": "孙奶奶"}
CHILD: dict[str, Any] = {
    "kind": "abuse", "minor": True, "situations": ["injuries"], "where": "三组十号", "who": "小杰",
    "what": "手臂多处淤青",
}  # fmt: skip


class Town:
    """A family with a helper, the people of the township, and a second supervisor for the review."""

    def __init__(self) -> None:
        load_codes()
        self.office = Office(timezone.now())
        self.caseworker, self.supervisor = self.office.caseworker, self.office.supervisor
        self.village, self.volunteer = self.office.village, self.office.volunteer
        self.vice = factories.user("vice", role="supervisor", name="副主任")
        self.case: Case = factories.case()
        self.helper: Helper = factories.helper(user=self.volunteer)
        self.pairing: Pairing = factories.pairing(self.case, self.helper)

    def reported(self, by: User, **said: Any) -> dict[str, Any]:
        response = Caller(by).post("emergencies/", said)
        assert response.status_code == 201, response.content
        row: dict[str, Any] = response.json()
        return row

    def on_duty(self, user: User, post: str) -> DutySpell:
        return DutySpell.objects.create(
            unit=factories.town(), post=post, user=user, from_date=factories.LONG_AGO, phone="13800000000"
        )

    def later(self, **time: int) -> None:
        """The clock goes on: what is due then happens, and the worker does what is queued."""
        self.office.now += timedelta(**time)
        for instance in Instance.objects.filter(process__key="emergency_response", wake_at__lte=self.office.now):
            services.wake(instance_id=instance.pk, now=self.office.now)
        self.office.work()

    def item(self, user: User, step: str) -> dict[str, Any] | None:
        return next(iter(results(Caller(user).get("work-items/", doable="true", step=step))), None)

    def do(self, user: User, step: str, **answers: Any) -> Any:
        item = self.item(user, step)
        assert item is not None, step
        return Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})

    def done(self, user: User, step: str, **answers: Any) -> None:
        response = self.do(user, step, **answers)
        assert response.status_code == 200, response.content


@kept
def town() -> Town:
    return Town()


def now() -> str:
    return timezone.now().isoformat()


def test_from_the_report_to_the_review_by_somebody_else(town: Town) -> None:
    row = town.reported(town.volunteer, **FALL, family=str(town.case.family_id))
    assert (row["level"], row["report_due"], row["state"]) == ("at_once", False, "open")
    assert row["number"].startswith("JJ-120114122000-")
    found = results(Caller(town.supervisor).get("work-items/", q=row["number"]))
    assert {each["step"] for each in found} == {"acknowledge", "write_brief"}
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="told", hospital_told=True)
    town.done(town.village, "arrive", arrival="danger", arrived_at=now(), found="已送卫生院")
    town.done(
        town.caseworker, "take_measures", measures=["hospital"], actions="女儿已到", raise_tier=True, settled="resolved"
    )
    town.case.family.refresh_from_db()
    assert town.case.family.risk_tier == "A"
    assert Event.objects.get(action="family.classified").reason == row["number"]
    town.done(town.caseworker, "write_brief", sent_to=["county"], brief="一人跌倒，已送医")
    # Whoever acknowledged it does not review it.
    assert town.do(town.supervisor, "review_response", review_result="close", opinion="好").status_code == 403
    town.done(town.vice, "review_response", review_result="close", opinion="处置及时")
    shown = Caller(town.volunteer).get(f"emergencies/{row['id']}/").json()
    assert (shown["state"], shown["outcome"], shown["reviewed_by"], shown["own"]) == (
        "closed", "resolved", "副主任", True,
    )  # fmt: skip
    assert Instance.objects.get(process__key="emergency_response").outcome == "resolved"
    assert Event.objects.filter(case_id=town.case.pk, action="emergency.closed").exists()


def test_unanswered_it_climbs_the_list_of_duty_and_stays_everybodys(town: Town) -> None:
    """The first officer, the deputy, the leading group; at last everybody once more."""
    lead = factories.user("lead", role="supervisor", unit=factories.region("120114000000"), name="带班领导")
    town.on_duty(town.supervisor, "first")
    town.on_duty(town.vice, "deputy")
    DutySpell.objects.create(
        unit=factories.region("120114000000"), post="leading_group", user=lead, from_date=factories.LONG_AGO
    )
    row = town.reported(town.village, **FALL)

    def told() -> list[tuple[str, str]]:
        entries = Caller(town.supervisor).get(f"emergencies/{row['id']}/").json()["entries"]
        return [(each["party"], each["label"]) for each in entries if each["kind"] == "told"]

    assert told() == [("first", "老王")]
    for step, expected in (
        (9, []), (2, [("deputy", "副主任")]), (11, [("leading_group", "带班领导")]),
        (11, [("everybody", name) for name in ("老王", "副主任", "带班领导")]), (60, []),
    ):  # fmt: skip
        before = len(told())
        town.later(minutes=step)
        assert told()[before:] == expected
    assert results(Caller(lead).get("emergencies/", open="true"))[0]["unanswered"] is False  # by the wall clock
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="nobody")
    before = len(told())
    town.later(minutes=30)
    assert len(told()) == before


def test_the_finder_reports_a_hurt_child_at_once_and_nobody_has_to_agree(town: Town) -> None:
    """未保法 11: the report waits for no work item; the officer's own one goes when the finder has done it."""
    row = town.reported(town.volunteer, **CHILD)
    assert (row["report_due"], row["report_to"], row["sealed"]) == (True, "police_civil_education", True)
    assert town.item(town.supervisor, "report_at_once") is not None
    response = Caller(town.volunteer).post(f"emergencies/{row['id']}/calls/", {"party": "110", "receipt": "110-0042"})
    assert (response.status_code, response.json()["receipt"]) == (200, "110-0042")
    town.office.work()
    assert town.item(town.supervisor, "report_at_once") is None
    assert town.item(town.supervisor, "acknowledge") is not None
    town.later(hours=2)
    assert Incident.objects.get().late == []


def test_a_child_reported_alone_is_one_of_the_nine_situations(town: Town) -> None:
    """D09: also when whoever tells it ticks nothing else; what was said besides stays."""
    for situations in ([], ["injuries"]):
        row = town.reported(town.volunteer, kind="child_alone", situations=situations)
        assert (row["level"], row["report_due"], row["sealed"]) == ("at_once", True, True)
        assert Incident.objects.get(pk=row["id"]).situations == [*situations, "abandoned"]


def test_not_reported_within_the_hour_the_officer_hears_of_it_and_reports(town: Town) -> None:
    town.reported(town.volunteer, **CHILD)
    town.later(minutes=61)
    assert Incident.objects.get().late == ["report"]
    town.done(town.supervisor, "report_at_once", reported_at=now(), receipt="接警员王")
    assert Incident.objects.get().receipt == "接警员王"


def test_whoever_has_to_go_there_hears_it_at_once_and_the_officers_what_was_not_done_in_time(town: Town) -> None:
    """Urgent: also at night. Only those of the list of duty who were told of it hear more of it; a number, no name."""
    town.on_duty(town.supervisor, "first")
    town.on_duty(town.vice, "deputy")
    row = town.reported(town.volunteer, **CHILD, family=str(town.case.family_id))

    def heard(kind: str) -> list[tuple[str, str, bool]]:
        rows = Reminder.objects.filter(kind=f"emergency.{kind}").order_by("id")
        told = list(rows.values_list("role", "user__username", "unit__name", "urgent", "label", "family_id", "case_id"))
        assert {each[4:] for each in told} <= {(row["number"], None, None)}
        return [(role or "", user or unit, urgent) for role, user, unit, urgent, *_what in told]

    assert heard("go_there") == []
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="must_not")
    assert heard("go_there") == [("village", "赵庄村", True)]
    assert heard("late") == []
    town.later(minutes=61)
    assert heard("late") == [("", "supervisor", True)]
    town.later(hours=4)
    assert heard("late") == [("", "supervisor", True)] * 2
    town.later(days=1)
    assert Incident.objects.get().late == ["report", "arrive", "brief"]
    assert heard("late")[2:] == [("supervisor", "大黄堡镇", True)]


def test_a_false_alarm_sends_nobody_there(town: Town) -> None:
    town.reported(town.volunteer, **FALL, family=str(town.case.family_id))
    town.done(town.supervisor, "acknowledge", acknowledgement="false_alarm", reason="老人在邻居家")
    assert not Reminder.objects.filter(kind="emergency.go_there").exists()


def test_who_found_it_stands_nowhere_but_for_two_named_officers(town: Town) -> None:
    """E9: no row, event, trace or work item tells it; the two see it with a reason, and history tells that."""
    finder = factories.user("finder", role="village", name="发现人赵某")
    row = town.reported(finder, **CHILD)
    Caller(finder).post(f"emergencies/{row['id']}/calls/", {"party": "110", "receipt": "7"})
    town.office.work()
    told = [event for event in Event.objects.all() if str(finder.pk) in event.body or finder.name in event.body]
    assert told == []
    assert not Trace.objects.filter(by_id=finder.pk).exists()
    stored = str(Incident.objects.values().get())
    assert str(finder.pk) not in stored.replace(str(Incident.objects.get().finder), "")
    for user in (town.supervisor, town.caseworker, town.village):
        item = town.item(town.supervisor, "acknowledge")
        assert item is not None
        seen = [
            Caller(user).get(path).content.decode()
            for path in (f"emergencies/{row['id']}/", f"work-items/{item['id']}/form/", "events/")
        ]
        assert not [text for text in seen if finder.name in text]
    path = f"emergencies/{row['id']}/reveal/"
    assert_problem(Caller(town.supervisor).post(path, {"reason": "法院来函"}), 403, "not_a_confidant")
    assert_problem(Caller(town.caseworker).post(path, {"reason": "法院来函"}), 403, "not_allowed")
    town.on_duty(town.supervisor, "confidant")
    revealed = Caller(town.supervisor).post(path, {"reason": "法院来函"})
    assert revealed.json()["finder"] == finder.name
    event = Event.objects.get(action="emergency.finder_revealed")
    assert (event.actor_id, event.reason) == (town.supervisor.pk, "法院来函")


def test_a_sealed_record_opens_to_the_two_officers_only_and_that_is_an_event(town: Town) -> None:
    row = town.reported(town.village, **CHILD, family=str(town.case.family_id))
    path = f"emergencies/{row['id']}/open/"
    for user in (town.supervisor, town.caseworker, town.village):
        assert_problem(Caller(user).post(path), 403, "not_allowed")
        assert CHILD["who"] not in Caller(user).get(f"emergencies/{row['id']}/").content.decode()
    assert not Event.objects.filter(object_kind="incident").exclude(case_id=None, family_id=None).exists()
    assert not WorkItem.objects.filter(process="emergency_response").exclude(case=None, family=None).exists()
    town.on_duty(town.vice, "confidant")
    opened = Caller(town.vice).post(path).json()
    assert (opened["who"], opened["finder"]) == (CHILD["who"], "")
    assert Event.objects.get(action="emergency.opened").actor_id == town.vice.pk


def test_an_open_record_tells_the_finder_only_where_that_is_no_secret(town: Town) -> None:
    row = town.reported(town.caseworker, **FALL, secret=False)
    assert Caller(town.supervisor).post(f"emergencies/{row['id']}/open/").json()["finder"] == "陈姐"


def test_a_suspected_helper_is_suspended_at_once_and_sees_nothing_of_it(town: Town) -> None:
    """E9: with all families; back only by the reviewer's word."""
    factories.member(town.volunteer, "supervisor")
    town.reported(town.village, **CHILD, family=str(town.case.family_id), suspect="helper")
    town.helper.refresh_from_db()
    assert (town.helper.status, town.pairing.is_suspended(timezone.localdate())) == ("suspended", True)
    assert results(Caller(town.volunteer).get("emergencies/")) == []
    assert results(Caller(town.volunteer).get("work-items/", process="emergency_response")) == []
    town.done(town.supervisor, "report_at_once", reported_at=now(), receipt="1")
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="must_not")
    town.done(town.village, "arrive", arrival="danger", arrived_at=now(), found="见到孩子")
    town.done(town.caseworker, "take_measures", measures=["shelter"], actions="已安置", settled="handed_over")
    town.done(town.caseworker, "write_brief", sent_to=["county"], brief="已报告")
    close = {"review_result": "close", "opinion": "可以"}
    assert_problem(town.do(town.vice, "review_response", **close), 422, "say_of_helper")
    town.done(town.vice, "review_response", **close, helper="goes_on")
    town.helper.refresh_from_db()
    assert (town.helper.status, town.pairing.is_suspended(timezone.localdate())) == ("active", False)


@pytest.mark.parametrize("suspect", ["kin", "helper"])
def test_a_sealed_number_stands_in_no_other_history(town: Town, suspect: str) -> None:
    """E9: neither the family's nor the helper's nor the pairing's leads whoever reads it to the emergency."""
    row = town.reported(town.village, **CHILD, family=str(town.case.family_id), suspect=suspect)
    town.done(town.supervisor, "report_at_once", reported_at=now(), receipt="1")
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="must_not")
    town.done(town.village, "arrive", arrival="danger", arrived_at=now(), found="见到孩子")
    settled = {"measures": ["shelter"], "actions": "已安置", "settled": "handed_over", "raise_tier": True}
    town.done(town.caseworker, "take_measures", **settled)
    town.done(town.caseworker, "write_brief", sent_to=["county"], brief="已报告")
    helper = {"helper": "goes_on"} if suspect == "helper" else {}
    town.done(town.vice, "review_response", review_result="close", opinion="可以", **helper)
    told = Event.objects.filter(body__contains=row["number"]).exclude(object_kind="incident")
    assert [event.action for event in told] == []
    noted = ("family.classified", "helper.status_changed", "pairing.suspended", "pairing.resumed")
    assert set(Event.objects.filter(action__in=noted).values_list("reason", flat=True)) == {""}


def test_a_hurt_child_found_on_the_way_is_reported_to_the_police_at_once(town: Town) -> None:
    """D09 is asked again when somebody is there: the police's item comes without anybody's word; nothing else waits."""
    row = town.reported(town.volunteer, **FALL, family=str(town.case.family_id))
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="told")
    assert town.item(town.supervisor, "report_what_was_found") is None
    hurt = {"minor": True, "situations": ["injuries"]}
    town.done(town.village, "arrive", arrival="danger", arrived_at=now(), found="孩子身上有伤", **hurt)
    incident = Incident.objects.get()
    assert (incident.report_due, incident.report_to, incident.sealed, incident.tell_kin) == (
        True, "police_civil_education", True, False,
    )  # fmt: skip
    assert 3500 < (incident.report_by - timezone.now()).total_seconds() <= 3600
    sealed_from = Event.objects.get(action="emergency.raised").pk
    since = Event.objects.filter(object_kind="incident", pk__gte=sealed_from)
    assert not since.exclude(case_id=None, family_id=None).exists()
    assert "injuries" not in "".join(Event.objects.exclude(action="decision.made").values_list("body", flat=True))
    tables = [event.data["table"] for event in Event.objects.filter(action="decision.made").order_by("pk")]
    assert tables == ["mandatory_report", "emergency_triage"] * 2
    assert Reminder.objects.filter(kind="emergency.raised", user=town.supervisor, urgent=True).exists()
    town.done(town.caseworker, "take_measures", measures=["shelter"], actions="已安置", settled="resolved")
    town.done(town.caseworker, "write_brief", sent_to=["county"], brief="已送医")
    close = {"review_result": "close", "opinion": "可以"}
    assert_problem(town.do(town.vice, "review_response", **close), 409, "report_first")
    town.later(minutes=61)
    assert "report" in Incident.objects.get().late
    town.done(town.supervisor, "report_what_was_found", reported_at=now(), receipt="110-0042")
    town.done(town.vice, "review_response", **close)
    assert Caller(town.supervisor).get(f"emergencies/{row['id']}/").json()["state"] == "closed"
    assert not WorkItem.objects.filter(process="emergency_response", state="open").exists()


def test_whoever_found_it_there_may_tell_the_police_oneself(town: Town) -> None:
    row = town.reported(town.volunteer, **FALL)
    found = {"incapable": True, "violence": True}
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="must_not", **found)
    assert Incident.objects.get().report_to == "police_civil"
    assert town.item(town.supervisor, "report_what_was_found") is not None
    Caller(town.caseworker).post(f"emergencies/{row['id']}/calls/", {"party": "110", "receipt": "110-0042"})
    town.office.work()
    assert town.item(town.supervisor, "report_what_was_found") is None


def test_what_was_told_first_is_never_taken_back(town: Town) -> None:
    """Upward only: no seal opens, no report is let off, no level falls; and the police hears of it once."""
    town.reported(town.volunteer, **CHILD)
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="must_not", suspect="other")
    told = Incident.objects.get()
    assert (told.minor, told.situations, told.suspect) == (True, ["injuries"], "other")
    assert (told.level, told.report_due, told.sealed, told.tell_kin) == ("at_once", True, True, False)
    assert town.item(town.supervisor, "report_what_was_found") is None
    assert not Event.objects.filter(action="emergency.raised").exists()


def test_a_seal_never_opens_whoever_it_may_be_about_by_now(town: Town) -> None:
    """Kin first, somebody else later: D09 alone would unseal it and tell kin."""
    town.reported(town.volunteer, **FALL, family=str(town.case.family_id), suspect="kin")
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="must_not", suspect="other")
    told = Incident.objects.get()
    assert (told.suspect, told.sealed, told.tell_kin) == ("other", True, False)
    made = Event.objects.filter(action="decision.made", data__table="mandatory_report").latest("pk")
    assert json.loads(decrypt(bytes.fromhex(made.data["sealed_outputs"])))["rules"] == ["no_duty"]


def test_somebody_goes_there_sooner_when_it_is_a_child(town: Town) -> None:
    """D08: what could be planned cannot."""
    row = town.reported(town.volunteer, kind="other", where="村口")
    assert row["level"] == "planned"
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="nobody", minor=True)
    told = Incident.objects.get()
    assert (told.level, told.report_due, told.arrive_by < told.brief_by) == ("same_day", False, True)
    assert WorkItem.objects.get(step="go_from_office").due_at == told.arrive_by


def test_kin_who_may_be_the_cause_are_not_told_however_late_that_is_known(town: Town) -> None:
    town.reported(town.village, **FALL, family=str(town.case.family_id))
    said = {"acknowledgement": "on_it", "suspect": "kin"}
    assert_problem(town.do(town.supervisor, "acknowledge", **said, kin="told"), 422, "tell_nobody")
    assert Incident.objects.get().suspect == "nobody"
    town.done(town.supervisor, "acknowledge", **said, kin="must_not")
    assert (Incident.objects.get().sealed, Incident.objects.get().tell_kin) == (True, False)


def test_a_helper_who_is_suspected_only_now_meets_nobody_from_now_on(town: Town) -> None:
    """E9: and sees nothing any more, not even what lies in the own inbox."""
    factories.member(town.volunteer, "supervisor")
    town.reported(town.village, **FALL, family=str(town.case.family_id))
    factories.member(town.volunteer, "caseworker")
    brief = town.item(town.volunteer, "write_brief")
    assert brief is not None
    assert Caller(town.volunteer).post(f"work-items/{brief['id']}/claim/").status_code == 200
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="nobody", suspect="helper")
    town.helper.refresh_from_db()
    assert (town.helper.status, town.pairing.is_suspended(timezone.localdate())) == ("suspended", True)
    assert results(Caller(town.volunteer).get("work-items/", process="emergency_response")) == []
    left = WorkItem.objects.get(pk=brief["id"])
    assert (left.closed_to, left.assignee, left.excluded) == (town.volunteer.pk, None, [str(town.volunteer.pk)])
    assert WorkItem.objects.get(step="arrive").closed_to == town.volunteer.pk
    assert town.item(town.caseworker, "write_brief") is not None


def test_nobody_is_suspected_whom_the_family_does_not_know(town: Town) -> None:
    town.reported(town.volunteer, **FALL)
    said = {"acknowledgement": "on_it", "kin": "nobody", "suspect": "helper"}
    assert_problem(town.do(town.supervisor, "acknowledge", **said), 422, "no_suspect", "/answers/suspect")


def test_a_suspected_parent_is_told_nothing(town: Town) -> None:
    row = town.reported(town.village, **CHILD, family=str(town.case.family_id), suspect="kin")
    call = Caller(town.village).post(f"emergencies/{row['id']}/calls/", {"party": "kin"})
    assert_problem(call, 422, "tell_nobody")
    assert_problem(town.do(town.supervisor, "acknowledge", acknowledgement="on_it", kin="told"), 422, "tell_nobody")
    item = town.item(town.supervisor, "acknowledge")
    assert item is not None
    assert "emergency_phone" not in str(Caller(town.supervisor).get(f"work-items/{item['id']}/form/").json()["told"])


def test_what_had_to_be_reported_is_no_false_alarm_before_somebody_was_there(town: Town) -> None:
    row = town.reported(town.volunteer, **CHILD)
    path = f"emergencies/{row['id']}/call-off/"
    assert_problem(Caller(town.volunteer).post(path, {"reason": "看错了"}), 409, "look_first")
    false = {"acknowledgement": "false_alarm", "reason": "不像"}
    assert_problem(town.do(town.supervisor, "acknowledge", **false), 409, "look_first")
    town.done(town.supervisor, "acknowledge", acknowledgement="on_it", kin="must_not")
    town.done(town.caseworker, "go_from_office", arrival="false_alarm", arrived_at=now(), reason="颜料，不是伤")
    assert (Incident.objects.get().outcome, Incident.objects.get().state) == ("false_alarm", "closed")


def test_a_false_alarm_ends_with_its_reason_and_whoever_was_suspended_goes_on(town: Town) -> None:
    said = {**FALL, "family": str(town.case.family_id), "suspect": "helper"}
    row = town.reported(town.caseworker, **said)
    response = Caller(town.caseworker).post(f"emergencies/{row['id']}/call-off/", {"reason": "老人在邻居家"})
    assert response.status_code == 200
    town.office.work()
    town.helper.refresh_from_db()
    assert (town.helper.status, Incident.objects.get().state) == ("active", "closed")
    assert not WorkItem.objects.filter(process="emergency_response", state="open").exists()
    again = Caller(town.caseworker).post(f"emergencies/{row['id']}/call-off/", {"reason": "再次"})
    assert_problem(again, 409, "incident_closed")


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1, 2, 0)], ids=str)
def test_a_helper_under_two_suspicions_goes_on_when_the_last_is_settled(town: Town, order: tuple[int, ...]) -> None:
    """E9: in whatever order they end, none lifts what another one needs."""
    said = {**FALL, "family": str(town.case.family_id), "suspect": "helper"}
    rows = [town.reported(town.caseworker, **said) for _ in order]
    held = town.pairing.suspensions.filter(to_date__isnull=True, reason="safety")
    for number in order:
        town.helper.refresh_from_db()
        assert (town.helper.status, held.exists()) == ("suspended", True)
        path = f"emergencies/{rows[number]['id']}/call-off/"
        assert Caller(town.caseworker).post(path, {"reason": "老人在邻居家"}).status_code == 200
        town.office.work()
        assert Incident.objects.get(pk=rows[number]["id"]).state == "closed"
    town.helper.refresh_from_db()
    assert (town.helper.status, held.exists()) == ("active", False)


def test_the_same_report_twice_is_one_and_nobody_takes_anothers_id(town: Town) -> None:
    """E8: a telephone without network sends it as often as it likes."""
    said = {**FALL, "id": str(uuid4())}
    first, second = town.reported(town.village, **said), town.reported(town.village, **said)
    assert first["id"] == second["id"] == said["id"]
    assert Incident.objects.count() == Instance.objects.filter(process__key="emergency_response").count() == 1
    assert_problem(Caller(town.caseworker).post("emergencies/", said), 409, "report_taken")


def test_a_call_to_the_hotline_is_written_down_by_an_officer(town: Town) -> None:
    row = town.reported(town.caseworker, **FALL, channel="hotline", finder="过路人", unit=str(factories.village().pk))
    assert (row["own"], row["office"]["name"]) == (False, "大黄堡镇")
    assert (Incident.objects.get().finder, Incident.objects.get().finder_key) == ("过路人", None)


@pytest.mark.parametrize(
    ("said", "pointer"),
    [({"kind": "storm"}, "/kind"), ({"situations": ["x"]}, "/situations"), ({"channel": "x"}, "/channel"),
     ({"found_at": "2199-01-01T00:00:00+08:00"}, "/found_at"), ({"suspect": "helper"}, "/suspect")],
)  # fmt: skip
def test_what_does_not_fit_is_pointed_at(town: Town, said: dict[str, Any], pointer: str) -> None:
    town.pairing.delete()
    body = {**FALL, "family": str(town.case.family_id), **said}
    response = Caller(town.caseworker).post("emergencies/", body)
    assert response.status_code == 422
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert Incident.objects.count() == 0


def test_the_list_of_duty_names_two_confidants_and_only_who_can_answer(town: Town) -> None:
    unit, day = str(factories.town().pk), timezone.localdate().isoformat()
    caller = Caller(town.supervisor)

    def put(user: User, post: str = "confidant", **more: str) -> Any:
        return caller.post("duties/", {"unit": unit, "post": post, "user": str(user.pk), "from_date": day, **more})

    third = factories.user("third", role="supervisor", name="第三人")
    first = put(town.supervisor).json()
    assert put(town.vice).status_code == 201
    assert_problem(put(third), 409, "too_many_confidants")
    assert_problem(put(town.caseworker, "first"), 422, "cannot_answer")
    assert_problem(put(third, to_date="2020-01-01"), 422, "wrong_dates")
    assert caller.post(f"duties/{first['id']}/end/", {"to_date": day}).status_code == 200
    assert put(third).status_code == 201
    assert {row["user"]["name"] for row in results(caller.get("duties/", on=day))} == {"副主任", "第三人"}
    assert_problem(Caller(town.caseworker).post("duties/", {}), 403, "not_allowed")


def test_a_year_of_rows_costs_the_list_no_more_statements(town: Town) -> None:
    town.reported(town.village, **FALL)
    one = Caller(town.supervisor).statements("emergencies/")
    for _again in range(3):
        town.reported(town.village, **FALL)
    assert Caller(town.supervisor).statements("emergencies/") == one
