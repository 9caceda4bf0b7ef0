"""Helpers whom an emergency may be about (E9)."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from backend.cases.models import Family
from backend.core.errors import FieldProblem, Invalid
from backend.helpers.models import Helper, Pairing


class NoSuspect(Invalid):
    """A helper is suspected, and the family has none."""

    code = "no_suspect"
    message = _("This family has no helper now: please choose who it may be about.")


def helper_of(family: Family | None, day: date) -> Helper:
    """Who visits the family that day, or will. Raises NoSuspect."""
    spells = Pairing.objects.asked().on(day).filter(family=family)
    spell = spells.select_related("helper").order_by("from_date", "id").last() if family is not None else None
    if spell is None:
        raise NoSuspect([FieldProblem("/suspect", NoSuspect.code, NoSuspect.message)])
    return spell.helper
