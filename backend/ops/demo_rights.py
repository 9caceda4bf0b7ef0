"""The demo's requests for the data protection officer and the inspector, a ticket to decide on, a finding to check."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from backend.cases.models import Case
from backend.org.access import actor_of
from backend.org.models import Unit, User
from backend.rights.grievances import Intake
from backend.rights.tickets import Asked
from workflows import services
from workflows.findings import raise_finding
from workflows.grievances import take_in
from workflows.models import WorkItem
from workflows.tickets import ask_for_access


def play(users: Mapping[str, User], town: Unit, now: datetime) -> None:
    """Everything by the verbs of daily life."""
    cases = Case.objects.filter(state=Case.State.OPEN, family__unit__parent=town).order_by("number")
    asking, complaining, looked_at, inspected = cases.select_related("family__unit")[3:7]
    desk = actor_of(users["caseworker"])
    take_in(
        intake=Intake(
            kind="see", target="data", family=asking.family, text="想知道档案里记了我家哪些内容", channel="visit",
            reply_by="in_person", complainant="本人", contact="13800000002", identity="id_card",
        ),
        actor=desk,
        now=now,
    )  # fmt: skip
    take_in(
        intake=Intake(
            kind="complaint", target="decision", family=complaining.family, case=complaining,
            text="评估结论和实际情况不符，希望重新核实", channel="phone", reply_by="letter", complainant="户主",
            contact="13800000003",
        ),
        actor=desk,
        now=now,
    )  # fmt: skip
    ask_for_access(
        asked=Asked(family=looked_at.family, subject="health", purpose="audit", reason="核对探访记录", hours=4),
        actor=actor_of(users["auditor"]),
        now=now,
    )
    _put_right(inspected, users, now)


def _put_right(case: Case, users: Mapping[str, User], now: datetime) -> None:
    """What the auditor found is answered and confirmed: the auditor looks whether it is so."""
    finding = raise_finding(
        case=case, kind="record_missing", text="档案里缺少上季度的探访记录", actor=actor_of(users["auditor"]), now=now
    )
    for step, username, answers in (
        ("answer_finding", "caseworker", {"done": "已补齐并说明原因", "evidence": "探访记录两份"}),
        ("confirm_answer", "supervisor", {"confirmation": "confirm"}),
    ):
        item = WorkItem.objects.get(step=step, state="open", case_id=finding.case_id)
        services.complete(item=item, answers=answers, user=users[username], now=now)
