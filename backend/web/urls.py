"""Addresses of the pages."""

from __future__ import annotations

from allauth.account.views import reauthenticate
from django.urls import URLPattern, URLResolver, include, path

from backend.web import catalogue, disasters, emergencies, honours, safety_watches
from backend.web.absences import Absence, Absences, AbsenceVerb, HelperChoices, NewAbsence, StandInChoice, Told
from backend.web.access_tickets import AccessTicket, AccessTickets, CloseAccessTicket, NewAccessTicket
from backend.web.account import LoggedIn, LogIn, LogOut, Password, Preferences, RequestToken
from backend.web.activities import Activities, Activity, ActivityVerb, NewActivity, NewSignUp, SignUpVerb
from backend.web.administration.codes import AddCode, ChangeCode, CodeLists, Codes, EndCode
from backend.web.administration.jobs import Jobs, RetryJob
from backend.web.administration.parameters import EndParameter, Parameter, Parameters, SetParameter
from backend.web.administration.processes import CheckProcess, DeployProcess, Process, Processes
from backend.web.administration.units import EditUnit, NewUnit, Unit, UnitBranch, UnitChoices, Units
from backend.web.administration.users import EditUser, NewUser, User, UserChoices, Users, UserVerb
from backend.web.approvals import Approvals
from backend.web.bans import Ban, Bans, BanVolunteer
from backend.web.calendar import Calendar
from backend.web.cases import Case, Cases, CaseVerb
from backend.web.certificates import (
    Certificate,
    Certificates,
    CheckCertificate,
    NewCertificate,
    ObjectToCertificate,
    RevokeCertificate,
)
from backend.web.condolences import (
    AddCondolenceFamily,
    Condolence,
    CondolenceFamilies,
    Condolences,
    CondolenceSheet,
    NewCondolence,
)
from backend.web.deaths import PersonDied
from backend.web.deputies import ColleagueChoices, Deputies, EndDeputy, NewDeputy, OwnDays, OwnReturn
from backend.web.emergency import Emergency, PublicReport
from backend.web.families import (
    CameBack,
    EditFamily,
    EditPerson,
    Families,
    Family,
    FamilySheet,
    NewFamily,
    NewPerson,
    Reveal,
    StartCase,
)
from backend.web.findings import Findings, NewFinding
from backend.web.grievances import Copy, Grievance, Grievances, NewGrievance, Notice
from backend.web.health import Counts as HealthCounts
from backend.web.health import Decline, NewHealthService, PersonHealth, Slip
from backend.web.health import Find as FindHealth
from backend.web.helpers import Helper, Helpers
from backend.web.history import CaseAsOf, CaseExport, History, Verification
from backend.web.hours import DisputeHours, Hours, NewHours
from backend.web.inbox import Inbox, InboxBulk, InboxColleagues, InboxColumns, InboxFilter, InboxFilters, InboxNext
from backend.web.installation import Manifest, ServiceWorker
from backend.web.leavings import Handovers, Leaving, Leavings, SuccessorChoices
from backend.web.matching import Batch, BatchAgain, Batches, NewBatch, Outcomes, WaitingList
from backend.web.month import Month
from backend.web.overview import Overview, ProcessOverview
from backend.web.partner_unit import OwnPeople
from backend.web.pauses import NewPause, PauseVerb
from backend.web.phone import ComingVisits, Decide, Key, Phone, Photos, Session, Submit
from backend.web.reminders import HelperMessages, Outbox, ReadReminders, Reminders
from backend.web.rosters import Roster, RosterProblems, Rosters
from backend.web.rotations import HelperLeaving, NewRotation, ReplaceSuccessor, Rotation, Rotations
from backend.web.rounds import Differences, NewRound, Round, RoundFamilies, Rounds, RoundWorkbook
from backend.web.samples import NewSample, Sample, SampleAgain, SamplePopulation, Samples
from backend.web.service_plans import (
    Card,
    Cards,
    NewServicePlan,
    Referral,
    Referrals,
    ServicePlan,
    ServicePlans,
)
from backend.web.sites import BookingVerb, EnrolmentEnd, NewAtSite, NewSite, Site, SiteFamilies, Sites
from backend.web.survey_rounds import NewSurveyRound, SurveyRound, SurveyRounds
from backend.web.suspensions import Suspension
from backend.web.today import Today
from backend.web.visits import Photo, Visit
from backend.web.volunteering import VolunteerChoices
from backend.web.volunteers import NewVolunteer, Volunteers
from backend.web.work_items import VERBS, WorkItem, WorkItemTyped, WorkItemVerb
from backend.web.workload import Reassign, ReassignNow, Workload

app_name = "web"

# allauth finds its way by names of its own; of its account pages only these two are here.
second_factor: list[URLPattern | URLResolver] = [
    path("log-in/", LogIn.as_view(), name="account_login"),
    path("log-out/", LogOut.as_view(), name="account_logout"),
    path("confirm/", reauthenticate, name="account_reauthenticate"),
    path("second-factor/", include("allauth.mfa.urls")),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", Today.as_view(), name="today"),
    path("log-in/", LogIn.as_view(), name="log_in"),
    path("log-in/done/", LoggedIn.as_view(), name="logged_in"),
    path("log-in/token/", RequestToken.as_view(), name="request_token"),
    path("log-out/", LogOut.as_view(), name="log_out"),
    path("password/", Password.as_view(), name="password"),
    path("preferences/", Preferences.as_view(), name="preferences"),
    path("inbox/", Inbox.as_view(), name="inbox"),
    path("inbox/next/", InboxNext.as_view(), name="inbox_next"),
    path("inbox/bulk/", InboxBulk.as_view(), name="inbox_bulk"),
    path("inbox/columns/", InboxColumns.as_view(), name="inbox_columns"),
    path("inbox/colleagues/", InboxColleagues.as_view(), name="inbox_colleagues"),
    path("inbox/filters/", InboxFilters.as_view(), name="inbox_filters"),
    path("inbox/filters/<uuid:pk>/", InboxFilter.as_view(), name="inbox_filter"),
    path("reminders/", Reminders.as_view(), name="reminders"),
    path("reminders/read/", ReadReminders.as_view(), name="reminders_read"),
    path("reminders/<uuid:pk>/read/", ReadReminders.as_view(), name="reminder_read"),
    path("helpers/<uuid:pk>/messages/", HelperMessages.as_view(), name="helper_messages"),
    path("work-items/<uuid:pk>/", WorkItem.as_view(), name="work_item"),
    path("work-items/<uuid:pk>/typed/", WorkItemTyped.as_view(), name="work_item_typed"),
    *(
        path(f"work-items/<uuid:pk>/{verb}/", WorkItemVerb.as_view(), {"verb": verb}, name=f"work_item_{verb}")
        for verb in VERBS
    ),
    path("families/", Families.as_view(), name="families"),
    path("families/new/", NewFamily.as_view(), name="family_new"),
    path("families/<uuid:pk>/", Family.as_view(), name="family"),
    path("families/<uuid:pk>/edit/", EditFamily.as_view(), name="family_edit"),
    path("families/<uuid:pk>/came-back/", CameBack.as_view(), name="family_came_back"),
    path("families/<uuid:pk>/pause/", NewPause.as_view(), name="family_pause"),
    path("pauses/<uuid:pk>/<slug:verb>/", PauseVerb.as_view(), name="pause_verb"),
    path("families/<uuid:pk>/sheet/", FamilySheet.as_view(), name="family_sheet"),
    path("families/<uuid:pk>/cases/", StartCase.as_view(), name="case_start"),
    path("families/<uuid:pk>/people/new/", NewPerson.as_view(), name="person_new"),
    path("families/<uuid:pk>/<slug:tab>/", Family.as_view(), name="family_tab"),
    path("persons/<uuid:pk>/edit/", EditPerson.as_view(), name="person_edit"),
    path("persons/<uuid:pk>/died/", PersonDied.as_view(), name="person_died"),
    path("persons/<uuid:pk>/reveal/", Reveal.as_view(), name="person_reveal"),
    path("cases/", Cases.as_view(), name="cases"),
    path("cases/<uuid:pk>/", Case.as_view(), name="case"),
    path("cases/<uuid:pk>/do/<slug:verb>/", CaseVerb.as_view(), name="case_verb"),
    path("cases/<uuid:pk>/export/", CaseExport.as_view(), name="case_export"),
    path("cases/<uuid:pk>/as-of/", CaseAsOf.as_view(), name="case_as_of"),
    path("cases/<uuid:pk>/<slug:tab>/", Case.as_view(), name="case_tab"),
    path("pairing/", WaitingList.as_view(), name="waiting_list"),
    path("pairing/proposals/", Batches.as_view(), name="batches"),
    path("pairing/proposals/new/", NewBatch.as_view(), name="batch_new"),
    path("pairing/proposals/<uuid:pk>/", Batch.as_view(), name="batch"),
    path("pairing/proposals/<uuid:pk>/again/", BatchAgain.as_view(), name="batch_again"),
    path("pairing/outcomes/", Outcomes.as_view(), name="outcomes"),
    path("helpers/", Helpers.as_view(), name="helpers"),
    path("helpers/<uuid:pk>/", Helper.as_view(), name="helper"),
    path("pairings/<uuid:pk>/suspension/", Suspension.as_view(), name="suspension"),
    path("helpers/<uuid:pk>/leaving/", HelperLeaving.as_view(), name="helper_leaving"),
    path("rotations/", Rotations.as_view(), name="rotations"),
    path("rotations/new/", NewRotation.as_view(), name="rotation_new"),
    path("rotations/<uuid:pk>/", Rotation.as_view(), name="rotation"),
    path("rotations/<uuid:pk>/rows/<uuid:row>/", ReplaceSuccessor.as_view(), name="rotation_replace"),
    path("history/", History.as_view(), name="events"),
    path("history/verify/", Verification.as_view(), name="verify"),
    path("overview/", Overview.as_view(), name="overview"),
    path("overview/<slug:process>/", ProcessOverview.as_view(), name="overview_process"),
    path("month/", Month.as_view(), name="month"),
    path("approvals/", Approvals.as_view(), name="approvals"),
    path("workload/", Workload.as_view(), name="workload"),
    path("workload/<uuid:pk>/leaving/", Leaving.as_view(), name="leaving_plan"),
    path("leavings/", Leavings.as_view(), name="leavings"),
    path("leavings/colleagues/", SuccessorChoices.as_view(), name="successor_choices"),
    path("leavings/<uuid:pk>/", Handovers.as_view(), name="leaving"),
    path("workload/<slug:person>/", Reassign.as_view(), name="reassign"),
    path("workload/<slug:person>/now/", ReassignNow.as_view(), name="reassign_now"),
    path("deputies/", Deputies.as_view(), name="deputies"),
    path("deputies/new/", NewDeputy.as_view(), name="deputy_new"),
    path("deputies/colleagues/", ColleagueChoices.as_view(), name="colleague_choices"),
    path("deputies/own/", OwnDays.as_view(), name="own_days"),
    path("deputies/own/<uuid:pk>/back/", OwnReturn.as_view(), name="own_return"),
    path("deputies/<uuid:pk>/end/", EndDeputy.as_view(), name="deputy_end"),
    path("absences/", Absences.as_view(), name="absences"),
    path("absences/new/", NewAbsence.as_view(), name="absence_new"),
    path("absences/helpers/", HelperChoices.as_view(), name="absence_choices"),
    path("absences/<uuid:pk>/", Absence.as_view(), name="absence"),
    path("absences/<uuid:pk>/stand-in/", StandInChoice.as_view(), name="stand_in"),
    path("absences/<uuid:pk>/told/", Told.as_view(), name="absence_told"),
    path("absences/<uuid:pk>/<slug:verb>/", AbsenceVerb.as_view(), name="absence_verb"),
    path("emergency/", Emergency.as_view(), name="emergency"),
    path("emergency/report/", PublicReport.as_view(), name="public_report"),
    path("visits/", Phone.as_view(), name="phone"),
    path("visits/session/", Session.as_view(), name="phone_session"),
    path("visits/key/", Key.as_view(), name="phone_key"),
    path("visits/coming/", ComingVisits.as_view(), name="phone_coming"),
    path("visits/submissions/", Submit.as_view(), name="phone_submit"),
    path("visits/<uuid:pk>/", Visit.as_view(), name="visit"),
    path("photos/<uuid:pk>/image/", Photo.as_view(), name="photo"),
    path("visits/<uuid:pk>/photos/", Photos.as_view(), name="phone_photos"),
    path("visits/submissions/<uuid:pk>/", Decide.as_view(), name="phone_decide"),
    path("service-worker.js", ServiceWorker.as_view(), name="service_worker"),
    path("manifest.webmanifest", Manifest.as_view(), name="manifest"),
    path("rosters/", Rosters.as_view(), name="rosters"),
    path("rosters/<uuid:pk>/", Roster.as_view(), name="roster"),
    path("rosters/<uuid:pk>/problems.xlsx", RosterProblems.as_view(), name="roster_problems"),
    path("survey-rounds/", SurveyRounds.as_view(), name="survey_rounds"),
    path("survey-rounds/new/", NewSurveyRound.as_view(), name="survey_round_new"),
    path("survey-rounds/<uuid:pk>/", SurveyRound.as_view(), name="survey_round"),
    path("rounds/", Rounds.as_view(), name="rounds"),
    path("rounds/new/", NewRound.as_view(), name="round_new"),
    path("rounds/<uuid:pk>/", Round.as_view(), name="round"),
    path("rounds/<uuid:pk>/families/", RoundFamilies.as_view(), name="round_families"),
    path("rounds/<uuid:pk>/workbook.xlsx", RoundWorkbook.as_view(), name="round_workbook"),
    path("differences/", Differences.as_view(), name="differences"),
    path("samples/", Samples.as_view(), name="samples"),
    path("samples/new/", NewSample.as_view(), name="sample_new"),
    path("samples/<uuid:pk>/", Sample.as_view(), name="sample"),
    path("samples/<uuid:pk>/again/", SampleAgain.as_view(), name="sample_again"),
    path("samples/<uuid:pk>/population.txt", SamplePopulation.as_view(), name="sample_population"),
    path("findings/", Findings.as_view(), name="findings"),
    path("activities/", Activities.as_view(), name="activities"),
    path("activities/new/", NewActivity.as_view(), name="activity_new"),
    path("activities/<uuid:pk>/", Activity.as_view(), name="activity"),
    path("activities/<uuid:pk>/sign-ups/", NewSignUp.as_view(), name="sign_up_new"),
    path("activities/<uuid:pk>/<slug:verb>/", ActivityVerb.as_view(), name="activity_verb"),
    path("sign-ups/<uuid:pk>/<slug:verb>/", SignUpVerb.as_view(), name="sign_up_verb"),
    path("sites/", Sites.as_view(), name="sites"),
    path("sites/new/", NewSite.as_view(), name="site_new"),
    path("sites/families/", SiteFamilies.as_view(), name="site_families"),
    path("sites/<uuid:pk>/", Site.as_view(), name="site"),
    path("sites/<uuid:pk>/<slug:verb>/", NewAtSite.as_view(), name="site_entry"),
    path("bookings/<uuid:pk>/<slug:verb>/", BookingVerb.as_view(), name="booking_verb"),
    path("enrolments/<uuid:pk>/end/", EnrolmentEnd.as_view(), name="enrolment_end"),
    path("service-plans/", ServicePlans.as_view(), name="service_plans"),
    path("service-plans/new/", NewServicePlan.as_view(), name="service_plan_new"),
    path("service-plans/<uuid:pk>/", ServicePlan.as_view(), name="service_plan"),
    path("catalogue/", catalogue.Catalogue.as_view(), name="catalogue"),
    path("catalogue/new/", catalogue.NewEntry.as_view(), name="catalogue_new"),
    path("catalogue/<slug:code>/", catalogue.Entry.as_view(), name="catalogue_entry"),
    path("catalogue/<slug:code>/version/", catalogue.NewVersion.as_view(), name="catalogue_version"),
    path("cards/", Cards.as_view(), name="cards"),
    path("cards/<uuid:pk>/", Card.as_view(), name="card"),
    path("referrals/", Referrals.as_view(), name="referrals"),
    path("referrals/<uuid:pk>/", Referral.as_view(), name="referral"),
    path("calendar/", Calendar.as_view(), name="calendar"),
    path("condolences/", Condolences.as_view(), name="condolences"),
    path("condolences/new/", NewCondolence.as_view(), name="condolence_new"),
    path("condolences/<uuid:pk>/", Condolence.as_view(), name="condolence"),
    path("condolences/<uuid:pk>/families/", CondolenceFamilies.as_view(), name="condolence_families"),
    path("condolences/<uuid:pk>/sheet/", CondolenceSheet.as_view(), name="condolence_sheet"),
    path("condolences/<uuid:pk>/add/", AddCondolenceFamily.as_view(), name="condolence_add"),
    path("emergencies/", emergencies.Emergencies.as_view(), name="incidents"),
    path("emergencies/new/", emergencies.NewEmergency.as_view(), name="incident_new"),
    path("emergencies/<uuid:pk>/", emergencies.Emergency.as_view(), name="incident"),
    path("safety-watches/", safety_watches.SafetyWatches.as_view(), name="safety_watches"),
    path("safety-watches/new/", safety_watches.NewSafetyWatch.as_view(), name="safety_watch_new"),
    path("safety-watches/<uuid:pk>/", safety_watches.SafetyWatch.as_view(), name="safety_watch"),
    path("disasters/", disasters.Disasters.as_view(), name="disasters"),
    path("disasters/<uuid:pk>/", disasters.Disaster.as_view(), name="disaster"),
    path("duties/", emergencies.Duties.as_view(), name="duties"),
    path("access-tickets/", AccessTickets.as_view(), name="access_tickets"),
    path("access-tickets/new/", NewAccessTicket.as_view(), name="access_ticket_new"),
    path("access-tickets/<uuid:pk>/", AccessTicket.as_view(), name="access_ticket"),
    path("access-tickets/<uuid:pk>/close/", CloseAccessTicket.as_view(), name="access_ticket_close"),
    path("grievances/", Grievances.as_view(), name="grievances"),
    path("grievances/new/", NewGrievance.as_view(), name="grievance_new"),
    path("grievances/<uuid:pk>/", Grievance.as_view(), name="grievance"),
    path("grievances/<uuid:pk>/copy/", Copy.as_view(), name="grievance_copy"),
    path("grievances/<uuid:pk>/notice/", Notice.as_view(), name="grievance_notice"),
    path("honours/", honours.Selections.as_view(), name="honours"),
    path("honours/new/", honours.NewSelection.as_view(), name="selection_new"),
    path("honours/choices/", honours.HonourChoices.as_view(), name="honour_choices"),
    path("honours/<uuid:pk>/", honours.Selection.as_view(), name="selection"),
    path("honours/<uuid:pk>/nominate/", honours.Nominate.as_view(), name="nominate"),
    path("nominations/<uuid:pk>/", honours.Honour.as_view(), name="honour"),
    path("nominations/<uuid:pk>/objection/", honours.ObjectToHonour.as_view(), name="honour_objection"),
    path("nominations/<uuid:pk>/withdrawal/", honours.WithdrawHonour.as_view(), name="honour_withdrawal"),
    path("volunteers/", Volunteers.as_view(), name="volunteers"),
    path("volunteers/new/", NewVolunteer.as_view(), name="volunteer_new"),
    path("volunteers/choices/", VolunteerChoices.as_view(), name="volunteer_choices"),
    path("helpers/<uuid:pk>/ban/", BanVolunteer.as_view(), name="volunteer_ban"),
    path("our-volunteers/", OwnPeople.as_view(), name="own_people"),
    path("bans/", Bans.as_view(), name="bans"),
    path("bans/<uuid:pk>/", Ban.as_view(), name="ban"),
    path("hours/", Hours.as_view(), name="hours"),
    path("hours/new/", NewHours.as_view(), name="hours_new"),
    path("hours/<uuid:pk>/dispute/", DisputeHours.as_view(), name="hours_dispute"),
    path("certificates/", Certificates.as_view(), name="certificates"),
    path("certificates/new/", NewCertificate.as_view(), name="certificate_new"),
    path("certificates/<uuid:pk>/", Certificate.as_view(), name="certificate"),
    path("certificates/<uuid:pk>/objection/", ObjectToCertificate.as_view(), name="certificate_objection"),
    path("certificates/<uuid:pk>/revoke/", RevokeCertificate.as_view(), name="certificate_revoke"),
    path("check/", CheckCertificate.as_view(), name="certificate_check"),
    path("health/", FindHealth.as_view(), name="health"),
    path("health/counts/", HealthCounts.as_view(), name="health_counts"),
    path("health/persons/<uuid:pk>/", PersonHealth.as_view(), name="health_person"),
    path("health/persons/<uuid:pk>/new/", NewHealthService.as_view(), name="health_new"),
    path("health/services/<uuid:pk>/slip/", Slip.as_view(), name="health_slip"),
    path("health/services/<uuid:pk>/decline/", Decline.as_view(), name="health_decline"),
    path("findings/new/", NewFinding.as_view(), name="finding_new"),
    path("administration/units/", Units.as_view(), name="units"),
    path("administration/units/new/", NewUnit.as_view(), name="unit_new"),
    path("administration/units/choices/", UnitChoices.as_view(), name="unit_choices"),
    path("administration/units/<uuid:pk>/", Unit.as_view(), name="unit"),
    path("administration/units/<uuid:pk>/branch/", UnitBranch.as_view(), name="unit_branch"),
    path("administration/units/<uuid:pk>/edit/", EditUnit.as_view(), name="unit_edit"),
    path("administration/rules/", Parameters.as_view(), name="parameters"),
    path("administration/rules/values/<uuid:pk>/end/", EndParameter.as_view(), name="parameter_end"),
    path("administration/rules/<str:key>/", Parameter.as_view(), name="parameter"),
    path("administration/rules/<str:key>/set/", SetParameter.as_view(), name="parameter_set"),
    path("administration/codes/", CodeLists.as_view(), name="codes"),
    path("administration/codes/<slug:kind>/", Codes.as_view(), name="code_list"),
    path("administration/codes/<slug:kind>/add/", AddCode.as_view(), name="code_add"),
    path("administration/codes/<slug:kind>/change/", ChangeCode.as_view(), name="code_change"),
    path("administration/codes/<slug:kind>/end/", EndCode.as_view(), name="code_end"),
    path("administration/processes/", Processes.as_view(), name="processes"),
    path("administration/processes/check/", CheckProcess.as_view(), name="process_check"),
    path("administration/processes/deploy/", DeployProcess.as_view(), name="process_deploy"),
    path("administration/processes/<slug:key>/", Process.as_view(), name="process"),
    path("administration/outbox/", Outbox.as_view(), name="outbox"),
    path("administration/jobs/", Jobs.as_view(), name="jobs"),
    path("administration/jobs/<int:pk>/retry/", RetryJob.as_view(), name="job_retry"),
    path("administration/users/", Users.as_view(), name="users"),
    path("administration/users/new/", NewUser.as_view(), name="user_new"),
    path("administration/users/choices/", UserChoices.as_view(), name="user_choices"),
    path("administration/users/<uuid:pk>/", User.as_view(), name="user"),
    path("administration/users/<uuid:pk>/edit/", EditUser.as_view(), name="user_edit"),
    path("administration/users/<uuid:pk>/do/<slug:verb>/", UserVerb.as_view(), name="user_verb"),
]
