"""Designated hospitals: partner units that can be asked for a time, where somebody answers for them."""

from __future__ import annotations

from datetime import date

from backend.org.models import Membership, Unit

SORT = "hospital"
"""What a partner unit is that can be asked for a time (code list partner_kind)."""


def hospitals(place: Unit, day: date) -> list[Unit]:
    """The hospitals that can be asked for a time for somebody of a village: those of the village's county and below for
    which somebody answers that day."""
    county: Unit | None = place
    while county is not None and county.kind != Unit.Kind.COUNTY:
        county = county.parent
    found = Unit.objects.below((county or place).path).filter(kind=Unit.Kind.PARTNER, sort=SORT)
    answering = Membership.objects.on(day).filter(role="liaison", user__is_active=True)
    return list(found.filter(pk__in=answering.values("unit")).order_by("name"))
