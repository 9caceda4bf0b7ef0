"""Addresses under /api/."""

from __future__ import annotations

from typing import Any

from django.db.transaction import non_atomic_requests
from django.urls import URLPattern, URLResolver, include, path, re_path
from rest_framework.renderers import JSONRenderer
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ViewSetMixin

from backend.api.absences import Absences
from backend.api.access_tickets import AccessTickets
from backend.api.activities import Activities, SignUps
from backend.api.annual_reviews import AnnualReviews, ReviewChecks
from backend.api.approvals import Approvals
from backend.api.assessments import Assessments, EvidenceFiles, FileRenderer
from backend.api.attention import Attention
from backend.api.back_pays import BackPays
from backend.api.budgets import Budgets
from backend.api.bulletins import Bulletins
from backend.api.calendar import Calendar
from backend.api.cards import Cards
from backend.api.cases import Cases
from backend.api.certificates import Certificates
from backend.api.codes import Codes
from backend.api.coming import Coming
from backend.api.condolences import Condolences, Gifts
from backend.api.differences import Differences
from backend.api.disasters import Disasters, RollEntries
from backend.api.donations import Allocations, Donations, UseReports
from backend.api.duties import Duties
from backend.api.emergencies import Emergencies
from backend.api.events import Events
from backend.api.exports import Exports
from backend.api.failing_runs import FailingRuns
from backend.api.families import Families
from backend.api.findings import Findings
from backend.api.grievances import Grievances
from backend.api.group import GroupDocuments, GroupMembers, LeaderLinks
from backend.api.health_counts import HealthCounts
from backend.api.health_services import HealthServices
from backend.api.helpers import Helpers
from backend.api.honours import HonourCalls, Honours
from backend.api.hours import Hours
from backend.api.indicators import Indicators
from backend.api.jobs import Jobs
from backend.api.leavings import Leavings
from backend.api.ledger import LedgerAccounts, LedgerEntries
from backend.api.loans import LoanFunds, Loans
from backend.api.me import Me
from backend.api.meetings import AgendaItems, GroupTasks, Meetings
from backend.api.memberships import Deputies, Memberships, OwnDeputies
from backend.api.monthly_reports import MonthlyReports
from backend.api.nothing import Nothing
from backend.api.notices import Notices
from backend.api.offers import Offers
from backend.api.overview import Overview
from backend.api.pairings import Pairings
from backend.api.papers import DocumentRenderer
from backend.api.parameters import Parameters
from backend.api.partner_units import PartnerUnits
from backend.api.pauses import Pauses
from backend.api.payables import Payables
from backend.api.payment_batches import PaymentBatches, Transfers
from backend.api.persons import Persons
from backend.api.photos import Photos, PictureRenderer
from backend.api.processes import Processes
from backend.api.programmes import Programmes
from backend.api.proposals import Proposals
from backend.api.public_notices import PublicNotices
from backend.api.public_reports import PublicReports
from backend.api.recoveries import Recoveries
from backend.api.referrals import Referrals
from backend.api.reminders import Channels, Outbox, OwnReminders
from backend.api.reports import Reports
from backend.api.reviews import Reviews
from backend.api.rosters import Rosters, WorkbookRenderer
from backend.api.rotations import Rotations
from backend.api.rounds import Rounds
from backend.api.safety_watches import SafetyWatches
from backend.api.samples import Samples
from backend.api.saved_filters import SavedFilters
from backend.api.schema_views import Docs, Schema
from backend.api.service_plans import ServiceCatalogue, ServicePlans
from backend.api.sites import Bookings, Enrolments, Sites
from backend.api.stores import Redemptions, StockCounts, Stores
from backend.api.study_aid import StudyAidApplications, StudyAidCalls
from backend.api.submissions import Submissions
from backend.api.subsidies import Entitlements, Standards, SubsidyApplications
from backend.api.subsidy_exits import SubsidyExits
from backend.api.survey_rounds import SurveyRounds, SurveyTargets
from backend.api.tokens import Tokens
from backend.api.units import Units
from backend.api.users import Users
from backend.api.visits import Visits
from backend.api.volunteers import Bans, Volunteers
from backend.api.waiting_list import WaitingList
from backend.api.work_items import WorkItems
from backend.api.workload import Workload


class Router(SimpleRouter):
    """Each resource's routes behind its own prefix: Django tries one route after the other, and there are hundreds."""

    def get_urls(self) -> Any:
        """One entry per resource, in their order."""
        return [path(f"{prefix}/", include(_routes(viewset, name))) for prefix, viewset, name in self.registry]


def _routes(viewset: type[ViewSetMixin], name: str) -> Any:
    """The routes of one resource, below its prefix."""
    own = SimpleRouter(use_regex_path=False)
    own.register("", viewset, basename=name)
    return own.urls


router = Router(use_regex_path=False)
router.register("work-items", WorkItems, basename="work-items")
router.register("saved-filters", SavedFilters, basename="saved-filters")
router.register("cases", Cases, basename="cases")
router.register("programmes", Programmes, basename="programmes")
router.register("families", Families, basename="families")
router.register("pauses", Pauses, basename="pauses")
router.register("persons", Persons, basename="persons")
router.register("helpers", Helpers, basename="helpers")
router.register("partner-units", PartnerUnits, basename="partner-units")
router.register("offers", Offers, basename="offers")
router.register("pairings", Pairings, basename="pairings")
router.register("absences", Absences, basename="absences")
router.register("assessments", Assessments, basename="assessments")
router.register("visits", Visits, basename="visits")
router.register("submissions", Submissions, basename="submissions")
router.register("service-catalogue", ServiceCatalogue, basename="service-catalogue")
router.register("service-plans", ServicePlans, basename="service-plans")
router.register("cards", Cards, basename="cards")
router.register("referrals", Referrals, basename="referrals")
router.register("reviews", Reviews, basename="reviews")
router.register("rosters", Rosters, basename="rosters")
router.register("processes", Processes, basename="processes")
router.register("failing-runs", FailingRuns, basename="failing-runs")
router.register("parameters", Parameters, basename="parameters")
router.register("codes", Codes, basename="codes")
router.register("units", Units, basename="units")
router.register("users", Users, basename="users")
router.register("memberships", Memberships, basename="memberships")
router.register("leavings", Leavings, basename="leavings")
router.register("deputies/own", OwnDeputies, basename="own-deputies")
router.register("deputies", Deputies, basename="deputies")
router.register("events", Events, basename="events")
router.register("samples", Samples, basename="samples")
router.register("findings", Findings, basename="findings")
router.register("proposals", Proposals, basename="proposals")
router.register("rounds", Rounds, basename="rounds")
router.register("differences", Differences, basename="differences")
router.register("rotations", Rotations, basename="rotations")
router.register("emergencies", Emergencies, basename="emergencies")
router.register("safety-watches", SafetyWatches, basename="safety-watches")
router.register("disasters", Disasters, basename="disasters")
router.register("roll-entries", RollEntries, basename="roll-entries")
router.register("duties", Duties, basename="duties")
router.register("access-tickets", AccessTickets, basename="access-tickets")
router.register("grievances", Grievances, basename="grievances")
router.register("volunteers", Volunteers, basename="volunteers")
router.register("bans", Bans, basename="bans")
router.register("hours", Hours, basename="hours")
router.register("certificates", Certificates, basename="certificates")
router.register("health-services", HealthServices, basename="health-services")
router.register("activities", Activities, basename="activities")
router.register("sign-ups", SignUps, basename="sign-ups")
router.register("sites", Sites, basename="sites")
router.register("bookings", Bookings, basename="bookings")
router.register("enrolments", Enrolments, basename="enrolments")
router.register("honour-calls", HonourCalls, basename="honour-calls")
router.register("honours", Honours, basename="honours")
router.register("exports", Exports, basename="exports")
router.register("notices", Notices, basename="notices")
router.register("subsidy-applications", SubsidyApplications, basename="subsidy-applications")
router.register("subsidy-standards", Standards, basename="subsidy-standards")
router.register("entitlements", Entitlements, basename="entitlements")
router.register("loans", Loans, basename="loans")
router.register("payables", Payables, basename="payables")
router.register("payment-batches", PaymentBatches, basename="payment-batches")
router.register("transfers", Transfers, basename="transfers")
router.register("ledger-accounts", LedgerAccounts, basename="ledger-accounts")
router.register("ledger-entries", LedgerEntries, basename="ledger-entries")
router.register("budgets", Budgets, basename="budgets")
router.register("donations", Donations, basename="donations")
router.register("allocations", Allocations, basename="allocations")
router.register("use-reports", UseReports, basename="use-reports")
router.register("stores", Stores, basename="stores")
router.register("stock-counts", StockCounts, basename="stock-counts")
router.register("redemptions", Redemptions, basename="redemptions")
router.register("study-aid-calls", StudyAidCalls, basename="study-aid-calls")
router.register("study-aid-applications", StudyAidApplications, basename="study-aid-applications")
router.register("condolences", Condolences, basename="condolences")
router.register("group-members", GroupMembers, basename="group-members")
router.register("group-documents", GroupDocuments, basename="group-documents")
router.register("leader-links", LeaderLinks, basename="leader-links")
router.register("monthly-reports", MonthlyReports, basename="monthly-reports")
router.register("bulletins", Bulletins, basename="bulletins")
router.register("meetings", Meetings, basename="meetings")
router.register("agenda-items", AgendaItems, basename="agenda-items")
router.register("group-tasks", GroupTasks, basename="group-tasks")
router.register("gifts", Gifts, basename="gifts")
router.register("annual-reviews", AnnualReviews, basename="annual-reviews")
router.register("review-checks", ReviewChecks, basename="review-checks")
router.register("subsidy-exits", SubsidyExits, basename="subsidy-exits")
router.register("recoveries", Recoveries, basename="recoveries")
router.register("survey-rounds", SurveyRounds, basename="survey-rounds")
router.register("survey-targets", SurveyTargets, basename="survey-targets")

urlpatterns: list[URLPattern | URLResolver] = [
    # Logging in counts failures, which must outlive the failed request; a bulk command has a transaction per item.
    path("public-notices/", PublicNotices.as_view({"get": "list"}), name="public-notices"),
    path("public-notices/check/", PublicNotices.as_view({"post": "check"}), name="public-notices-check"),
    path("public-notices/<uuid:pk>/", PublicNotices.as_view({"get": "retrieve"}), name="public-notice"),
    path(
        "notices/<uuid:pk>/board.docx",
        Notices.as_view({"get": "board"}, renderer_classes=[JSONRenderer, DocumentRenderer]),
        name="notice-board",
    ),
    path("public-reports/", PublicReports.as_view({"get": "list", "post": "create"}), name="public-reports"),
    path("auth/token/", non_atomic_requests(Tokens.as_view({"post": "create", "delete": "destroy"})), name="token"),
    path("work-items/bulk/", non_atomic_requests(WorkItems.as_view({"post": "bulk"})), name="workitem-bulk"),
    path("waiting-list/", WaitingList.as_view({"get": "list"}), name="waiting-list"),
    # Counts, not rows: there is no single one of them.
    path("loan-funds/", LoanFunds.as_view({"get": "list", "post": "create"}), name="loan-funds"),
    path("calendar/", Calendar.as_view({"get": "list"}), name="calendar"),
    path("approvals/", Approvals.as_view({"get": "list"}), name="approvals"),
    path("attention/", Attention.as_view({"get": "list"}), name="attention"),
    path("health-counts/", HealthCounts.as_view({"get": "list", "post": "create"}), name="health-counts"),
    path("back-pays/", BackPays.as_view({"get": "list", "post": "create"}), name="back-pays"),
    path("overview/", Overview.as_view({"get": "list"}), name="overview"),
    path("overview/tokens/", Overview.as_view({"get": "tokens"}), name="overview-tokens"),
    path("workload/", Workload.as_view({"get": "list"}), name="workload"),
    path("workload/takers/", Workload.as_view({"get": "takers"}), name="workload-takers"),
    path("indicators/", Indicators.as_view({"get": "board"}), name="indicators"),
    path(
        "indicators/policies/",
        Indicators.as_view({"get": "policies"}, pagination_class=None),
        name="indicators-policies",
    ),
    path(
        "indicators/supplements/",
        Indicators.as_view({"get": "supplements", "post": "supplement"}),
        name="indicators-supplements",
    ),
    path("indicators/families/", Indicators.as_view({"get": "families"}), name="indicators-families"),
    path(
        "assessments/<uuid:pk>/evidence/",
        Assessments.as_view({"post": "add_evidence"}),
        name="assessments-add-evidence",
    ),
    path(
        "assessment-evidence/<uuid:pk>/",
        EvidenceFiles.as_view({"get": "retrieve"}, renderer_classes=[JSONRenderer, FileRenderer]),
        name="assessment-evidence",
    ),
    path("reports/month/", Reports.as_view({"get": "month"}), name="reports-month"),
    path("jobs/", Jobs.as_view({"get": "list"}), name="jobs"),
    path("jobs/<int:pk>/retry/", Jobs.as_view({"post": "retry"}), name="jobs-retry"),
    path("me/", Me.as_view({"get": "retrieve"}), name="me"),
    path("me/preferences/", Me.as_view({"get": "preferences", "put": "set_preferences"}), name="me-preferences"),
    path("me/reminders/", OwnReminders.as_view({"get": "list"}), name="me-reminders"),
    path("me/reminders/count/", OwnReminders.as_view({"get": "count"}), name="me-reminders-count"),
    path("me/reminders/read/", OwnReminders.as_view({"post": "read"}), name="me-reminders-read"),
    path("me/channels/", Channels.as_view({"get": "list", "put": "choose"}), name="me-channels"),
    path("outbox/", Outbox.as_view({"get": "list"}), name="outbox"),
    path("me/password/", Me.as_view({"post": "password"}), name="me-password"),
    path(
        "rosters/<uuid:pk>/problems.xlsx",
        Rosters.as_view({"get": "problems"}, renderer_classes=[JSONRenderer, WorkbookRenderer]),
        name="roster-problems",
    ),
    path(
        "rounds/<uuid:pk>/workbook.xlsx",
        Rounds.as_view({"get": "workbook"}, renderer_classes=[JSONRenderer, WorkbookRenderer]),
        name="round-workbook",
    ),
    path(
        "exports/<uuid:pk>/file.xlsx",
        Exports.as_view({"get": "file"}, renderer_classes=[JSONRenderer, WorkbookRenderer]),
        name="export-file",
    ),
    path("visits/<uuid:pk>/photos/", Photos.as_view({"get": "list", "post": "create"}), name="visits-photos"),
    path(
        "photos/<uuid:pk>/",
        Photos.as_view({"get": "image"}, renderer_classes=[JSONRenderer, PictureRenderer]),
        name="photos-image",
    ),
    path("visits/coming/", Coming.as_view({"get": "retrieve"}), name="visits-coming"),
    path("schema/", Schema.as_view(), name="schema"),
    path("docs/", Docs.as_view(url_name="schema"), name="docs"),
    path("", include(router.urls)),
    re_path(r"^", Nothing.as_view(), name="nothing"),
]
