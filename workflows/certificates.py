"""Certificates of hours on their way: asked for, objected to."""

from __future__ import annotations

from datetime import date, datetime

from backend.activities import certificates
from backend.activities.models import Certificate
from backend.audit.history import collect
from backend.core.jobs import enqueue
from backend.helpers.models import Helper
from backend.org.access import Actor
from workflows import services


def ask_for(*, helper: Helper, from_date: date, to_date: date, actor: Actor, now: datetime) -> Certificate:
    """Have the hours of these days certified. Raises NoHours, OpenAlready."""
    with collect():
        row = certificates.ask_for(helper=helper, from_date=from_date, to_date=to_date, actor=actor, now=now)
        assert row.due_at is not None, "whoever asks is told by when"
        data = {
            "certificate": str(row.pk),
            "office": str(row.unit_id),
            "closed_to": str(helper.user_id or ""),
            "due_at": row.due_at.isoformat(),
        }
        instance = services.start(process="hours_certificate", case=None, data=data, actor=actor, now=now)
        Certificate.objects.filter(pk=row.pk).update(instance_id=instance.pk)
    row.refresh_from_db()
    return row


def object_to(*, certificate: Certificate, text: str, actor: Actor, now: datetime) -> None:
    """Somebody objects while it is announced: a supervisor settles it before it is signed. Raises NotAnnounced."""
    with collect():
        certificates.object_to(certificate=certificate, text=text, actor=actor, now=now)
        enqueue(
            "processes.message",
            lock=f"instance:{certificate.instance_id}",
            instance_id=str(certificate.instance_id),
            name="certificate_objected",
            data={},
            actor=actor.as_json(),
        )
