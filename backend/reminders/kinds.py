"""Sorts of reminders and their words, the whole text that leaves the system.

A text message lies open on a telephone: no sentence here has room for a name, an illness, a category or a place. What
exactly it is about stands behind the log-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    """One sort. `title`: one of it, shown here; `counted`: so many of it, sent out; `urgent`: at night, too."""

    title: str | Promise
    counted: str | Promise
    urgent: bool = False

    def told(self, count: int) -> str:
        """The words for so many of it, in the active language."""
        return str(self.counted) % {"count": count}


KINDS: Mapping[str, Kind] = {
    # --- work that waits, by how late it is (domain.md 3.0, common timers; table D20)
    "work_item.soon": Kind(_("Work due soon"), _("work due soon: %(count)d")),
    "work_item.due": Kind(_("Work due now"), _("work due now: %(count)d")),
    "work_item.late": Kind(_("Work overdue"), _("work overdue: %(count)d")),
    "work_item.escalated": Kind(_("Work of your place overdue for days"), _("work of your place overdue: %(count)d")),
    "work_item.leading": Kind(_("Work below you overdue for a week"), _("work below you overdue: %(count)d")),
    "visit.coming": Kind(_("A visit is due soon"), _("visits due soon: %(count)d")),
    # --- what a process has to tell (workflows/steps/context.py says whom)
    "case.survey_reminded": Kind(_("A survey is still wanted"), _("surveys still wanted: %(count)d")),
    "case.family_reminded": Kind(_("A family has not answered yet"), _("families that have not answered: %(count)d")),
    "case.pairing_delayed": Kind(_("A pairing takes too long"), _("pairings that take too long: %(count)d")),
    "case.successor_missing": Kind(_("Nobody follows a helper yet"), _("helpers whom nobody follows yet: %(count)d")),
    "case.gap_reported": Kind(_("A family is without a helper"), _("families without a helper: %(count)d")),
    "visit.missed_reported": Kind(_("A visit was missed"), _("missed visits: %(count)d")),
    "review.reminded": Kind(_("A review waits"), _("reviews that wait: %(count)d")),
    "finding.escalated": Kind(_("A finding was not answered in time"), _("findings not answered: %(count)d")),
    "grievance.notice_due": Kind(
        _("Somebody who complained has heard nothing yet"), _("people who complained and heard nothing: %(count)d")
    ),
    "grievance.overdue": Kind(
        _("A complaint or request was not decided in time"), _("complaints and requests not decided in time: %(count)d")
    ),
    "plan_item.told_late": Kind(
        _("A family has not been told that nobody can give it something"),
        _("families not told that nobody can give them something: %(count)d"),
    ),
    "application.reminded": Kind(
        _("Papers of an application are still missing"), _("applications whose papers are missing: %(count)d")
    ),
    "application.stage_late": Kind(
        _("An application has missed its day"), _("applications that missed their day: %(count)d")
    ),
    "application.objection_waits": Kind(
        _("An objection to an application waits"), _("applications with an objection that waits: %(count)d")
    ),
    "subsidy.age_near": Kind(
        _("Somebody soon reaches the age of a subsidy: please tell the family"),
        _("people who soon reach the age of a subsidy: %(count)d"),
    ),
    "condolence.list_late": Kind(_("A festival's list is not locked"), _("festival lists not locked: %(count)d")),
    "condolence.eve_passed": Kind(_("Gifts were not all brought"), _("villages with gifts left: %(count)d")),
    "batch.late": Kind(_("A bank has not answered in time"), _("payment batches without an answer: %(count)d")),
    "payable.paid": Kind(
        _("Money has arrived: please tell the families when you next see them"),
        _("payment batches that have arrived: %(count)d"),
    ),
    "payable.account_agreed": Kind(
        _("An account was agreed to: the next batch pays"), _("accounts that were agreed to: %(count)d")
    ),
    "payment.soon": Kind(_("Payments are due soon"), _("programmes with payments due soon: %(count)d")),
    "payment.late": Kind(_("Payments have missed their day"), _("programmes with overdue payments: %(count)d")),
    "payable.asked_long": Kind(
        _("Nobody has found out why a payment came back"), _("returned payments not settled: %(count)d")
    ),
    "survey_target.asked": Kind(_("A family is to be asked by you"), _("families to be asked by you: %(count)d")),
    "annual_review.reminded": Kind(
        _("The yearly review of subsidies ends soon"), _("yearly reviews of subsidies that end soon: %(count)d")
    ),
    "subsidy_exit.late": Kind(
        _("A change of a subsidy was not looked into in time"), _("changes of subsidies not looked into: %(count)d")
    ),
    "recovery.unpaid": Kind(
        _("Somebody is to be reminded in person of an instalment"), _("instalments to be reminded of: %(count)d")
    ),
    "health.contract_ends": Kind(_("A contract ends soon"), _("contracts that end soon: %(count)d")),
    "study_aid.paid": Kind(_("Study aid was received"), _("applications whose study aid was received: %(count)d")),
    "round.reminded": Kind(_("Villages have not reported"), _("reconciliations with villages behind: %(count)d")),
    "monthly_report.reminded": Kind(_("A monthly report is still wanted"), _("monthly reports wanted: %(count)d")),
    "monthly_report.late": Kind(_("A monthly report is late"), _("monthly reports that are late: %(count)d")),
    "monthly_report.for_leader": Kind(
        _("A community linked to you has reported"), _("reports of communities linked to you: %(count)d")
    ),
    "bulletin.published": Kind(_("A bulletin was published"), _("bulletins published: %(count)d")),
    "meeting.minutes_late": Kind(_("Minutes are late"), _("meetings without minutes: %(count)d")),
    "group_task.late": Kind(_("A meeting's task is late"), _("tasks of meetings that are late: %(count)d")),
    "instance.stopped": Kind(
        _("A process that failed was stopped: please close the case and open it again"),
        _("cases whose process was stopped: %(count)d"),
    ),
    # --- what cannot wait
    "emergency.reported": Kind(_("An emergency was reported"), _("emergencies reported: %(count)d"), urgent=True),
    "emergency.escalated": Kind(
        _("An emergency waits for an answer"), _("emergencies without an answer: %(count)d"), urgent=True
    ),
    "emergency.go_there": Kind(
        _("Somebody has to go to an emergency"), _("emergencies to go to: %(count)d"), urgent=True
    ),
    "emergency.raised": Kind(
        _("More was found in an emergency"), _("emergencies in which more was found: %(count)d"), urgent=True
    ),
    "emergency.late": Kind(
        _("Something in an emergency was not done in time"),
        _("emergencies in which something was not done in time: %(count)d"),
        urgent=True,
    ),
    "disaster.not_ended": Kind(
        _("A disaster's roll was not ended in time"), _("disasters not ended in time: %(count)d"), urgent=True
    ),
    # --- between offices
    "referral.sent": Kind(_("A referral came in"), _("referrals come in: %(count)d")),
    "referral.answered": Kind(_("A referral was answered"), _("referrals answered: %(count)d")),
    "helper.unreached": Kind(
        _("No message reaches a helper: please ring"), _("helpers whom no message reached: %(count)d")
    ),
    "notice": Kind(_("A message for you"), _("messages for you: %(count)d")),
    # --- the installation itself
    "schedule.late": Kind(_("A scheduled job did not run"), _("scheduled jobs that did not run: %(count)d")),
    "schedule.silent": Kind(
        _("Nothing was sent though something was due"), _("reminders that were due and not sent: %(count)d")
    ),
}
"""By code: `<noun>.<what happened>`. A code that is not here cannot be sent."""
