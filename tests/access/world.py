"""A township with everything in it, people of every role there and elsewhere, and what must never be told to whom."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from backend.activities.models import (
    Activity,
    Ban,
    Booking,
    Call,
    Certificate,
    Enrolment,
    Honour,
    HourClaim,
    SignUp,
    Site,
    Volunteer,
)
from backend.assessment.models import Assessment, Evidence, Line
from backend.audit.history import record
from backend.audit.models import Event
from backend.benefits.models import Condolence, Gift
from backend.cases.models import Case, Family, Pause, Review, Roster
from backend.census.models import SurveyRound, SurveyTarget
from backend.coordination.models import (
    AgendaItem,
    Bulletin,
    GroupDocument,
    GroupTask,
    Link,
    Meeting,
    Member,
    MonthlyReport,
)
from backend.core.crypto import encrypt_bytes
from backend.desk.models import Handover, Leaving, SavedFilter
from backend.documents.models import Export
from backend.emergencies.models import Disaster, DutySpell, Incident, RollEntry, SafetyWatch
from backend.funds.models import (
    Allocation,
    Donation,
    Donor,
    Loan,
    PurposeChange,
    Redemption,
    StockCount,
    Store,
    StudyAidApplication,
    StudyAidCall,
    UseReport,
)
from backend.health.models import HealthService
from backend.helpers import snapshots
from backend.helpers.models import (
    Absence,
    Batch,
    Difference,
    Helper,
    Offer,
    Pairing,
    Proposal,
    Rotation,
    RotationRow,
    Round,
    StandIn,
)
from backend.helpers.offers import facts_for
from backend.inspection.models import Finding
from backend.inspection.samples import draw_sample
from backend.ledger.models import Appropriation
from backend.ledger.models import Entry as LedgerEntry
from backend.org.access import SYSTEM
from backend.org.models import Deputy, Membership, Unit, User
from backend.org.parameters import set_parameter
from backend.org.roles import ADMINISTRATORS, ROLE_NAMES
from backend.payments import batches
from backend.publicity.models import Notice, Sheet
from backend.rights.models import AccessTicket, Grievance
from backend.services.catalogue import load_catalogue
from backend.services.models import Card, Entry, Plan, PlanItem, Referral
from backend.subsidies.models import AnnualReview, Application, Entitlement, Exit, Recovery, ReviewCheck, Standard
from backend.subsidies.rules import Children
from backend.visits.models import Photo, Submission, Visit
from tests import factories
from tests.payments.owing import ACCOUNT, owed
from tests.queueing import failed_job
from tests.workflows.stage import MODELS, NOW
from workflows import deployment, services
from workflows.models import Instance, WorkItem

ROLES = tuple(ROLE_NAMES)
PLACES = ("own", "other", "ended")

LABEL, PERSON = "欧阳春兰", "欧阳小满"
ADDRESS, PHONE, EMERGENCY = "赵庄村东街七排三号", "13820001234", "13820005678"
CERTIFICATE, TAIL = "120114195001153528", "3528"
HEALTH = "41"

IDENTITY = (LABEL, PERSON, ADDRESS, PHONE, EMERGENCY)
"""What tells who the family is."""
SEALED = (CERTIFICATE, ACCOUNT, f'"{HEALTH}"')
"""What no answer ever tells, but `reveal`."""
CLASSIFIED = ("bereaved", '"risk_tier"', TAIL, "disability")
"""What a helper never hears of the own family."""


PUBLIC = frozenset(
    {"processes", "programmes", "units", "partner-units", "parameters", "codes", "jobs", "failing-runs",
     "service-catalogue"}
)  # fmt: skip
"""Resources that tell of no family."""


class World:
    """大黄堡镇 with one family and everything that hangs on it."""

    def __init__(self) -> None:
        self.town, self.village, self.partner = factories.town(), factories.village(), factories.partner()
        self.elsewhere = factories.town(factories.OTHER_TOWN)
        self.other_partner = factories.partner("GJ-99", "共建单位乙", parent=self.elsewhere)
        deployment.deploy_folder(MODELS, actor=SYSTEM, now=NOW)
        care = deployment.bundle(settings.BPMN_FOLDER, "care_visit")
        deployment.deploy(key="care_visit", files=care, actor=SYSTEM, now=NOW)
        self.family = self._family()
        self.case: Case = factories.case(self.family)
        self.helper_user = factories.user("the-helper", name="李向阳")
        self.helper: Helper = factories.helper(user=self.helper_user, partner_unit=self.partner, phone=PHONE)
        self.pairing: Pairing = factories.pairing(self.case, self.helper, handover=f"交接：{LABEL}")
        self.offer = Offer.objects.create(
            case=self.case, helper=self.helper, state="declined", facts=facts_for(self.family, factories.TODAY)
        )
        self.visit: Visit = factories.visit(
            self.pairing, answers=f'{{"note": "{LABEL}"}}', state="done", recorded_by=self.helper_user
        )
        self.submission = self._submission()
        self.photo = Photo.objects.create(
            visit=self.visit, sent_by=self.helper_user, digest="", size=1, width=1, height=1
        )
        self.absence = Absence.objects.create(helper=self.helper, from_date=timezone.localdate(), reason="exams")
        StandIn.objects.create(absence=self.absence, pairing=self.pairing, from_date=self.absence.from_date)
        self.pause = Pause.objects.create(family=self.family, reason="hospital", from_date=timezone.localdate())
        self.review = Review.objects.create(
            case=self.case, subject="filing", decision="confirm", reviewer_label="审批人", decided_at=timezone.now()
        )
        self.roster = self._roster()
        services.start(process="errand", case=self.case, actor=SYSTEM, now=NOW)
        self.item = WorkItem.objects.get()
        self.items = {
            "helper": self._item(role="helper", assignee=self.helper_user),
            "liaison": self._item(
                role="liaison", unit=self.partner, unit_path=self.partner.path, family=None, family_label="", search=""
            ),
        }
        self.sample = draw_sample(
            unit=self.town, population="families", size=1, as_of=timezone.now(), actor=factories.actor(),
            now=timezone.now(),
        )  # fmt: skip
        self.finding = Finding.objects.create(
            case=self.case, kind="late", text="超期未访", due_at=timezone.now(), office=self.town
        )
        self.batch = self._batch()
        day = timezone.localdate()
        self.round = Round.objects.create(unit=self.town, from_date=day, to_date=day, opened_label="主任")
        self.difference = Difference.objects.create(
            round=self.round, family=self.family, case=self.case, unit_path=self.case.unit_path, kind="interrupted",
            pairing=self.pairing, helper=self.helper, key=b"k", subject=b"s", run=1, last_run=1, note=f"核实：{LABEL}",
        )  # fmt: skip
        self.grievance = Grievance.objects.create(
            number="TS-1", kind="copy", target="data", about_family=self.family, about_case=self.case,
            text="要一份复印件", complainant=LABEL, channel="window", reply_by="letter", office=self.town,
            due_at=timezone.now(),
        )  # fmt: skip
        self.ticket = AccessTicket.objects.create(
            number="SQ-1", asked_by=factories.user("asker", name="查询人"), asked_label="查询人", role="auditor",
            family=self.family, subject="health", purpose="audit", reason=f"核对{LABEL}", office=self.town, hours=4,
            from_at=timezone.now(), to_at=timezone.now() + timedelta(hours=4),
        )  # fmt: skip
        self._volunteering()
        self.health = HealthService.objects.create(
            number="JK-ABCD-2345", kind="infertility", place=self.village, person=self.family.persons.get(name=LABEL)
        )
        self._activities()
        self.plan = self._plan()
        self.condolence = Condolence.objects.create(
            unit=self.town, festival="new_year", festival_on=day, freeze_on=day, deliver_from=day, close_on=day,
            state="listing", opened_label="主任",
        )  # fmt: skip
        self.gift = Gift.objects.create(
            condolence=self.condolence, festival="new_year", year=day.year, family=self.family, unit=self.village,
            unit_path=self.village.path, group="special", manner="quiet", change_reason=f"慰问{LABEL}",
        )  # fmt: skip
        self._payments()
        self._funds(day)
        self.survey_round = SurveyRound.objects.create(
            unit=self.village, year=day.year, opens_on=day, warn_on=day, closes_on=day, opened_label="主任"
        )
        self.survey_target = SurveyTarget.objects.create(
            round=self.survey_round, family=self.family, unit_path=self.village.path, note=f"摸底：{LABEL}"
        )
        self._subsidies()
        self.incident = Incident.objects.create(
            number="JJ-1", kind="fall", office=self.town, place=self.village, about_family=self.family,
            who=LABEL, where="二组", channel="phone", finder=LABEL, found_at=timezone.now(),
            acknowledge_by=timezone.now(), arrive_by=timezone.now(), report_by=timezone.now(), brief_by=timezone.now(),
        )  # fmt: skip
        self.disaster = Disaster.objects.create(
            number="ZQ-1", kind="flood", unit=self.town, from_at=timezone.now(),
            until_at=timezone.now() + timedelta(days=1),
        )  # fmt: skip
        self.roll_entry = RollEntry.objects.create(disaster=self.disaster, family=self.family, tier="A")
        self.safety_watch = SafetyWatch.objects.create(case=self.case, doubted_because=LABEL)
        self._leading_group()
        self.member = factories.user("member", role="caseworker", name="王经办")
        self.duty = DutySpell.objects.create(
            unit=self.town, post="first", user=self.member, from_date=timezone.localdate()
        )
        self.rotation = self._rotation()
        self.deputy = self._deputy()
        self.leaving = Leaving.objects.create(user=self.member, unit_path=self.town.path, reason="调走")
        Handover.objects.create(
            leaving=self.leaving, kind="work_item", fate="queue", object_id=self.item.pk, label=LABEL
        )
        self.saved_filter = SavedFilter.objects.create(
            name="逾期", query={"overdue": "true"}, owner=self.member, unit=self.town
        )
        self.job = failed_job()
        self.failing = Instance.objects.create(
            process=self.item.instance.process, failures=3, error=f"KeyError: {LABEL}", wake_at=timezone.now()
        )
        self.parameter = set_parameter(
            key="office.phone", value="022-00000000", from_date=factories.LONG_AGO, path=self.town.path
        )
        record(action="family.updated", object=self.family, actor=factories.actor(), now=timezone.now())
        self.event = Event.objects.filter(case_id=self.case.pk).earliest("seq")

    def _leading_group(self) -> None:
        """A partner unit is a member: its report, a draft of the bulletin, a meeting with an item and a task."""
        now, day = timezone.now(), timezone.localdate()
        self.group_member = Member.objects.create(office=self.town, unit=self.partner, from_date=day)
        self.group_document = GroupDocument.objects.create(
            office=self.town, kind="plan", number="1号", title="实施方案", issuer="区委", issued_on=day,
            registered_label="办公室",
        )  # fmt: skip
        leader = factories.user("leader", role="head", name="挂点领导")
        self.leader_link = Link.objects.create(office=self.town, leader=leader, unit=self.partner, from_date=day)
        self.monthly_report = MonthlyReport.objects.create(
            office=self.town, unit=self.partner, month=day.replace(day=1), due_at=now, listed_at=now
        )
        self.bulletin = Bulletin.objects.create(office=self.town, month=day.replace(day=1), file=b"x")
        self.meeting = Meeting.objects.create(
            office=self.town, kind="leaders", title="例会", held_at=now, minutes_by=now, called_label="办公室"
        )
        self.agenda_item = AgendaItem.objects.create(meeting=self.meeting, kind="own", text="签约")
        self.group_task = GroupTask.objects.create(
            meeting=self.meeting, unit=self.partner, text="补签", due_on=day, due_at=now
        )

    def _activities(self) -> None:
        """An activity of the township, and a site of the village."""
        begin = timezone.now() + timedelta(days=1)
        end = begin + timedelta(minutes=30)
        self.site = Site.objects.create(
            unit=self.village, kind="video_room", name="亲情视频室", weekdays=[1], opens=time(8), closes=time(17),
            opened_on=factories.LONG_AGO,
        )  # fmt: skip
        self.activity = Activity.objects.create(
            number="HD-1", title="健康讲座", kind="lecture", theme="health", unit=self.town, starts_at=begin,
            ends_at=end, sign_up_until=begin, expected=1, budget=0, risk="无", state="published",
        )  # fmt: skip
        self.sign_up = SignUp.objects.create(activity=self.activity, name=PERSON, state="placed")
        self.booking = Booking.objects.create(site=self.site, family=self.family, starts_at=begin, ends_at=end)
        self.enrolment = Enrolment.objects.create(site=self.site, family=self.family, from_date=factories.LONG_AGO)
        day = timezone.localdate()
        self.evidence = self._evidence()
        self.honour_call = Call.objects.create(
            kind="happy_family", year=day.year, unit=self.town, opens_on=day, closes_on=day, quota=2, publicity_days=5,
            term_months=24,
        )  # fmt: skip
        self.export = Export.objects.create(
            register="families", unit=self.town, purpose=LABEL, requested_by=factories.user(), actor={}
        )
        self.notice = Notice.objects.create(
            number="GS-1", kind="subsidy", unit=self.village, title="扶助对象公示", contact="村委会", from_date=day,
            until=day, covered=1, decided_by="", made_label="",
        )  # fmt: skip
        for place in Sheet.Place.values:
            Sheet.objects.create(notice=self.notice, place=place, digest="0" * 64)
        self.honour = Honour.objects.create(
            number="PX-1", call=self.honour_call, unit=self.village, candidate_family=self.family, origin="village",
            merits="邻里互助",
        )  # fmt: skip
        self.study_aid_call = StudyAidCall.objects.create(number="ZX-1", unit=self.town, school_year=2026, state="open")
        self.study_aid_application = StudyAidApplication.objects.create(
            number="ZX-1-1", call=self.study_aid_call, family=self.family, pupil=self.family.persons.all()[0],
            guardian=self.family.persons.all()[0], unit=self.village, unit_path=self.village.path, level="junior",
            school="镇中学", school_proof=LABEL, circumstances=ADDRESS, paid_to="school", payee_label="镇中学",
            account_number=CERTIFICATE, entered_label="李专干",
        )  # fmt: skip
        self.loan = Loan.objects.create(
            number="JK-1", family=self.family, borrower=self.family.persons.all()[0], unit=self.village,
            unit_path=self.village.path, project="breeding", purpose=f"{LABEL}养羊", asked=10000,
        )  # fmt: skip

        applicant = self.family.persons.all()[0]
        of_wife: dict[str, Any] = {"person": applicant, "unit": self.village, "kind": "special_support"}
        self.application = Application.objects.create(
            number="FZ-1", family=self.family, unit_path=self.village.path, year=day.year, channel="self",
            facts=Children(state="dead", ever=1, living=0).as_text(), declared_on=day, **of_wife,
        )  # fmt: skip
        self.entitlement = Entitlement.objects.create(
            number="DY-1",
            cycle="month",
            from_date=factories.LONG_AGO,
            confirmed_on=factories.LONG_AGO,
            **{**of_wife, "kind": "reward_support"},
        )
        self.standard = Standard.objects.create(
            code="national-special", kind="special_support", mode="add", amount=590, from_date=factories.LONG_AGO,
            reference="2022",
        )  # fmt: skip

    def _subsidies(self) -> None:
        """A woman's entitlement, her yearly check, an exit and what was overpaid."""
        day = timezone.localdate()
        entitlement = Entitlement.objects.create(
            number="FZ-1", person=self.family.persons.get(name=LABEL), unit=self.village, kind="special_support",
            category="child_died", cycle="month", from_date=factories.LONG_AGO, confirmed_on=factories.LONG_AGO,
            account="6217000010009999999", account_tail="9999",
        )  # fmt: skip
        self.annual_review = AnnualReview.objects.create(
            unit=self.village, year=day.year, opens_on=day, warn_on=day, closes_on=day, opened_label="系统"
        )
        self.review_check = ReviewCheck.objects.create(
            review=self.annual_review, entitlement=entitlement, unit_path=self.village.path, note=f"核对{LABEL}"
        )
        self.exit = Exit.objects.create(
            number="TC-1", entitlement=entitlement, unit=self.village, source="report", reason="moved_out",
            happened_on=day, reported_label="村专干", evidence=f"{LABEL}迁出",
        )  # fmt: skip
        self.recovery = Recovery.objects.create(
            number="ZH-1", exit=self.exit, unit=self.village, amount="590.00", months={"2026-01": "590.00"},
            known=f"{LABEL}不知情",
        )  # fmt: skip

    def _funds(self, day: date) -> None:
        """A donation that the family was put forward for, the shop where it redeemed points, and what was told."""
        donor = Donor.objects.create(unit=self.town, kind="person", name=f"捐赠人{LABEL}", contact=f"找{LABEL}")
        donation = Donation.objects.create(
            number="JZ-1", unit=self.town, donor=donor, kind="money", amount=Decimal(500), share=Decimal(100),
            purpose="families", relation=f"亲戚{LABEL}", state="received",
        )  # fmt: skip
        self.allocation = Allocation.objects.create(
            donation=donation, family=self.family, unit=self.village, unit_path=self.village.path
        )
        PurposeChange.objects.create(donation=donation, purpose="study_aid", reason="助学")
        self.use_report = UseReport.objects.create(unit=self.town, kind="year", from_date=day, to_date=day, due_on=day)
        store = Store.objects.create(unit=self.town, kind="shop")
        self.stock_count = StockCount.objects.create(store=store, month=day.replace(day=1))
        self.redemption = Redemption.objects.create(
            number="DH-1", store=store, family=self.family, points=10, received_by="self", receipt="signature"
        )

    def _plan(self) -> Plan:
        """A plan with a card, and an item that a department was asked for."""
        load_catalogue()
        plan = Plan.objects.create(
            number="FW-1", family=self.family, case=self.case, source="office", state="running", evidence=LABEL
        )
        entries = {entry.code: entry for entry in Entry.objects.all()}
        self.entry = Entry.objects.create(
            code="haircut", name="上门理发", name_en="Haircut at home", path=self.town.path, from_date=factories.TODAY
        )
        Card.objects.create(
            number="K-1", family=self.family, entry=entries["card_moss"], plan=plan, issued_on=factories.TODAY
        )
        item = PlanItem.objects.create(plan=plan, entry=entries["family_doctor"], department="culture_health")
        Referral.objects.create(
            number="ZJ-1", item=item, case=self.case, department="culture_health", unit=self.partner,
            answer_by=timezone.now(), shared=f'{{"name": "{LABEL}"}}',
        )  # fmt: skip
        return plan

    def _batch(self) -> Batch:
        nothing = encrypt_bytes(snapshots.packed(snapshots.rows([], [])))
        made = Batch.objects.create(
            scope="area", unit=self.town, day=timezone.localdate(), state="done", inputs=nothing
        )
        Proposal.objects.create(batch=made, case=self.case, helper=self.helper, place=1, score=80)
        return made

    def _family(self) -> Family:
        return factories.family(
            label=LABEL,
            live_address=ADDRESS,
            categories=["bereaved"],
            declared_categories=["bereaved"],
            risk_tier="A",
            emergency_contact=PERSON,
            emergency_phone=EMERGENCY,
            members=[
                {
                    "name": LABEL, "is_head": True, "relation": "02", "certificate": CERTIFICATE, "phone": PHONE,
                    "health": HEALTH, "sex": "2",
                },
                {"name": PERSON, "relation": "21", "sex": "1"},
            ],
        )  # fmt: skip

    def _submission(self) -> Submission:
        return Submission.objects.create(
            visit=self.visit, state="conflict", sent_by=self.helper_user, answers=f'{{"note": "{LABEL}"}}'
        )

    def _item(self, **changes: Any) -> WorkItem:
        item = WorkItem.objects.get(pk=self.item.pk)
        item.pk = WorkItem().pk
        item.token, item._state.adding = str(item.pk), True
        for name, value in changes.items():
            setattr(item, name, value)
        item.save()
        return item

    def _roster(self) -> Roster:
        return Roster.objects.create(
            kind="families", name=f"{LABEL}等户.xlsx", unit=self.town, digest=b"", state="checked", problems=[]
        )

    def _rotation(self) -> Rotation:
        rotation = Rotation.objects.create(
            office=self.town,
            partner_unit=self.partner,
            leaving=[self.helper.pk],
            leaves_on=timezone.localdate() + timedelta(days=60),
            reason="discharged",
            prepared_by=self.member.pk,
            prepared_label=self.member.name,
        )
        RotationRow.objects.create(rotation=rotation, place=1, pairing=self.pairing, pairing_version=1)
        return rotation

    def _volunteering(self) -> None:
        """The helper's registration, an old ban, hours and their certificate."""
        day, now = timezone.localdate(), timezone.now()
        self.volunteer = Volunteer.objects.create(
            source="unit", kind=self.helper.kind, name=self.helper.name, unit=self.town, partner_unit=self.partner,
            helper=self.helper, birth_date=factories.LONG_AGO, notice_version="1", accepted_on=day, state="active",
        )  # fmt: skip
        self.ban = Ban.objects.create(
            helper=self.helper, from_date=factories.LONG_AGO, to_date=factories.LONG_AGO + timedelta(days=1),
            reason="conduct", note="旧事",
        )  # fmt: skip
        self.hours = HourClaim.objects.create(
            helper=self.helper, unit=self.town, source="manual", content="visit", started_at=now - timedelta(hours=2),
            ended_at=now, claimed=4, evidence="witness", claimed_at=now,
        )  # fmt: skip
        self.certificate = Certificate.objects.create(
            number="ZM-1", helper=self.helper, unit=self.town, from_date=day, to_date=day, name=self.helper.name
        )

    def _payments(self) -> None:
        """Something owed to the family, in a batch that was released."""
        head = self.family.persons.select_related("family__unit").get(name=LABEL)
        drawer, other = (factories.actor(factories.user(name), role="finance") for name in ("drawer", "releaser"))
        self.payable = owed(timezone.now(), payee=head, payee_label=LABEL, unit=self.town)
        self.payment_batch = batches.draw_up(
            unit=self.town, programme="", pay_on=timezone.localdate(), actor=drawer, now=timezone.now()
        )
        batches.release(batch=self.payment_batch, actor=other, now=timezone.now())
        self.appropriation = Appropriation.objects.create(
            unit=self.town, year=timezone.localdate().year, use="publicity", amount=100, document="1号",
            proposed_by=uuid4(), proposed_label="杜会计",
        )  # fmt: skip

    def _deputy(self) -> Deputy:
        other = factories.user("stand-in", role="caseworker", name="赵代班")
        return Deputy.objects.create(
            absent=self.member, deputy=other, from_date=factories.LONG_AGO, to_date=None, reason="休假"
        )

    @cached_property
    def ids(self) -> dict[str, str]:
        """Resource → id of a row of this world."""
        return {
            "work-items": str(self.item.pk),
            "saved-filters": str(self.saved_filter.pk),
            "cases": str(self.case.pk),
            "programmes": str(self.case.programme.pk),
            "families": str(self.family.pk),
            "persons": str(self.family.persons.get(name=LABEL).pk),
            "helpers": str(self.helper.pk),
            "partner-units": str(self.partner.pk),
            "offers": str(self.offer.pk),
            "pairings": str(self.pairing.pk),
            "absences": str(self.absence.pk),
            "pauses": str(self.pause.pk),
            "visits": str(self.visit.pk),
            "submissions": str(self.submission.pk),
            "photos": str(self.photo.pk),
            "reviews": str(self.review.pk),
            "rosters": str(self.roster.pk),
            "processes": "errand",
            "units": str(self.town.pk),
            "users": str(self.member.pk),
            "memberships": str(Membership.objects.get(user=self.member).pk),
            "leavings": str(self.leaving.pk),
            "deputies": str(self.deputy.pk),
            "events": str(self.event.pk),
            "parameters": str(self.parameter.pk),
            "samples": str(self.sample.pk),
            "findings": str(self.finding.pk),
            "proposals": str(self.batch.pk),
            "rounds": str(self.round.pk),
            "differences": str(self.difference.pk),
            "rotations": str(self.rotation.pk),
            "grievances": str(self.grievance.pk),
            "access-tickets": str(self.ticket.pk),
            "volunteers": str(self.volunteer.pk),
            "bans": str(self.ban.pk),
            "hours": str(self.hours.pk),
            "certificates": str(self.certificate.pk),
            "health-services": str(self.health.pk),
            "activities": str(self.activity.pk),
            "sign-ups": str(self.sign_up.pk),
            "sites": str(self.site.pk),
            "bookings": str(self.booking.pk),
            "enrolments": str(self.enrolment.pk),
            "honour-calls": str(self.honour_call.pk),
            "exports": str(self.export.pk),
            "notices": str(self.notice.pk),
            "public-notices": str(self.notice.pk),
            "honours": str(self.honour.pk),
            "assessments": str(self.evidence.line.assessment_id),
            "assessment-evidence": str(self.evidence.pk),
            "loans": str(self.loan.pk),
            "study-aid-calls": str(self.study_aid_call.pk),
            "study-aid-applications": str(self.study_aid_application.pk),
            "subsidy-applications": str(self.application.pk),
            "subsidy-standards": str(self.standard.pk),
            "entitlements": str(self.entitlement.pk),
            "service-catalogue": str(self.entry.pk),
            "service-plans": str(self.plan.pk),
            "cards": str(self.plan.cards.get().pk),
            "referrals": str(Referral.objects.get().pk),
            "payables": str(self.payable.pk),
            "payment-batches": str(self.payment_batch.pk),
            "transfers": str(self.payment_batch.transfers.get().pk),
            "ledger-accounts": str(self.payable.standing_id),
            "ledger-entries": str(LedgerEntry.objects.get(reference_id=str(self.payable.pk)).pk),
            "budgets": str(self.appropriation.pk),
            "condolences": str(self.condolence.pk),
            "gifts": str(self.gift.pk),
            "annual-reviews": str(self.annual_review.pk),
            "review-checks": str(self.review_check.pk),
            "subsidy-exits": str(self.exit.pk),
            "recoveries": str(self.recovery.pk),
            "donations": str(self.allocation.donation_id),
            "allocations": str(self.allocation.pk),
            "use-reports": str(self.use_report.pk),
            "stores": str(self.stock_count.store_id),
            "stock-counts": str(self.stock_count.pk),
            "redemptions": str(self.redemption.pk),
            "survey-rounds": str(self.survey_round.pk),
            "survey-targets": str(self.survey_target.pk),
            "emergencies": str(self.incident.pk),
            "duties": str(self.duty.pk),
            "disasters": str(self.disaster.pk),
            "safety-watches": str(self.safety_watch.pk),
            "roll-entries": str(self.roll_entry.pk),
            "group-members": str(self.group_member.pk),
            "group-documents": str(self.group_document.pk),
            "leader-links": str(self.leader_link.pk),
            "monthly-reports": str(self.monthly_report.pk),
            "bulletins": str(self.bulletin.pk),
            "meetings": str(self.meeting.pk),
            "agenda-items": str(self.agenda_item.pk),
            "group-tasks": str(self.group_task.pk),
            "codes": "need",
            "jobs": str(self.job),
            "failing-runs": str(self.failing.pk),
        }

    def _evidence(self) -> Evidence:
        """A file in the township's assessment."""
        assert self.town.parent is not None
        year = Assessment.objects.create(number="KH-1", unit=self.town, office=self.town.parent, year=2026)
        line = Line.objects.create(assessment=year, indicator="visit_rate", target=100, weight=100)
        sender = factories.user("sender", name="报送人")
        return Evidence.objects.create(
            line=line, name="a", size=1, digest="d", content=encrypt_bytes(b"a"), sent_by=sender, sent_label="报送人"
        )

    def id_for(self, resource: str, role: str) -> str:
        """The id that concerns this role most: helpers and liaisons have items and units of their own."""
        if resource == "work-items" and role in self.items:
            return str(self.items[role].pk)
        if resource == "units" and role == "liaison":
            return str(self.partner.pk)
        return self.ids[resource]

    def everything(self) -> set[str]:
        """Whatever tells a stranger that this family exists: names, numbers, ids."""
        rows = [*self.family.persons.all(), *WorkItem.objects.all()]
        ids = {str(row.pk) for row in rows} | {value for name, value in self.ids.items() if name not in PUBLIC}
        return {*IDENTITY, *SEALED, self.case.number, self.pairing.number, self.helper.number, *ids}

    def forbidden(self, role: str, place: str) -> set[str]:
        """What no answer may tell to this person."""
        if role in ADMINISTRATORS:  # they administer accounts, see that samples were drawn, and never read cases
            known = {"users", "memberships", "deputies", "samples"}
            accounts = {value for name, value in self.ids.items() if name in known}
            return self.everything() - accounts
        if place != "own":
            return self.everything()
        if role == "liaison":
            return {*IDENTITY, *SEALED, str(self.family.pk), str(self.case.pk)} - {PHONE}
        return {*SEALED, *CLASSIFIED} if role == "helper" else set(SEALED)

    # --- people

    def person(self, role: str, place: str) -> User:
        """Somebody with this role: here, in another province, or here until last year."""
        if role == "helper" and place != "other":
            user = self.helper_user
        else:
            user = factories.user(f"{role}-{place}-{uuid4().hex[:6]}")
        ended = timezone.localdate() - timedelta(days=1) if place == "ended" else None
        factories.member(user, role, self._unit(role, place), to_date=ended)
        if role == "helper" and place == "other":
            self._life_elsewhere(user)
        return user

    def _unit(self, role: str, place: str) -> Unit:
        here = place != "other"
        if role == "liaison":
            return self.partner if here else self.other_partner
        if role == "village" and here:
            return self.village
        return self.town if here else self.elsewhere

    def _life_elsewhere(self, user: User) -> None:
        """A helper elsewhere has a family there."""
        village = factories.village("210403007201", "别处村")
        case = factories.case(factories.family(unit=village, label="别处户"))
        helper = factories.helper(user=user, unit=self.elsewhere, name="别处帮扶人")
        factories.visit(factories.pairing(case, helper))
