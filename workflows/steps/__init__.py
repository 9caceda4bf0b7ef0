"""Where processes meet the domain: what the nodes of the diagrams call by name.

One module per process, each with its own `STEPS`. A step takes what it needs from the call, makes one domain call or a
few, and returns what gateways read. It runs in the command's transaction: nothing outside is touched; other instances
are reached through jobs queued in that transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import wraps
from typing import Any

from backend.core.errors import DomainError
from workflows.engine.runner import Call
from workflows.steps import (
    access_ticket,
    activity_site,
    bulletin,
    care_visit,
    condolence_delivery,
    disaster_roll,
    donation,
    emergency_response,
    family_case,
    festival_condolence,
    finding,
    grievance,
    health_service,
    honours_selection,
    hours_certificate,
    hours_claim,
    household_intake,
    late_record,
    meeting,
    meeting_task,
    micro_loan,
    monthly_report,
    pairing,
    payment_batch,
    reconciliation,
    recovery,
    referral,
    returned_payment,
    safety_watch,
    service_plan_referral,
    site_inspection,
    store_month,
    study_aid,
    subsidy_annual_review,
    subsidy_application,
    subsidy_exit,
    succession,
    survey_round,
    target_assessment,
    volunteer_service,
    yearly_review,
)
from workflows.steps.context import Step
from workflows.steps.form_values import FORM_VALUES

__all__ = ["FORM_VALUES", "STEPS"]


def _pointing(step: Step) -> Step:
    """The step, with what the domain finds wrong in the answers pointing into the request's body."""

    @wraps(step)
    def pointed(call: Call) -> Mapping[str, Any] | None:
        try:
            return step(call)
        except DomainError as error:
            error.problems = [replace(each, pointer=f"/answers{each.pointer}") for each in error.problems]
            raise

    return pointed


STEPS: Mapping[str, Step] = {
    name: _pointing(step)
    for module in (
        family_case,
        household_intake,
        pairing,
        care_visit,
        late_record,
        emergency_response,
        disaster_roll,
        safety_watch,
        yearly_review,
        succession,
        finding,
        reconciliation,
        grievance,
        volunteer_service,
        hours_claim,
        hours_certificate,
        health_service,
        activity_site,
        site_inspection,
        payment_batch,
        returned_payment,
        honours_selection,
        service_plan_referral,
        referral,
        festival_condolence,
        condolence_delivery,
        donation,
        store_month,
        access_ticket,
        survey_round,
        micro_loan,
        subsidy_annual_review,
        subsidy_exit,
        recovery,
        target_assessment,
        study_aid,
        monthly_report,
        bulletin,
        meeting,
        meeting_task,
        subsidy_application,
    )
    for name, step in module.STEPS.items()
}
