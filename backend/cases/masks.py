"""What of people on file is shown to whom: the same in lists, on pages and in exported registers.

Nobody finds somebody by what is not shown either: a search that answers tells as much as a list.
"""

from __future__ import annotations

from datetime import date
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db.models import Q

from backend.cases.models import GROWN_RELATIONS, OF_AGE, Family, Person, paired_families
from backend.org.access import grants, in_subtree
from backend.org.roles import ACTIONS

if TYPE_CHECKING:
    from backend.org.access import Viewer

CHILDS = ("name", "alias", "birth_date", "certificate_tail", "phone_masked")
"""Of a child, seen only by who works with the family (未成年人网络保护条例 36)."""
CARE = ("self_care", "disability_kind", "disability_grade")
"""Of anybody, seen only by who works with the family."""


def masked_phone(number: str) -> str:
    """A telephone number without its middle: 138****1234."""
    return f"{number[:3]}****{number[-4:]}" if len(number) > 7 else "****" if number else ""


def closed_fields(person: Person, *, cares: bool, day: date) -> tuple[str, ...]:
    """What of the person is not shown to somebody who works with the family (`cares`) or does not."""
    if cares:
        return ()
    return (*(CHILDS if person.is_minor_on(day) else ()), *CARE)


def named_like(text: str) -> Q:
    """The condition "the person's name, or its initials, holds the text"."""
    return Q(name__contains=text) | Q(alias__contains=text) | Q(initials__contains=text.lower())


def of_age(day: date) -> Q:
    """The condition "the person is no child on that day, nor perhaps one": as `Person.is_minor_on` has it."""
    last = day.replace(year=day.year - OF_AGE, day=min(day.day, 28) if day.month == 2 else day.day)
    grown = reduce(or_, (Q(relation__startswith=digit) for digit in sorted(GROWN_RELATIONS)))
    return Q(birth_date__lte=last) | (Q(birth_date__isnull=True) & grown)


def found_family(user: Viewer, text: str, day: date, prefix: str = "") -> Q:
    """The condition "this family is found by the text": a member's name or its initials, its number or address.

    By a child's name only for who works with the family or is paired with it; by all else for everybody.
    """
    found = Q(**{f"{prefix}search__contains": text.strip().lower()})
    if works_with_all(user):
        return found
    told = in_subtree(user, "person.care", f"{prefix}unit__path") | paired_families(user, prefix)
    shown = Family.objects.filter(_shown(text.strip(), day)).values("pk")
    return found & (told | Q(**{f"{prefix}pk__in": shown}))


def works_with_all(user: Viewer) -> bool:
    """Whether the user works with the families of every place where the user has a role."""
    return all("person.care" in ACTIONS.get(grant.role, ()) for grant in grants(user))


def _shown(text: str, day: date) -> Q:
    """The condition on a family "what everybody is shown of it holds the text"."""
    columns = ("label", "number", "live_address", "hukou_address")
    own = reduce(or_, (Q(**{f"{column}__icontains": text}) for column in columns))
    grown = Person.objects.filter(named_like(text)).filter(of_age(day))
    former = Family.objects.filter(number__icontains=text, merged_into__isnull=False)
    return own | Q(pk__in=grown.values("family")) | Q(pk__in=former.values("merged_into"))
