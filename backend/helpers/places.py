"""A helper's places: how many are taken by spells, promised by offers, and free."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import Count

from backend.helpers.models import Helper, Offer, Pairing


def taken_places(helpers: Iterable[UUID], day: date) -> dict[UUID, int]:
    """For each helper the places that spells take from that day on. Two statements for any number of helpers with
    `promised_places`."""
    rows = Pairing.objects.from_day(day).filter(helper__in=helpers).values("helper").annotate(number=Count("pk"))
    return {row["helper"]: row["number"] for row in rows}


def promised_places(helpers: Iterable[UUID]) -> dict[UUID, int]:
    """For each helper the offers that are open, or accepted and not yet a pairing."""
    rows = Offer.objects.filter(helper__in=helpers, state__in=Offer.PROMISED, pairing__isnull=True)
    return {row["helper"]: row["number"] for row in rows.values("helper").annotate(number=Count("pk"))}


def free_places(helper: Helper, day: date) -> int:
    """Places that neither a spell nor an offer takes."""
    ids = [helper.pk]
    taken = taken_places(ids, day).get(helper.pk, 0) + promised_places(ids).get(helper.pk, 0)
    return helper.places - taken
