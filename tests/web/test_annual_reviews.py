"""Pages of yearly reviews, exits and recoveries: found, filled in, refused, closed to whoever has no part in them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.subsidies.models import Exit, Recovery
from tests import factories
from tests.kept import kept
from tests.subsidies.paid import Township, entitled
from tests.web.visitor import text, visitor
from workflows import annual_reviews

pytestmark = pytest.mark.django_db


@kept
def town() -> Township:
    return Township(timezone.now())


def test_a_village_checks_its_people(town: Township) -> None:
    entitled(town.person)
    today = timezone.localdate()
    review = annual_reviews.start_review(
        unit=factories.village(), closes_on=today, actor=factories.actor(town.caseworker), now=timezone.now()
    )
    client, address = visitor(town.village), f"/annual-reviews/{review.pk}/"
    assert address in text(client.get("/annual-reviews/"))
    assert town.person.name in text(client.get(address))
    check = review.checks.get()
    said = {"check": str(check.pk), "method": "statement", "checked_on": today.isoformat()}
    refused = client.post(address, said)
    assert refused.status_code == 422
    assert 'id="refused"' in refused.content.decode()
    assert client.post(address, {**said, "document": "公证第8号"}).status_code == 302
    assert "公证第8号" in text(client.get(address))
    assert visitor(town.finance).get(address).status_code == 403
    assert "/annual-reviews/" not in text(visitor(town.finance).get("/"))


def test_a_change_is_reported_and_its_exit_read(town: Township) -> None:
    row = entitled(town.person)
    client, today = visitor(town.village), timezone.localdate()
    said = {"entitlement": row.number, "reason": "moved_out", "happened_on": (today + timedelta(days=1)).isoformat()}
    assert client.post("/subsidy-exits/new/", said).status_code == 422
    done = client.post("/subsidy-exits/new/", {**said, "happened_on": today.isoformat()})
    made = Exit.objects.get()
    assert done["Location"] == f"/subsidy-exits/{made.pk}/"
    assert made.number in text(client.get("/subsidy-exits/"))
    assert town.person.name in text(visitor(town.county).get(f"/subsidy-exits/{made.pk}/"))
    assert client.post(f"/subsidy-exits/{made.pk}/", {"text": "不同意"}).status_code == 409
    assert visitor(town.county).get("/subsidy-exits/new/").status_code == 403


def test_a_recovery_shows_its_figures(town: Township) -> None:
    row = entitled(town.person)
    made = Exit.objects.create(
        number="TC-9", entitlement=row, unit=factories.village(), source="report", reason="moved_out",
        happened_on=timezone.localdate(), reported_label="村专干",
    )  # fmt: skip
    recovery = Recovery.objects.create(
        number="ZH-9", exit=made, unit=factories.village(), amount="590.00", months={"2026-01": "590.00"}
    )
    client = visitor(town.finance)
    assert "ZH-9" in text(client.get("/recoveries/"))
    assert "590.00" in text(client.get(f"/recoveries/{recovery.pk}/"))
    assert visitor(town.village).post(f"/recoveries/{recovery.pk}/", {"text": "不对"}).status_code == 409
    assert visitor(factories.user("helper", role="helper")).get("/recoveries/").status_code == 403
