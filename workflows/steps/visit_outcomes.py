"""What a visit leads to (P03 step 4): need → service plan, health → health service, complaint → somebody independent.

Each begins a process of its own by a job. The case's history says "passed on" and not what: a complaint is not to be
read by whom it is about, and nobody's health service by anybody.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from backend.cases import surveys
from backend.cases.models import Person
from backend.core.errors import FieldProblem, Invalid
from backend.core.jobs import enqueue
from backend.health import services as health
from backend.health.hospitals import hospitals
from backend.health.models import HealthService
from backend.org.models import Unit
from backend.org.powers import is_behind
from backend.rights import grievances
from backend.rights.models import Grievance
from backend.services.models import Plan
from backend.visits.models import Visit
from workflows.engine.runner import Call
from workflows.steps import needs
from workflows.steps.context import case_of, of

KEPT_APART = frozenset({"passed_on", "health_kind", "person", "hospital", "complaint"})
"""Answers that stand only in the row that they began."""


class NotAtThisVisit(Invalid):
    """What was chosen does not go with this visit's family."""

    code = "not_at_this_visit"
    message = _("This does not go with this family or visit.")


def pass_on(call: Call, visit: Visit) -> None:
    """Begin whatever the caseworker chose. Raises NotAtThisVisit."""
    ways = call.answers.get("passed_on") or ()
    if "service_plan" in ways:
        asked = surveys.answers_of(visit.answers).get("needs") or []
        needs.pass_on(of(call), case_of(call), source=Plan.Source.VISIT, needs=asked)
    if "health_service" in ways:
        _ask_health_service(call, visit)
    if "complaint" in ways:
        _complain(call, visit)


def _ask_health_service(call: Call, visit: Visit) -> None:
    context, answers = of(call), call.answers
    persons = Person.objects.select_related("family__unit").filter(family=visit.family_id, died_on__isnull=True)
    person = next((each for each in persons if str(each.pk) == answers["person"]), None)
    if person is None:
        raise _refusal("person")
    hospital = _hospital(call, visit)
    asked = health.Asked(person=person, kind=str(answers["health_kind"]), hospital=hospital)
    service = health.ask(asked=asked, actor=context.actor, now=context.now)
    _begin("health_service", service, call)


def _hospital(call: Call, visit: Visit) -> Unit | None:
    """The hospital that the service needs; none where it is had elsewhere."""
    kind, chosen = call.answers["health_kind"], call.answers.get("hospital")
    if kind not in health.AT_HOSPITAL:
        return None
    found = next((each for each in hospitals(visit.family.unit, of(call).today) if str(each.pk) == chosen), None)
    if found is None:
        raise _refusal("hospital")
    return found


def _complain(call: Call, visit: Visit) -> None:
    """Against the helper of the visit, or of the family. Whoever is complained about does not take the complaint in."""
    context, case = of(call), case_of(call)
    helper = visit.helper or (visit.pairing.helper if visit.pairing else None)
    if helper is None or is_behind(context.actor, helper.user_id, day=context.today):
        raise _refusal("passed_on")
    intake = grievances.Intake(
        kind=Grievance.Kind.COMPLAINT, target=Grievance.Target.HELPER, family=visit.family, case=case, helper=helper,
        text=str(call.answers["complaint"]), channel="visit", reply_by=Grievance.Reply.NONE,
    )  # fmt: skip
    _begin("grievance", grievances.create_grievance(intake=intake, actor=context.actor, now=context.now), call)


def _begin(noun: str, row: HealthService | Grievance, call: Call) -> None:
    enqueue("processes.begin", lock=f"{noun}:{row.pk}", noun=noun, id=str(row.pk), actor=of(call).actor.as_json())


def _refusal(field: str) -> NotAtThisVisit:
    return NotAtThisVisit([FieldProblem(f"/{field}", NotAtThisVisit.code, NotAtThisVisit.message)])
