"""Study aid (Q14, P10 B): applied for, checked by another person, ordered by D22 and a lot that anybody can draw again,
made public without names, granted by the county, paid, told to the donors without names."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.models import Family
from backend.core.drawing import drawn
from backend.funds import study_aid
from backend.funds.models import StudyAidApplication, StudyAidCall
from backend.ledger.accounts import account
from backend.ledger.balances import balance, trial_balance
from backend.ledger.entries import Line, post
from backend.org.codes import load_codes
from backend.org.models import User
from backend.org.parameters import load_parameters
from backend.payments.models import Payable
from backend.publicity.models import Notice
from backend.reminders.models import Reminder
from backend.rights.models import AccessUse
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.funds.bank import first_returned, given_up, paid_by_bank
from tests.kept import kept
from tests.steps.office import Office
from workflows import services
from workflows import study_aid as beginnings
from workflows.models import Instance

pytestmark = pytest.mark.django_db

CHILD = "林小满"
PROOF = "校证〔2026〕7号"
PLAN = {"budget": 2000, "primary": 500, "junior": 800, "senior": 1000, "college": 2000}
YES = {"shortlist": "confirm", "no_conflict": True}
GRANTED = {"grants": "approve", "no_conflict": True}


class Town:
    """A township with a study-aid fund."""

    def __init__(self) -> None:
        load_codes()
        load_parameters()
        self.office = Office(timezone.now())
        self.now: datetime = self.office.now
        self.village, self.caseworker = self.office.village, self.office.caseworker
        self.supervisor, self.unit = self.office.supervisor, factories.town()
        county = factories.region("120114000000")
        self.county = factories.user("county", role="county", unit=county, name="冯审核")
        self.auditor = factories.user("auditor", role="auditor", unit=county)
        self.colleague = factories.user("colleague", role="village", name="赵专干")
        fund = account(kind="fund", unit=self.unit, code="study_aid")
        donor = account(kind="donor", unit=self.unit, code="donation")
        post(
            kind="obligation", on=timezone.localdate(), lines=[Line(fund, Decimal(5000)), Line(donor, Decimal(-5000))],
            reference=("donation", "1"), basis="捐赠", actor=factories.actor(), now=self.now, key="given",
        )  # fmt: skip

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        item = next(iter(results(Caller(user).get("work-items/", doable="true", step=step))))
        return Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})

    def opened(self) -> StudyAidCall:
        said = {"unit": str(self.unit.pk), "school_year": timezone.localdate().year}
        made = Caller(self.caseworker).post("study-aid-calls/", said)
        assert made.status_code == 201, made.content
        closes = (timezone.localdate() + timedelta(days=20)).isoformat()
        self.do(self.caseworker, "plan_call", {**PLAN, "closes_on": closes})
        self.do(self.supervisor, "approve_call", {"approval": "approve"})
        call = StudyAidCall.objects.get(pk=made.json()["id"])
        assert call.state == "open"
        return call

    def family(self, tier: str = "A", name: str = CHILD) -> Family:
        members = [
            {"relation": "0", "is_head": True, "name": "林大江", "birth_date": date(1980, 1, 1)},
            {"relation": "20", "name": name, "birth_date": timezone.localdate() - timedelta(days=4700)},
        ]
        return factories.family(label="林大江", members=members, risk_tier=tier)

    def apply(self, call: StudyAidCall, family: Family, by: User | None = None, **changes: Any) -> Any:
        guardian, pupil = family.persons.order_by("birth_date")
        said = {
            "call": str(call.pk), "family": str(family.pk), "pupil": str(pupil.pk), "guardian": str(guardian.pk),
            "level": "junior", "school": "大黄堡镇中学", "school_proof": PROOF, "paid_to": "guardian",
            "payee_label": guardian.name, "account_number": "622700001234567", **changes,
        }  # fmt: skip
        return Caller(by or self.village).post("study-aid-applications/", said)

    def checked(self, call: StudyAidCall, family: Family, **changes: Any) -> str:
        made = self.apply(call, family, **changes)
        assert made.status_code == 201, made.content
        found = {"school_confirmed": True, "household_confirmed": True}
        address = f"study-aid-applications/{made.json()['id']}/check/"
        assert Caller(self.colleague).post(address, found).status_code == 200
        return str(made.json()["id"])

    def wake(self, call: StudyAidCall, days: int) -> None:
        assert call.instance_id is not None
        services.wake(instance_id=call.instance_id, now=self.now + timedelta(days=days))

    def published(self, *families: Family) -> StudyAidCall:
        call = self.opened()
        for family in families:
            self.checked(call, family)
        self.wake(call, 21)
        self.do(self.caseworker, "finish_checks", {"all_checked": True})
        assert self.do(self.supervisor, "confirm_shortlist", YES).status_code == 200
        call.refresh_from_db()
        return call


@kept
def town() -> Town:
    return Town()


def test_from_the_call_to_the_report(town: Town) -> None:
    call = town.published(town.family(), town.family("B", "林小雨"), town.family("D", "林小雪"))
    rows = StudyAidApplication.objects.order_by("rank")
    assert [(row.state, row.aid_reason, row.amount) for row in rows if row.rank] == [
        ("listed", "need", Decimal(800)), ("listed", "need", Decimal(800)),
    ]  # fmt: skip
    assert rows.get(rank=None).aid_reason == "no_need"
    town.wake(call, 40)
    assert town.do(town.county, "approve_grants", GRANTED).status_code == 200
    assert study_aid.fund_holds(town.unit) == Decimal(3400)
    owed = list(Payable.objects.select_related("standing"))
    assert [each.amount for each in owed] == [Decimal(800)] * 2
    assert set(owed[0].confirmed_by) == {town.caseworker.pk, town.supervisor.pk, town.county.pk}
    paid_by_bank(owed, town.now)
    town.wake(call, 60)
    heard = Reminder.objects.filter(kind="study_aid.paid")
    assert [(each.role, each.label) for each in heard] == [("caseworker", call.number)] * 2, "to tell the families"
    told = {"use_account": f"资助{CHILD}等", "no_names": True}
    assert_problem(town.do(town.caseworker, "report_use", told), 422, "pupil_named", "/answers/use_account")
    town.do(town.caseworker, "report_use", {**told, "use_account": "两名初中生，共1600元"})
    town.do(town.supervisor, "confirm_report", {"report": "confirm"})
    report = Caller(town.county).get(f"study-aid-calls/{call.pk}/use-report/").json()
    assert report == {
        "total": "1600.00", "pupils": None, "levels": {"junior": None}, "schools": 1, "words": "两名初中生，共1600元",
    }  # fmt: skip
    assert Instance.objects.get(process__key="study_aid").outcome == "reported"
    assert trial_balance(town.unit).is_balanced


def test_minors_are_counted_and_named_nowhere(town: Town) -> None:
    call = town.published(town.family())
    notice = Notice.objects.get()
    assert not any(line for sheet in notice.sheets.all() for line in sheet.lines.all())
    assert CHILD not in "".join(event.body for event in Event.objects.filter(action__startswith="study_aid."))
    application = StudyAidApplication.objects.get()
    seen = Caller(town.county).get(f"study-aid-applications/{application.pk}/").content.decode()
    assert CHILD not in seen
    assert CHILD in Caller(town.village).get(f"study-aid-applications/{application.pk}/").content.decode()
    assert all(word not in seen for word in ("校证", "622700001234567", "林大江"))
    town.wake(call, 40)
    assert Notice.objects.get().state == "taken_down"


def test_who_wrote_it_down_does_not_check_it(town: Town) -> None:
    """domain.md 3.0, in the service and in the database; a relative neither sees nor writes it."""
    call, family = town.opened(), town.family()
    made = town.apply(call, family, town.caseworker, kin=str(town.colleague.pk)).json()
    address, found = f"study-aid-applications/{made['id']}/", {"school_confirmed": True, "household_confirmed": True}
    assert_problem(Caller(town.caseworker).post(f"{address}check/", found), 403, "own_application")
    assert Caller(town.colleague).get(address).status_code == 404
    own = town.apply(call, town.family(), town.caseworker, kin=str(town.caseworker.pk))
    assert_problem(own, 403, "own_application")
    for twice in ({"checked_by": town.caseworker}, {"checked_by": town.colleague}):
        with pytest.raises(IntegrityError), transaction.atomic():
            StudyAidApplication.objects.update(**twice)
    for absent in (town.caseworker, town.colleague):
        stands_in = Caller(factories.deputy(absent))
        assert_problem(stands_in.post(f"{address}check/", found), 403, "own_application")
    assert Caller(town.village).post(f"{address}check/", found).json()["state"] == "checked"


@pytest.mark.parametrize("kin", ["supervisor", "county", "auditor"])
def test_a_relative_signs_no_list_and_grants_nothing(town: Town, kin: str) -> None:
    """E19: recusal, another person decides; who stands in for the relative decides no more than the relative."""
    call = town.opened()
    relative = getattr(town, kin)
    town.checked(call, town.family())
    StudyAidApplication.objects.update(kin=relative)  # who takes it in names only whom they see as colleagues
    another = factories.user("another", role=kin, unit=relative.memberships.get().unit, name="郑某")
    town.wake(call, 21)
    town.do(town.caseworker, "finish_checks", {"all_checked": True})

    def decided(role: str, step: str, answers: dict[str, Any]) -> None:
        if role == kin:
            assert_problem(town.do(relative, step, answers), 403, "kin_on_list")
            assert_problem(town.do(factories.deputy(relative), step, answers), 403, "kin_on_list")
        done = town.do(another if role == kin else getattr(town, role), step, answers)
        assert done.status_code == 200, done.content

    decided("supervisor", "confirm_shortlist", YES)
    Caller(town.village).post(f"study-aid-calls/{call.pk}/object/", {"text": "这家不困难"})
    decided("auditor", "settle_objection", {"objection": "not_upheld", "evidence": "走访"})
    town.wake(call, 40)
    decided("county", "approve_grants", GRANTED)


def test_what_is_not_paid_any_more_is_in_the_fund_again(town: Town) -> None:
    """公益事业捐赠法 18: what was given for study aid goes on being for it."""
    call = town.published(town.family(), town.family("B", "林小雨"))
    town.wake(call, 40)
    town.do(town.county, "approve_grants", GRANTED)
    owed = list(Payable.objects.select_related("standing").order_by("id"))
    first_returned(owed, town.now)
    town.wake(call, 60)
    states = StudyAidApplication.objects.order_by("state").values_list("state", flat=True)
    assert list(states) == ["owed", "paid"]
    given_up(owed[0], town.now)
    town.wake(call, 70)
    assert list(states.all()) == ["excluded", "paid"]
    assert study_aid.fund_holds(town.unit) == Decimal(4200)
    assert balance(account(kind="budget_line", unit=town.unit, code="study_aid")) == 0
    assert Event.objects.filter(action="study_aid.put_back").count() == 1
    assert trial_balance(town.unit).is_balanced


def test_four_eyes_over_the_list(town: Town) -> None:
    factories.member(town.caseworker, "supervisor", town.unit)
    factories.member(town.supervisor, "county", factories.region("120114000000"))
    call = town.opened()
    town.checked(call, town.family())
    town.wake(call, 21)
    town.do(town.caseworker, "finish_checks", {"all_checked": True})
    assert_problem(town.do(town.caseworker, "confirm_shortlist", YES), 403, "four_eyes")
    town.do(town.supervisor, "confirm_shortlist", YES)
    town.wake(call, 40)
    assert_problem(town.do(town.supervisor, "approve_grants", GRANTED), 403, "four_eyes")
    with pytest.raises(IntegrityError), transaction.atomic():
        StudyAidCall.objects.update(granted_by=town.supervisor)


def test_equals_are_ordered_by_a_lot_that_anybody_draws_again(town: Town) -> None:
    call = town.published(*(town.family("A", f"林小{place}") for place in "一二三四"))
    rows = {row.pk: row for row in StudyAidApplication.objects.all()}
    drawn_again = drawn(rows, seed=call.seed, size=len(rows))
    assert [rows[pk].rank for pk in drawn_again] == [1, 2, 3, 4]
    assert [rows[pk].state for pk in drawn_again] == ["listed", "listed", "reserve", "reserve"]
    assert call.seed in Event.objects.filter(action="study_aid.ranked").get().body


def test_an_objection_takes_one_off_and_the_next_moves_up(town: Town) -> None:
    call = town.published(*(town.family("A", f"林小{place}") for place in "一二三"))
    seed, caller = call.seed, Caller(town.village)
    assert caller.post(f"study-aid-calls/{call.pk}/object/", {"text": "这家不困难"}).status_code == 200
    assert_problem(caller.post(f"study-aid-calls/{call.pk}/object/", {"text": "又"}), 409, "study_aid_not_published")
    first = StudyAidApplication.objects.get(rank=1)
    upheld = {"objection": "upheld", "application": "ZX-0", "evidence": "走访"}
    assert_problem(town.do(town.auditor, "settle_objection", upheld), 422, "no_such_application")
    assert town.do(town.auditor, "settle_objection", {**upheld, "application": first.number}).status_code == 200
    states = StudyAidApplication.objects.values_list("state", "rank").order_by("state", "rank")
    assert list(states) == [("excluded", None), ("listed", 1), ("listed", 2)]
    assert StudyAidCall.objects.get().seed == seed
    assert town.do(town.supervisor, "confirm_shortlist", YES).status_code == 200


def test_what_does_not_fit(town: Town) -> None:
    call, family = town.opened(), town.family()
    pupil = family.persons.order_by("birth_date").last()
    assert pupil is not None
    assert_problem(town.apply(call, family, guardian=str(pupil.pk)), 422, "bad_study_aid_application", "/guardian")
    assert_problem(town.apply(call, family, account_number="12"), 422, "bad_account", "/account_number")
    made = town.apply(call, family)
    assert_problem(town.apply(call, family), 409, "study_aid_applied_already")
    town.wake(call, 21)
    assert_problem(town.do(town.caseworker, "finish_checks", {"all_checked": True}), 409, "study_aid_unchecked")
    assert Caller(town.village).post(f"study-aid-applications/{made.json()['id']}/withdraw/").status_code == 200
    town.do(town.caseworker, "finish_checks", {"all_checked": True})
    assert Instance.objects.get(process__key="study_aid").outcome == "nobody_aided"


def test_may_comes_and_a_renewal_is_known(town: Town) -> None:
    family = town.family()
    may = datetime(2027, 5, 1, 5, tzinfo=timezone.get_default_timezone())
    assert [beginnings.begin_due(day) for day in (may - timedelta(days=1), may, may)] == [0, 1, 0]
    assert beginnings.begin_due(may.replace(year=2028, month=9)) == 0
    before, call = StudyAidCall.objects.get(), town.opened()
    StudyAidCall.objects.filter(pk=before.pk).update(school_year=call.school_year - 1)
    made = StudyAidApplication.objects.get(pk=town.apply(call, family).json()["id"])
    StudyAidApplication.objects.filter(pk=made.pk).update(call=before, state="paid")
    assert town.apply(call, family).json()["renews"] == str(made.pk)


def test_the_schools_proof_opens_by_the_own_office_or_a_ticket(town: Town) -> None:
    """D32: outside the own office a child's paper opens by a ticket only, and each look is a row and an event."""
    made = town.apply(town.opened(), town.family()).json()
    address, why = f"study-aid-applications/{made['id']}/reveal/", {"reason": "核对证明真伪"}
    assert Caller(town.caseworker).post(address, why).json() == {"school_proof": PROOF}
    assert_problem(Caller(town.caseworker).post(address, {"reason": ""}), 400, "invalid", "/reason")
    auditor = Caller(town.auditor)
    assert_problem(auditor.post(address, why), 403, "ticket_needed")
    asked = {"family": made["family"], "subject": "minor", "purpose": "audit", "reason": "抽查助学", "hours": 2}
    ticket = auditor.post("access-tickets/", asked).json()
    assert_problem(auditor.post(address, why), 403, "ticket_pending")
    assert town.do(town.supervisor, "decide_access", {"decision": "grant", "hours": 2}).status_code == 200
    assert auditor.post(address, why).json() == {"school_proof": PROOF}
    seen = Event.objects.filter(action="study_aid.proof_seen").latest("seq")
    assert (seen.reason, seen.data["ticket"]) == ("核对证明真伪", ticket["number"])
    assert [use.field for use in AccessUse.objects.all()] == ["school_proof"]
    assert_problem(Caller(town.county).post(address, why), 403, "not_allowed")
