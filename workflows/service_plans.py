"""A service plan begun at a door: by hand, or for whatever else finds a need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.cases.models import Case
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org import codes
from backend.org.access import Actor
from backend.services.models import Plan
from workflows.steps import needs as found


class NotConducted(Conflict):
    """No process conducts the case, so nobody would pass on that the family moves or refuses."""

    code = "case_not_running"
    message = _("This case is not under way.")


class UnknownNeed(Invalid):
    """The need is no entry of the list."""

    code = "bad_code"
    message = _("Choose needs from the list.")


def start_plan(*, case: Case, needs: Sequence[str], actor: Actor, now: datetime, source: str = "office") -> Plan:
    """The family's plan with these needs; its process begins at once in the background. One that is open already takes
    the needs in. Raises NotConducted, UnknownNeed."""
    if not needs or set(needs) - codes.choices("service_need", day=timezone.localdate(now)).keys():
        raise UnknownNeed([FieldProblem("/needs", UnknownNeed.code, UnknownNeed.message)])
    with collect():
        plan = found.begin(case=case, source=source, needs=needs, actor=actor, now=now)
    if plan is None:
        raise NotConducted
    return plan
