"""Overview pages: the same numbers as the inbox, links to exactly the items counted, heat maps of the processes."""

import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from backend.org.codes import load_codes
from tests import factories
from tests.api.caller import Caller, results
from tests.kept import kept
from tests.web.visitor import statements, text, visitor
from tests.workflows.stage import Stage
from workflows import services

pytestmark = pytest.mark.django_db
NOW = timezone.now()
ROW = re.compile(r'data-open="(\d+)" data-overdue="(\d+)" data-link="([^"]+)"')


@kept
def stage() -> Stage:
    load_codes()
    made = Stage()
    made.start(NOW - timedelta(days=30))
    made.note(now=NOW - timedelta(days=20))
    other = factories.case(factories.family(unit=factories.village("120114122202"), label="李四"))
    services.start(process="errand", case=other, actor=factories.actor(), now=NOW)
    return made


@pytest.fixture
def here(stage: Stage) -> Client:
    return visitor(stage.supervisor)


def test_each_row_leads_to_exactly_its_items(here: Client, stage: Stage) -> None:
    inbox = Caller(stage.supervisor)
    rows = ROW.findall(text(here.get("/overview/")))
    assert len(rows) >= 4
    for total, overdue, link in rows:
        query = dict(parse_qsl(urlsplit(link.replace("&amp;", "&")).query))
        counted = int(overdue) or int(total)
        assert len(results(inbox.get("work-items/", **query))) == counted, link


def test_it_is_narrowed_by_village(here: Client, stage: Stage) -> None:
    said = text(here.get("/overview/", {"village": str(factories.village().pk)}))
    table = said.split('id="table-village"')[1].split("</table>")[0]
    assert "赵庄村" in table
    assert "后蒲棒村" not in table
    assert here.get("/overview/", {"village": "nowhere"}).status_code == 400


def test_the_heat_of_a_process(here: Client, stage: Stage) -> None:
    said = text(here.get("/overview/errand/"))
    assert '"node": "take_note"' in said
    assert f'<th scope="row" class="fw-normal">{stage.item("take_note").title_en}' in said
    assert here.get("/overview/nothing/").status_code == 404


def test_who_reads_no_work_stays_outside(stage: Stage) -> None:
    for role in ("sysadmin", "secadmin", "auditadmin", "helper"):
        elsewhere = visitor(factories.user(role=role))
        assert elsewhere.get("/overview/").status_code == 403
        assert elsewhere.get("/overview/errand/").status_code == 403
    assert ROW.findall(text(visitor(stage.stranger).get("/overview/"))) == []


def test_as_many_statements_for_any_number_of_items(here: Client, stage: Stage) -> None:
    before = statements(here, "/overview/"), statements(here, "/overview/errand/")
    for place in range(4):
        there = factories.village(f"1201141222{10 + place}")
        case = factories.case(factories.family(unit=there, label=f"户{place}"))
        services.start(process="errand", case=case, actor=factories.actor(), now=NOW)
    assert (statements(here, "/overview/"), statements(here, "/overview/errand/")) == before
    assert max(before) <= 18
