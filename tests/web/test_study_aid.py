"""Pages of study aid: begun, applied for, checked by another person, objected to."""

from __future__ import annotations

import pytest
from django.utils import timezone

from backend.org.parameters import set_parameter
from tests import factories
from tests.api.test_study_aid import CHILD, PROOF, Town
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@kept
def town() -> Town:
    return Town()


def test_an_application_is_taken_in_and_checked_by_another_person(town: Town) -> None:
    call, family = town.opened(), town.family()
    client, address = visitor(town.village), f"/study-aid/{call.pk}/"
    assert f"{address}apply/" in text(client.get(address))
    asked = client.post(f"{address}apply/", {"family": str(family.pk)})["Location"]
    guardian, pupil = family.persons.order_by("birth_date")
    said = {
        "pupil": str(pupil.pk), "guardian": str(pupil.pk), "level": "junior", "school": "大黄堡镇中学",
        "school_proof": "校证7号", "paid_to": "guardian", "payee_label": guardian.name,
        "account_number": "622700001234567",
    }  # fmt: skip
    refused = client.post(asked, said)
    assert refused.status_code == 422
    assert "大黄堡镇中学" in refused.content.decode()
    assert client.post(asked, {**said, "guardian": str(guardian.pk)})["Location"] == address
    page = text(client.get(address))
    assert CHILD in page
    assert "622700001234567" not in page
    assert statements(client, address) <= 14
    assert CHILD not in text(visitor(town.county).get(address))
    check = page.split("/study-aid/applications/")[1].split("/")[0]
    found = {"school_confirmed": "true", "household_confirmed": "true"}
    assert client.post(f"/study-aid/applications/{check}/check/", found).status_code == 403
    assert visitor(town.colleague).post(f"/study-aid/applications/{check}/check/", found)["Location"] == address


def test_the_schools_certificate_is_shown_once_for_a_reason(town: Town) -> None:
    made = town.apply(town.opened(), town.family()).json()
    page = f"/study-aid/applications/{made['id']}/proof/"
    client = visitor(town.caseworker)
    assert page in text(client.get(f"/study-aid/{made['call']}/"))
    assert PROOF not in text(client.get(page))
    assert PROOF in text(client.post(page, {"reason": "核对证明真伪"}))
    silent = client.post(page, {"reason": " "})
    assert (silent.status_code, PROOF in silent.content.decode()) == (400, False)
    set_parameter(key="login.second_factor_roles", value=[], from_date=factories.LONG_AGO)
    auditor = visitor(town.auditor)
    refused = auditor.post(page, {"reason": "抽查助学"})
    told = refused.content.decode()
    assert (refused.status_code, PROOF in told) == (403, False)
    assert "抽查助学" in told
    asking = f"/access-tickets/new/?family={made['family']}"
    assert asking in told
    assert auditor.get(asking).status_code == 200
    nosy = visitor(town.village).post(page, {"reason": "好奇"})
    assert (nosy.status_code, PROOF in nosy.content.decode()) == (403, False)
    assert visitor(factories.user("nobody")).get(page).status_code == 403


def test_a_list_is_objected_to(town: Town) -> None:
    call = town.published(town.family())
    client, address = visitor(town.village), f"/study-aid/{call.pk}/"
    assert call.seed in text(client.get(address))
    assert client.post(f"{address}objection/", {"text": "这家不困难"})["Location"] == address
    assert client.post(f"{address}objection/", {"text": "又"}).status_code == 409
    assert "这家不困难" not in text(client.get(address))


def test_begun_by_hand_once(town: Town) -> None:
    client = visitor(town.caseworker)
    said = {"unit": str(town.unit.pk), "school_year": str(timezone.localdate().year)}
    assert "/study-aid/" in client.post("/study-aid/new/", said)["Location"]
    assert client.post("/study-aid/new/", said).status_code == 409
    assert "Study aid" in text(client.get("/study-aid/"))
    assert visitor(town.village).get("/study-aid/new/").status_code == 403
