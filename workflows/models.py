"""Processes as deployed, their instances, the work items people see, and the trace of what was passed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Left
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from psycopg import sql

from backend.cases.models import Case, Family
from backend.core import prepared
from backend.core.errors import Conflict
from backend.core.models import Record
from backend.helpers.models import Pairing
from backend.org.access import granting, grants, outermost
from backend.org.models import Unit, User
from backend.org.roles import ACTIONS, DESKS

if TYPE_CHECKING:
    from backend.org.access import Viewer


class NotDeployed(Conflict):
    """No version of the process is there to begin or to tell its forms: an administrator has to deploy it first."""

    code = "process_not_deployed"
    message = _("The process “%(process)s” is not deployed, or lacks what is needed here.")


class ProcessQuerySet(models.QuerySet["Process"]):
    """Processes: no personal data, readable by everybody whose role reads processes."""

    def visible_to(self, user: Viewer) -> ProcessQuerySet:
        """All of them, or none."""
        readers = any("process.read" in ACTIONS.get(grant.role, ()) for grant in grants(user))
        return self if readers else self.none()

    def newest(self, key: str) -> Process:
        """The version that new instances take; its files, for whoever asks for them. Raises NotDeployed."""
        found = self.filter(key=key, is_active=True).defer("files").order_by("-number").first()
        if found is None:
            raise NotDeployed(params={"process": key})
        return found


class Process(Record):
    """A deployed, versioned process definition. What it says never changes: new content is a new version."""

    key = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    """Version: 1, 2, 3 … per key."""
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    files = models.JSONField()
    """Path → text: diagram, tables, forms and everything it calls, so that a version is complete in itself."""
    deployed_by = models.CharField(max_length=120, default="")
    is_active = models.BooleanField(default=True)
    """False: an earlier version was deployed again in its place; it is kept for what runs in it."""
    retired_by = models.CharField(max_length=120, default="", blank=True)
    """Who deployed the earlier one again."""

    objects = ProcessQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "number"], name="process_version"),
            models.UniqueConstraint(fields=["key", "digest"], name="process_content"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"


OUTLINE = """
SELECT c.id, c.number, c.unit_path, f.id, f.label, f.search, v.id, v.kind, v.path, t.id, t.kind, t.path, t.parent_id
FROM cases_case c JOIN cases_family f ON f.id = c.family_id
JOIN org_unit v ON v.id = f.unit_id LEFT JOIN org_unit t ON t.id = v.parent_id
WHERE c.id = %s
"""
"""A case, its family, their village and what is above it: what a new work item repeats or is placed by. As SQL, for
every command asks it, and building it took Django four times as long as asking it."""


def _known(model: type[prepared.Stored], **values: object) -> prepared.Stored:
    """A stored row of which only these columns are known."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname in values]
    return prepared.stored(model, names, [values[name] for name in names])


class InstanceQuerySet(models.QuerySet["Instance"]):
    """Instances by who may see them and by what they wait for."""

    def visible_to(self, user: Viewer) -> InstanceQuerySet:
        """Instances of cases that one may see."""
        return self.filter(case__in=Case.objects.visible_to(user))

    def due(self, now: datetime) -> InstanceQuerySet:
        """Running and past the time at which they want to be woken, the longest waiting first."""
        return self.filter(state="running", wake_at__lte=now).order_by("wake_at")


class Instance(Record):
    """One run of a process for one case: its state as one compressed value, and when it wants to be woken."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    # No index for the key alone, here and below, where another begins with the column or nobody looks by it.
    process = models.ForeignKey(Process, on_delete=models.PROTECT, related_name="instances", db_index=False)
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="instances", db_index=False)
    parent_id = models.UUIDField(null=True)
    """The instance that started this one and waits for its end; not a lock order, only an address."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    outcome = models.CharField(max_length=60, default="", blank=True)
    data = models.BinaryField()
    """The engine's state, pruned, without the definition."""
    wake_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    """Since when the family's pause stops its pausable timers (workflows.pauses)."""
    stood_still = ArrayField(models.DateTimeField(), default=list)
    """From when to when, in turn: pauses that are over, and for which its timers have not been moved yet."""
    ended_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    """How often waking it failed in a row; each failure doubles the wait."""
    error = models.CharField(max_length=400, default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = InstanceQuerySet.as_manager()

    @cached_property
    def case_in_full(self) -> Case | None:
        """The case with its family, place and programme: what steps work with."""
        if self.case_id and not self._knows_case:
            self.case = prepared.found(Case, self.case_id, follow=("family__unit__parent", "programme"))
        return self.case

    @cached_property
    def case_in_outline(self) -> Case | None:
        """The case with what events and new work items tell of it, and little more: every command reads this."""
        if self._knows_case or not self.case_id:
            return self.case
        row = prepared.execute(OUTLINE, [self.case_id]).fetchone()
        case = _known(Case, id=row[0], number=row[1], unit_path=row[2], family_id=row[3])
        case.family = _known(Family, id=row[3], label=row[4], search=row[5], unit_id=row[6])
        case.family.unit = _known(Unit, id=row[6], kind=row[7], path=row[8], parent_id=row[9])
        if row[9]:
            case.family.unit.parent = _known(Unit, id=row[9], kind=row[10], path=row[11], parent_id=row[12])
        return case

    @property
    def _knows_case(self) -> bool:
        return "case" in self._state.fields_cache

    class Meta:
        indexes = [
            models.Index(fields=["wake_at"], condition=Q(state="running", wake_at__isnull=False), name="instance_wake"),
            models.Index(fields=["case", "state"], name="instance_case"),
            models.Index(fields=["process", "state"], name="instance_process"),
        ]


def past_due(now: datetime) -> Q:
    """Open, past its due time and not paused: the one definition of overdue, for list, badge, count, reminder and
    report."""
    return Q(state=WorkItem.State.OPEN, due_at__lt=now, paused_at__isnull=True)


def was_past_due(moment: datetime) -> Q:
    """The same of an earlier moment: due before it, and still open then. Of this very moment it is past_due."""
    still_open = Q(state=WorkItem.State.OPEN) | Q(ended_at__gte=moment)
    not_paused = Q(paused_at__isnull=True) | Q(paused_at__gte=moment)
    return still_open & not_paused & Q(created_at__lt=moment, due_at__lt=moment)


COUNTY, TOWN, VILLAGE = 9, 13, 17
"""Lengths of the paths of these units (`12.01.14.122.201.` is a village's)."""


def at_places(paths: Iterable[str]) -> Q:
    """The condition "the item lies in one of these subtrees"; no paths: nothing.

    For a county, township or village it is said as "the path begins with so many letters, which are …": an equality, so
    that an index hands out the items of the place in the order of their due times. A prefix would do for `LIKE`, but
    then every page has all items of the place sorted, or walks past those of all other places.
    """
    condition = Q(pk__in=[])
    for path in outermost(paths):
        if len(path) in {COUNTY, TOWN, VILLAGE}:
            condition |= Q(Exact(Left("unit_path", len(path)), Value(path)))
        else:
            condition |= Q(unit_path__startswith=path)
    return condition


@dataclass(frozen=True)
class Reach:
    """The work items a user sees: all at these places and below, those of the own desks, own ones in a role."""

    user_id: UUID | None
    places: list[str]
    desk_roles: list[str]
    desk_units: list[UUID]
    """The unit of each of `desk_roles`."""
    roles: list[str]

    @classmethod
    def of(cls, user: Viewer) -> Reach:
        """A subtree when the role reads work; else only the own role and unit, or one's own."""
        own = granting(user, "own.work_item.read")
        desks = [grant for grant in own if grant.role in DESKS]
        return cls(
            user_id=user.pk,
            places=[grant.path for grant in granting(user, "work_item.read")],
            desk_roles=[grant.role for grant in desks],
            desk_units=[grant.unit_id for grant in desks],
            roles=[grant.role for grant in own if grant.role not in DESKS],
        )

    def at_desks(self) -> Q:
        """The condition on items that wait at one of the own desks."""
        condition = Q(pk__in=[])
        for role in set(self.desk_roles):
            units = [unit for each, unit in zip(self.desk_roles, self.desk_units, strict=True) if each == role]
            condition |= Q(role=role, unit_id__in=units)
        return condition


def _hidden_from(user: Viewer) -> Q:
    """The condition on items about families with whom the user's own pairing is suspended today."""
    today = timezone.localdate()
    suspended = Pairing.objects.on(today).own(user).suspended(today)
    return Q(family_id__in=suspended.values("family"))


class WorkItemQuerySet(models.QuerySet["WorkItem"]):
    """Work items by who may see and do them."""

    def visible_to(self, user: Viewer) -> WorkItemQuerySet:
        """Items within the user's reach."""
        reach = Reach.of(user)
        own = Q(assignee_id=reach.user_id, role__in=reach.roles)
        if "helper" in reach.roles:
            own &= ~_hidden_from(user)
        reached = self.filter(at_places(reach.places) | reach.at_desks() | own)
        return reached.exclude(closed_to=reach.user_id)

    def overseen_by(self, user: Viewer, action: str = "work_item.read") -> WorkItemQuerySet:
        """Items at the places where the user's role may do this: without the own ones of a helper or liaison."""
        return self.filter(at_places(grant.path for grant in granting(user, action))).exclude(closed_to=user.pk)

    def one_visible_to(self, user: Viewer, pk: UUID) -> WorkItem | None:
        """The item when it is within the user's reach, with the names of its unit and of whoever has it.

        The same condition as `visible_to` (a test holds the two together), but prepared: every verb begins with it.
        """
        row = prepared.execute(_visible_one(), {**vars(Reach.of(user)), "pk": pk}).fetchone()
        if row is None:
            return None
        *values, unit, assignee = row
        item = prepared.stored(WorkItem, _shown(), values)
        item.unit = _known(Unit, id=item.unit_id, name=unit)
        if item.assignee_id:
            item.assignee = _known(User, id=item.assignee_id, name=assignee)
        return item

    def below(self, path: str) -> WorkItemQuerySet:
        """Items at the unit with this path and at all under it."""
        return self.filter(at_places([path]))

    def doable_by(self, user: Viewer) -> WorkItemQuerySet:
        """Open items that the user's roles and units may take or have taken."""
        condition, own = Q(pk__in=[]), Q(assignee_id=getattr(user, "pk", None))
        for grant in grants(user):
            if grant.role == "helper":
                own &= ~_hidden_from(user)
                continue
            condition |= Q(role=grant.role, unit_id=grant.unit_id)
        return self.filter(condition | own, state=WorkItem.State.OPEN)

    def ready(self, now: datetime) -> WorkItemQuerySet:
        """Open, not paused, and not put off to a later time."""
        arrived = Q(postponed_until__isnull=True) | Q(postponed_until__lte=now)
        return self.filter(arrived, state=WorkItem.State.OPEN, paused_at__isnull=True)

    def overdue(self, now: datetime) -> WorkItemQuerySet:
        """Open and past their due time (see past_due)."""
        return self.filter(past_due(now))


class WorkItem(Record):
    """A step that waits for a person; what an inbox lists. Everything a list shows is in the row."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    instance = models.ForeignKey(Instance, on_delete=models.PROTECT, related_name="work_items", db_index=False)
    token = models.CharField(max_length=64)
    """Where the engine waits: one item per token."""
    process = models.CharField(max_length=60)
    step = models.CharField(max_length=80)
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=120)
    form = models.CharField(max_length=60)
    role = models.CharField(max_length=20)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="work_items", db_index=False)
    unit_path = models.CharField(max_length=200, db_collation="C")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="work_items", db_index=False)
    case_number = models.CharField(max_length=40, default="", blank=True)
    family = models.ForeignKey(Family, null=True, on_delete=models.PROTECT, related_name="work_items", db_index=False)
    family_label = models.CharField(max_length=60, default="", blank=True)
    search = models.TextField(default="", blank=True)
    """Title, number, names and pinyin initials in lower case."""
    assignee = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="work_items", db_index=False
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    priority = models.PositiveSmallIntegerField(default=50)
    due_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    """Since when the family's pause stops its time; of what was done meanwhile it stays."""
    postponed_until = models.DateTimeField(null=True, blank=True)
    postpone_reason = models.CharField(max_length=400, default="", blank=True)
    excluded = models.JSONField(default=list)
    """Ids of users who may not complete it (four eyes)."""
    closed_to = models.UUIDField(null=True, blank=True)
    """The user whom it is about: neither sees nor does it, whatever the role."""
    draft = models.BinaryField(null=True)
    """What was typed so far, encrypted."""
    draft_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=60, default="", blank=True)
    completed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    completed_label = models.CharField(max_length=120, default="", blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "token"], name="work_item_token")]
        indexes = [
            # Lists of a place, open or done, walked in due order (see at_places); not partial, for then the planner
            # would know nothing of how many items a place has.
            models.Index(Left("unit_path", COUNTY), "state", "due_at", "id", name="work_item_county"),
            models.Index(Left("unit_path", TOWN), "state", "due_at", "id", name="work_item_town"),
            models.Index(Left("unit_path", VILLAGE), "state", "due_at", "id", name="work_item_village"),
            # A city or province holds so many that all are walked in due order; other units are found by their path.
            models.Index(fields=["state", "due_at", "id"], name="work_item_due"),
            models.Index(fields=["unit_path"], condition=Q(state="open"), name="work_item_place"),
            # One person, one queue, one step; the other two orders of a list.
            models.Index(fields=["assignee", "state", "due_at", "id"], name="work_item_mine"),
            models.Index(fields=["unit", "role", "due_at", "id"], condition=Q(state="open"), name="work_item_queue"),
            models.Index(fields=["step", "due_at", "id"], condition=Q(state="open"), name="work_item_step"),
            models.Index(fields=["priority", "id"], condition=Q(state="open"), name="work_item_priority"),
            models.Index(fields=["created_at", "id"], condition=Q(state="open"), name="work_item_created"),
            models.Index(fields=["case", "id"], name="work_item_case"),
            # What ended in a month, or after it: its report.
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="work_item_ended"),
            models.Index(fields=["family", "id"], name="work_item_family"),
            GinIndex(OpClass(F("search"), "gin_trgm_ops"), name="work_item_search", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return self.title

    def is_overdue(self, now: datetime) -> bool:
        """The same for one row in memory (a test holds the two together)."""
        return self.state == self.State.OPEN and self.due_at < now and self.paused_at is None


@cache
def _shown() -> list[str]:
    """An item's columns but those that no verb reads: what is searched by, and the draft."""
    return [field.attname for field in WorkItem._meta.concrete_fields if field.name not in {"search", "draft"}]


@cache
def _visible_one() -> str:
    statement = sql.SQL("""
        SELECT {}, (SELECT name FROM org_unit WHERE id = unit_id), (SELECT name FROM org_user WHERE id = assignee_id)
        FROM workflows_workitem
        WHERE id = %(pk)s AND closed_to IS DISTINCT FROM %(user_id)s AND (
            unit_path ^@ ANY(%(places)s::text[])
            OR (role, unit_id) IN (SELECT * FROM unnest(%(desk_roles)s::text[], %(desk_units)s::uuid[]))
            OR assignee_id = %(user_id)s AND role = ANY(%(roles)s::text[]))
    """)
    return statement.format(sql.SQL(", ").join([sql.Identifier(name) for name in _shown()])).as_string()


class Trace(models.Model):
    """A node of a diagram that an instance has passed: what the diagram shows as done, with time and name."""

    instance = models.ForeignKey(Instance, on_delete=models.PROTECT, related_name="trace", db_index=False)
    node = models.CharField(max_length=80)
    kind = models.CharField(max_length=30)
    at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=120, default="", blank=True)
    by_id = models.UUIDField(null=True)
    for_id = models.UUIDField(null=True)
    """The absent colleague in whose place it was done."""
    outcome = models.CharField(max_length=60, default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["instance", "at"], name="trace_instance")]
