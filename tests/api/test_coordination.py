"""The leading group (P14): reports that are frozen, bulletins, meetings and their tasks; who may do what, and when."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.audit.models import Event
from backend.coordination import bulletins, clocks, meetings, members, quality, reports, tasks
from backend.coordination.models import (
    AgendaItem,
    Bulletin,
    GroupDocument,
    GroupTask,
    Meeting,
    MonthlyReport,
    Submission,
    Supplement,
    SupportDecision,
)
from backend.core.errors import DomainError
from backend.org import codes
from backend.org.access import SYSTEM, actor_of
from backend.org.models import Deputy, Unit, User
from backend.reminders.models import Reminder
from backend.services.catalogue import load_catalogue
from backend.services.models import Entry, Plan, PlanItem
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from workflows import coordination, deployment, services
from workflows.models import Instance, Process, WorkItem

pytestmark = pytest.mark.django_db

LOCAL = timezone.get_default_timezone()
MONTH = date(2026, 2, 1)
FIRST_DAY = datetime(2026, 3, 2, 9, tzinfo=LOCAL)
"""Monday, the first working day of March."""
FULL = {
    "nil": False, "standing": "on_track", "progress": "签约过半", "content": "入户签约42户", "effect": "随访按时",
    "activities": 2, "served": 60, "served_first": 20, "served_again": 40, "asks": False,
}  # fmt: skip
EVIDENCE = {"arrangement": "张科长牵头", "grip": "签约专项", "carried_out": "补签18户", "effect": "覆盖率100%"}
SIGN, ACCEPT = {"signature": "sign"}, {"review": "accept"}

_deployed: list[Process] = []


def deploy() -> None:
    """The four processes; checked once, afterwards the same rows again."""
    if _deployed:
        Process.objects.bulk_create(_deployed)
        return
    for key in ("monthly_report", "bulletin", "meeting", "meeting_task"):
        files = deployment.bundle(settings.BPMN_FOLDER, key)
        deployment.deploy(key=key, files=files, actor=SYSTEM, now=FIRST_DAY)
    _deployed.extend(Process.objects.all())


class Group:
    """A township with two member departments, one with everybody it needs, and the office."""

    def __init__(self) -> None:
        deploy()
        self.town = factories.town()
        self.health = department(self.town, "BM-01", "文卫科")
        self.women = department(self.town, "BM-02", "妇联")
        self.liaison = factories.user("liaison", role="liaison", unit=self.health, name="周联络员")
        self.head = factories.user("head", role="head", unit=self.health, name="马科长")
        self.office = factories.user("office", role="leading_group", unit=self.town, name="郑和平")
        self.chair = factories.user("chair", role="head", unit=self.town, name="马书记")
        for unit in (self.health, self.women):
            members.add_member(office=self.town, unit=unit, from_date=date(2026, 1, 1), actor=SYSTEM, now=FIRST_DAY)

    def ask(self, now: datetime = FIRST_DAY) -> MonthlyReport:
        """Both are asked for February; the report of 文卫科."""
        coordination.turn(now)
        return MonthlyReport.objects.get(unit=self.health, month=clocks.month_before(timezone.localdate(now)))

    def accepted(self, answers: dict[str, Any] | None = None, now: datetime = FIRST_DAY) -> MonthlyReport:
        """Written, signed, accepted."""
        report = self.ask(now)
        do(self.liaison, "write_report", answers or FULL, now)
        do(self.head, "sign_report", SIGN, now)
        do(self.office, "review_report", ACCEPT, now)
        report.refresh_from_db()
        return report

    def called_meeting(self, now: datetime = FIRST_DAY) -> Meeting:
        """Called for the next day, whose time has come."""
        row = coordination.start_meeting(
            office=self.town, kind="coordination", title="三月例会", held_at=now + timedelta(days=1),
            actor=actor_of(self.office), now=now,
        )  # fmt: skip
        do(self.office, "set_agenda", {"agenda": "call"}, now)
        wake(now + timedelta(days=1))
        row.refresh_from_db()
        return row


def department(town: Unit, code: str, name: str) -> Unit:
    return Unit.objects.create(
        code=code, name=name, kind="department", parent=town, path=f"{town.path}{code}.", sort="women"
    )


def item(step: str, user: User | None = None) -> WorkItem:
    """The open item of this step, at a unit where the user works."""
    rows = WorkItem.objects.select_related("instance__process").filter(step=step, state="open")
    return rows.get(unit__in=user.memberships.values("unit")) if user is not None else rows.get()


def do(user: User, step: str, answers: dict[str, Any], now: datetime = FIRST_DAY) -> None:
    services.complete(item=item(step, user), answers=answers, user=user, now=now)


def wake(now: datetime) -> None:
    for pk in Instance.objects.filter(state="running", wake_at__lte=now).values_list("pk", flat=True):
        services.wake(instance_id=pk, now=now)


def refused(code: str, user: User, step: str, answers: dict[str, Any]) -> None:
    """Completing it is refused with this code, and nothing happens."""
    with pytest.raises(DomainError) as caught, transaction.atomic():
        do(user, step, answers)
    assert caught.value.code == code


@kept
def group() -> Group:
    return Group()


# --- the month


@pytest.mark.parametrize(
    ("month", "asked_on", "due", "listed"),
    [
        (date(2026, 2, 1), date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 10)),
        (date(2026, 8, 1), date(2026, 9, 1), date(2026, 9, 7), date(2026, 9, 12)),  # the 5th is a Saturday
        (date(2026, 9, 1), date(2026, 10, 8), date(2026, 10, 10), date(2026, 10, 15)),  # after the national holiday
    ],
)
def test_the_day_is_the_fifth_or_the_next_on_which_offices_work(
    month: date, asked_on: date, due: date, listed: date
) -> None:
    clock = clocks.clock_of(month, asked_on=asked_on, path="")
    assert timezone.localdate(clock.due_at) == due
    assert timezone.localdate(clock.list_at) == listed
    assert clock.remind_at < clock.due_at < clock.late_at < clock.list_at < clock.close_at


def test_members_are_asked_once_and_not_before_the_first_working_day(group: Group) -> None:
    assert coordination.turn(datetime(2026, 3, 1, 9, tzinfo=LOCAL)) == (0, 0)  # a Sunday
    members.add_member(
        office=group.town, unit=factories.village(), from_date=date(2026, 3, 2), actor=SYSTEM, now=FIRST_DAY
    )
    assert coordination.turn(FIRST_DAY) == (2, 0)  # the village joined after February
    assert coordination.turn(FIRST_DAY) == (0, 0)


def test_accepted_at_once(group: Group) -> None:
    report = group.accepted()
    assert (report.state, report.is_late) == ("accepted", False)
    row = report.submissions.get()
    assert (row.progress, row.told["served"], row.signer, row.codes) == ("签约过半", 60, group.head, [])
    assert set(row.counted) == {"referrals_sent", "referrals_accepted", "referrals_declined", "referrals_delivered"}
    assert Instance.objects.filter(process__key="monthly_report", outcome="accepted").count() == 1
    told = Event.objects.filter(action__startswith="monthly_report.", object_id=str(report.pk)).values_list("action")
    assert [action.partition(".")[2] for (action,) in told.order_by("seq")] == [
        "opened", "written", "signed", "accepted"
    ]  # fmt: skip
    assert all("签约过半" not in event.body for event in Event.objects.all())


def test_nil_is_a_report_and_absence_is_not(group: Group) -> None:
    """E31."""
    report = group.accepted({"nil": True})
    assert report.submissions.get().told == {}
    assert Instance.objects.filter(process__key="monthly_report", outcome="nil_accepted").count() == 1
    found = dict(reported(group))
    assert found == {"文卫科": "nil_on_time", "妇联": "not_submitted"}
    later = datetime(2026, 5, 1, tzinfo=LOCAL)
    wake(later)
    assert MonthlyReport.objects.get(unit=group.women).state == "missing"
    assert Instance.objects.filter(process__key="monthly_report", outcome="not_submitted").count() == 1


def reported(group: Group) -> list[tuple[str, str]]:
    return [
        (report.unit.name, bulletins.how_reported(report, row))
        for report, row in bulletins.reports_of(group.town, MONTH)
    ]


def test_written_but_not_signed_is_not_submitted(group: Group) -> None:
    group.ask()
    do(group.liaison, "write_report", FULL)
    assert dict(reported(group))["文卫科"] == "not_submitted"


def test_reminded_on_day_three_and_late_on_day_six_once(group: Group) -> None:
    report = group.ask()
    wake(datetime(2026, 3, 3, 8, tzinfo=LOCAL))
    assert kinds(report) == {"monthly_report.reminded"}
    sixth = datetime(2026, 3, 6, 8, tzinfo=LOCAL)
    wake(sixth)
    wake(sixth)
    told = Reminder.objects.filter(kind="monthly_report.late", about_id=report.pk)
    assert set(told.values_list("role", "unit__name")) == {
        ("liaison", "文卫科"), ("head", "文卫科"), ("leading_group", group.town.name)
    }  # fmt: skip
    do(group.liaison, "write_report", FULL, sixth)
    do(group.head, "sign_report", SIGN, sixth)
    assert dict(reported(group))["文卫科"] == "late"


def kinds(report: MonthlyReport) -> set[str]:
    return set(Reminder.objects.filter(about_id=report.pk).values_list("kind", flat=True))


def test_what_the_check_finds_is_returned_or_accepted_with_a_reason(group: Group) -> None:
    """D28."""
    report = group.ask()
    do(group.liaison, "write_report", {**FULL, "served_again": 41, "activities": -1})
    do(group.head, "sign_report", SIGN)
    assert report.submissions.get().codes == ["negative", "sum_mismatch"]
    refused("note_missing", group.office, "review_report", ACCEPT)
    do(group.office, "review_report", {"review": "return", "codes": ["sum_mismatch"], "reason": "合计不符"})
    report.refresh_from_db()
    assert (report.state, report.rounds, report.return_codes) == ("writing", 1, ["sum_mismatch"])
    do(group.liaison, "write_report", {**FULL, "served_again": 41})
    do(group.head, "sign_report", SIGN)
    do(group.office, "review_report", {**ACCEPT, "note": "首次一人重复登记，已核"})
    assert [row.told["served_again"] for row in report.submissions.order_by("round")] == [41, 41]


@pytest.mark.parametrize(
    ("told", "before", "expected"),
    [
        ({"served": 15, "activities": 1}, {"served": 10}, {"jump": 50, "missing": 2}),
        ({"served": 301}, {"served": 200}, {"jump": 51}),  # half and a hair is more than half
        ({"served": 4}, {"served": 10}, {"jump": 60}),
        ({"served": 5}, {"served": 0}, {"jump": 0}),
        ({"served": 5, "served_first": 3, "served_again": 3}, {}, {"difference": 1, "missing": 1}),
        ({"served": 5, "served_first": 3}, {}, {"difference": 0}),
        ({"served": -5, "served_first": -3, "served_again": -2}, {}, {"negative": 3, "difference": 0}),
    ],
)
def test_what_the_check_looks_at(told: dict[str, int], before: dict[str, int], expected: dict[str, int]) -> None:
    found = quality.facts(told=told, before=before, nil=False, month=date(2025, 12, 1), today=date(2026, 1, 5))
    assert found.items() >= {**expected, "months_old": 1}.items()


# --- what was reported stays


def test_what_was_reported_is_frozen_and_supplemented(group: Group) -> None:
    report = group.accepted()
    row = report.submissions.get()
    for change in (
        lambda: Submission.objects.filter(pk=row.pk).update(told={"served": 600}),
        lambda: Submission.objects.filter(pk=row.pk).update(codes=["jump"]),
        lambda: Submission.objects.filter(pk=row.pk).delete(),
        lambda: MonthlyReport.objects.filter(pk=report.pk).update(state="writing"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    caller = Caller(group.liaison)
    answer = caller.post(f"monthly-reports/{report.pk}/supplement/", {"text": "漏记一场", "changes": {"activities": 3}})
    assert answer.status_code == 201
    told = answer.json()
    assert told["submissions"][0]["told"]["activities"] == 2
    assert told["supplements"][0]["changes"] == {"activities": 3}
    with pytest.raises(IntegrityError), transaction.atomic():
        Supplement.objects.update(changes={})
    wrong = {"text": "x", "changes": {"births": 1}}
    assert_problem(caller.post(f"monthly-reports/{report.pk}/supplement/", wrong), 422, "unknown_number")
    assert Caller(group.head).post(f"monthly-reports/{report.pk}/supplement/", {"text": "x"}).status_code == 403


def test_before_acceptance_it_is_returned_not_supplemented(group: Group) -> None:
    report = group.ask()
    answer = Caller(group.liaison).post(f"monthly-reports/{report.pk}/supplement/", {"text": "补充"})
    assert_problem(answer, 409, "report_not_accepted")


# --- powers apart


def test_nobody_signs_or_accepts_what_they_wrote(group: Group) -> None:
    """Section 3.0, in the engine: deputies included."""
    report = group.ask()
    for role, unit in (("head", group.health), ("leading_group", group.town)):
        factories.member(group.liaison, role, unit)
    Deputy.objects.create(absent=group.head, deputy=group.liaison, from_date=factories.LONG_AGO, reason="学习")
    do(group.liaison, "write_report", FULL)
    refused("four_eyes", group.liaison, "sign_report", SIGN)
    do(group.head, "sign_report", SIGN)
    refused("four_eyes", group.liaison, "review_report", ACCEPT)
    assert report.submissions.get().signer == group.head


def test_the_database_holds_the_powers_apart(group: Group) -> None:
    report = group.ask()
    with pytest.raises(IntegrityError, match="submission_signed_by_another"), transaction.atomic():
        Submission.objects.create(
            report=report, round=0, nil=True, author=group.liaison, author_label="x", signer=group.liaison
        )
    with pytest.raises(IntegrityError, match="bulletin_approved_by_another"), transaction.atomic():
        Bulletin.objects.create(office=group.town, month=MONTH, drafted_by=group.office, approved_by=group.office)
    meeting = Meeting.objects.create(
        office=group.town, kind="leaders", title="会", held_at=FIRST_DAY, minutes_by=FIRST_DAY, called_label="x"
    )
    meeting.minuted_by = meeting.confirmed_by = group.office
    with pytest.raises(IntegrityError, match="meeting_confirmed_by_another"), transaction.atomic():
        meeting.save()
    row = GroupTask.objects.create(
        meeting_id=meeting.pk, unit=group.health, text="补签", due_on=MONTH, due_at=FIRST_DAY
    )
    with pytest.raises(IntegrityError, match="group_task_four_evidences"), transaction.atomic():
        GroupTask.objects.filter(pk=row.pk).update(state="done")
    with pytest.raises(IntegrityError, match="group_task_checked_by_another"), transaction.atomic():
        GroupTask.objects.filter(pk=row.pk).update(done_by=group.head, checked_by=group.head)


# --- the bulletin


def test_a_bulletin_tells_who_reported_and_is_frozen(group: Group) -> None:
    report = group.accepted()
    tenth = datetime(2026, 3, 10, 9, tzinfo=LOCAL)
    assert coordination.turn(tenth - timedelta(hours=2))[1] == 0
    assert coordination.turn(tenth)[1] == 1
    assert coordination.turn(tenth)[1] == 0
    do(group.office, "draft_bulletin", {"foreword": "两个单位，一个未报。\n请抓紧。"}, tenth)
    do(group.chair, "approve_bulletin", {"approval": "return", "reason": "补下步工作"}, tenth)
    do(group.office, "draft_bulletin", {"foreword": "一个未报", "outlook": "抓签约"}, tenth)
    draft = Bulletin.objects.get()
    reader = Caller(group.liaison)
    assert reader.get(f"bulletins/{draft.pk}/").status_code == 404  # a draft is the office's
    do(group.chair, "approve_bulletin", {"approval": "approve"}, tenth)
    told = reader.get(f"bulletins/{draft.pk}/").json()
    assert told["number"] == "创幸办〔2026〕1号"
    assert told["content"]["how"] == {"not_submitted": 1, "on_time": 1}
    assert told["content"]["told"]["served"] == 60
    paper = GroupDocument.objects.get(kind="bulletin")
    assert (paper.number, paper.digest) == (told["number"], told["digest"])
    answer = reader.get(f"bulletins/{draft.pk}/file/")
    text = ZipFile(BytesIO(answer.content)).read("word/document.xml").decode()
    for part in ("创幸办〔2026〕1号", "未报1个：妇联", "签约过半", "抓签约"):
        assert part in text
    with pytest.raises(IntegrityError), transaction.atomic():
        Bulletin.objects.update(digest="")
    assert report.state == "accepted"
    heard = Reminder.objects.filter(kind="bulletin.published").values_list("unit__name", flat=True)
    assert set(heard) == {"文卫科", "妇联"}


def test_supplements_come_with_the_next_bulletin(group: Group) -> None:
    report = group.accepted()
    now = datetime(2026, 4, 1, 9, tzinfo=LOCAL)
    row = reports.supplement(report=report, text="漏记", changes={"served": 61}, actor=actor_of(group.liaison), now=now)
    group.accepted(now=now)
    found = coordination.start_bulletin(office=group.town, month=date(2026, 3, 1), actor=SYSTEM, now=now)
    found.refresh_from_db()
    assert found.content["supplements"] == [{"name": "文卫科", "month": "2026-02", "changes": row.changes}]


# --- meetings and tasks


def test_what_waits_comes_on_the_agenda_once(group: Group) -> None:
    group.accepted({**FULL, "standing": "no_progress", "problems": "缺医生", "asks": True, "support": "派一名医生"})
    meeting = group.called_meeting()
    found = meeting.agenda.order_by("kind").values_list("kind", flat=True)
    assert list(found) == ["no_progress", "support"]
    assert {row.text for row in meeting.agenda.all()} == {"缺医生", "派一名医生"}
    again = coordination.start_meeting(
        office=group.town, kind="leaders", title="四月例会", held_at=FIRST_DAY + timedelta(days=30),
        actor=SYSTEM, now=FIRST_DAY,
    )  # fmt: skip
    assert not again.agenda.exists()


def test_what_two_departments_declined_comes_on_the_agenda_by_its_id_alone(group: Group) -> None:
    """E24: once, only of this place, and no longer when it was settled meanwhile."""
    load_catalogue()

    def item(village: str, **fields: Any) -> PlanItem:
        case = factories.case(factories.family(unit=factories.village(village), label="孙家"))
        plan = Plan.objects.create(case=case, family=case.family, number=f"FW-{village}", source="office")
        entry = Entry.objects.filter(code="home_repair").latest("from_date")
        listed = {"listed_at": FIRST_DAY, "state": "declined", **fields}
        return PlanItem.objects.create(plan=plan, entry=entry, department="housing", **listed)

    declined = item(factories.VILLAGE)
    item("120114122202", listed_at=None)
    item("120114122203", state="delivered")
    item("210403007201")
    [row] = group.called_meeting().agenda.all()
    assert (row.kind, row.plan_item_id, row.text) == ("referral", declined.pk, "")
    shown = Caller(group.office).get(f"meetings/{row.meeting_id}/").json()
    assert "孙家" not in json.dumps(shown, ensure_ascii=False)
    again = coordination.start_meeting(
        office=group.town, kind="leaders", title="四月例会", held_at=FIRST_DAY + timedelta(days=30),
        actor=SYSTEM, now=FIRST_DAY,
    )  # fmt: skip
    assert not again.agenda.exists()


def test_from_meeting_to_a_task_with_four_evidences(group: Group) -> None:
    """Q3, Q24, G4."""
    meeting, caller = group.called_meeting(), Caller(group.office)
    added = caller.post(f"meetings/{meeting.pk}/items/", {"text": "签约进度", "unit": str(group.health.pk)}).json()
    refused("results_missing", group.office, "write_minutes", {"present": "全体", "minutes": "逐项"})
    [agenda] = added["agenda"]
    assert caller.post(f"agenda-items/{agenda['id']}/settle/", {"result": "三月底前补签"}).status_code == 200
    due = (timezone.localdate() + timedelta(days=20)).isoformat()
    body = {"unit": str(group.health.pk), "text": "补签", "due_on": due, "item": agenda["id"]}
    assert caller.post(f"meetings/{meeting.pk}/resolutions/", body).status_code == 201
    outside = {**body, "unit": str(group.town.pk)}
    assert_problem(caller.post(f"meetings/{meeting.pk}/resolutions/", outside), 422, "not_an_owner")
    do(group.office, "write_minutes", {"present": "全体", "minutes": "逐项研究"})
    assert Caller(group.liaison).get(f"meetings/{meeting.pk}/").status_code == 404
    do(group.chair, "confirm_minutes", {"confirmation": "confirm"})
    assert coordination.start_tasks(meeting_id=meeting.pk, now=FIRST_DAY) == 1
    assert coordination.start_tasks(meeting_id=meeting.pk, now=FIRST_DAY) == 0
    assert Caller(group.liaison).get(f"meetings/{meeting.pk}/").json()["state"] == "confirmed"
    task = GroupTask.objects.get()
    refused("bad_answers", group.liaison, "do_task", {**EVIDENCE, "effect": ""})
    do(group.liaison, "do_task", EVIDENCE)
    do(group.office, "check_task", {"check": "return", "reason": "要数字"})
    do(group.liaison, "do_task", EVIDENCE)
    do(group.office, "check_task", {"check": "close"})
    task.refresh_from_db()
    assert (task.state, task.grip, task.done_by, task.checked_by) == ("done", "签约专项", group.liaison, group.office)
    assert results(Caller(group.liaison).get("group-tasks/"))[0]["effect"] == "覆盖率100%"


def test_minutes_and_tasks_that_are_late_are_told_once(group: Group) -> None:
    meeting = group.called_meeting()
    assert timezone.localdate(meeting.minutes_by) == date(2026, 3, 6)  # three working days after Tuesday
    late = datetime(2026, 3, 7, 8, tzinfo=LOCAL)
    wake(late)
    told = Reminder.objects.filter(kind="meeting.minutes_late")
    assert {each.role: bool(each.page) for each in told} == {"head": True, "leading_group": True, "county": False}
    row = meetings.resolve(
        meeting=meeting, unit=group.health, text="补签", due_on=date(2026, 3, 20), actor=SYSTEM, now=FIRST_DAY
    )
    coordination.start_tasks(meeting_id=meeting.pk, now=FIRST_DAY)
    wake(datetime(2026, 3, 21, 8, tzinfo=LOCAL))
    row.refresh_from_db()
    assert row.late_told_at is not None
    assert set(Reminder.objects.filter(kind="group_task.late").values_list("role", flat=True)) == {
        "head",
        "leading_group",
        "county",
    }
    assert not tasks.note_late(task=row, actor=SYSTEM, now=late)


def test_a_cancelled_meeting_leaves_its_items_to_the_next(group: Group) -> None:
    group.accepted({**FULL, "asks": True, "support": "派一名医生"})
    row = coordination.start_meeting(
        office=group.town, kind="leaders", title="例会", held_at=FIRST_DAY + timedelta(days=3), actor=SYSTEM,
        now=FIRST_DAY,
    )  # fmt: skip
    do(group.office, "set_agenda", {"agenda": "cancel", "reason": "并入下月"})
    row.refresh_from_db()
    assert row.state == "cancelled"
    assert AgendaItem.objects.filter(meeting=group.called_meeting()).count() == 1


# --- leaders and their communities


def test_the_linked_leader_hears_and_decides(group: Group) -> None:
    """S13, S16."""
    members.link_leader(
        office=group.town, leader=group.chair, unit=group.health, from_date=MONTH, actor=SYSTEM, now=FIRST_DAY
    )
    report = group.accepted({**FULL, "asks": True, "support": "缺一名签约医生"})
    assert Reminder.objects.filter(kind="monthly_report.for_leader", user=group.chair).exists()
    do(group.chair, "decide_support", {"support": "people", "words": "卫生院下周派一名"})
    assert SupportDecision.objects.get(report=report).kind == "people"
    assert Caller(group.head).get(f"monthly-reports/{report.pk}/").json()["decision"]["text"] == "卫生院下周派一名"
    assert not group.called_meeting().agenda.exists()  # it was decided


# --- the register


def test_the_office_keeps_the_register(group: Group) -> None:
    office, village = Caller(group.office), factories.village()
    body = {"office": str(group.town.pk), "unit": str(village.pk), "from_date": "2026-03-01"}
    made = office.post("group-members/", body)
    assert made.status_code == 201
    assert_problem(office.post("group-members/", body), 409, "member_already")
    assert_problem(office.post("group-members/", {**body, "unit": str(group.town.pk)}), 422, "not_a_member")
    rows = {row["unit"]["name"]: row for row in results(Caller(group.liaison).get("group-members/"))}
    assert (rows["文卫科"]["correspondents"], rows["文卫科"]["heads"]) == (["周联络员"], ["马科长"])
    assert rows["妇联"]["correspondents"] == []
    backwards = office.post(f"group-members/{made.json()['id']}/end/", {"to_date": "2026-02-28"})
    assert_problem(backwards, 422, "ends_before", "/to_date")
    ended = office.post(f"group-members/{made.json()['id']}/end/", {"to_date": "2026-04-01"})
    assert ended.json()["to_date"] == "2026-04-01"
    assert Caller(group.liaison).post("group-members/", body).status_code == 403


def test_papers_have_one_number_each_and_duties(group: Group) -> None:
    """G3, Q2."""
    office = Caller(group.office)
    body = {
        "office": str(group.town.pk), "kind": "duties", "number": "甘人口委发〔2013〕2号", "issuer": "省人口委",
        "title": "实施方案及职责分工", "issued_on": "2013-01-10",
    }  # fmt: skip
    made = office.post("group-documents/", body).json()
    assert_problem(office.post("group-documents/", body), 409, "number_taken")
    office.post(f"group-documents/{made['id']}/duties/", {"unit": str(group.health.pk), "text": "全科医生签约"})
    [seen] = results(Caller(group.liaison).get("group-documents/"))
    assert [(duty["unit"]["name"], duty["text"]) for duty in seen["duties"]] == [("文卫科", "全科医生签约")]


def test_a_department_sees_its_own_reports_the_office_all(group: Group) -> None:
    group.ask()
    other = factories.user("other", role="liaison", unit=group.women)
    assert [row["unit"]["name"] for row in results(Caller(other).get("monthly-reports/"))] == ["妇联"]
    assert len(results(Caller(group.office).get("monthly-reports/?month=2026-02-01"))) == 2
    stranger = factories.user("far", role="leading_group", unit=factories.town(factories.OTHER_TOWN))
    assert results(Caller(stranger).get("monthly-reports/")) == []


def test_the_nineteen_departments_are_a_list() -> None:
    codes.load_codes()
    assert len(codes.choices("department", day=MONTH)) == 19
