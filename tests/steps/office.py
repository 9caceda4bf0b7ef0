"""A township at work on the real processes: people who complete items, and a worker who does what is queued."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from procrastinate.contrib.django.models import ProcrastinateJob

from backend.cases import cases
from backend.cases.models import Case, Family
from backend.helpers.kinds import load_kinds
from backend.helpers.models import Helper
from backend.jobs.processes import actor_from
from backend.org.access import SYSTEM
from backend.org.models import User
from tests import factories
from workflows import deployment, services
from workflows.models import Instance, WorkItem

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

SURVEYED: dict[str, Any] = {
    "surveyed_on": "2026-03-02",
    "survey_result": "surveyed",
    "method": "home",
    "residence": "home",
    "child_state": "away",
    "lives_alone": True,
    "self_care": 1,
    "disease": "none",
    "low_income": False,
    "minor": "none",
    "helper_reality": "none",
    "needs": ["comfort"],
}
CONSENTED: dict[str, Any] = {
    "consent": "agreed",
    "notice_version": "2026-01",
    "given_by": "self",
    "given_on": "2026-03-02",
    "items": ["basics", "contact"],
    "proof": "signature",
}
AGREED: dict[str, Any] = {
    "cadence": "monthly",
    "items": ["comfort"],
    "no_money_clause": True,
    "emergency_plan": "先打120,再通知村里",
    "signed_by_family": True,
    "signed_by_helper": True,
}


@dataclass
class Office:
    """One person per role at the township and village, a helper with an account, and a clock."""

    now: datetime = NOW
    village: User = field(default_factory=lambda: factories.user("village", role="village", name="李专干"))
    caseworker: User = field(default_factory=lambda: factories.user("caseworker", role="caseworker", name="陈姐"))
    supervisor: User = field(default_factory=lambda: factories.user("supervisor", role="supervisor", name="老王"))
    volunteer: User = field(default_factory=lambda: factories.user("volunteer", role="helper", name="赵师傅"))

    def __post_init__(self) -> None:
        load_kinds()
        factories.programme()
        deployment.deploy_folder(settings.BPMN_FOLDER, actor=SYSTEM, now=self.now)

    @property
    def today(self) -> date:
        """The local day."""
        return (self.now + timedelta(hours=8)).date()

    def open(self, family: Family | None = None) -> Case:
        """A case whose process has begun."""
        of = family or factories.family(status=Family.Status.DRAFT, willingness=Family.Willingness.UNKNOWN)
        actor = factories.actor(self.caseworker)
        case = cases.start_case(family=of, programme=factories.programme(), actor=actor, now=self.now)
        self.work()
        return case

    def work(self) -> None:
        """Do every queued job about processes, at the office's time, until none is left."""
        while job := ProcrastinateJob.objects.filter(status="todo", task_name__startswith="processes.").first():
            args = dict(job.args)
            ProcrastinateJob.objects.filter(pk=job.pk).delete()
            self._do(job.task_name, args)

    def _do(self, name: str, args: dict[str, Any]) -> None:
        actor, data = actor_from(args.get("actor")), args.get("data") or {}
        if name == "processes.start":
            parent = UUID(args["parent_id"]) if args.get("parent_id") else None
            case = Case.objects.get(pk=args["case_id"])
            services.start(process=args["process"], case=case, data=data, actor=actor, now=self.now, parent_id=parent)
        elif name == "processes.message":
            instance_id = UUID(args["instance_id"])
            services.send_message(instance_id=instance_id, name=args["name"], data=data, actor=actor, now=self.now)
        elif name == "processes.message_case":
            case = Case.objects.get(pk=args["case_id"])
            services.send_to_case(case=case, name=args["name"], data=data, actor=actor, now=self.now)
        elif name == "processes.move_items":
            services.move_items(case=Case.objects.get(pk=args["case_id"]))
        else:
            raise AssertionError(name)

    def pass_time(self, **span: float) -> None:
        """Let time pass and wake what is due, in order."""
        until = self.now + timedelta(**span)
        while due := Instance.objects.due(until).first():
            assert due.wake_at is not None
            self.now = max(self.now, due.wake_at)
            services.wake(instance_id=due.pk, now=self.now)
            self.work()
        self.now = until

    def waiting(self, case: Case) -> list[str]:
        """The steps that wait for a person, by name."""
        return sorted(WorkItem.objects.filter(case=case, state="open").values_list("step", flat=True))

    def item(self, case: Case, step: str) -> WorkItem:
        """The open item of this step."""
        return WorkItem.objects.get(case=case, step=step, state="open")

    def do(self, case: Case, step: str, user: User, answers: dict[str, Any]) -> WorkItem:
        """Complete an item and let the worker do what follows."""
        fresh = User.objects.get(pk=user.pk)  # grants are kept on the user for one request
        done = services.complete(item=self.item(case, step), answers=answers, user=fresh, now=self.now)
        self.work()
        return done

    def known(self, case: Case, step: str, user: User) -> services.Form:
        """The item's form as the user sees it."""
        fresh = User.objects.get(pk=user.pk)
        return services.form_of(self.item(case, step), user=fresh, language="zh-hans", now=self.now)

    def send(self, case: Case, name: str, **data: Any) -> None:
        """A message about the case."""
        services.send_to_case(case=case, name=name, data=data, actor=factories.actor(self.caseworker), now=self.now)
        self.work()

    # --- longer ways -------------------------------------------------------------------------------------------------

    def file(self, case: Case, **survey: Any) -> None:
        """Survey, consent, check and confirmation: the family is on file."""
        day = {"surveyed_on": self.today.isoformat()}
        self.do(case, "survey_family", self.village, {**SURVEYED, **day, **survey})
        self.do(case, "record_consent", self.village, {**CONSENTED, "given_on": self.today.isoformat()})
        advised = self.known(case, "check_file", self.caseworker).values
        self.do(case, "check_file", self.caseworker, {"check_result": "submit", **advised})
        self.do(case, "confirm_file", self.supervisor, {"confirm_result": "confirm"})

    def helper(self, **fields: Any) -> Helper:
        """A volunteer of the township with an account."""
        fields.setdefault("user", self.volunteer)
        return factories.helper(**fields)

    def pair(self, case: Case, helper: Helper, **agreement: Any) -> None:
        """From the shortlist to a spell, the helper answering in the own inbox."""
        self.do(case, "pick_helper", self.caseworker, {"pick_result": "pick", "helper": str(helper.pk), "reason": "近"})
        self.do(case, "answer_offer", self.volunteer, {"answer": "accept"})
        self.agree(case, **agreement)

    def agree(self, case: Case, **agreement: Any) -> None:
        """Family's consent, first meeting, agreement, confirmation."""
        day = self.today.isoformat()
        consent = {"family_answer": "agree", "given_by": "self", "given_on": day, "method": "home"}
        self.do(case, "ask_family", self.village, consent)
        meeting = {"meeting_result": "go_on", "met_on": day, "present": ["family", "helper", "village"]}
        self.do(case, "hold_first_meeting", self.village, meeting)
        self.do(case, "sign_agreement", self.caseworker, {**AGREED, "start_date": day, **agreement})
        self.do(case, "confirm_pairing", self.supervisor, {"confirm_result": "confirm"})

    def visited(self, **found: Any) -> dict[str, Any]:
        """The answers of a visit made an hour ago, when nothing is wrong."""
        return {
            "visit_result": "met",
            "started_at": (self.now - timedelta(hours=1)).isoformat(),
            "ended_at": self.now.isoformat(),
            "persons_met": ["elder"],
            "channel": "home",
            "physical": "well",
            "mental": "calm",
            **found,
        }
