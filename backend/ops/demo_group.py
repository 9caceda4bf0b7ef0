"""The demo's leading group: two months of reports, one open for the correspondent, a bulletin, a meeting, a task."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from backend.administration.memberships import grant_membership
from backend.administration.units import add_unit
from backend.coordination import meetings, members, papers
from backend.coordination.clocks import month_before
from backend.coordination.models import Meeting, Member
from backend.org.access import SYSTEM, actor_of
from backend.org.models import Unit, User
from workflows import coordination, services
from workflows.models import Instance, WorkItem

REPORT: Mapping[str, Any] = {
    "nil": False, "standing": "behind", "progress": "家庭医生签约完成七成", "content": "入户签约38户，义诊两场",
    "effect": "慢病随访按时率提高", "activities": 2, "served": 96, "served_first": 38, "served_again": 58,
    "problems": "南片缺一名签约医生", "asks": True, "support": "请协调卫生院增派一名签约医生",
}  # fmt: skip


def play(users: Mapping[str, User], town: Unit, now: datetime) -> None:
    """The month before last is with the office, the last one waits for the correspondent; a meeting was held."""
    department = Unit.objects.get(code="BM-01")
    other = add_unit(parent=town, code="BM-02", name="妇联", kind="department", sort="women", actor=SYSTEM, now=now)
    last = month_before(timezone.localdate(now))
    earlier = month_before(last)
    since, office = earlier - timedelta(days=60), actor_of(users["leading"])
    # Which writes late, but not for want of a correspondent.
    grant_membership(user=users["deputy"], role="liaison", unit=other, from_date=since, actor=SYSTEM, now=now)
    rows = [
        members.add_member(office=town, unit=unit, from_date=since, actor=office, now=now)
        for unit in (department, other)
    ]
    members.link_leader(office=town, leader=users["head"], unit=_village(town), from_date=since, actor=office, now=now)
    paper = papers.register_document(
        office=town, kind="duties", number="武党办发〔2026〕5号", title="创建幸福家庭活动实施方案及职责分工",
        issuer="区委办公室", issued_on=since, actor=office, now=now,
    )  # fmt: skip
    papers.add_duty(document=paper, unit=department, text="组织全科医生签约服务", actor=office, now=now)
    _ask(rows, earlier, now - timedelta(days=30))
    _done(users["liaison"], department, "write_report", REPORT, now - timedelta(days=29))
    _done(users["head"], department, "sign_report", {"signature": "sign"}, now - timedelta(days=28))
    _done(users["leading"], town, "review_report", {"review": "accept"}, now - timedelta(days=27))
    coordination.start_bulletin(office=town, month=earlier, actor=office, now=now - timedelta(days=20))
    _meet(users, town, department, now)
    _ask(rows, last, now)


def _village(town: Unit) -> Unit:
    return Unit.objects.filter(parent=town, kind=Unit.Kind.VILLAGE).order_by("path")[0]


def _ask(rows: list[Member], month: date, now: datetime) -> None:
    for member in rows:
        coordination.ask(member=member, month=month, actor=SYSTEM, now=now)


def _meet(users: Mapping[str, User], town: Unit, department: Unit, now: datetime) -> Meeting:
    """Planned, with what waits on its agenda, and a resolution that becomes a task."""
    office, then = actor_of(users["leading"]), now - timedelta(days=10)
    row = coordination.start_meeting(
        office=town, kind="coordination", title="创建幸福家庭活动例会", held_at=then + timedelta(hours=1),
        place="镇二楼会议室", actor=office, now=then,
    )  # fmt: skip
    _done(users["leading"], town, "set_agenda", {"agenda": "call"}, then)
    _wake(row)
    row.refresh_from_db()
    for item in row.agenda.select_related("meeting"):
        meetings.settle_item(item=item, result="本月内协调", actor=office, now=then)
    meetings.resolve(
        meeting=row, unit=department, text="增派一名签约医生", due_on=timezone.localdate(now + timedelta(days=20)),
        actor=office, now=then,
    )  # fmt: skip
    minutes = {"present": "全体成员单位", "minutes": "逐项研究签约进度。"}
    _done(users["leading"], town, "write_minutes", minutes, now - timedelta(days=8))
    return row


def _wake(row: Meeting) -> None:
    """Its time has come."""
    waiting = Instance.objects.filter(process__key="meeting", wake_at__lte=row.held_at)
    for pk in waiting.values_list("pk", flat=True):
        services.wake(instance_id=pk, now=row.held_at)


def _done(user: User, unit: Unit, step: str, answers: Mapping[str, Any], now: datetime) -> None:
    items = WorkItem.objects.select_related("instance__process")
    item = items.filter(step=step, unit=unit, state=WorkItem.State.OPEN).latest("id")
    services.complete(item=item, answers=answers, user=user, now=now)
