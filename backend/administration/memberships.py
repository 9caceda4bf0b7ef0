"""Who works where in which role, always with dates."""

from datetime import date, datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.org.access import Actor
from backend.org.models import Membership, Unit, User
from backend.org.roles import ADMINISTRATORS, ROLE_NAMES


class AdministratorsApart(Conflict):
    """System, security and audit administration are three persons' (GB/T 22239-2019): nobody holds two at a time."""

    code = "administrators_apart"
    message = _("Nobody may be system, security and audit administrator at the same time.")


class MembershipOverlaps(Conflict):
    """The user works in this role at this unit already in that time."""

    code = "membership_overlaps"
    message = _("This user has this role at this unit already in that time.")


class OwnMembership(NotAllowed):
    """Nobody gives roles to oneself."""

    code = "own_membership"
    message = _("Nobody may change the own memberships.")


def grant_membership(
    *, user: User, role: str, unit: Unit, from_date: date, actor: Actor, now: datetime, to_date: date | None = None
) -> Membership:
    """The user works in this role at this unit, from a day (included) to a day (excluded).

    Raises OwnMembership, AdministratorsApart, MembershipOverlaps and Invalid.
    """
    if role not in ROLE_NAMES:
        raise Invalid(problems=[FieldProblem("/role", "bad_code", _("There is no such role."))])
    check_dates(from_date, to_date)
    _check_not_own(user, actor)
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)  # two grants at once see each other
    held = Membership.objects.filter(overlapping(from_date, to_date), user=user)
    if role in ADMINISTRATORS and held.filter(role__in=ADMINISTRATORS - {role}).exists():
        raise AdministratorsApart
    if held.filter(role=role, unit=unit).exists():
        raise MembershipOverlaps
    made = Membership.objects.create(
        user=user, role=role, unit=unit, from_date=from_date, to_date=to_date, created_at=now
    )
    data = {"role": role, "unit": unit.pk, "unit_name": unit.name, "from_date": from_date, "to_date": to_date}
    record(action="membership.granted", actor=actor, now=now, object=user, unit_path=unit.path, data=data)
    return made


def end_membership(*, membership: Membership, to_date: date, reason: str, actor: Actor, now: datetime) -> Membership:
    """The user works there up to that day (excluded); a set end can be moved. Raises OwnMembership, Invalid."""
    check_dates(membership.from_date, to_date)
    _check_not_own(membership.user, actor)
    before, membership.to_date = membership.to_date, to_date
    membership.version += 1
    membership.save(update_fields=["to_date", "version"])
    unit = membership.unit
    data = {
        "role": membership.role,
        "unit": unit.pk,
        "unit_name": unit.name,
        "from": {"to_date": before},
        "to": {"to_date": to_date},
    }
    record(
        action="membership.ended",
        actor=actor,
        now=now,
        object=membership.user,
        unit_path=unit.path,
        data=data,
        reason=reason,
    )
    return membership


def check_dates(from_date: date, to_date: date | None) -> None:
    """Raises Invalid when it ends before it begins."""
    if to_date is not None and to_date < from_date:
        raise Invalid(problems=[FieldProblem("/to_date", "bad_date", _("It cannot end before it begins."))])


def _check_not_own(user: User, actor: Actor) -> None:
    if actor.user_id == user.pk:
        raise OwnMembership


def overlapping(from_date: date, to_date: date | None) -> Q:
    """Rows in force on a day of the span from a day (included) to a day (excluded, or open)."""
    condition = Q(to_date__isnull=True) | Q(to_date__gt=from_date)
    return condition if to_date is None else condition & Q(from_date__lt=to_date)
