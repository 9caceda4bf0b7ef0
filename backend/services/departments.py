"""The duty table (W29): nineteen departments as a code list, and which unit of the tree does a department's work."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from backend.org.access import upwards
from backend.org.models import Unit

LIST = "department"


def unit_of(department: str, *, place: Unit, day: date) -> Unit | None:
    """The nearest unit of that sort at or above the place; none when the tree has no such department.

    A department is a unit of the kind department or partner whose `sort` is the department's code; it hangs below the
    township (or county) that it serves.
    """
    units = Unit.objects.filter(kind__in=[Unit.Kind.DEPARTMENT, Unit.Kind.PARTNER], sort=department)
    units = units.filter(Q(valid_from__isnull=True) | Q(valid_from__lte=day))
    units = units.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))
    found = units.filter(parent__path__in=upwards(place.path)).select_related("parent").order_by("code")
    return max(found, key=lambda unit: len(unit.parent.path if unit.parent else ""), default=None)
