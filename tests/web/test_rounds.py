"""The pages of a reconciliation: open a round, report on a telephone, compare, look through what differs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend.helpers.models import Difference, ReportLine, Round
from backend.org.parameters import set_parameter
from tests import factories
from tests.api.reconciling import Township
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@kept
def town() -> Township:
    return Township()


def test_a_round_is_opened_and_the_form_keeps_what_was_typed(town: Township) -> None:
    client = visitor(town.supervisor)
    assert "No round has been opened yet." in text(client.get("/rounds/"))
    assert "Last day" in text(client.get("/rounds/new/"))
    wrong = {"unit": str(factories.town().pk), "from_date": "2026-04-15", "to_date": "2026-03-01"}
    refused = client.post("/rounds/new/", wrong)
    assert refused.status_code == 422
    assert "A round ends on or after its first day" in refused.content.decode()
    assert 'value="2026-03-01"' in refused.content.decode()
    opened = client.post("/rounds/new/", {**wrong, "from_date": "2026-03-01", "to_date": "2026-04-15"})
    assert opened.status_code == 302
    assert "大黄堡镇 2026" in text(client.get(opened["Location"]))


def test_a_village_reports_and_the_office_finds_the_difference(town: Township) -> None:
    spell = town.pair("停了户")
    round = town.opened()
    client = visitor(town.village)
    assert f"/rounds/{round.pk}/families/" in text(client.get("/rounds/"))
    page = f"/rounds/{round.pk}/families/"
    assert "停了户" in text(client.get(page))
    said = {
        "family": str(spell.family_id), "spell": str(spell.pk), f"reality-{spell.pk}": "interrupted",
        f"since-{spell.pk}": "", "other-name": "隔壁老刘", "other-number": "", "other-kind": "", "other-since": "",
        "note": "年前就不来了",
    }  # fmt: skip
    refused = client.post(page, {**said, "other-number": "NO-1"})
    assert refused.status_code == 422
    assert 'value="隔壁老刘"' in refused.content.decode()
    assert "No helper has this number" in refused.content.decode()
    assert client.post(page, said).status_code == 302
    assert ReportLine.objects.count() == 2
    assert "Every family here has been reported." in text(client.get(page))
    assert "年前就不来了" in text(client.get(page, {"reported": "true"}))
    office = visitor(town.caseworker)
    assert office.post(f"/rounds/{round.pk}/", {"verb": "compare"}).status_code == 302
    assert "It is being compared" in text(office.get(f"/rounds/{round.pk}/"))
    Round.objects.filter(pk=round.pk).update(state="open", runs=0)
    town.compare(round)
    listed = text(office.get("/differences/", {"round": str(round.pk)}))
    assert "another one helps" in listed
    assert f'<option value="{spell.family.unit_id}">赵庄村' in listed
    nothing = office.get("/differences/", {"unit": str(factories.village("120114122202").pk)})
    assert "No difference." in text(nothing)
    assert "隔壁老刘" in listed
    assert "/work-items/" in listed
    assert "another one helps" in text(office.get(f"/rounds/{round.pk}/"))
    [found] = town.differences()
    assert "Who is reported" in text(office.get(f"/work-items/{found['work_item']}/"))


def test_one_without_a_case_is_settled_on_the_list(town: Township) -> None:
    spell = town.pair("", case=factories.case(factories.family(label="无案户"), state="closed"))
    round = town.opened()
    town.survey(spell, "interrupted")
    town.compare(round)
    client = visitor(town.caseworker)
    assert "No case is under way" in text(client.get("/differences/", {"without_case": "true"}))
    found = Difference.objects.get()
    assert client.post("/differences/", {"difference": str(found.pk), "note": "另行建档"}).status_code == 302
    again = client.post("/differences/", {"difference": str(found.pk), "note": "x"})
    assert again.status_code == 409
    auditor = text(visitor(town.auditor).get("/differences/"))
    assert "无案户" in auditor


def test_a_closed_round_is_read_only(town: Township) -> None:
    spell = town.pair("一户")
    round = town.opened()
    client = visitor(town.supervisor)
    refused = client.post(f"/rounds/{round.pk}/", {"verb": "close"})
    assert refused.status_code == 409
    town.compare(round)
    assert client.post(f"/rounds/{round.pk}/", {"verb": "close"}).status_code == 302
    assert "Compare again" not in text(client.get(f"/rounds/{round.pk}/"))
    village = visitor(town.village)
    page = f"/rounds/{round.pk}/families/"
    assert "<fieldset" not in text(village.get(page))
    late = village.post(page, {"family": str(spell.family_id), "spell": str(spell.pk), f"reality-{spell.pk}": "never"})
    assert late.status_code == 409


def test_who_may_not(town: Township) -> None:
    round = town.opened()
    assert 'aria-label="Pairing"' in text(visitor(town.supervisor).get("/rounds/"))
    assert 'aria-label="Pairing"' not in text(visitor(town.village).get("/rounds/"))
    village, auditor = visitor(town.village), visitor(town.auditor)
    assert village.get("/rounds/new/").status_code == 403
    assert village.get("/differences/").status_code == 403
    assert village.get(f"/rounds/{round.pk}/workbook.xlsx").status_code == 403
    assert auditor.get(f"/rounds/{round.pk}/families/").status_code == 403
    assert "Compare" not in text(auditor.get(f"/rounds/{round.pk}/")).replace("Compared", "")
    stranger = visitor(factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert stranger.get(f"/rounds/{round.pk}/").status_code == 404
    assert stranger.get(f"/rounds/{round.pk}/families/").status_code == 404


def test_pages_take_the_same_statements_for_one_family_and_for_many(town: Township) -> None:
    round = town.opened()

    def some(number: int) -> None:
        for each in range(number):
            spell = town.pair(f"户{number}-{each}")
            said: list[Any] = [{"pairing": str(spell.pk), "reality": "interrupted"}]
            town.report(round, spell.case, spells=said)

    pages = {
        f"/rounds/{round.pk}/": town.caseworker,
        f"/rounds/{round.pk}/families/?reported=true": town.village,
        f"/differences/?round={round.pk}": town.caseworker,
    }
    some(1)
    town.compare(round)
    before = {page: statements(visitor(user), page) for page, user in pages.items()}
    some(5)
    town.compare(round)
    assert {page: statements(visitor(user), page) for page, user in pages.items()} == before
    assert max(before.values()) <= 20


def test_the_day_is_near(town: Township) -> None:
    near = town.today + timedelta(days=20)
    set_parameter(key="reconciliation.day", value=f"{near:%m-%d}", from_date=factories.LONG_AGO)
    said = text(visitor(town.supervisor).get("/rounds/"))
    assert "No round is open yet." in said
    assert "No round is open yet." in text(visitor(town.supervisor).get("/"))
    assert "to be reconciled" not in text(visitor(town.village).get("/rounds/"))
