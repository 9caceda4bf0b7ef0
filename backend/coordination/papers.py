"""The group's papers: registered by document number (文号, G3), what each asks of whom (Q2), numbers of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.coordination.models import Duty, GroupDocument
from backend.core.errors import Conflict
from backend.org import parameters
from backend.org.access import Actor
from backend.org.models import Unit

ISSUER: Mapping[str, str] = {"name": "创建幸福家庭活动领导小组办公室", "prefix": "创幸办"}
"""Who issues the group's own papers, and what their numbers begin with; where `coordination.issuer` is not set."""


class NumberTaken(Conflict):
    """The register has a paper of this number."""

    code = "number_taken"
    message = _("The register has a paper with this number already.")


def register_document(
    *,
    office: Unit,
    kind: str,
    number: str,
    title: str,
    issuer: str,
    issued_on: date,
    actor: Actor,
    now: datetime,
    place: str = "",
    digest: str = "",
) -> GroupDocument:
    """Take a paper into the register. Raises NumberTaken."""
    row = GroupDocument(
        office=office, kind=kind, number=number, title=title, issuer=issuer, issued_on=issued_on, place=place,
        digest=digest, registered_label=actor.label, created_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise NumberTaken from error
    record(action="group_document.registered", object=row, actor=actor, now=now, data={"number": number})
    return row


def add_duty(
    *, document: GroupDocument, unit: Unit, text: str, actor: Actor, now: datetime, due_on: date | None = None
) -> Duty:
    """What the paper asks of a unit."""
    row = Duty.objects.create(document=document, unit=unit, text=text, due_on=due_on, created_at=now)
    data = {"number": document.number, "unit_name": unit.name, "due": due_on}
    record(action="group_document.duty_added", object=document, actor=actor, now=now, data=data)
    return row


def issue(*, office: Unit, kind: str, title: str, actor: Actor, now: datetime, digest: str = "") -> GroupDocument:
    """Give a paper of the group's own the next number of the year, and register it.

    The office's row is locked meanwhile: no number is given twice, none is left out.
    """
    Unit.objects.select_for_update(of=("self",)).get(pk=office.pk)
    today = timezone.localdate(now)
    who = issuer_of(office, today)
    stem = f"{who['prefix']}〔{today.year}〕"
    given = GroupDocument.objects.filter(office=office, number__startswith=stem).values_list("number", flat=True)
    last = max((int(number.removeprefix(stem).removesuffix("号")) for number in given), default=0)
    return register_document(
        office=office, kind=kind, number=f"{stem}{last + 1}号", title=title, issuer=who["name"], issued_on=today,
        digest=digest, actor=actor, now=now,
    )  # fmt: skip


def issuer_of(office: Unit, day: date) -> Mapping[str, str]:
    """Name and number prefix of the group's office on that day."""
    found: Mapping[str, str] = parameters.value("coordination.issuer", path=office.path, day=day, default=ISSUER)
    return found
