"""A township that plans services: a family whose case is conducted, a department with a liaison, and a clock."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction

from backend.cases.models import Case
from backend.org.codes import load_codes
from backend.org.models import Unit, User
from backend.services.catalogue import load_catalogue
from backend.services.models import Plan, PlanItem, Referral
from tests import factories
from tests.steps.office import Office
from workflows import service_plans, services
from workflows.models import WorkItem

NEEDED: dict[str, Any] = {"assessment": "needs", "needs": ["health"], "level": "ordinary", "evidence": "本人说腿疼"}
GIVEN: dict[str, Any] = {"delivery": "delivered", "evidence": "签收单，存卫生院"}
PHONE, ADDRESS = "13820001234", "赵庄村东街七排三号"


def department(sort: str, name: str) -> Unit:
    """A department of the township."""
    town = factories.town()
    code = f"BM-{sort}".replace("_", "-")
    return Unit.objects.create(
        code=code, name=name, kind=Unit.Kind.DEPARTMENT, parent=town, sort=sort, path=f"{town.path}{code.lower()}."
    )


class Planning(Office):
    """From a need to what came of it."""

    def __init__(self, **family: Any) -> None:
        super().__init__()
        load_codes()
        load_catalogue()
        self.clinic = department("culture_health", "文卫科")
        self.liaison: User = factories.user("clinic", role="liaison", unit=self.clinic, name="孙联络员")
        head = {
            "name": "孙桂兰",
            "is_head": True,
            "phone": PHONE,
            "birth_date": date(1950, 1, 15),
            "self_care": 1,
        }
        self.case: Case = self.open(
            factories.family(live_address=ADDRESS, members=[head], status="draft", willingness="unknown", **family)
        )

    @property
    def plan(self) -> Plan:
        """The newest plan."""
        return Plan.objects.select_related("family", "case").latest("id")

    @property
    def referral(self) -> Referral:
        """The newest referral."""
        return Referral.objects.select_related("case").latest("id")

    def begin(self, *needs: str) -> Plan:
        """A plan by hand."""
        actor = factories.actor(self.caseworker)
        plan = service_plans.start_plan(case=self.case, needs=needs or ["health"], actor=actor, now=self.now)
        self.work()
        return plan

    def compose(self, *services: str, **assessed: Any) -> None:
        """Assessed, composed, signed."""
        self.do(self.case, "assess_needs", self.caseworker, {**NEEDED, **assessed})
        self.do(self.case, "compose_plan", self.caseworker, {"services": list(services)})
        self.do(self.case, "confirm_plan", self.supervisor, {"confirmation": "confirm"})

    def family_agrees(self, *, share: bool = True) -> None:
        """The family's word."""
        day = self.today.isoformat()
        told = {"consent": "agree", "may_share": share, "given_by": "self", "asked_on": day}
        self.do(self.case, "ask_family", self.village, told)

    def run(self, *services: str, share: bool = True) -> Plan:
        """A plan under way."""
        self.begin()
        self.compose(*services)
        self.family_agrees(share=share)
        return self.plan

    def answer(self, user: User, **said: Any) -> None:
        """What a department says."""
        self.do(self.case, "answer_referral", user, {"answer": "accept", **said})

    def decline(self, user: User, code: str = "no_budget") -> None:
        """A department that cannot."""
        self.answer(user, answer="decline", decline_code=code)

    def give(self, step: str, user: User, **found: Any) -> None:
        """Given today."""
        self.do(self.case, step, user, {**GIVEN, "delivered_on": self.today.isoformat(), **found})

    def received(self, word: str = "received") -> None:
        """The family's word about one item."""
        answers = {"received": word, "received_by": "signature"}
        self.do(self.case, "confirm_with_family", self.caseworker, answers)

    def items(self) -> dict[str, str]:
        """Entry → state, of the newest plan."""
        rows = PlanItem.objects.filter(plan=self.plan).order_by("id")
        return dict(rows.values_list("entry__code", "state"))

    def each(self, step: str, user: User, **answers: Any) -> None:
        """Complete every open item of a step."""
        for item in WorkItem.objects.filter(case=self.case, step=step, state="open").order_by("id"):
            with transaction.atomic():
                services.complete(item=item, answers=answers, user=User.objects.get(pk=user.pk), now=self.now)
            self.work()
