"""A need that visits cannot meet becomes a service plan: from a survey, a visit, an emergency, or by hand.

Whoever finds a need calls `pass_on` in its step (or `workflows.service_plans.start_plan` at a door): the family's open
plan takes it in, or a new one begins beside the case. A family whose case nobody conducts gets none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from backend.cases.models import Case
from backend.core.jobs import enqueue
from backend.org.access import Actor
from backend.services.models import Plan
from backend.services.plans import open_plan
from workflows.models import Instance
from workflows.steps.context import Context

PROCESS = "service_plan_referral"


def conductor_of(case: Case) -> UUID | None:
    """The instance that conducts the case: what passes on to the plan that the case ends or the family refuses."""
    running = Instance.objects.filter(case=case, state=Instance.State.RUNNING, parent_id__isnull=True)
    return running.filter(process__key=case.programme.process).values_list("pk", flat=True).first()


def pass_on(context: Context, case: Case, *, source: str, needs: Iterable[str]) -> Plan | None:
    """The need goes into the family's plan. None when nobody conducts the case."""
    return begin(case=case, source=source, needs=needs, actor=context.actor, now=context.now)


def begin(*, case: Case, source: str, needs: Iterable[str], actor: Actor, now: datetime) -> Plan | None:
    """The case's plan with these needs; a new one's process is queued. None when nobody conducts the case."""
    conductor = conductor_of(case)
    if conductor is None:
        return None
    plan, is_new = open_plan(case=case, source=source, needs=needs, actor=actor, now=now)
    if is_new:
        enqueue(
            "processes.start",
            lock=f"case:{case.pk}",
            process=PROCESS,
            case_id=str(case.pk),
            parent_id=str(conductor),
            data={"plan": str(plan.pk)},
            actor=actor.as_json(),
        )
    return plan
