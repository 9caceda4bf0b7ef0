"""Proposals that were taken up, on their way to an offer through the case's own process."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from backend.core import prepared
from backend.core.errors import DomainError
from backend.helpers.announcements import wake
from backend.helpers.models import Offer, Proposal
from backend.helpers.proposals import close_proposal
from backend.helpers.waiting import WAITING_PHASE
from backend.org.access import Actor
from backend.org.models import User
from workflows import services
from workflows.models import WorkItem

STEP = "pick_helper"


def offer_as_proposed(*, proposal: Proposal, actor: Actor, now: datetime) -> bool:
    """Pick the proposed helper in the case's open work item, as whoever took the proposal up. Whether it could be done.

    A case that waits is woken first: it ranks anew, and this is called again then. What a rule has come to forbid since
    (the last place was given away, say) is closed as no longer possible; the work item stays for a person.
    """
    held = prepared.found(Proposal, proposal.pk, follow=("batch", "case", "helper"), lock=True)
    if held.state != Proposal.State.ACCEPTED or held.helper is None:
        return False
    if held.case.phase == WAITING_PHASE:
        wake(case=held.case, helper=held.helper, actor=actor, now=now)
        return False
    item = WorkItem.objects.filter(case=held.case_id, step=STEP, state=WorkItem.State.OPEN).order_by("-id").first()
    if item is None:
        return False
    answers = {"pick_result": "pick", "helper": str(held.helper_id), "override": True, "reason": _reason(held)}
    try:
        with transaction.atomic():
            services.complete(item=item, answers=answers, user=User.objects.get(pk=actor.user_id), now=now)
    except DomainError:
        close_proposal(proposal=held, offer=None)
        return False
    made = Offer.objects.filter(case=held.case_id, helper=held.helper_id).order_by("-id").first()
    close_proposal(proposal=held, offer=made)
    return True


def _reason(proposal: Proposal) -> str:
    return gettext("Proposed by the matching of %(day)s, with %(score)s points.") % {
        "day": proposal.batch.day.isoformat(),
        "score": proposal.score,
    }
