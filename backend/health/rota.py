"""Whose turn it is for the women's check: villages, not women (G26: a third of them every year).

An invitation by name would need a list of names. A village is invited as a whole, by a notice on its board; whoever
wants to comes.
"""

from __future__ import annotations

from backend.org.models import Unit


def villages_invited(town: Unit, year: int, *, every: int) -> list[Unit]:
    """The township's villages that have their turn in that year: each once in `every` years, in order of code."""
    villages = Unit.objects.below(town.path).filter(kind=Unit.Kind.VILLAGE).order_by("code")
    return [village for place, village in enumerate(villages) if place % every == year % every]


def has_turn(village: Unit, town: Unit, year: int, *, every: int) -> bool:
    """Whether the village is one of them."""
    return any(each.pk == village.pk for each in villages_invited(town, year, every=every))
