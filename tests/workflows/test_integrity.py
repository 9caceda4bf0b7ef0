"""What should never be is found: one of each, and nothing where all is well."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from backend.helpers.models import Absence
from backend.org.models import Deputy, User
from tests import factories
from tests.kept import kept
from tests.workflows.stage import Stage
from workflows import services
from workflows.integrity import found
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def numbers() -> dict[str, int]:
    return {code: rows.count() for code, rows in found(NOW).items() if rows.exists()}


@kept
def stage() -> Stage:
    made = Stage()
    made.start(NOW)
    return made


def test_where_all_is_well_nothing_is_found(stage: Stage) -> None:
    assert numbers() == {}
    told = StringIO()
    call_command("check_integrity", stdout=told)
    assert told.getvalue().count("\n0 ") == 6


def test_an_item_of_a_closed_account(stage: Stage) -> None:
    services.claim(item=stage.item("take_note"), user=stage.village, now=NOW)
    User.objects.filter(pk=stage.village.pk).update(is_active=False)
    assert numbers() == {"items_of_closed_accounts": 1}
    with pytest.raises(CommandError, match="1 faults"):
        call_command("check_integrity", stdout=StringIO())


def test_an_item_of_who_works_nowhere_any_more(stage: Stage) -> None:
    services.claim(item=stage.item("take_note"), user=stage.village, now=NOW)
    stage.village.memberships.update(to_date=timezone.localdate(NOW))
    assert numbers() == {"items_of_people_who_left": 1}


def test_an_item_between_two_who_are_away(stage: Stage) -> None:
    services.claim(item=stage.item("take_note"), user=stage.village, now=NOW)
    today = timezone.localdate(NOW)
    Deputy.objects.create(absent=stage.village, deputy=stage.caseworker, from_date=today, reason="病假")
    assert numbers() == {}
    Deputy.objects.create(absent=stage.caseworker, deputy=stage.colleague, from_date=today, reason="病假")
    assert numbers() == {"items_between_two_absent": 1}
    Deputy.objects.create(absent=stage.village, deputy=stage.supervisor, from_date=today, reason="病假")
    assert numbers() == {}


def test_an_item_whose_post_is_vacant(stage: Stage) -> None:
    stage.village.memberships.update(to_date=timezone.localdate(NOW))
    assert numbers() == {"items_nobody_may_do": 1}


def test_an_item_of_which_everybody_has_to_stand_aside(stage: Stage) -> None:
    WorkItem.objects.filter(pk=stage.item("take_note").pk).update(excluded=[str(stage.village.pk)])
    assert numbers() == {"items_nobody_may_do": 1}
    factories.user("second", role="village", unit=stage.village.memberships.get().unit)
    assert numbers() == {}


def test_a_case_that_waits_for_nothing(stage: Stage) -> None:
    factories.case(factories.family(label="李四"))
    assert numbers() == {"cases_without_work": 1}


def test_a_timer_that_did_not_fire(stage: Stage) -> None:
    Instance.objects.update(wake_at=NOW - timedelta(hours=2))
    assert numbers() == {"timers_overdue": 1}


@pytest.mark.parametrize("why", ["away", "suspended", "ended"])
def test_a_visit_for_somebody_who_is_not_there(stage: Stage, why: str) -> None:
    helper = factories.helper(status="active" if why == "away" else why)
    factories.visit(factories.pairing(stage.case, helper), opens_at=NOW - timedelta(days=1))
    if why == "away":
        Absence.objects.create(helper=helper, from_date=timezone.localdate(NOW), reason="exams")
    assert numbers() == {"visits_of_absent_helpers": 1}
