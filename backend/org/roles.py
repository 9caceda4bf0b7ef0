"""Roles and what each may do: one table.

Codes of domain.md section 3.0 in brackets. An action is `resource.verb`. Reading actions reach the member's whole
subtree; `own.*` actions reach only families of the member's own dated pairings. Administrators (三员: system, security,
audit) never read case content (GB/T 22239-2019), and nobody holds two of the three.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLE_NAMES: Mapping[str, str | Promise] = {
    "caseworker": _("caseworker"),  # CW
    "supervisor": _("supervisor"),  # SUP
    "village": _("village worker"),  # VA, GRID, CDO
    "committee": _("village review committee"),  # VC
    "county": _("county reviewer"),  # CNTY
    "finance": _("finance officer"),  # FIN
    "leading_group": _("leading group's office"),  # LG
    "head": _("head of a unit"),  # LEAD, heads of member units, the leading group's chair
    "helper": _("helper"),  # VOL: volunteer, soldier son, neighbour …
    "liaison": _("liaison of a partner unit"),  # UNIT, YL
    "auditor": _("auditor"),  # AUD
    "dpo": _("data protection officer"),  # DPO
    "sysadmin": _("system administrator"),  # SYS
    "secadmin": _("security administrator"),  # SEC
    "auditadmin": _("audit administrator"),  # LOGA
}

ADMINISTRATORS = frozenset({"sysadmin", "secadmin", "auditadmin"})

OFFICE = frozenset({"caseworker", "supervisor", "village"})
"""Roles of an office whose work is done by whoever is there: its people can be given each other's work and stand in for
each other. A helper's or liaison's belongs to one person or unit, an auditor's and administrator's to nobody else."""

LEVELS: Mapping[str, str] = {
    "village": "village",
    "committee": "village",
    "caseworker": "town",
    "supervisor": "town",
    "leading_group": "town",
    "county": "county",
    "finance": "county",
}
"""The level of unit at which a lane's work is done: the nearest such unit above the family's village."""

DESKS = frozenset({"liaison", "committee", "county", "finance", "leading_group", "head"})
"""Roles that see what waits at their own desk, the role's work of their own unit, and no other work."""

INDEPENDENT = frozenset({"auditor", "dpo"})
"""Roles whose work items nobody else hands on or puts off: those who are inspected least of all."""

_READ_CASES = frozenset(
    {"family.read", "person.read", "case.read", "pairing.read", "visit.read", "review.read", "work_item.read"}
)
_CARE = frozenset({"person.care"})
"""Children's names and birthdays, need of care, disability: what help in the village goes by. Whoever reads people
without it sees them masked and asks for a ticket (未成年人网络保护条例 36: least privilege)."""
_ASKING = frozenset({"access_ticket.write", "own.access_ticket.read", "own.access_ticket.close"})
_ALARM = frozenset({"emergency.write", "own.emergency.read", "own.emergency.write"})
"""Whoever sees somebody in danger says so, in whatever role (未保法 11)."""
_WORK = _ALARM | {"work_item.claim", "work_item.complete"}
_DESK = _WORK | {"own.work_item.read", "process.read", "unit.read"}

_GROUP = frozenset(
    {"group_member.read", "group_document.read", "leader_link.read", "monthly_report.read", "bulletin.read",
     "meeting.read", "group_task.read"}
)  # fmt: skip
"""What the members of a leading group know of each other and of themselves (P14)."""

ACTIONS: Mapping[str, frozenset[str]] = {
    "caseworker": _READ_CASES
    | _WORK
    | _CARE
    | {
        "family.write", "person.write", "person.reveal", "case.write", "case.start", "case.message", "case.close",
        "helper.read", "helper.write", "partner_unit.read", "pairing.write", "visit.write", "roster.read",
        "roster.upload", "roster.apply", "event.read", "process.read", "unit.read", "user.read",
        "work_item.delegate", "work_item.postpone", "saved_filter.share", "parameter.read",
        "finding.read", "round.read", "round.write", "round.report", "difference.read", "difference.write",
        "absence.read", "absence.write", "absence.tell", "own.leaving.read", "rotation.read", "rotation.write",
        "grievance.read", "grievance.write", "own.grievance.read", "proposal.read", "proposal.write",
        "condolence.read", "condolence.write", "condolence.deliver",
        "donation.read", "donation.write", "stock.read", "stock.write", "shop.read", "shop.write",
        "indicator.read",
        "subsidy.read", "subsidy.write", "subsidy.withdraw",
        "own.deputy.write", "grievance.copy", "volunteer.read", "volunteer.write", "hours.read", "hours.write",
        "certificate.read", "certificate.write",
        "health.read", "health.write", "health_count.read", "health_count.write",
        "activity.read", "activity.write", "sign_up.write", "site.read", "site.write", "booking.write",
        "export.write", "notice.read",
        "honour.read", "honour.write", "honour_call.write",
        "plan.read", "plan.write", "card.read", "card.freeze", "card.write", "referral.read",
        "emergency.read", "emergency.open", "emergency.answer", "duty.read",
        "pause.read", "pause.write", "death.write",
        "survey_round.read", "survey_round.write", "survey_round.ask",
        "disaster.read", "disaster.tick", "safety_watch.read", "safety_watch.write",
        "study_aid.read", "study_aid.write", "study_aid.check", "study_aid.call",
        "loan.read", "loan.write", "loan_fund.read", "payable.read",
        "annual_review.read", "annual_review.write", "annual_review.check",
        "subsidy_exit.read", "subsidy_exit.write", "subsidy_exit.appeal", "recovery.read", "recovery.object",
    },
    "supervisor": _READ_CASES
    | _WORK
    | _CARE
    | _GROUP
    | {
        "access_ticket.read", "access_ticket.close",
        "person.reveal", "case.export", "case.start", "case.message", "case.close", "case.reopen", "case.transfer",
        "helper.read", "partner_unit.read", "roster.read", "event.read", "process.read", "unit.read", "user.read",
        "work_item.delegate", "work_item.postpone", "work_item.assign", "saved_filter.share", "deputy.write",
        "parameter.read", "office.write", "finding.read", "round.read", "round.write", "difference.read",
        "absence.read", "leaving.read", "leaving.write", "own.leaving.read", "rotation.read", "rotation.approve",
        "grievance.read", "grievance.write", "grievance.answer", "own.grievance.read", "proposal.read",
        "own.deputy.write",
        "volunteer.read", "volunteer.ban", "hours.read", "certificate.read", "certificate.revoke",
        "health_count.read",
        "export.write", "notice.read", "notice.take_down",
        "activity.read", "site.read", "honour.read", "honour.withdraw",
        "plan.read", "catalogue.write", "card.read", "card.freeze", "referral.read",
        "condolence.read", "condolence.approve", "donation.read", "stock.read", "stock.write", "shop.read",
        "subsidy.read",
        "emergency.read", "emergency.open", "emergency.answer", "emergency.reveal", "duty.read", "duty.write",
        "pause.read", "pause.write",
        "survey_round.read", "survey_contact.write",
        "indicator.read", "assessment.read",
        "disaster.read", "disaster.declare", "disaster.tick", "safety_watch.read", "safety_watch.write",
        "study_aid.read", "loan.read", "loan_fund.read", "payable.read", "budget.read",
        "annual_review.read", "subsidy_exit.read", "recovery.read",
    },
    "village": _READ_CASES
    | _WORK
    | _CARE
    | _ASKING
    | {
        "visit.write", "case.message", "process.read", "unit.read", "work_item.postpone", "round.read", "round.report",
        "absence.read", "absence.tell", "own.leaving.read", "grievance.write", "own.grievance.read",
        "own.deputy.write", "health.write", "health_count.write",
        "activity.read", "activity.write", "sign_up.write", "site.read", "booking.write",
        "notice.read",
        "honour.read", "honour.write",
        "plan.read", "card.read", "card.freeze", "referral.read",
        "condolence.read", "condolence.deliver", "donation.read", "donation.deliver", "stock.read", "shop.read",
        "subsidy.read", "subsidy.write", "subsidy.withdraw",
        "emergency.read", "emergency.open", "emergency.answer", "duty.read",
        "pause.read", "pause.write", "death.write",
        "survey_round.read", "survey_round.ask",
        "disaster.read", "disaster.tick", "safety_watch.read", "safety_watch.write",
        "study_aid.read", "study_aid.write", "study_aid.check",
        "loan.read", "loan.write",
        "annual_review.read", "annual_review.check",
        "subsidy_exit.read", "subsidy_exit.write", "subsidy_exit.appeal", "recovery.read", "recovery.object",
    },
    "helper": _WORK | {"own.family.read", "own.case.read", "own.pairing.read", "own.visit.read", "own.visit.write",
                       "own.work_item.read", "own.absence.read", "own.absence.write", "process.read",
                       "own.volunteer.read", "own.volunteer.write", "own.hours.read", "own.hours.write",
                       "own.certificate.read", "own.certificate.write"},
    "liaison": _WORK | _GROUP | {"monthly_report.supplement",
                        "own.helper.read", "own.work_item.read", "own.absence.read", "own.absence.write",
                        "partner_unit.read", "process.read", "own.volunteer.read", "own.volunteer.write",
                        "own.hours.read", "own.referral.read"},
    # Writes nothing of what is inspected: only samples and findings, and does the own lane's items.
    "auditor": _READ_CASES
    | (_WORK - {"own.emergency.write"})  # reports, and leaves the rest to the office
    | _ASKING
    | _GROUP
    | {
        "case.export", "helper.read", "partner_unit.read", "roster.read", "event.read", "event.verify", "process.read",
        "unit.read", "user.read", "parameter.read", "sample.read", "sample.write", "finding.read", "finding.write",
        "round.read", "difference.read", "absence.read", "rotation.read", "leaving.read", "grievance.read",
        "grievance.answer",
        "proposal.read", "volunteer.read", "hours.read", "certificate.read",
        "health_count.read",
        "notice.read",
        "activity.read", "site.read", "honour.read",
        "plan.read", "card.read", "referral.read",
        "condolence.read", "donation.read", "stock.read", "shop.read",
        "subsidy.read",
        "emergency.read", "duty.read",
        "pause.read",
        "survey_round.read",
        "disaster.read", "safety_watch.read",
        "study_aid.read", "loan.read", "loan_fund.read",
        "payable.read", "batch.read", "ledger.read", "budget.read",
        "annual_review.read", "subsidy_exit.read", "recovery.read",
        "indicator.read", "assessment.read", "assessment.call", "assessment.evidence",
    },
    # Answers for the rights of the people on file, and sees of them no more than that needs.
    "dpo": _READ_CASES
    | (_WORK - {"own.emergency.write"})
    | _ASKING
    | {
        "event.read", "process.read", "unit.read", "user.read", "parameter.read", "grievance.read", "grievance.write",
        "own.grievance.read", "grievance.copy", "access_ticket.read", "access_ticket.close",
        "notice.read", "notice.take_down",
    },
    # Deliberates on what the village worker wrote down, and never on a relative's (四权分离; domain.md section 3.0).
    "committee": _DESK | {"subsidy.read", "loan.read"},
    # Confirms rights to money for the whole county; never pays.
    "county": _DESK
    | {
        "subsidy.read", "parameter.read", "payable.read", "payable.hold", "batch.read", "ledger.read", "budget.read",
        "study_aid.read",
        "loan.read", "loan_fund.read",
        "annual_review.read", "subsidy_exit.read", "recovery.read", "back_pay.read", "back_pay.write", "standard.write",
        "indicator.read", "assessment.read", "assessment.write", "assessment.evidence", "figure.supplement",
    },
    # Pays what others confirmed; confirms nothing.
    "finance": _DESK | {"parameter.read", "payable.read", "payable.hold", "payable.reveal", "batch.read",
                        "batch.write", "ledger.read", "loan.read", "loan.repay", "loan_fund.read", "loan_fund.write",
        "recovery.read", "budget.read", "budget.write",
    },
    # Gathers the member units' reports, calls meetings, publishes within the house.
    "leading_group": _DESK
    | _GROUP
    | {
        "parameter.read", "group_member.write", "group_document.write", "leader_link.write", "bulletin.write",
        "meeting.write",
        "indicator.read", "assessment.read", "assessment.self_score", "assessment.check", "assessment.evidence",
        "figure.supplement",
        "budget.read",
    },
    # Signs for the own unit; at the township, the leading group's chair.
    "head": _DESK | _GROUP | {"indicator.read", "assessment.read", "budget.read", "budget.decide"},
    "sysadmin": _ALARM | {"unit.read", "unit.write", "process.read", "process.deploy", "user.read", "parameter.read",
                           "parameter.write", "code.write", "standard.write", "job.read", "job.retry", "run.stop",
                           "outbox.read"},
    "secadmin": _ALARM | {"unit.read", "user.read", "user.write", "membership.write", "parameter.read",
                           "parameter.write"},
    "auditadmin": _ALARM | {"unit.read", "user.read", "event.verify", "event.system", "parameter.read"},
}  # fmt: skip


def roles_with(action: str) -> frozenset[str]:
    """The roles that may do this (without the `own.` form)."""
    return frozenset(role for role, actions in ACTIONS.items() if action in actions)
