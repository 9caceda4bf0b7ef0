"""Steps of a month's bulletin (Q23): consolidated, drafted, approved by the chair, published within the group."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from backend.coordination import bulletins, prints
from backend.coordination.models import Bulletin, Member
from backend.reminders.outbox import intend, role_at
from workflows.engine.runner import Call
from workflows.steps.context import Step, of


def consolidate(call: Call) -> None:
    """The reports as they stand."""
    bulletins.consolidate(bulletin=_bulletin(call), now=of(call).now)


def record_draft(call: Call) -> None:
    """The office's words."""
    context, answers = of(call), call.answers
    foreword, outlook = str(answers["foreword"]), str(answers.get("outlook") or "")
    bulletins.draft(bulletin=_bulletin(call), foreword=foreword, outlook=outlook, actor=context.actor, now=context.now)


def record_approval(call: Call) -> None:
    """Published, or back to the office."""
    context, row = of(call), _bulletin(call)
    if call.answers["approval"] != "approve":
        reason = str(call.answers.get("reason") or "")
        bulletins.return_draft(bulletin=row, reason=reason, actor=context.actor, now=context.now)
        return
    title = prints.title_of_bulletin(row)
    bulletins.publish(bulletin=row, title=title, print_it=prints.bulletin, actor=context.actor, now=context.now)
    _let_members_hear(call, row)


def _let_members_hear(call: Call, row: Bulletin) -> None:
    today = timezone.localdate(of(call).now)
    for member in Member.objects.on(today).filter(office=row.office).order_by("id"):
        key = f"bulletin.published:{row.pk}:{member.unit_id}"
        intend(
            "bulletin.published", to=role_at("liaison", member.unit_id), key=key, about=row, label=row.number,
            page=f"/bulletins/{row.pk}/", now=of(call).now,
        )  # fmt: skip


def _bulletin(call: Call) -> Bulletin:
    rows = Bulletin.objects.select_for_update(of=("self",)).select_related("office")
    return rows.get(pk=call.data["bulletin"])


STEPS: Mapping[str, Step] = {
    "bulletin.consolidate": consolidate,
    "bulletin.record_draft": record_draft,
    "bulletin.record_approval": record_approval,
}
