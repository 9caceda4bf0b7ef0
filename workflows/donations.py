"""An offered donation and the process that brings it to its end; the donor who withdraws."""

from __future__ import annotations

from datetime import datetime

from backend.audit.history import collect
from backend.funds import donations
from backend.funds.donations import Giver, Offer
from backend.funds.models import Donation
from backend.org.access import Actor
from workflows import services

PROCESS = "donation"


def offer(*, offered: Offer, giver: Giver, actor: Actor, now: datetime) -> Donation:
    """Begin the way of a donation. Raises BadOffer."""
    with collect():
        row = donations.offer(offered=offered, giver=giver, actor=actor, now=now)
        data = {
            "donation": str(row.pk),
            "reference": row.number,
            "office": str(row.unit_id),
            "closed_to": str(giver.user.pk) if giver.user is not None else "",
        }
        begun = services.start(process=PROCESS, case=None, data=data, actor=actor, now=now)
        Donation.objects.filter(pk=row.pk).update(instance_id=begun.pk)
    row.refresh_from_db()
    return row


def withdraw(*, donation: Donation, actor: Actor, now: datetime) -> None:
    """The donor takes it back while it is not on its way. Raises TooLate."""
    donations.check_withdrawable(donation)
    if donation.instance_id is not None:
        services.send_message(instance_id=donation.instance_id, name="donor_withdrew", data={}, actor=actor, now=now)
