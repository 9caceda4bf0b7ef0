"""A household that becomes two, as after a divorce (E28): people and what is known of them go along, nothing is lost.

Who loses a child loses it in both households: what makes a family special, and the statutory contacts that follow from
it, hold for each of them. Pairings, visits and cases stay with the household that keeps the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect, record
from backend.cases.cases import FamilyGone
from backend.cases.families import NumberTaken, name_head, refresh_search
from backend.cases.models import Family, Person
from backend.core import prepared
from backend.core.errors import FieldProblem, Invalid
from backend.org.access import Actor

GOES_ALONG = ("hukou_address", "hukou_kind", "child_state", "policies", "languages")
"""What is true of both households."""


class NotSplittable(Invalid):
    """Somebody goes and somebody stays, all of them of this household."""

    code = "not_splittable"
    message = _("Choose who leaves: members of this household, and not all of them.")


def split_family(
    *,
    family: Family,
    members: Sequence[UUID],
    number: str,
    reason: str,
    actor: Actor,
    now: datetime,
    live_address: str = "",
) -> Family:
    """Make a household of its own for these members, in the same village; its head is the first of them.

    It is a draft: its wish and its consents are asked anew. Raises FamilyGone, NotSplittable, NumberTaken.
    """
    held = prepared.found(Family, family.pk, follow=("unit",), lock=True)
    if held.merged_into_id or held.status == Family.Status.CLOSED:
        raise FamilyGone
    leaving = _leaving(held, members)
    if Family.objects.filter(unit=held.unit, number=number).exists():
        raise NumberTaken([FieldProblem("/number", NumberTaken.code, NumberTaken.message)])
    made = _household(held, leaving[0], number, live_address, now)
    with transaction.atomic():
        made.save(force_insert=True)
        for place, person in enumerate(leaving):
            person.family, person.is_head, person.updated_at = made, place == 0, now
            person.version += 1
            person.save(update_fields=["family", "is_head", "updated_at", "version"])
    _keep_a_head(held, now)
    for each in (held, made):
        refresh_search(each)
    _tell(held, made, len(leaving), reason, actor, now)
    return made


def _leaving(family: Family, members: Sequence[UUID]) -> list[Person]:
    """In the order in which they were named."""
    living = {person.pk: person for person in family.persons.filter(status="present").select_for_update()}
    wanted = list(dict.fromkeys(members))
    if not wanted or set(wanted) - living.keys() or len(wanted) == len(living):
        raise NotSplittable([FieldProblem("/members", NotSplittable.code, NotSplittable.message)])
    return [living[pk] for pk in wanted]


def _household(family: Family, head: Person, number: str, live_address: str, now: datetime) -> Family:
    return Family(
        unit=family.unit,
        number=number,
        label=head.name,
        live_address=live_address,
        declared_categories=sorted(family.known_categories),
        source="split",
        created_at=now,
        updated_at=now,
        **{name: getattr(family, name) for name in GOES_ALONG},
    )


def _keep_a_head(held: Family, now: datetime) -> None:
    """Whose head leaves is called after the new head."""
    head = name_head(held, now)
    if head is None:
        return
    held.label, held.updated_at, held.version = head.name, now, held.version + 1
    held.save(update_fields=["label", "updated_at", "version"])


def _tell(held: Family, made: Family, members: int, reason: str, actor: Actor, now: datetime) -> None:
    with collect():
        data = {"number": made.number, "members": members, "into": str(made.pk)}
        record(action="family.split", object=held, actor=actor, now=now, data=data, reason=reason)
        data = {"number": held.number, "members": members, "from": str(held.pk)}
        record(action="family.split_off", object=made, actor=actor, now=now, data=data, reason=reason)
