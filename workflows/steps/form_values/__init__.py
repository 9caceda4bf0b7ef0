"""What is known beforehand when somebody opens a work item: values that fill its form, facts to decide by. Reads only.

Facts stand beside the form and are never sent back. Nobody is shown more than the step needs. A module for each process
(and those it calls).
"""

from workflows.steps.form_values import (
    access_ticket,
    activity_site,
    bulletin,
    care_visit,
    emergency_response,
    finding,
    grievance,
    health_service,
    honours_selection,
    household_intake,
    meeting,
    meeting_task,
    micro_loan,
    monthly_report,
    pairing,
    payment_batch,
    reconciliation,
    service_plan_referral,
    study_aid,
    subsidy_application,
    subsidy_exit,
    succession,
    survey_round,
    volunteer_service,
    yearly_review,
)
from workflows.steps.form_values.known import FormValues

FORM_VALUES: FormValues = {
    **access_ticket.FORM_VALUES,
    **activity_site.FORM_VALUES,
    **bulletin.FORM_VALUES,
    **care_visit.FORM_VALUES,
    **emergency_response.FORM_VALUES,
    **finding.FORM_VALUES,
    **grievance.FORM_VALUES,
    **health_service.FORM_VALUES,
    **honours_selection.FORM_VALUES,
    **household_intake.FORM_VALUES,
    **micro_loan.FORM_VALUES,
    **meeting.FORM_VALUES,
    **meeting_task.FORM_VALUES,
    **monthly_report.FORM_VALUES,
    **pairing.FORM_VALUES,
    **payment_batch.FORM_VALUES,
    **reconciliation.FORM_VALUES,
    **service_plan_referral.FORM_VALUES,
    **subsidy_exit.FORM_VALUES,
    **study_aid.FORM_VALUES,
    **subsidy_application.FORM_VALUES,
    **succession.FORM_VALUES,
    **survey_round.FORM_VALUES,
    **volunteer_service.FORM_VALUES,
    **yearly_review.FORM_VALUES,
}
"""Process and step → what is known for its form."""
