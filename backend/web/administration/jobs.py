"""Background work: whether the worker lives, what waits, what failed; the page looks again by itself."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backend.api.failing_runs import FailingRuns
from backend.api.jobs import Jobs as JobsResource
from backend.web.administration.section import Administered
from backend.web.door import Refused, command, read

NAMES: Mapping[str, str | Promise] = {
    "absences.turn": gettext_lazy("Visits of helpers who go or come back"),
    "exports.remove": gettext_lazy("Exported files whose time is over"),
    "notices.take_down": gettext_lazy("Notices whose time is over"),
    "assessments.turn": gettext_lazy("Yearly assessments, monthly figures"),
    "health.warn_of_contracts": gettext_lazy("Contracts that end soon"),
    "history.seal": gettext_lazy("Sealing the history"),
    "housekeeping.purge": gettext_lazy("Forgetting old answers and tokens"),
    "pauses.begin_below": gettext_lazy("Pausing the families of a place"),
    "pauses.end_below": gettext_lazy("Ending the pause of a place"),
    "subsidies.tell_ages": gettext_lazy("Who soon reaches the age of a subsidy"),
    "pauses.turn": gettext_lazy("Families whose pause ends"),
    "processes.cancel": gettext_lazy("Stopping a process"),
    "processes.hand_visits": gettext_lazy("Handing planned visits to a successor"),
    "processes.message": gettext_lazy("Passing a message to a process"),
    "processes.message_case": gettext_lazy("Passing a message to a case"),
    "processes.message_phase": gettext_lazy("Passing a message to a phase"),
    "processes.move_items": gettext_lazy("Moving work to another place"),
    "processes.plan_anew": gettext_lazy("Planning visits anew"),
    "processes.start": gettext_lazy("Beginning a phase"),
    "processes.start_cases": gettext_lazy("Opening cases for a roster"),
    "proposals.offer": gettext_lazy("Asking a proposed helper"),
    "proposals.run": gettext_lazy("Working out proposals"),
    "recovery.take_up": gettext_lazy("Taking up what a dead worker left"),
    "reminders.remind": gettext_lazy("Finding what people have to be reminded of"),
    "reminders.send": gettext_lazy("Sending reminders"),
    "reminders.send_urgent": gettext_lazy("Sending urgent reminders"),
    "reminders.watch": gettext_lazy("Looking whether scheduled jobs ran"),
    "rotations.carry_out": gettext_lazy("Carrying out a rotation"),
    "rounds.compare": gettext_lazy("Comparing a reconciliation"),
    "rounds.remind": gettext_lazy("Reconciliations with villages behind"),
    "successions.start_due": gettext_lazy("Beginning the search for successors"),
    "condolences.start_villages": gettext_lazy("Beginning deliveries in the villages"),
    "condolences.turn": gettext_lazy("Condolences whose day has come"),
    "funds.turn": gettext_lazy("Months of stores, reports on donations"),
    "study_aid.turn": gettext_lazy("Study aid whose day has come"),
    "coordination.start_tasks": gettext_lazy("Handing out a meeting's tasks"),
    "coordination.turn": gettext_lazy("Monthly reports and bulletins"),
    "sites.start_checks": gettext_lazy("Inspections of sites that are due"),
    "rosters.apply": gettext_lazy("Importing a roster"),
    "rosters.check": gettext_lazy("Checking a roster"),
    "rosters.remove_files": gettext_lazy("Deleting old roster files"),
    "hours.claim_visits": gettext_lazy("Volunteers' hours from visits"),
    "hours.have_verified": gettext_lazy("Volunteers' hours to be verified"),
    "entitlements.raise_rates": gettext_lazy("Raising subsidies of those who reached an age"),
    "entitlements.owe": gettext_lazy("Owing what falls due of subsidies"),
    "payments.end_correction": gettext_lazy("Ending the search for an account that is settled"),
    "payments.remind": gettext_lazy("Payments near their last day"),
    "annual_reviews.start_due": gettext_lazy("Beginning the yearly review of subsidies"),
    "subsidy_exits.find_events": gettext_lazy("Looking into subsidies of people who died or moved"),
    "recoveries.begin": gettext_lazy("Beginning a recovery"),
    "recoveries.find_late": gettext_lazy("Looking at what was paid after a right had ended"),
    "recoveries.call_off": gettext_lazy("Calling off a recovery"),
    "survey_rounds.ask_known": gettext_lazy("Asking known contacts in the yearly survey"),
    "survey_rounds.start_due": gettext_lazy("Beginning the yearly survey of villages"),
    "suspensions.follow": gettext_lazy("Visits of a suspended pairing"),
    "suspensions.follow_checks": gettext_lazy("Background checks that are over"),
    "visits.follow_seasons": gettext_lazy("Visits when a season begins"),
    "timers.wake_due": gettext_lazy("Waking what is due"),
}
"""Jobs as people call them."""


class Jobs(Administered):
    """The queue at this moment."""

    needs = ("job.read",)
    tab = "web:jobs"
    template = "web/administration/jobs.html"
    title = gettext_lazy("Background work")

    def get(self, request: HttpRequest) -> HttpResponse:
        """For htmx only the figures, every quarter of a minute."""
        found = read(request, JobsResource)
        for row in (*found["periodic"], *found["failed"], *found["late"]):
            row["title"] = NAMES.get(row["name"], row["name"])
        # A worker that ends properly signs off: then what it began last tells of it.
        seen = [worker["last_heartbeat"] for worker in found["workers"]]
        seen += [row["last"] for row in found["periodic"] if row["last"]]
        told = {
            **found,
            "is_awake": any(worker["is_alive"] for worker in found["workers"]),
            "last_seen": max(seen, default=None),
            "waiting": sum(row["waiting"] for row in found["queues"]),
        }
        if self.htmx:
            return self.show(told, template="web/administration/jobs_now.html")
        return self.show({**told, "runs": read(request, FailingRuns)["results"]})


class RetryJob(Administered):
    """A failed job is tried again."""

    needs = ("job.retry",)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Back to the figures."""
        try:
            command(request, JobsResource, "retry", pk=str(pk))
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
        else:
            messages.success(request, _("It is tried again as soon as a worker is free."))
        return redirect("web:jobs")


VERBS: Mapping[str, tuple[str, str | Promise]] = {
    "try-again": ("try_again", gettext_lazy("It is tried again within a minute.")),
    "stop": ("stop", gettext_lazy("The run has been stopped, and the case's supervisor is told.")),
}
"""What is done with a run that fails → the resource's verb, and what is said of it then."""


class FailingRun(Administered):
    """A run that fails is tried again at once, or stopped."""

    needs = ("job.retry", "run.stop")

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Back to the figures."""
        if verb not in VERBS:
            raise Http404
        action, done = VERBS[verb]
        try:
            command(request, FailingRuns, action, pk=pk, body={"reason": request.POST.get("reason", "").strip()})
        except Refused as refused:
            messages.error(request, refused.problem["detail"])
        else:
            messages.success(request, str(done))
        return redirect("web:jobs")
