"""Somebody of an office leaves: what depends on the person, a plan that moves it, and doing it all in one command.

Nothing is left behind: while anything would be orphaned the leaving is refused, and so is closing the account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.administration.deputies import appoint_deputy, dismiss_deputy
from backend.administration.log_in import revoke_all
from backend.administration.memberships import end_membership, overlapping
from backend.audit.history import collect, record
from backend.cases.models import Case
from backend.core.errors import Conflict, FieldProblem, NotAllowed
from backend.desk.models import Handover, Leaving, SavedFilter
from backend.helpers.models import Pairing
from backend.org.access import actor_of, granting, under
from backend.org.models import Deputy, Membership, MembershipQuerySet, Unit, User
from backend.org.roles import OFFICE, ROLE_NAMES
from workflows import services
from workflows.authority import able_to_do, may_do
from workflows.models import WorkItem

SHOWN = 50
"""So many of the things that are in the way are named in a refusal."""
Fate = Handover.Fate


class Orphaned(Conflict):
    """Something would be nobody's."""

    code = "would_be_orphaned"
    message = _("Something would be left without anybody: find somebody for it first.")


class OwnLeaving(NotAllowed):
    """Nobody hands over the own work by oneself: another has to look at it."""

    code = "own_leaving"
    message = _("Your own leaving is arranged by somebody else.")


class NotInYourOffice(NotAllowed):
    """The person works elsewhere too, or is not of an office."""

    code = "not_a_colleague"
    message = _("This is possible only for people of the office who work in your area and nowhere else.")


class SuccessorIsAnother(Conflict):
    """Nobody succeeds oneself, or somebody who cannot log in."""

    code = "successor_is_another"
    message = _("The successor has to be somebody else, with an active account.")


REASONS: dict[str, str | Promise] = {
    "nobody_able": _("Nobody else can do this: another role or place, or kept back by the four-eyes rule."),
    "place_empty": _("Nobody else holds this role here: the security administrator has to give it to somebody first."),
    "still_absent": _("The colleague is still absent: name a successor who stands in, or let it end."),
    "still_helping": _("The person also helps families: first find other helpers for them."),
}
"""Why something would be nobody's: code → words."""


@dataclass(frozen=True)
class Plan:
    """Who gets what. `work`: to the successor as far as possible, or back to the queues; `deputies`: the same for
    colleagues for whom the person stands in, or it ends."""

    successor: User | None = None
    work: str = "successor"
    deputies: str = "successor"


@dataclass(frozen=True)
class Moved:
    """One thing that depends on the person, and what becomes of it."""

    kind: str
    id: UUID
    label: str
    fate: str
    why: str = ""
    """A key of REASONS when nobody would have it."""
    case_number: str = ""
    to: User | None = None


def outlook(user: User, plan: Plan, *, day: date) -> list[Moved]:
    """Everything that depends on this person, with what the plan makes of it. Changes nothing."""
    return [
        *_items(user, plan, day),
        *_places(user, day),
        *_spells(user, day),
        *_deputies(user, plan, day),
        *_filters(user, plan),
        *_memberships(user, day),
    ]


def carry_out(*, leaver: User, plan: Plan, reason: str, user: User, now: datetime) -> Leaving:
    """Move everything, end the memberships today, log the person out everywhere. The account itself stays for the
    security administrator to close. `user`: the supervisor who arranges it.

    Raises Orphaned, OwnLeaving, NotInYourOffice, SuccessorIsAnother, ReasonMissing.
    """
    services.need_reason(reason)
    today = timezone.localdate(now)
    User.objects.select_for_update(of=("self",)).get(pk=leaver.pk)
    path = check(leaver, plan, user, today)
    with collect():
        moved = outlook(leaver, plan, day=today)
        refuse_orphans(moved)
        actor = actor_of(user, action="leaving.write", path=path)
        made = Leaving.objects.create(
            user=leaver,
            unit_path=path,
            successor=plan.successor,
            reason=reason,
            done_by_label=actor.label,
            created_at=now,
        )
        _move_items(moved, reason, user, now)
        _move_deputies(moved, plan, reason, user, now)
        _move_filters(moved, plan, user, now)
        for held in _held(leaver, today):
            end_membership(membership=held, to_date=max(today, held.from_date), reason=reason, actor=actor, now=now)
        _keep_list(made, moved, now)
        record(
            action="user.left",
            object=leaver,
            unit_path=path,
            actor=actor,
            now=now,
            data={"count": len(moved), **({"successor_name": plan.successor.name} if plan.successor else {})},
            reason=reason,
        )
        revoke_all(user=leaver, actor=actor, now=now, reason=reason)
    return made


def check(leaver: User, plan: Plan, user: User, day: date) -> str:
    """Whether this user arranges this person's leaving; the path of where the person works.

    Raises OwnLeaving, NotInYourOffice, SuccessorIsAnother.
    """
    if leaver.pk == user.pk:
        raise OwnLeaving
    if plan.successor is not None and (plan.successor.pk == leaver.pk or not plan.successor.is_active):
        raise SuccessorIsAnother([FieldProblem("/successor", SuccessorIsAnother.code, SuccessorIsAnother.message)])
    here = under("unit__path", (grant.path for grant in granting(user, "leaving.write")))
    held = _held(leaver, day)
    if not held.exists() or held.exclude(here, role__in=OFFICE).exists():
        raise NotInYourOffice([FieldProblem("/user", NotInYourOffice.code, NotInYourOffice.message)])
    return str(held.values_list("unit__path", flat=True)[0])


def check_closing(user: User, *, day: date) -> None:
    """An account is closed only when nothing depends on it any more. Raises Orphaned: kinds with their numbers, no
    family's name, for who closes accounts reads no cases."""
    left = [each for each in outlook(user, Plan(work="none", deputies="none"), day=day) if each.fate == Fate.ORPHAN]
    if not left:
        return
    numbers = Counter(each.kind for each in left)
    words = {
        "work_item": _("open work: %(number)s"),
        "place": _("places where nobody else holds the role: %(number)s"),
        "helper": _("families helped: %(number)s"),
        "deputy": _("absent colleagues stood in for: %(number)s"),
    }
    problems = [
        FieldProblem("/is_active", f"{kind}_left", str(words[kind]) % {"number": number})
        for kind, number in numbers.items()
    ]
    raise Orphaned(problems)


def refuse_orphans(moved: Sequence[Moved]) -> None:
    """Raises Orphaned, with each thing that would be nobody's."""
    problems = [
        FieldProblem(f"/{each.kind}/{each.id}", each.why, f"{each.label}: {REASONS[each.why]}")
        for each in moved
        if each.fate == Fate.ORPHAN
    ]
    if problems:
        raise Orphaned(problems[:SHOWN])


def confirm_read(*, leaving: Leaving, user: User, now: datetime) -> int:
    """The person to whom it went has seen the list; returns how many lines of it were new (E25)."""
    rows = Handover.objects.filter(leaving=leaving, to_user=user, read_at__isnull=True)
    number = rows.update(read_at=now)
    if number:
        actor = actor_of(user)
        path = leaving.unit_path
        record(action="user.handover_read", object=leaving.user, unit_path=path, actor=actor, now=now)
    return number


# --- what depends on a person ----------------------------------------------------------------------------------------


def _items(user: User, plan: Plan, day: date) -> list[Moved]:
    """Open items that the person took or was given; a helper's own ones belong to the helper."""
    rows = WorkItem.objects.filter(assignee=user, state=WorkItem.State.OPEN).exclude(role="helper")
    found = []
    for row in rows.select_related("unit").order_by("due_at", "id"):
        fate, to = Fate.ORPHAN, None
        if plan.work == "successor" and plan.successor is not None and _can(row, plan.successor):
            fate, to = Fate.SUCCESSOR, plan.successor
        elif (
            plan.work != "none"
            and able_to_do(row, day=day).exclude(pk__in=[user.pk, row.closed_to or user.pk]).exists()
        ):
            fate = Fate.QUEUE
        why = "nobody_able" if fate == Fate.ORPHAN else ""
        label = f"{row.title} · {row.family_label}" if row.family_label else row.title
        found.append(Moved("work_item", row.pk, label[:200], fate, why, row.case_number, to))
    return found


def _can(row: WorkItem, successor: User) -> bool:
    allowed = str(successor.pk) not in row.excluded and row.closed_to != successor.pk
    return allowed and may_do(row, successor)


def _places(user: User, day: date) -> list[Moved]:
    """Places where work goes on and nobody else holds the person's role: what is due there next would be nobody's."""
    found: dict[tuple[str, str], Moved] = {}
    for held in _held(user, day).filter(role__in=OFFICE):
        for unit in _working_units(held):
            if not User.objects.holding(held.role, unit.path, day).exclude(pk=user.pk).exists():
                label = f"{ROLE_NAMES[held.role]} · {unit.name}"
                found[held.role, unit.path] = Moved("place", unit.pk, label, Fate.ORPHAN, "place_empty")
    return list(found.values())


def _working_units(held: Membership) -> list[Unit]:
    """The unit of the membership when cases are open there, and those below it where its role has open work."""
    items = WorkItem.objects.filter(role=held.role, state=WorkItem.State.OPEN).below(held.unit.path)
    units = {unit.pk: unit for unit in Unit.objects.filter(pk__in=items.values("unit"))}
    living = Case.objects.exclude(state__in=[Case.State.CLOSED, Case.State.ARCHIVED])
    if living.filter(unit_path__startswith=held.unit.path).exists():
        units.setdefault(held.unit_id, held.unit)
    return list(units.values())


def _spells(user: User, day: date) -> list[Moved]:
    """Families that the person helps as well, a statutory contact's among them."""
    rows = Pairing.objects.from_day(day).filter(helper__user=user).select_related("family", "case")
    return [
        Moved("helper", row.pk, row.family.label, Fate.ORPHAN, "still_helping", row.case.number)
        for row in rows.order_by("id")
    ]


def _deputies(user: User, plan: Plan, day: date) -> list[Moved]:
    """Colleagues for whom the person stands in, now or later; those who stand in for the person simply end."""
    found = []
    for row in Deputy.objects.filter(overlapping(day, None), deputy=user).select_related("absent").order_by("id"):
        if row.to_date == row.from_date:  # taken back before it began
            continue
        fate, to = Fate.ORPHAN, None
        if plan.deputies == "successor" and plan.successor is not None and plan.successor.pk != row.absent_id:
            fate, to = Fate.SUCCESSOR, plan.successor
        elif plan.deputies == "end":
            fate = Fate.END
        why = "still_absent" if fate == Fate.ORPHAN else ""
        found.append(Moved("deputy", row.pk, row.absent.name, fate, why, "", to))
    return found


def _filters(user: User, plan: Plan) -> list[Moved]:
    """Filters that the person shared: they belong to the unit and stay; a successor looks after them."""
    fate = Fate.SUCCESSOR if plan.successor else Fate.QUEUE
    return [
        Moved("filter", row.pk, row.name, fate, to=plan.successor)
        for row in SavedFilter.objects.filter(owner=user, unit__isnull=False).order_by("name", "id")
    ]


def _memberships(user: User, day: date) -> list[Moved]:
    return [
        Moved("membership", row.pk, f"{ROLE_NAMES[row.role]} · {row.unit.name}", Fate.END) for row in _held(user, day)
    ]


def _held(user: User, day: date) -> MembershipQuerySet:
    rows = Membership.objects.filter(overlapping(day, None), user=user).exclude(to_date=F("from_date"))
    return rows.select_related("unit", "user").order_by("from_date", "id")


# --- moving it -------------------------------------------------------------------------------------------------------


def _move_items(moved: Sequence[Moved], reason: str, user: User, now: datetime) -> None:
    rows = WorkItem.objects.in_bulk([each.id for each in moved if each.kind == "work_item"])
    for each in moved:
        if each.kind != "work_item":
            continue
        if each.to is not None:
            services.delegate(item=rows[each.id], to=each.to, reason=reason, user=user, now=now)
        else:
            services.give_back(item=rows[each.id], reason=reason, user=user, now=now)


def _move_deputies(moved: Sequence[Moved], plan: Plan, reason: str, user: User, now: datetime) -> None:
    actor, today = actor_of(user, action="leaving.write"), timezone.localdate(now)
    within = [grant.path for grant in granting(user, "leaving.write")]
    rows = Deputy.objects.select_related("absent", "deputy").in_bulk(
        [each.id for each in moved if each.kind == "deputy"]
    )
    for each in moved:
        if each.kind != "deputy":
            continue
        row = rows[each.id]
        begin, end = max(today, row.from_date), row.to_date
        dismiss_deputy(deputy=row, to_date=begin, actor=actor, now=now, within=within)
        if each.to is not None:
            appoint_deputy(
                absent=row.absent,
                deputy=each.to,
                from_date=begin,
                to_date=end,
                reason=reason[:200],
                actor=actor,
                now=now,
                within=within,
            )


def _move_filters(moved: Sequence[Moved], plan: Plan, user: User, now: datetime) -> None:
    if plan.successor is None:
        return
    rows = SavedFilter.objects.select_related("unit").filter(
        pk__in=[each.id for each in moved if each.kind == "filter"]
    )
    for row in rows:
        row.owner, row.version = plan.successor, row.version + 1
        row.save(update_fields=["owner", "version"])
        data = {"to": plan.successor.name, "unit_name": row.unit.name if row.unit else ""}
        actor = actor_of(user, action="leaving.write")
        record(action="saved_filter.handed_over", object=row, actor=actor, now=now, data=data)


def _keep_list(made: Leaving, moved: Sequence[Moved], now: datetime) -> None:
    Handover.objects.bulk_create(
        Handover(
            leaving=made,
            kind=each.kind,
            fate=each.fate,
            object_id=each.id,
            label=each.label,
            case_number=each.case_number,
            to_user=each.to,
            created_at=now,
        )
        for each in moved
    )
