"""A month at a glance: the numbers of the address's unit and month, and where they lead."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.cases.models import Case
from backend.org.codes import load_codes
from backend.reporting.months import Month
from tests import factories
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db
THIS = Month.of(timezone.localdate())
LAST = Month.of(THIS.first - timedelta(days=1))


@kept
def case() -> Case:
    load_codes()
    factories.village("120114122202")
    return factories.case(factories.family(), opened_at=timezone.now() - timedelta(days=90))


def test_a_running_month_leads_to_what_its_numbers_count(case: Case) -> None:
    said = text(visitor(factories.user(role="supervisor")).get("/month/"))
    village = factories.village()
    assert "This month is not over" in said
    assert "Month after" not in said
    assert f'href="/families/?unit={village.pk}"' in said
    assert f'href="/cases/?unit={village.pk}"' in said
    assert f'href="?unit={village.pk}&amp;month={THIS}"' in said
    assert 'id="chart"' in said
    assert "nothing here tells of a person" in said
    assert case.family.label not in said


def test_a_month_that_is_over_and_its_neighbours(case: Case) -> None:
    village = factories.village()
    here = visitor(factories.user(role="auditor"))
    said = text(here.get("/month/", {"unit": str(village.pk), "month": str(LAST)}))
    before = Month.of(LAST.first - timedelta(days=1))
    assert f'href="?unit={village.pk}&amp;month={before}" rel="prev"' in said
    assert f'href="?unit={village.pk}&amp;month={THIS}" rel="next"' in said
    assert "/families/?unit=" not in said  # the lists tell today
    assert f'href="?month={LAST}"' in said
    assert "后蒲棒村" not in said


def test_a_month_that_there_is_not(case: Case) -> None:
    here = visitor(factories.user(role="supervisor"))
    for wrong in ("2026-13", f"{THIS.next_first:%Y-%m}"):
        answer = here.get("/month/", {"month": wrong})
        assert answer.status_code == 400
        assert "Name a month" in answer.content.decode()
    assert here.get("/month/", {"unit": str(factories.town(factories.OTHER_TOWN).pk)}).status_code == 404


def test_who_is_led_there(case: Case) -> None:
    for role in ("supervisor", "auditor", "caseworker"):
        assert 'href="/month/"' in text(visitor(factories.user(role=role)).get("/month/"))
    for role in ("village", "helper", "liaison", "sysadmin"):
        assert visitor(factories.user(role=role)).get("/month/").status_code == 403


def test_in_chinese_every_heading_is_chinese(case: Case) -> None:
    said = text(visitor(factories.user(role="supervisor"), "zh-hans").get("/month/"))
    assert f"{THIS.first.year}年{THIS.first.month}月" in said
    for heading in ("在册户", "待结对", "探访率%", "超24小时", "按时办结", "合计", "指标说明"):
        assert heading in said


def test_as_many_statements_for_any_number_of_villages(case: Case) -> None:
    here = visitor(factories.user(role="supervisor"))
    before = statements(here, "/month/")
    for number in range(203, 208):
        factories.case(factories.family(unit=factories.village(f"120114122{number}")))
    assert statements(here, "/month/") == before
