"""A township with everything in it, people of every role there and elsewhere, and what must never be told to whom."""

from __future__ import annotations

from datetime import time, timedelta
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
from backend.audit.history import record
from backend.audit.models import Event
from backend.benefits.models import Condolence, Gift
from backend.cases.models import Case, Family, Pause, Review, Roster
from backend.census.models import SurveyRound, SurveyTarget
from backend.core.crypto import encrypt_bytes
from backend.desk.models import Handover, Leaving, SavedFilter
from backend.emergencies.models import Disaster, DutySpell, Incident, RollEntry, SafetyWatch
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
from backend.org.access import SYSTEM
from backend.org.models import Deputy, Membership, Unit, User
from backend.org.parameters import set_parameter
from backend.org.roles import ADMINISTRATORS, ROLE_NAMES
from backend.rights.models import AccessTicket, Grievance
from backend.services.catalogue import load_catalogue
from backend.services.models import Card, Entry, Plan, PlanItem, Referral
from backend.visits.models import Photo, Submission, Visit
from tests import factories
from tests.queueing import failed_job
from tests.workflows.stage import MODELS, NOW
from workflows import deployment, services
from workflows.models import WorkItem

ROLES = tuple(ROLE_NAMES)
PLACES = ("own", "other", "ended")

LABEL, PERSON = "欧阳春兰", "欧阳小满"
ADDRESS, PHONE, EMERGENCY = "赵庄村东街七排三号", "13820001234", "13820005678"
CERTIFICATE, TAIL = "120114195001153528", "3528"
HEALTH = "41"

IDENTITY = (LABEL, PERSON, ADDRESS, PHONE, EMERGENCY)
"""What tells who the family is."""
SEALED = (CERTIFICATE, f'"{HEALTH}"')
"""What no answer ever tells, but `reveal`."""
CLASSIFIED = ("bereaved", '"risk_tier"', TAIL, "disability")
"""What a helper never hears of the own family."""


PUBLIC = frozenset(
    {"processes", "programmes", "units", "partner-units", "parameters", "codes", "jobs", "service-catalogue"}
)
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
        self.survey_round = SurveyRound.objects.create(
            unit=self.village, year=day.year, opens_on=day, warn_on=day, closes_on=day, opened_label="主任"
        )
        self.survey_target = SurveyTarget.objects.create(
            round=self.survey_round, family=self.family, unit_path=self.village.path, note=f"摸底：{LABEL}"
        )
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
        self.parameter = set_parameter(
            key="office.phone", value="022-00000000", from_date=factories.LONG_AGO, path=self.town.path
        )
        record(action="family.updated", object=self.family, actor=factories.actor(), now=timezone.now())
        self.event = Event.objects.filter(case_id=self.case.pk).earliest("seq")

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
        self.honour_call = Call.objects.create(
            kind="happy_family", year=day.year, unit=self.town, opens_on=day, closes_on=day, quota=2, publicity_days=5,
            term_months=24,
        )  # fmt: skip
        self.honour = Honour.objects.create(
            number="PX-1", call=self.honour_call, unit=self.village, candidate_family=self.family, origin="village",
            merits="邻里互助",
        )  # fmt: skip

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
            "honours": str(self.honour.pk),
            "service-catalogue": str(self.entry.pk),
            "service-plans": str(self.plan.pk),
            "cards": str(self.plan.cards.get().pk),
            "referrals": str(Referral.objects.get().pk),
            "condolences": str(self.condolence.pk),
            "gifts": str(self.gift.pk),
            "survey-rounds": str(self.survey_round.pk),
            "survey-targets": str(self.survey_target.pk),
            "emergencies": str(self.incident.pk),
            "duties": str(self.duty.pk),
            "disasters": str(self.disaster.pk),
            "safety-watches": str(self.safety_watch.pk),
            "roll-entries": str(self.roll_entry.pk),
            "codes": "need",
            "jobs": str(self.job),
        }

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
