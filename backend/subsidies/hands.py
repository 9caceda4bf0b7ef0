"""Powers apart (四权分离, domain.md 3.0): who recorded an application reviews it at no level, who reviewed it for one
level does for no other, and nobody decides on a relative's. The engine keeps such work out of their inboxes; this keeps
it out of the rows, whoever acts for whom."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.core.errors import NotAllowed
from backend.org.access import Actor
from backend.org.powers import behind
from backend.payments.models import Batch, Transfer
from backend.subsidies.models import Application, Hand
from backend.subsidies.paid import REFERENCE


class OnePower(NotAllowed):
    """The same person never holds two powers over one application."""

    code = "one_power"
    message = _(
        "You, or the person you stand in for, had a hand in this application before: somebody else decides here."
    )


class Recused(NotAllowed):
    """A relative's application is decided by others (E19)."""

    code = "recused"
    message = _("You are related to the applicant, or are the applicant: somebody else decides here.")


def hold(*, application: Application, power: Hand.Power, actor: Actor, now: datetime) -> frozenset[UUID]:
    """The actor, and whoever the actor stands in for, hold this power over the application; returns who they are.

    Raises OnePower when one of them holds another one, Recused when one of them is a relative.
    """
    people = behind(actor, day=timezone.localdate(now))
    if application.recused.filter(pk__in=people).exists():
        raise Recused
    held = dict(application.hands.filter(user__in=people).values_list("user_id", "power"))
    if set(held.values()) - {power.value}:
        raise OnePower
    new = [Hand(application=application, user_id=one, power=power, created_at=now) for one in people - held.keys()]
    try:
        with transaction.atomic():
            Hand.objects.bulk_create(new)
    except IntegrityError as error:  # at the same moment in another power
        raise OnePower from error
    return people


def hold_payment(*, batch: Batch, actor: Actor, now: datetime) -> None:
    """Whoever releases a batch holds the power to pay over every application that one of its lines comes from.

    Raises OnePower when one of them had another power over one of these, Recused when one of them is a relative.
    """
    people = behind(actor, day=timezone.localdate(now))
    lines = batch.transfers.exclude(state=Transfer.State.DROPPED).filter(payable__reference_kind=REFERENCE)
    rights = [UUID(key) for key in lines.values_list("payable__reference_id", flat=True).distinct()]
    paid = Application.objects.filter(entitlement__in=rights)
    if Application.recused.through.objects.filter(application__in=paid, user__in=people).exists():
        raise Recused
    held = Hand.objects.filter(application__in=paid, user__in=people)
    if held.exclude(power=Hand.Power.PAY).exists():
        raise OnePower
    known = set(held.values_list("application", "user"))
    keys = paid.order_by("pk").values_list("pk", flat=True)
    new = [(key, one) for key in keys for one in people if (key, one) not in known]
    rows = [Hand(application_id=key, user_id=one, power=Hand.Power.PAY, created_at=now) for key, one in new]
    try:
        with transaction.atomic():
            Hand.objects.bulk_create(rows, batch_size=1000)
    except IntegrityError as error:  # at the same moment in another power
        raise OnePower from error
