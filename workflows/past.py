"""A case as it was at a time: from dated rows (work items, pairings, memberships, deputies) and from the history.

Rows that are not dated (the case's state, phase and place, who had claimed what, whose account was open) are told by
the events: the last one up to the time says what it was set to, else the first one after it what it was set from.
What the system itself waited for then, such as a timer, is kept nowhere and not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, pgettext

from backend.audit.models import Event
from backend.audit.timeline import day_in_words
from backend.cases.models import Case, Family
from backend.helpers.models import Helper, Pairing
from backend.org.access import upwards
from backend.org.models import Deputy, Membership, Unit, User
from backend.org.roles import ADMINISTRATORS, roles_with
from workflows import services, store
from workflows.engine.definition import Node
from workflows.engine.forms import localise
from workflows.models import Instance, WorkItem

if TYPE_CHECKING:
    from backend.org.access import Viewer

CLAIMING = ("work_item.claimed", "work_item.released", "work_item.delegated")
MOST_EVENTS = 5000
"""Events about states that are read of one case: far more than twenty years make."""
MOST_ANSWERS = 200
MOST_INSTANCES = 50


NOTHING: Mapping[str, str] = MappingProxyType({})
CHOSEN: tuple[tuple[str, type[Helper] | type[Family], str], ...] = (
    ("helper", Helper, "name"),
    ("other_family", Family, "label"),
)
"""Fields whose answer is the id of a row: what it is called is told to who may see the row."""


@dataclass(frozen=True)
class Watcher:
    """Somebody who could see the case, and why: `role` at `unit`, for an absent colleague, or by a pairing."""

    user_id: UUID
    name: str
    role: str
    unit: str
    on_behalf_of: str = ""
    pairing: str = ""


class CaseThen:
    """The case at the time `at`; days count from midnight to midnight of the local calendar."""

    def __init__(self, case: Case, at: datetime, *, language: str, reader: Viewer) -> None:
        self.case, self.at, self.language, self.reader = case, at, language, reader
        self.day: date = timezone.localdate(at)
        self._events = list(
            Event.objects.filter(chain=f"case:{case.pk}")
            .filter(Q(action__startswith="case.") | Q(action__in=CLAIMING))
            .order_by("seq")[:MOST_EVENTS]
        )

    @property
    def has_begun(self) -> bool:
        """Whether the case was open already, or had been."""
        return self.case.opened_at <= self.at

    @property
    def state(self) -> str:
        """open, paused, closed …; empty before it was opened."""
        return self._was("state", self.case.state) if self.has_begun else ""

    @property
    def phase(self) -> str:
        """The phase then; empty before the case was opened. A case that is opened again begins with the survey."""
        if not self.has_begun:
            return ""
        reopened = self._last("case.reopened")
        entered = self._last_change("phase")
        if reopened is not None and (entered is None or entered.seq < reopened.seq):
            return "survey"
        return self._was("phase", self.case.phase)

    @property
    def unit(self) -> Unit:
        """The village that the case belonged to."""
        later = next((each for each in self._events if each.action == "case.transferred" and each.at > self.at), None)
        found = Unit.objects.filter(code=later.data["from_code"]).first() if later is not None else None
        return found or self.case.unit

    # --- work

    def open_items(self) -> list[dict[str, Any]]:
        """The steps that waited for a person, the oldest first, and who had taken them."""
        if not self.has_begun:
            return []
        rows = WorkItem.objects.filter(case=self.case, created_at__lte=self.at).filter(
            Q(ended_at__isnull=True) | Q(ended_at__gt=self.at)
        )
        return [
            {
                "id": row.pk,
                "instance": row.instance_id,
                "title": self._title(row),
                "step": row.step,
                "process": row.process,
                "role": row.role,
                "since": row.created_at,
                "assignee": self._holder(row),
            }
            for row in rows.select_related("assignee").defer("draft").order_by("created_at", "pk")
        ]

    def answers(self) -> list[dict[str, Any]]:
        """What people had answered up to then, newest first: outcomes and answers that are not sensitive, in words."""
        done = Event.objects.filter(case_id=self.case.pk, action="work_item.completed", at__lte=self.at)
        events = list(done.order_by("-at", "-id")[:MOST_ANSWERS])
        rows = {
            str(row.pk): row
            for row in WorkItem.objects.filter(pk__in=[event.object_id for event in events]).select_related(
                "instance__process"
            ).defer("instance__data", "instance__process__files", "draft")
        }  # fmt: skip
        known = self._known(events)
        return [self._answer(event, rows[event.object_id], known) for event in events if event.object_id in rows]

    def instances(self) -> list[Instance]:
        """The runs that had begun, the oldest first."""
        rows = Instance.objects.filter(case=self.case, created_at__lte=self.at).select_related("process")
        return list(rows.defer("process__files", "data").order_by("created_at", "pk")[:MOST_INSTANCES])

    def standing(self) -> list[dict[str, Any]]:
        """Where each run stood."""
        waiting = self.open_items()
        return [self._standing(each, waiting) for each in self.instances()]

    def diagram(self, instance: Instance) -> dict[str, Any]:
        """The run on its diagram, as it was: what waited for people, and what had been passed."""
        return {
            **self._standing(instance, self.open_items()),
            "bpmn": store.definition(instance.process).xml,
            "done": services.passed(instance, language=self.language, until=self.at),
        }

    # --- people

    def pairings(self) -> list[Pairing]:
        """Those in force that day, of this case."""
        rows = Pairing.objects.on(self.day).filter(case=self.case).select_related("helper", "kind")
        return list(rows.order_by("from_date", "number"))

    def watchers(self) -> list[Watcher]:
        """Everybody who could have opened the case that day: by role and place, standing in, or paired.

        What the roles may do is today's table; who held them, where, is that day's.
        """
        path = self.unit.path
        held = list(
            Membership.objects.on(self.day)
            .filter(role__in=roles_with("case.read"), unit__path__in=upwards(path))
            .select_related("user", "unit")
            .order_by("unit__path", "role", "user__name")
        )
        absent = {each.user_id for each in held if each.role not in ADMINISTRATORS}
        standing_in = Deputy.objects.on(self.day).filter(absent__in=absent).select_related("deputy")
        found = [Watcher(each.user_id, each.user.name, each.role, each.unit.name) for each in held]
        found += [
            Watcher(deputy.deputy_id, deputy.deputy.name, each.role, each.unit.name, on_behalf_of=each.user.name)
            for deputy in standing_in.order_by("deputy__name")
            for each in held
            if each.user_id == deputy.absent_id
        ]
        found += self._paired()
        closed = self._accounts_closed({each.user_id for each in found})
        return [each for each in found if each.user_id not in closed]

    def _paired(self) -> Iterable[Watcher]:
        """Helpers with an account and the role, of pairings with the family in force that day, of any case of it."""
        rows = Pairing.objects.on(self.day).filter(family=self.case.family_id, helper__user__isnull=False)
        pairings = list(rows.select_related("helper__user").order_by("from_date", "number"))
        users = [pairing.helper.user_id for pairing in pairings]
        roles = Membership.objects.on(self.day).filter(user__in=users, role__in=roles_with("own.case.read"))
        units = {each.user_id: each for each in roles.select_related("unit")}
        for pairing in pairings:
            user = pairing.helper.user
            if user is not None and user.pk in units:
                yield Watcher(user.pk, user.name, "helper", units[user.pk].unit.name, pairing=pairing.number)

    def _accounts_closed(self, users: set[UUID]) -> set[UUID]:
        """Of these the ones whose account was closed then."""
        closed = set(User.objects.filter(pk__in=users, is_active=False).values_list("pk", flat=True))
        changed = Event.objects.filter(
            action="user.updated",
            object_id__in=[str(user) for user in users],
            at__gt=self.at,
            data__from__has_key="is_active",
        )
        was_open: dict[UUID, bool] = {}
        for event in changed.order_by("at", "id"):
            was_open.setdefault(UUID(event.object_id), event.data["from"]["is_active"])
        return {user for user in users if not was_open.get(user, user not in closed)}

    # --- what events say

    def _last(self, action: str) -> Event | None:
        """The last event of this kind up to the time."""
        return next((each for each in reversed(self._events) if each.action == action and each.at <= self.at), None)

    def _last_change(self, field: str) -> Event | None:
        return next(
            (each for each in reversed(self._events) if each.data.get("field") == field and each.at <= self.at), None
        )

    def _was(self, field: str, now: str) -> str:
        """What the field was set to by the last change, else from by the next one, else what it is `now`."""
        last = self._last_change(field)
        if last is not None:
            return str(last.data["to"])
        later = next((each for each in self._events if each.data.get("field") == field), None)
        return str(later.data["from"]) if later is not None else now

    def _holder(self, row: WorkItem) -> str:
        """Who had the item: by the last time it was taken, given back or handed over, else whose it was at first."""
        moves = [each for each in self._events if each.object_id == str(row.pk) and each.action in CLAIMING]
        until = [each for each in moves if each.at <= self.at]
        if until:
            last = until[-1]
            return {"work_item.claimed": last.actor, "work_item.delegated": str(last.data.get("to", ""))}.get(
                last.action, ""
            )
        # Whoever completes an item that nobody had gets it by that; a helper's belongs to the helper from the start.
        from_the_start = not moves and (row.role == "helper" or row.state == WorkItem.State.OPEN)
        return row.assignee.name if from_the_start and row.assignee else ""

    # --- in words

    def _title(self, row: WorkItem) -> str:
        return row.title_en if self._is_english else row.title

    @property
    def _is_english(self) -> bool:
        return self.language.startswith("en")

    def _name(self, nodes: Mapping[str, Node], node: str) -> str:
        found = nodes.get(node)
        return "" if found is None else found.name_en if self._is_english else found.name

    def _standing(self, instance: Instance, waiting: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """As workflows.services tells it for today; what the process itself waited for is not known."""
        over = instance.ended_at is not None and instance.ended_at <= self.at
        nodes = store.definition(instance.process).nodes
        return {
            "instance": instance.pk,
            "process": instance.process.key,
            "version": instance.process.number,
            "name": instance.process.name_en if self._is_english else instance.process.name,
            "state": instance.state if over else Instance.State.RUNNING.value,
            "outcome": (self._name(nodes, instance.outcome) or instance.outcome) if over else "",
            "started_at": instance.created_at,
            "ended_at": instance.ended_at if over else None,
            "wake_at": None,
            "active": [
                {"node": each["step"], "name": each["title"], "since": each["since"]}
                for each in waiting
                if each["instance"] == instance.pk
            ],
        }

    def _known(self, events: Iterable[Event]) -> dict[str, str]:
        """The names of the rows that answers chose, as far as the reader may see them today; one statement a kind."""
        given = [event.data.get("answers", {}) for event in events]
        known: dict[str, str] = {}
        for field, model, column in CHOSEN:
            ids = {told[field] for told in given if _is_id(told.get(field))}
            rows = model.objects.visible_to(self.reader).filter(pk__in=ids) if ids else model.objects.none()
            names = {str(pk): name for pk, name in rows.values_list("pk", column)}
            known |= {pk: names.get(pk, "…") for pk in ids}
        return known

    def _answer(self, event: Event, row: WorkItem, known: Mapping[str, str]) -> dict[str, Any]:
        forms = store.definition(row.instance.process).forms
        fields = localise(forms.get(row.form, {}), self.language).get("properties", {})
        told = event.data.get("answers", {})
        return {
            "title": self._title(row),
            "at": event.at,
            "by": event.actor,
            "answers": [
                {
                    "label": str(fields.get(name, {}).get("title", name)),
                    "value": in_words(fields.get(name, {}), value, known),
                }
                for name, value in told.items()
            ],
            "sensitive": [str(fields.get(name, {}).get("title", name)) for name in event.data.get("sensitive", ())],
        }


def in_words(field: Mapping[str, Any], value: Any, known: Mapping[str, str] = NOTHING) -> str:
    """An answer by the label of its choice, days and times as people write them; several with commas between them.

    `known`: what ids stand for.
    """
    if isinstance(value, list):
        return pgettext("history", ", ").join(in_words(field.get("items", {}), each, known) for each in value)
    if isinstance(value, str) and value in known:
        return known[value]
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    labels = {choice["const"]: choice["title"] for choice in field.get("oneOf", ())}
    return day_in_words(str(labels.get(value, value))) if value is not None else ""


def _is_id(value: object) -> bool:
    try:
        return isinstance(value, str) and UUID(value) is not None
    except ValueError:
        return False
