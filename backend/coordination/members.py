"""The register of the leading group (W25, Q1): member units with dates, correspondent and head by memberships."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.coordination.models import Link, Member
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org.access import Actor
from backend.org.models import Membership, Unit, User

KINDS = (Unit.Kind.DEPARTMENT, Unit.Kind.PARTNER, Unit.Kind.VILLAGE)
ROLES: Mapping[str, str] = {"liaison": "correspondent", "head": "head"}
"""Role of a membership at the unit → what the group calls whoever holds it."""


class MemberAlready(Conflict):
    """It belongs to a group."""

    code = "member_already"
    message = _("This unit is a member already.")


class NotAMember(Invalid):
    """Villages, departments and partner units below the office's place can be members."""

    code = "not_a_member"
    message = _("This has to be a community or department of this township.")


class EndsBefore(Invalid):
    """It ends before it began."""

    code = "ends_before"
    message = _("The last day lies before the first.")


class NotALeader(Invalid):
    """Leaders are heads of a unit."""

    code = "not_a_leader"
    message = _("This has to be somebody who is head of a unit.")


class LinkedAlready(Conflict):
    """The community has its leader."""

    code = "linked_already"
    message = _("A leader is linked to this community already.")


def add_member(*, office: Unit, unit: Unit, from_date: date, actor: Actor, now: datetime) -> Member:
    """The unit belongs to the group from that day on. Raises NotAMember, MemberAlready."""
    if unit.kind not in KINDS or not unit.path.startswith(office.path):
        raise NotAMember([FieldProblem("/unit", NotAMember.code, NotAMember.message)])
    row = Member(office=office, unit=unit, from_date=from_date, created_at=now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise MemberAlready from error
    record(action="group_member.added", object=row, actor=actor, now=now, data={"from_date": from_date})
    return row


def end_member(*, member: Member, to_date: date, actor: Actor, now: datetime) -> Member:
    """It belongs to the group until that day, excluded. Raises EndsBefore."""
    _end(member, to_date)
    record(action="group_member.ended", object=member, actor=actor, now=now, data={"to_date": to_date})
    return member


def link_leader(*, office: Unit, leader: User, unit: Unit, from_date: date, actor: Actor, now: datetime) -> Link:
    """The community reports to this leader from that day on (S13). Raises NotAMember, NotALeader, LinkedAlready."""
    if unit.kind not in KINDS or not unit.path.startswith(office.path):
        raise NotAMember([FieldProblem("/unit", NotAMember.code, NotAMember.message)])
    if desk_of(leader, timezone.localdate(now)) is None:
        raise NotALeader([FieldProblem("/leader", NotALeader.code, NotALeader.message)])
    row = Link(office=office, leader=leader, unit=unit, from_date=from_date, created_at=now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise LinkedAlready from error
    record(action="leader_link.made", object=row, actor=actor, now=now, data={"from_date": from_date})
    return row


def end_link(*, link: Link, to_date: date, actor: Actor, now: datetime) -> Link:
    """Until that day, excluded. Raises EndsBefore."""
    _end(link, to_date)
    record(action="leader_link.ended", object=link, actor=actor, now=now, data={"to_date": to_date})
    return link


def leader_of(unit: Unit, day: date) -> tuple[User, UUID] | None:
    """The leader linked to a unit, and the unit at whose desk the leader works; None without either."""
    link = Link.objects.on(day).filter(unit=unit).select_related("leader").first()
    desk = desk_of(link.leader, day) if link is not None else None
    return (link.leader, desk) if link is not None and desk is not None else None


def desk_of(leader: User, day: date) -> UUID | None:
    """The unit that somebody heads."""
    held = Membership.objects.on(day).filter(user=leader, role="head").order_by("from_date", "id")
    return held.values_list("unit_id", flat=True).first()


def people_of(units: Iterable[UUID], day: date) -> dict[UUID, dict[str, list[str]]]:
    """Who is correspondent and who is head of each of these units, by name: two lists, one statement."""
    found: dict[UUID, dict[str, list[str]]] = {unit: {name: [] for name in ROLES.values()} for unit in units}
    held = Membership.objects.on(day).filter(unit__in=found, role__in=ROLES, user__is_active=True)
    for unit, role, name in held.order_by("from_date", "id").values_list("unit_id", "role", "user__name"):
        found[unit][ROLES[role]].append(name)
    return found


def leaders(office: Unit, day: date) -> list[tuple[User, str]]:
    """Who can be linked to communities of this office: heads of units at and below it, each with the unit's name."""
    held = Membership.objects.on(day).filter(role="head", unit__path__startswith=office.path, user__is_active=True)
    rows = held.select_related("user", "unit").order_by("unit__path", "user__name", "id")
    return [(row.user, row.unit.name) for row in rows]


def _end(row: Member | Link, to_date: date) -> None:
    if to_date < row.from_date:
        raise EndsBefore([FieldProblem("/to_date", EndsBefore.code, EndsBefore.message)])
    row.to_date, row.version = to_date, row.version + 1
    row.save(update_fields=["to_date", "version"])
