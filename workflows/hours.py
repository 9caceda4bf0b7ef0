"""Hours of service on their way: by hand, from visits, disputed; each is one run of `hours_claim`.

Visits and activities do not know of hours: what was done is read from their records, each record once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from backend.activities import hours
from backend.activities.hours import Stretch
from backend.activities.models import HourClaim
from backend.audit.history import collect
from backend.core import prepared
from backend.helpers.models import Helper
from backend.org.access import SYSTEM, Actor
from backend.visits.models import FollowUp, Visit
from workflows import services
from workflows.volunteers import office_of

LOOKED_BACK = timedelta(days=30)
"""Older records made their claims long ago."""
CALL_BACK = timedelta(days=10)
"""So long the call-back of a sampled visit is waited for."""
PORTION = 500
"""Visits claimed in one transaction: a night that is broken off keeps what was done."""
CONFIRMED = {"confirmed": "confirmed", "doubtful": "denied"}
"""Result of a call-back → what the family said."""


def claim_by_hand(*, helper: Helper, stretch: Stretch, actor: Actor, now: datetime) -> HourClaim:
    """Claim hours, and have somebody else verify them. Raises what `backend.activities.hours.claim_by_hand` raises."""
    with collect():
        claim = hours.claim_by_hand(helper=helper, stretch=stretch, actor=actor, now=now)
        have_verified(claim_id=claim.pk, actor=actor, now=now)
    claim.refresh_from_db()
    return claim


def dispute(*, claim: HourClaim, text: str, actor: Actor, now: datetime) -> HourClaim:
    """The volunteer does not agree: a supervisor who has not decided yet looks at it."""
    with collect():
        row = hours.dispute(claim=claim, text=text, actor=actor, now=now)
        _start(row, actor, now, disputed=True, closed_to=row.verified_by_id or row.helper.user_id)
    row.refresh_from_db()
    return row


def have_verified(*, claim_id: UUID, actor: Actor, now: datetime) -> None:
    """Begin the run of a claim, once."""
    claim = prepared.found(HourClaim, claim_id, follow=("helper", "unit__parent"), lock=True)
    if claim.instance_id is None:
        _start(claim, actor, now, disputed=False, closed_to=claim.claimed_by_id or claim.helper.user_id)


def claim_visits(*, now: datetime) -> int:
    """Claim the hours of visits that were made and recorded, each once. How many claims.

    A visit in the sample waits some days for its call-back: the family's word is its confirmation, there is no second
    sample. Statutory contacts are paid for their post and give no voluntary hours.
    """
    count = 0
    after: Visit | None = None
    while visits := _unclaimed(now, after):
        with transaction.atomic(), collect():
            count += sum(_claim_when_due(visit, now) for visit in visits)
        after = visits[-1]
    return count


def _unclaimed(now: datetime, after: Visit | None) -> list[Visit]:
    """The next portion: contacts too short to count and samples not called back yet must not stand before the rest."""
    claimed = HourClaim.objects.filter(source=HourClaim.Source.VISIT, source_id=OuterRef("pk"))
    rows = Visit.objects.filter(
        ~Exists(claimed), state=Visit.State.DONE, helper__isnull=False, helper__kind__statutory=False,
        recorded_at__gt=now - LOOKED_BACK, started_at__isnull=False, ended_at__gte=F("started_at") + hours.HALF,
    )  # fmt: skip
    if after is not None:
        rows = rows.filter(Q(recorded_at__gt=after.recorded_at) | Q(recorded_at=after.recorded_at, pk__gt=after.pk))
    return list(
        rows.select_related("helper__unit", "family__unit", "recorded_by").order_by("recorded_at", "id")[:PORTION]
    )


def _claim_when_due(visit: Visit, now: datetime) -> bool:
    confirmation = _confirmation(visit, now)
    return confirmation is not None and _claim(visit, confirmation, now)


def _confirmation(visit: Visit, now: datetime) -> str | None:
    """What the family said; None while its call-back is still to come."""
    if not visit.is_sampled:
        return "waived"
    called = FollowUp.objects.filter(visit=visit, kind="call_back").order_by("-done_at").first()
    if called is not None:
        return CONFIRMED.get(called.result, "wanted")
    assert visit.recorded_at is not None, "only recorded visits are looked at"
    return "wanted" if now - visit.recorded_at > CALL_BACK else None


def _claim(visit: Visit, confirmation: str, now: datetime) -> bool:
    helper = visit.helper
    assert helper is not None, "only visits of helpers are looked at"
    assert visit.started_at is not None, "only visits with their times are looked at"
    assert visit.ended_at is not None, "only visits with their times are looked at"
    assert visit.recorded_at is not None, "only recorded visits are looked at"
    stretch = Stretch(
        content="visit" if visit.channel == "home" else "phone",
        started_at=visit.started_at,
        ended_at=visit.ended_at,
        evidence="record",
        place=visit.family.unit,
        confirmation=confirmation,
    )
    who = visit.recorded_by
    actor = Actor(who.pk, who.name, role="helper") if who is not None else SYSTEM
    made = hours.claim_visit(
        helper=helper, visit=visit.pk, stretch=stretch, recorded_at=visit.recorded_at, actor=actor, now=now
    )
    return made is not None


def _start(claim: HourClaim, actor: Actor, now: datetime, *, disputed: bool, closed_to: Any) -> None:
    data = {
        "claim": str(claim.pk),
        "office": str(office_of(claim.unit).pk),
        "closed_to": str(closed_to or ""),
        "disputed": disputed,
        "due_at": claim.due_at.isoformat() if claim.due_at else "",
        "result": str(claim.state),
    }
    instance = services.start(process="hours_claim", case=None, data=data, actor=actor, now=now)
    HourClaim.objects.filter(pk=claim.pk).update(instance_id=instance.pk)
