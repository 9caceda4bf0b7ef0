"""Processes moved at a time of one's own: what is queued is done at once, timers fire as the clock passes them.

For demo data and tests: a year of visits in seconds, through the same verbs as every day. Nothing else may use it: in
daily life jobs are done by the worker, each in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max, Min
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from backend.cases.models import Case
from backend.helpers.models import Pairing
from backend.org.access import Actor
from backend.org.models import User
from workflows import beginnings, services, visitors, visits
from workflows.models import Instance, WorkItem


class Rehearsal:
    """A clock, and whatever the processes do while it runs. `now` moves forward only through `pass_time`."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._before = ProcrastinateJob.objects.aggregate(last=Max("id"))["last"] or 0

    @property
    def today(self) -> date:
        """The local day."""
        return timezone.localdate(self.now)

    def work(self) -> None:
        """Do every job about processes that was queued since the beginning, in order, until none is left."""
        waiting = ProcrastinateJob.objects.filter(
            status="todo", task_name__startswith="processes.", id__gt=self._before
        )
        while job := waiting.order_by("id").first():
            waiting.filter(pk=job.pk).delete()
            self._do(job.task_name, dict(job.args))

    def pass_time(self, **span: float) -> None:
        """Let time pass: timers fire when they are due, and what they queue is done at that time."""
        self.go_to(self.now + timedelta(**span))

    def go_to(self, moment: datetime, *, case: Case | None = None) -> None:
        """Let time pass up to a moment; with a case only its timers fire."""
        due = Instance.objects.due(moment)
        if case is not None:
            due = due.filter(case=case)
        while instance := due.first():
            self.now = max(self.now, instance.wake_at or self.now)
            services.wake(instance_id=instance.pk, now=self.now)
            self.work()
        self.now = max(self.now, moment)

    def next_timer(self, case: Case) -> datetime | None:
        """When a timer of the case fires next."""
        running = Instance.objects.filter(case=case, state=Instance.State.RUNNING)
        first: datetime | None = running.aggregate(first=Min("wake_at"))["first"]
        return first

    def waiting(self, case: Case) -> list[str]:
        """The steps of the case that wait for a person, by name."""
        return sorted(WorkItem.objects.filter(case=case, state=WorkItem.State.OPEN).values_list("step", flat=True))

    def item(self, case: Case, step: str) -> WorkItem:
        """The open item of this step. Raises WorkItem.DoesNotExist."""
        return WorkItem.objects.select_related("instance__process").get(case=case, step=step, state=WorkItem.State.OPEN)

    def form(self, case: Case, step: str, user: User) -> services.Form:
        """The item's form as the user sees it."""
        return services.form_of(self.item(case, step), user=_afresh(user), language="zh-hans", now=self.now)

    def do(self, case: Case, step: str, user: User, answers: Mapping[str, Any]) -> WorkItem:
        """Complete an item and do what follows."""
        done = services.complete(item=self.item(case, step), answers=dict(answers), user=_afresh(user), now=self.now)
        self.work()
        return done

    def _do(self, name: str, args: dict[str, Any]) -> None:
        actor, data = Actor.from_json(args.get("actor")), args.get("data") or {}
        if name == "processes.message":
            instance_id = UUID(args["instance_id"])
            services.send_message(instance_id=instance_id, name=args["name"], data=data, actor=actor, now=self.now)
            return
        if name == "processes.message_phase":
            services.send_to_phases(parent_id=UUID(args["parent_id"]), name=args["name"], data=data, actor=actor)
            return
        if name == "processes.hand_visits":
            visitors.follow(Pairing.objects.filter(pk=args["pairing_id"]), actor, self.now)
            return
        if name == "processes.begin":
            beginnings.begin(noun=args["noun"], id=UUID(args["id"]), actor=actor, now=self.now)
            return
        if name == "processes.look_through":
            submission = UUID(args["submission_id"]) if args.get("submission_id") else None
            visits.look_through(visit_id=UUID(args["visit_id"]), submission_id=submission, now=self.now)
            return
        if name == "processes.plan_anew":
            visitors.plan_anew([UUID(args["family_id"])])
            if args["is_event"]:
                visitors.come_soon(UUID(args["family_id"]), self.now)
            return
        case = Case.objects.get(pk=args["case_id"])
        if name == "processes.start":
            parent = UUID(args["parent_id"]) if args.get("parent_id") else None
            process = args["process"]
            services.start_phase(process=process, case=case, data=data, actor=actor, now=self.now, parent_id=parent)
        elif name == "processes.message_case":
            services.send_to_case(case=case, name=args["name"], data=data, actor=actor, now=self.now)
        elif name == "processes.move_items":
            services.move_items(case=case)
        else:
            raise AssertionError(f"a rehearsal does not know the job {name}")


def _afresh(user: User) -> User:
    """The user without the grants that were read for an earlier moment."""
    return User.objects.get(pk=user.pk)
