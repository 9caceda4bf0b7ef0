"""Statutory contacts of special families (双岗联系人): one of the township, one of the village, named by their posts.

国卫办家庭发〔2016〕33号; domain.md 2a and P02 step 2. They are made when the file is confirmed, before anybody is asked
to pair, and neither wait for a pairing nor stand in its way.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from backend.audit.history import collect, record
from backend.cases.cases import LIVE
from backend.cases.models import SPECIAL, Case, Family
from backend.helpers.models import Helper, Pairing
from backend.helpers.pairings import NoPlace, start_pairing
from backend.org.access import Actor
from backend.org.models import Unit

POSTS = ("town", "village")
"""Level of the unit that keeps the contact's register entry: the township's leader, the village's cadre."""
MOST = 500
"""So many families are looked at when somebody new holds a post."""


def name_contacts(*, case: Case, actor: Actor, now: datetime) -> int:
    """Name whoever holds the two posts, for each post at which the family has nobody. At how many it has somebody now.

    History tells who was named, and for which posts nobody is in the register. A family that is not special has no
    contacts.
    """
    family, today = Family.objects.get(pk=case.family_id), timezone.localdate(now)  # as just confirmed
    if not family.is_special:
        return 0
    spells = Pairing.objects.from_day(today).filter(family=family, kind__statutory=True)
    held = set(spells.values_list("helper__unit__kind", flat=True))
    with collect():
        missing = [post for post in POSTS if post not in held and not _named(case, post, actor, now)]
        if missing:
            record(action="case.contact_missing", object=case, actor=actor, now=now, data={"posts": missing})
    return len(POSTS) - len(missing)


def name_for_families(*, helper: Helper, actor: Actor, now: datetime) -> int:
    """Somebody holds a post from now on: families of the place without a contact at it get this one. How many."""
    if not helper.kind.statutory or helper.unit.kind not in POSTS:
        return 0
    served = Pairing.objects.from_day(timezone.localdate(now)).filter(
        kind__statutory=True, helper__unit__kind=helper.unit.kind
    )
    cases = Case.objects.filter(state__in=LIVE, unit_path__startswith=helper.unit.path).exclude(
        family__in=served.values("family")
    )
    special = cases.filter(family__categories__overlap=list(SPECIAL)).select_related("family__unit", "programme")
    one_each = {case.family_id: case for case in special.order_by("-opened_at")[:MOST]}
    with collect():
        return sum(_named(case, str(helper.unit.kind), actor, now) for case in one_each.values())


def _named(case: Case, post: str, actor: Actor, now: datetime) -> bool:
    """The first in the register who holds the post and has room."""
    unit: Unit | None = case.family.unit
    while unit is not None and unit.kind != post:
        unit = unit.parent
    holders = Helper.objects.filter(kind__statutory=True, unit=unit, status=Helper.Status.ACTIVE) if unit else ()
    for holder in holders:
        try:
            start_pairing(
                case=case, helper=holder, from_date=timezone.localdate(now), reason="statutory", actor=actor, now=now
            )
        except NoPlace:
            continue
        return True
    return False
