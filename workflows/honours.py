"""Nominating for an honour, and objecting to one: the row, and the process that brings it to an end."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from backend.activities import honours
from backend.activities.honours import Nomination
from backend.activities.models import Honour
from backend.audit.history import collect
from backend.org.access import Actor
from backend.org.models import Unit
from backend.rights.offices import office_for
from workflows import services
from workflows.activities import office_of


def nominate(*, nomination: Nomination, actor: Actor, now: datetime) -> Honour:
    """Begin the way of a nomination. Raises NotCalled, BadNomination, NominatedAlready."""
    with collect():
        row = honours.nominate(nomination=nomination, actor=actor, now=now)
        data = {
            "honour": str(row.pk),
            "reference": row.number,
            "place": str(row.unit_id),
            "office": str(office_of(row.unit).pk),
            "independent": str(_independent(row, now).pk),
            "closed_to": str(row.closed_to or ""),
            "demonstration": row.call.kind == honours.DEMONSTRATION,
            "quiet": row.is_quiet,
        }
        begun = services.start(process="honours_selection", case=None, data=data, actor=actor, now=now)
        Honour.objects.filter(pk=row.pk).update(instance_id=begun.pk)
    row.refresh_from_db()
    return row


def object_to(*, honour: Honour, text: str, objector: str, actor: Actor, now: datetime) -> None:
    """Bring an objection to somebody independent; meanwhile nothing goes on. Raises NotPublished."""
    honours.object_to(honour=honour, text=text, objector=objector, actor=actor, now=now)
    if honour.instance_id is not None:
        services.send_message(instance_id=honour.instance_id, name="objection_raised", data={}, actor=actor, now=now)


def _independent(row: Honour, now: datetime) -> Unit:
    """Whose auditors look into objections: people who do not work at the township."""
    about = row.helper.user if row.helper is not None else None
    return office_for("auditor", place=row.unit, about=about, day=timezone.localdate(now))
