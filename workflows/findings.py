"""Raising a finding: the row, and the process beside the case that brings it to the unit and back."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backend.audit.history import collect
from backend.cases.cases import LIVE
from backend.cases.models import Case, Family
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.inspection import findings
from backend.inspection.models import Finding, SampleRow
from backend.org.access import Actor
from backend.org.models import Unit
from workflows import services


class NoCase(Conflict):
    """Work hangs on a case, and the family has none yet."""

    code = "no_case"
    message = _("This family has no case yet, so nobody could answer.")


class BadKind(Invalid):
    """The kind is no entry of the list."""

    code = "bad_kind"
    message = _("Choose a kind of finding from the list.")


class DueNotAhead(Invalid):
    """There has to be time to answer."""

    code = "due_not_ahead"
    message = _("Please choose a day in the future.")


def case_of(family: Family) -> Case:
    """The case that a finding about a family hangs on: the one under way, else the last. Raises NoCase."""
    cases = list(Case.objects.filter(family=family).select_related("unit").order_by("-opened_at", "-pk"))
    found = next((case for case in cases if case.state in LIVE), next(iter(cases), None))
    if found is None:
        raise NoCase
    return found


def raise_finding(
    *,
    case: Case,
    kind: str,
    text: str,
    actor: Actor,
    now: datetime,
    due_at: datetime | None = None,
    row: SampleRow | None = None,
) -> Finding:
    """Lay what was found before the unit; the case may be closed, and its own process goes on undisturbed.

    `due_at`: by when the unit has to answer; by default so many days as the parameter `finding.days` says. Raises
    BadKind, DueNotAhead.
    """
    if kind not in findings.kinds(now):
        raise BadKind([FieldProblem("/kind", "bad_kind", BadKind.message)])
    due = due_at or findings.usual_due(case, now)
    if due <= now:
        raise DueNotAhead([FieldProblem("/due", "due_not_ahead", DueNotAhead.message)])
    assert actor.unit_id is not None, "whoever may raise findings does so at a unit"
    office = Unit.objects.get(pk=actor.unit_id)
    with collect():
        finding = findings.create_finding(
            case=case, kind=kind, text=text, due_at=due, office=office, row=row, actor=actor, now=now
        )
        data = {"finding": str(finding.pk), "office": str(office.pk), "due_at": due.isoformat()}
        services.start(process="finding", case=case, data=data, actor=actor, now=now)
    return finding
