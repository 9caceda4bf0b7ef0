"""The waiting list: cases for which nobody was found yet, in the order in which they are served (P02).

The most urgent come first, then those whose family has had nobody for longest: since the case was opened, or since its
last pairing ended. No score and no wish has a say. Announcements of free places and batches follow the same order.
"""

from __future__ import annotations

from django.db.models import Case as Choice
from django.db.models import CharField, DateField, F, Max, OuterRef, Subquery, Value, When
from django.db.models.functions import Cast, Concat, Greatest, TruncDate

from backend.cases.models import Case, CaseQuerySet
from backend.helpers.matching import TIERS
from backend.helpers.models import Pairing
from backend.org.models import Unit

WAITING_PHASE = "waiting"
"""The phase of a case for which nobody was found yet."""
SEARCHING_PHASE = "pairing"
"""The phase of a case that looks for somebody: it waits no longer, and no other place is announced to it."""
TOWNSHIP_LEVELS = 4


def waiting_list() -> CaseQuerySet:
    """Every case that waits, each with its `turn` (orders the list) and `since` when its family has had nobody."""
    return in_order(Case.objects.filter(phase=WAITING_PHASE, state=Case.State.OPEN))


def in_order(cases: CaseQuerySet) -> CaseQuerySet:
    """These cases as the list orders them."""
    ended = Pairing.objects.filter(case=OuterRef("pk"), to_date__isnull=False).order_by().values("case")
    last = Subquery(ended.annotate(last=Max("to_date")).values("last"), output_field=DateField())
    urgency = Choice(
        *(When(family__risk_tier=tier, then=Value(str(number))) for number, tier in enumerate(TIERS)),
        default=Value(str(len(TIERS))),
        output_field=CharField(),
    )
    # PostgreSQL's greatest() passes over what is empty.
    known = cases.annotate(since=Greatest(TruncDate("opened_at"), last, output_field=DateField()))
    turn = Concat(urgency, Value("|"), Cast("since", CharField()), output_field=CharField())
    return known.annotate(turn=turn).order_by(F("turn"), "pk")


def waiting_around(unit: Unit) -> CaseQuerySet:
    """The list of the township in which a unit lies."""
    township = "".join(f"{part}." for part in unit.path.split(".")[:TOWNSHIP_LEVELS])
    return waiting_list().filter(unit_path__startswith=township)
