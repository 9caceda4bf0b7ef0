"""What a caseworker looks after without anybody asking: pairings suspended today, posts of contacts nobody holds."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Case as Choice
from django.db.models import Count, Exists, F, IntegerField, OuterRef, QuerySet, Subquery, Value, When, Window
from django.db.models.functions import Coalesce

from backend.cases.cases import LIVE
from backend.cases.models import Case, Family
from backend.helpers.models import Helper, HelperKind, Pairing, Suspension
from backend.helpers.models.suspensions import CHECK_EXPIRED
from backend.org.access import in_subtree

if TYPE_CHECKING:
    from backend.org.access import Viewer

MAY = "pairing.write"
"""Whoever may suspend and take up again is the one who is told."""
HELPER_SUSPENDED = "helper_suspended"
"""The reason when the helper as a whole is suspended, and no dated suspension says more."""
ON_FILE = (Family.Status.REGISTERED, Family.Status.PAUSED)


def suspended_pairings(user: Viewer, day: date) -> QuerySet[Pairing]:
    """Those of the user's places that are suspended that day, each with `why` and `number_of_all`, their number."""
    dated = Suspension.objects.on(day).filter(pairing=OuterRef("pk")).order_by("from_date").values("reason")[:1]
    without_row = Choice(
        When(helper__status=Helper.Status.SUSPENDED, then=Value(HELPER_SUSPENDED)), default=Value(CHECK_EXPIRED)
    )
    rows = Pairing.objects.on(day).suspended(day).filter(in_subtree(user, MAY, "case__unit_path"))
    told = rows.annotate(why=Coalesce(Subquery(dated), without_row), number_of_all=Window(Count("pk")))
    return told.select_related("family", "helper").only(
        "id", "family__label", "helper__name", "from_date"
    ).order_by("from_date", "id")  # fmt: skip


def families_without_contacts(user: Viewer, day: date) -> QuerySet[Family]:
    """Families of the user's places with fewer statutory contacts than their kind has posts (国卫办家庭发〔2016〕33号).

    Each with `missing`, how many posts nobody holds, and `number_of_all`, how many families there are.
    """
    kinds = HelperKind.objects.filter(statutory=True, categories__overlap=OuterRef("categories"))
    spells = Pairing.objects.from_day(day).filter(family=OuterRef("pk"), kind__statutory=True).order_by()
    held = spells.values("family").annotate(spells=Count("pk")).values("spells")
    live = Case.objects.filter(family=OuterRef("pk"), state__in=LIVE)
    rows = Family.objects.filter(Exists(live), in_subtree(user, MAY, "unit__path"), status__in=ON_FILE)
    posts = Subquery(kinds.order_by("order").values("per_family")[:1], output_field=IntegerField())
    counted = rows.annotate(missing=posts - Coalesce(Subquery(held, output_field=IntegerField()), 0))
    told = counted.filter(missing__gt=0).annotate(number_of_all=Window(Count("pk")))
    return told.select_related("unit").only("id", "label", "unit__name").order_by(F("missing").desc(), "label", "id")
