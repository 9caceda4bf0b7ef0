"""A township at work on the real processes: people who complete items, and a worker who does what is queued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from backend.cases import cases
from backend.cases.models import Case, Family
from backend.helpers.kinds import load_kinds
from backend.helpers.models import Helper, Pairing
from backend.ops.rehearsal import Rehearsal
from backend.org.access import SYSTEM
from backend.org.models import Parameter, User
from tests import factories
from workflows import deployment, services
from workflows.models import Process, WorkItem

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

SURVEYED: dict[str, Any] = {
    "surveyed_on": "2026-03-02",
    "survey_result": "surveyed",
    "method": "home",
    "residence": "home",
    "child_state": "away",
    "lives_alone": True,
    "self_care": 1,
    "disease": "none",
    "low_income": False,
    "minor": "none",
    "helper_reality": "none",
    "needs": ["comfort"],
}
CONSENTED: dict[str, Any] = {
    "consent": "agreed",
    "notice_version": "2026-01",
    "given_by": "self",
    "given_on": "2026-03-02",
    "items": ["basics", "contact"],
    "proof": "signature",
}
AGREED: dict[str, Any] = {
    "cadence": "monthly",
    "items": ["comfort"],
    "no_money_clause": True,
    "emergency_plan": "先打120,再通知村里",
    "signed_by_family": True,
    "signed_by_helper": True,
}


_deployed: list[bytes] = []


def deploy_shipped(now: datetime) -> None:
    """The shipped processes; checked once per session, afterwards the same rows again (checking takes a second)."""
    table = Process._meta.db_table
    with connection.cursor() as cursor:
        if _deployed:
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(b"".join(_deployed))
        else:
            deployment.deploy_folder(settings.BPMN_FOLDER, actor=SYSTEM, now=now)
            with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                _deployed.extend(bytes(block) for block in copy)


class Office(Rehearsal):
    """One person per role at the township and village, a helper with an account, and a clock."""

    def __init__(self, now: datetime = NOW) -> None:
        super().__init__(now)
        self.village = factories.user("village", role="village", name="李专干")
        self.caseworker = factories.user("caseworker", role="caseworker", name="陈姐")
        self.supervisor = factories.user("supervisor", role="supervisor", name="老王")
        self.volunteer = factories.user("volunteer", role="helper", name="赵师傅")
        load_kinds()
        factories.programme()
        deploy_shipped(now)

    def open(self, family: Family | None = None) -> Case:
        """A case whose process has begun."""
        of = family or factories.family(status=Family.Status.DRAFT, willingness=Family.Willingness.UNKNOWN)
        actor = factories.actor(self.caseworker)
        case = cases.start_case(family=of, programme=factories.programme(), actor=actor, now=self.now)
        self.work()
        return case

    def open_another(self, case: Case) -> Case:
        """A case of the same family in another programme."""
        other = factories.programme("jljq", name="结邻里亲", name_en="Neighbours as kin")
        actor = factories.actor(self.caseworker)
        made = cases.start_case(family=case.family, programme=other, actor=actor, now=self.now)
        self.work()
        return made

    def do(self, case: Case, step: str, user: User, answers: Mapping[str, Any]) -> WorkItem:
        """Complete an item as a door does: refused, nothing happened."""
        with transaction.atomic():
            return super().do(case, step, user, answers)

    def send(self, case: Case, name: str, **data: Any) -> None:
        """A message about the case."""
        services.send_to_case(case=case, name=name, data=data, actor=factories.actor(self.caseworker), now=self.now)
        self.work()

    # --- longer ways -------------------------------------------------------------------------------------------------

    def file(self, case: Case, **survey: Any) -> None:
        """Survey, consent, check and confirmation: the family is on file."""
        day = {"surveyed_on": self.today.isoformat()}
        self.do(case, "survey_family", self.village, {**SURVEYED, **day, **survey})
        self.do(case, "record_consent", self.village, {**CONSENTED, "given_on": self.today.isoformat()})
        advised = self.form(case, "check_file", self.caseworker).values
        self.do(case, "check_file", self.caseworker, {"check_result": "submit", **advised})
        self.do(case, "confirm_file", self.supervisor, {"confirm_result": "confirm"})

    def helper(self, **fields: Any) -> Helper:
        """A volunteer of the township with an account."""
        fields.setdefault("user", self.volunteer)
        return factories.helper(**fields)

    def pair(self, case: Case, helper: Helper, **agreement: Any) -> None:
        """From the shortlist to a spell, the helper answering in the own inbox."""
        self.promise(case, helper, **agreement)
        self.do(case, "confirm_pairing", self.supervisor, {"confirm_result": "confirm"})

    def promise(self, case: Case, helper: Helper, **agreement: Any) -> None:
        """From the shortlist to an agreement that waits for the supervisor's word."""
        self.do(case, "pick_helper", self.caseworker, {"pick_result": "pick", "helper": str(helper.pk), "reason": "近"})
        self.do(case, "answer_offer", self.volunteer, {"answer": "accept"})
        self.sign(case, **agreement)

    def agree(self, case: Case, **agreement: Any) -> None:
        """Family's consent, first meeting, agreement, confirmation."""
        self.sign(case, **agreement)
        self.do(case, "confirm_pairing", self.supervisor, {"confirm_result": "confirm"})

    def sign(self, case: Case, **agreement: Any) -> None:
        """Family's consent, first meeting, agreement."""
        day = self.today.isoformat()
        consent = {"family_answer": "agree", "given_by": "self", "given_on": day, "method": "home"}
        self.do(case, "ask_family", self.village, consent)
        self.meet(case, confirmed=False, **agreement)

    def meet(self, case: Case, *, confirmed: bool = True, **agreement: Any) -> None:
        """First meeting, agreement and, unless told otherwise, the supervisor's word."""
        day = self.today.isoformat()
        meeting = {"meeting_result": "go_on", "met_on": day, "present": ["family", "helper", "village"]}
        self.do(case, "hold_first_meeting", self.village, meeting)
        self.do(case, "sign_agreement", self.caseworker, {**AGREED, "start_date": day, **agreement})
        if confirmed:
            self.do(case, "confirm_pairing", self.supervisor, {"confirm_result": "confirm"})

    def visited(self, **found: Any) -> dict[str, Any]:
        """The answers of a visit made an hour ago, when nothing is wrong."""
        return {
            "visit_result": "met",
            "started_at": (self.now - timedelta(hours=1)).isoformat(),
            "ended_at": self.now.isoformat(),
            "persons_met": ["elder"],
            "channel": "home",
            "physical": "well",
            "mental": "calm",
            **found,
        }


class Care(Office):
    """The same township when a family is in care there: a volunteer visits it, and nobody is called back by chance."""

    def __init__(self, now: datetime = NOW, *, cadence: str = "monthly", **survey: Any) -> None:
        super().__init__(now)
        Parameter.objects.create(key="visit.rules", value={"sample_percent": 0}, from_date=date(2026, 1, 1))
        helper = self.helper(max_families=3)
        self.case = self.open()
        self.file(self.case, **survey)
        self.pair(self.case, helper, cadence=cadence)
        self.pairing = Pairing.objects.get(case=self.case)
