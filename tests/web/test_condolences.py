"""Pages of festival condolence: a campaign with its villages and goods, a village's list recorded at the door; the
calendar."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from backend.benefits.models import Condolence, Gift
from tests import factories
from tests.api.test_condolences import GOODS, Township
from tests.kept import kept
from tests.web.visitor import statements, text, visitor
from workflows.deaths import record_death

pytestmark = pytest.mark.django_db


@kept
def town() -> Township:
    return Township()


def families_of(row: Condolence, town: Township) -> str:
    return f"/condolences/{row.pk}/families/?unit={town.place.pk}&show=listed"


def test_a_village_records_its_gifts_at_the_door(town: Township) -> None:
    """One by one, and all others at once from the paper sheet; quiet families are told apart."""
    row = town.under_way()
    client, address = visitor(town.village), families_of(row, town)
    assert f"/condolences/{row.pk}/" in text(client.get("/condolences/"))
    assert address.split("&")[0] in text(client.get(f"/condolences/{row.pk}/"))
    shown = text(client.get(address))
    assert all(each in shown for each in ("孙家", "no drums, no cameras", "no photographs", "not on", "by telephone"))
    assert "郑家" not in shown  # refuses
    gifts = {gift.family.label: gift for gift in Gift.objects.listed().select_related("family")}
    typed: dict[str, Any] = {"verb": "record", "gift": [str(gift.pk) for gift in gifts.values()], "rest": "paper"}
    typed |= {"day": timezone.localdate().isoformat()}
    away, proxy = gifts["吴家"].pk, gifts["李家"].pk
    typed |= {f"result-{away}": "undelivered", f"reason-{away}": "away"}
    wrong = {f"result-{proxy}": "delivered", f"received_by-{proxy}": "proxy", f"receipt-{proxy}": "signature"}
    refused = client.post(address, {**typed, **wrong})
    assert refused.status_code == 422
    assert 'id="refused"' in refused.content.decode()
    assert client.post(address, {**typed, **wrong, f"proxy-{proxy}": "邻居老刘"}).status_code == 302
    states = dict(Gift.objects.listed().values_list("family__label", "state"))
    assert states == {"孙家": "delivered", "李家": "delivered", "周家": "delivered", "吴家": "undelivered"}
    assert "paper sign sheet" in text(client.get(address.replace("listed", "delivered")))
    assert statements(client, address) <= 14


def test_the_office_prepares_and_changes_the_list(town: Township) -> None:
    row = town.locked()
    client, page = visitor(town.caseworker), f"/condolences/{row.pk}/"
    lot = {"verb": "lot", "item": GOODS[0], "number": "L1", "quantity": "10", "expires_on": "2020-01-01"}
    assert client.post(page, lot).status_code == 422
    assert client.post(page, {**lot, "expires_on": "2099-01-01"}).status_code == 302
    assert client.post(page, {"verb": "visits"}).status_code == 302
    shown = text(client.get(page))
    assert all(each in shown for each in ("L1", GOODS[1], town.place.name, "1,300.00"))
    assert "does not want visits" in text(client.get(f"{page}families/?show=left_out"))
    add = f"{page}add/"
    assert f"family={town.ordinary.pk}" in text(client.get(add, {"q": "冯家"}))
    where = f"{add}?family={town.ordinary.pk}"
    assert client.post(where, {"group": "elder", "reason": ""}).status_code == 400
    assert client.post(where, {"group": "elder", "reason": "刚刚守寡"}).status_code == 302
    gift = Gift.objects.get(family=town.ordinary)
    pending = f"{page}families/?show=pending"
    assert client.post(pending, {"verb": "agree", "gift": str(gift.pk)}).status_code == 403
    supervisor = visitor(town.supervisor)
    assert "刚刚守寡" in text(supervisor.get(pending))
    assert supervisor.post(pending, {"verb": "agree", "gift": str(gift.pk)}).status_code == 302
    gift.refresh_from_db()
    assert (gift.exclusion, gift.pending) == ("", "")


def test_who_goes_to_which_families_and_the_paper_for_the_way(town: Township) -> None:
    """E12: one name for many families at once, and a sign sheet that is recorded afterwards."""
    row = town.under_way()
    client, address = visitor(town.caseworker), families_of(row, town)
    poor, quiet = town.gift(town.poor), town.gift(town.bereaved)
    said = {"verb": "visitor", "chosen": [str(poor.pk), str(quiet.pk)], "visitor": ""}
    refused = client.post(address, said)
    assert refused.status_code == 400
    assert f'value="{poor.pk}" aria-label="{town.poor.label}" checked' in refused.content.decode()
    assert client.post(address, {**said, "visitor": "王镇长"}).status_code == 302
    assert list(Gift.objects.filter(visitor="王镇长").values_list("family__label", flat=True)) != []
    assert "王镇长" in text(client.get(address))
    assert 'name="chosen"' not in text(visitor(town.village).get(address))
    sheet = f"/condolences/{row.pk}/sheet/?unit={town.place.pk}"
    paper = text(visitor(town.village).get(sheet))
    assert all(each in paper for each in ("孙家", "no drums, no cameras", "王镇长", "Signature or thumbprint"))
    assert "郑家" not in paper  # refuses
    assert statements(client, sheet) <= 10
    Condolence.objects.update(state="closed")
    assert client.post(address, {**said, "visitor": "王镇长"}).status_code == 409


def test_no_sheet_bears_the_name_of_the_dead(town: Township) -> None:
    """E2: printed after a death it names who is left, and says that the visit is a quiet one."""
    row = town.under_way()
    factories.person(town.poor, name="李秀英", relation="12")
    died = town.poor.persons.get(is_head=True)
    record_death(person=died, died_on=timezone.localdate(), actor=factories.actor(), now=timezone.now())
    paper = text(visitor(town.village).get(f"/condolences/{row.pk}/sheet/?unit={town.place.pk}"))
    assert died.name not in paper
    [line] = [each for each in paper.split("<tr>") if "李秀英" in each]
    assert "no drums, no cameras" in line


def test_one_is_begun_by_hand(town: Township) -> None:
    client = visitor(town.caseworker)
    form = text(client.get("/condolences/new/"))
    assert "Dragon Boat Festival" in form
    typed = {"unit": str(town.town.pk), "festival": f"spring_festival {town.festival_on}"}
    made = client.post("/condolences/new/", typed)
    assert made.status_code == 302
    assert "being planned" in text(client.get(made["Location"]))
    assert client.post("/condolences/new/", typed).status_code == 409


def test_the_calendar_tells_the_year(town: Township) -> None:
    client = visitor(town.village)
    shown = text(client.get("/calendar/", {"year": "2031"}))
    assert all(each in shown for each in ("2031-10", "10-01", "Mid-Autumn Festival", "04-15", "A school year begins"))
    refused = client.get("/calendar/", {"year": "x"})
    assert (refused.status_code, 'id="refused"' in refused.content.decode()) == (400, True)


def test_for_whom(town: Township) -> None:
    row = town.locked()
    village = visitor(town.village)
    assert village.get("/condolences/new/").status_code == 403
    assert village.get(f"/condolences/{row.pk}/add/").status_code == 403
    assert village.post(f"/condolences/{row.pk}/", {"verb": "visits"}).status_code == 403
