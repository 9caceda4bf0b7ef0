"""Pages of the leading group: the report desk, bulletins, meetings with their tasks, registers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.coordination import members
from backend.coordination.models import Bulletin, Meeting
from backend.org.access import SYSTEM
from backend.org.codes import load_codes
from tests import factories
from tests.api.test_coordination import EVIDENCE, FIRST_DAY, FULL, MONTH, Group, do, item
from tests.kept import kept
from tests.web.visitor import statements, text, visitor
from workflows import coordination

pytestmark = pytest.mark.django_db


@kept
def group() -> Group:
    load_codes()
    return Group()


def test_a_month_from_the_correspondents_inbox_to_a_supplement(group: Group) -> None:
    report = group.ask()
    desk = visitor(group.office)
    assert text(desk.get("/monthly-reports/?month=2026-02")).count("not submitted") >= 2
    waiting = item("write_report", group.liaison)
    form = text(visitor(group.liaison).get(f"/work-items/{waiting.pk}/"))
    assert "Referrals received" in form
    do(group.liaison, "write_report", {**FULL, "served_again": 41})
    assert "does not add up" in text(visitor(group.head).get(f"/work-items/{item('sign_report', group.head).pk}/"))
    do(group.head, "sign_report", {"signature": "sign"})
    do(group.office, "review_report", {"review": "accept", "note": "已核"})
    page = f"/monthly-reports/{report.pk}/"
    assert "Add the supplement" not in text(desk.get(page))
    liaison = visitor(group.liaison)
    assert "Add the supplement" in text(liaison.get(page))
    assert liaison.post(page, {"text": ""}).status_code == 400
    assert liaison.post(page, {"text": "漏记一场", "activities": "3"})["Location"] == page
    shown = text(desk.get(page))
    assert "漏记一场" in shown
    assert "已核" in shown
    assert statements(desk, "/monthly-reports/?month=2026-02") <= 12


def test_a_bulletin_is_begun_read_and_downloaded(group: Group) -> None:
    group.accepted()
    desk = visitor(group.office)
    assert desk.post("/bulletins/", {"month": "2020-01"}).status_code == 409
    assert desk.post("/bulletins/", {"month": ""}).status_code == 400
    begun = desk.post("/bulletins/", {"month": "2026-02"})
    page = begun["Location"]
    assert "being drafted" in text(desk.get(page))
    assert desk.get(f"{page}file/").status_code == 404
    do(group.office, "draft_bulletin", {"foreword": "一个未报"})
    do(group.chair, "approve_bulletin", {"approval": "approve"})
    reader = visitor(group.liaison)
    assert Bulletin.objects.get().number in text(reader.get("/bulletins/"))
    assert "一个未报" in text(reader.get(page))
    assert reader.get(f"{page}file/").content[:2] == b"PK"


def test_a_meeting_is_planned_minuted_and_its_task_seen(group: Group) -> None:
    desk = visitor(group.office)
    body = {"kind": "leaders", "title": "例会", "held_at": "2020-01-01T09:00"}
    assert "future" in desk.post("/meetings/new/", body).content.decode()
    ahead = timezone.localtime() + timedelta(days=2)
    page = desk.post("/meetings/new/", {**body, "held_at": f"{ahead:%Y-%m-%dT%H:%M}"})["Location"]
    desk.post(f"{page}items/", {"text": "签约进度", "unit": str(group.health.pk)})
    agenda = Meeting.objects.get().agenda.get()
    assert desk.post(f"{page}agenda/{agenda.pk}/", {"result": "三月底前补签"})["Location"] == page
    due = (timezone.localdate() + timedelta(days=9)).isoformat()
    task = {"text": "补签", "unit": str(group.health.pk)}
    refused = desk.post(f"{page}resolutions/", task)
    assert (refused.status_code, f'value="{task["text"]}"' in refused.content.decode()) == (400, True)
    refused = desk.post(f"{page}items/", {"text": "长" * 1001})
    assert (refused.status_code, "长" * 1001 in refused.content.decode()) == (400, True)
    refused = desk.post(f"{page}agenda/{agenda.pk}/", {"result": "久" * 1001})
    assert (refused.status_code, "久" * 1001 in refused.content.decode()) == (400, True)
    assert desk.post(f"{page}resolutions/", {**task, "due_on": due})["Location"] == page
    for said in ("签约进度", "三月底前补签", "in minutes not confirmed yet"):
        assert said in text(desk.get(page))
    assert visitor(group.liaison).get(page).status_code == 404
    coordination.start_tasks(meeting_id=Meeting.objects.get().pk, now=FIRST_DAY)
    do(group.liaison, "do_task", EVIDENCE)
    tasks = visitor(group.head)
    assert "to be checked" in text(tasks.get("/meeting-tasks/"))
    row = Meeting.objects.get().tasks.get()
    assert "覆盖率100%" in text(tasks.get(f"/meeting-tasks/{row.pk}/"))


def test_registers_are_kept_by_the_office(group: Group) -> None:
    desk, reader, village = visitor(group.office), visitor(group.liaison), factories.village()
    assert "nobody" in text(reader.get("/group-members/"))
    assert '<form method="post"' not in text(reader.get("/group-members/")).partition("<main")[2]
    entry = {"unit": str(village.pk), "from_date": "2026-03-01"}
    assert desk.post("/group-members/", entry)["Location"] == "/group-members/"
    assert desk.post("/group-members/", entry).status_code == 409
    assert village.name in text(reader.get("/group-members/"))
    paper = {"kind": "plan", "number": "1号", "title": "实施方案", "issuer": "区委", "issued_on": "2026-01-05"}
    assert desk.post("/group-documents/", paper).status_code == 302
    assert "实施方案" in text(reader.get("/group-documents/"))
    link = {"leader": str(group.chair.pk), "unit": str(village.pk), "from_date": "2026-03-01"}
    assert desk.post("/leader-links/", link).status_code == 302
    assert group.chair.name in text(reader.get("/leader-links/"))
    made = members.link_leader(
        office=group.town, leader=group.chair, unit=group.health, from_date=MONTH, actor=SYSTEM, now=FIRST_DAY
    )
    desk.post(f"/leader-links/{made.pk}/end/", {"to_date": "2026-04-01"})
    made.refresh_from_db()
    assert made.to_date is not None
    assert visitor(factories.user("vol", role="helper")).get("/monthly-reports/").status_code == 403
