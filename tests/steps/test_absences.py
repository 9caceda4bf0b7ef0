"""Absences on the real diagram: while the helper is away visits go to whoever is there, afterwards to the helper."""

from datetime import date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.audit.models import Event
from backend.cases.models import Case, Family
from backend.helpers.absences import CannotStandIn
from backend.helpers.models import Absence, Helper, Pairing, StandIn
from backend.helpers.stand_ins import visitor_on
from backend.org.access import SYSTEM
from backend.org.models import User
from backend.visits.cadence import LOCAL
from backend.visits.models import Visit
from tests import factories
from tests.kept import kept
from tests.steps.office import Care
from tests.steps.test_care import until_due
from workflows import absences
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db


@kept
def office() -> Care:
    return Care()


def comrade(office: Care, **fields: object) -> tuple[Helper, User]:
    """Another volunteer of the township with an account."""
    user = factories.user("comrade", role="helper", name="钱师傅")
    return factories.helper(user=user, name="钱师傅", max_families=2, **fields), user  # type: ignore[arg-type]


def away(office: Care, helper: Helper, begin: date, end: date | None, **more: object) -> Absence:
    actor = factories.actor(office.caseworker)
    return absences.record_absence(
        helper=helper,
        from_date=begin,
        to_date=end,
        reason="exams",
        actor=actor,
        now=office.now,
        **more,  # type: ignore[arg-type]
    )


def open_item(case: Case) -> WorkItem:
    return WorkItem.objects.get(case=case, state="open")


def sees(user: User, case: Case) -> list[int]:
    """How many families, cases and pairings of the case the user sees."""
    fresh = User.objects.get(pk=user.pk)
    seen = (Family.objects.visible_to(fresh), Case.objects.visible_to(fresh), Pairing.objects.visible_to(fresh))
    return [rows.count() for rows in seen]


def test_a_plan_falls_to_the_stand_in_and_its_item_opens_there(office: Care) -> None:
    case, pairing = office.case, office.pairing  # opens on 25 March, is due on 1 April
    helper, user = comrade(office)
    away(office, pairing.helper, date(2026, 3, 20), date(2026, 4, 10), stand_in=helper, agreed=True)
    assert Visit.objects.get().helper == helper
    until_due(office, case)
    assert (open_item(case).assignee, open_item(case).role) == (user, "helper")
    office.do(case, "record_visit", user, office.visited())
    assert Visit.objects.get(state="done").recorded_by == user
    assert Visit.objects.get(state="planned").helper == pairing.helper  # the next one is after the exams


def test_without_a_stand_in_the_village_worker_goes(office: Care) -> None:
    case, pairing = office.case, office.pairing
    away(office, pairing.helper, date(2026, 3, 20), None)
    assert Visit.objects.get().helper is None
    timer = office.next_timer(case)
    assert timer is not None
    office.go_to(timer)
    assert office.waiting(case) == ["visit_instead"]
    told = Event.objects.filter(case_id=case.pk).values_list("action", flat=True)
    assert {"stand_in.village", "visit.left_to_village"} <= set(told)


def test_an_open_item_goes_along_and_comes_back(office: Care, monkeypatch: pytest.MonkeyPatch) -> None:
    case, pairing = office.case, office.pairing
    until_due(office, case)  # 25 March
    row = away(office, pairing.helper, office.today, date(2026, 3, 28))
    item = open_item(case)
    assert (item.role, item.assignee, item.unit) == ("village", None, factories.village())
    helper, user = comrade(office)
    actor = factories.actor(office.caseworker)
    absences.choose_stand_in(absence=row, pairing=pairing, helper=helper, agreed=True, actor=actor, now=office.now)
    assert (open_item(case).role, open_item(case).assignee) == ("helper", user)
    office.go_to(datetime(2026, 3, 28, 0, 5, tzinfo=LOCAL))
    assert absences.turn(office.now) == 1
    assert open_item(case).assignee == office.volunteer
    assert absences.turn(office.now) == 0


def test_withdrawn_it_is_as_it_was(office: Care) -> None:
    case, pairing = office.case, office.pairing
    until_due(office, case)
    helper, _user = comrade(office)
    row = away(office, pairing.helper, office.today, None, stand_in=helper, agreed=True)
    absences.withdraw_absence(absence=row, reason="误填", actor=SYSTEM, now=office.now)
    assert open_item(case).assignee == office.volunteer
    assert not StandIn.objects.lasting().exists()


def test_the_stand_in_sees_the_family_on_these_days_only(office: Care, monkeypatch: pytest.MonkeyPatch) -> None:
    case, pairing = office.case, office.pairing
    helper, user = comrade(office)
    away(office, pairing.helper, date(2026, 3, 10), date(2026, 3, 12), stand_in=helper, agreed=True)
    seen = {}
    for day in (9, 10, 11, 12):
        monkeypatch.setattr("django.utils.timezone.localdate", lambda *_given, day=day: date(2026, 3, day))
        seen[day] = sees(user, case)
    assert seen == {9: [0, 0, 0], 10: [1, 1, 1], 11: [1, 1, 1], 12: [0, 0, 0]}


def test_moved_to_other_days_plans_go_along(office: Care) -> None:
    pairing = office.pairing
    helper, _user = comrade(office)
    row = away(office, pairing.helper, date(2026, 3, 20), date(2026, 4, 10), stand_in=helper, agreed=True)
    actor = factories.actor(office.caseworker)
    moved = absences.change_absence(
        absence=row, from_date=date(2026, 5, 1), to_date=date(2026, 5, 9), actor=actor, now=office.now
    )
    assert Visit.objects.get().helper == pairing.helper
    kept = StandIn.objects.lasting().get()
    assert (kept.helper, kept.from_date, kept.to_date) == (helper, moved.from_date, moved.to_date)


def test_a_stand_in_who_goes_away_too_leaves_it_to_the_village(office: Care) -> None:
    case, pairing = office.case, office.pairing
    until_due(office, case)
    helper, _user = comrade(office)
    away(office, pairing.helper, office.today, None, stand_in=helper, agreed=True)
    away(office, helper, office.today, None)
    assert (open_item(case).role, Visit.objects.get().helper) == ("village", None)


spans = st.tuples(st.integers(0, 30), st.integers(1, 20), st.booleans())


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spans=st.lists(spans, max_size=4), stand_in_away=st.lists(spans, max_size=2), opens=st.integers(0, 45))
def test_whatever_is_due_somebody_is_there(
    spans: list[tuple[int, int, bool]], stand_in_away: list[tuple[int, int, bool]], opens: int
) -> None:
    """On every day the visit belongs to somebody who is neither away nor a stranger that day, or to the village."""
    now, today = datetime(2026, 3, 2, 1, tzinfo=LOCAL), factories.TODAY

    class Undo(Exception):
        pass

    try:
        with transaction.atomic():
            pairing = factories.pairing()
            other = factories.helper(max_families=5)
            begin = datetime.combine(today + timedelta(days=opens), datetime.min.time(), tzinfo=LOCAL)
            visit = factories.visit(pairing, opens_at=begin, due_at=begin + timedelta(days=8))
            for helper, rows in ((other, stand_in_away), (pairing.helper, spans)):
                last = today
                for gap, length, with_other in sorted(rows):
                    first = last + timedelta(days=gap)
                    last = first + timedelta(days=length)
                    wanted = other if with_other and helper != other else None
                    try:
                        with transaction.atomic():
                            record(helper, first, last, wanted, now)
                    except CannotStandIn:
                        record(helper, first, last, None, now)
            for day in days_that_count(today, opens):
                absences.turn(now + (day - today))
                visit.refresh_from_db()
                at = max(day, today + timedelta(days=opens))
                assert visit.helper == visitor_on(pairing, at)
                if visit.helper is not None:
                    assert not Absence.objects.on(at).filter(helper=visit.helper).exists()
                    stood = StandIn.objects.on(at).filter(pairing=pairing, helper=visit.helper).exists()
                    assert stood or visit.helper == pairing.helper
                if Absence.objects.on(at).filter(helper=pairing.helper).exists():
                    assert visit.helper != pairing.helper
            raise Undo
    except Undo:
        pass


def days_that_count(today: date, opens: int) -> list[date]:
    """Where something can change: the days on which an absence begins or ends, those before, and the visit's."""
    bounds = {day for pair in Absence.objects.values_list("from_date", "to_date") for day in pair if day}
    found = {*bounds, *(day - timedelta(days=1) for day in bounds), today, today + timedelta(days=opens)}
    return sorted(day for day in found if day >= today)


def record(helper: Helper, first: date, last: date, wanted: Helper | None, now: datetime) -> None:
    absences.record_absence(
        helper=helper, from_date=first, to_date=last, reason="duty", actor=SYSTEM, now=now, stand_in=wanted,
        agreed=wanted is not None,
    )  # fmt: skip
