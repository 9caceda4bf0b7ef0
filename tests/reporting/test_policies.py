"""The 26 policies of the four projects (G18): each dated, with its department, met somewhere; what landed of each."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from backend.ops.coverage import rows
from backend.org import codes
from backend.org.codes import load_codes
from backend.payments.models import Payable
from backend.reporting.policies import LIST, PROJECTS
from backend.services.models import Entry
from tests import factories
from tests.api.caller import Caller
from tests.funds.bank import paid_by_bank
from tests.payments.owing import owed
from tests.web.visitor import text, visitor

pytestmark = pytest.mark.django_db


def test_26_policies_each_dated_and_met_somewhere() -> None:
    load_codes()
    shipped = codes.entries(LIST)
    assert len(shipped) == 26
    assert set(Counter(entry.data["project"] for entry in shipped.values())) == set(PROJECTS)
    documents = {row.number for row in rows()}
    services = set(Entry.objects.values_list("code", flat=True))
    for code, entry in shipped.items():
        data = entry.data
        assert date(2000, 1, 1) < date.fromisoformat(data["since"]) < timezone.localdate(), code
        assert data["basis"], code
        assert data["department"] in codes.entries("department"), code
        assert (settings.BPMN_FOLDER / data["process"] / f"{data['process']}.bpmn").is_file(), code
        assert not data.get("service") or not services or data["service"] in services, code
        subsidies = codes.entries("subsidy_kind").keys() | codes.entries("payment_programme").keys()
        assert not data.get("kind") or data["kind"] in subsidies, code
        assert set(data["rows"]) <= documents, code


def test_what_landed_of_each() -> None:
    load_codes()
    now = timezone.now()
    due = [
        owed(now, programme="special_support", period=f"2026-0{number + 1}", unit=factories.town())
        for number in range(5)
    ]
    paid_by_bank(due, now)
    owed(now, programme="special_support", period="2026-06", unit=factories.town())
    owed(now, programme="tefu", unit=factories.town())
    period = f"{timezone.localdate():%Y-%m}"
    supervisor = Caller(factories.user(role="supervisor"))
    told = {row["code"]: row for row in supervisor.get("indicators/policies/", period=period).json()}
    assert len(told) == 26
    landed = told["special_support"]["landed"]
    assert (landed["hits"], landed["of"], landed["value"]) == (5, 6, 83.3)
    assert told["reward_support"]["landed"]["value"] is None
    assert told["reward_support"]["process"] == "subsidy_application"
    shown = text(visitor(factories.user(role="supervisor")).get(reverse("web:policies"), {"period": period}))
    assert "26 policies" in shown
    assert "5 / 6" in shown


def test_small_numbers_of_a_policy_are_kept_back() -> None:
    load_codes()
    last = timezone.localdate().replace(day=1) - timedelta(days=2)
    row = owed(timezone.now(), programme="special_support", unit=factories.town())
    Payable.objects.filter(pk=row.pk).update(due_on=last)
    head = Caller(factories.user(role="head"))
    told = {row["code"]: row for row in head.get("indicators/policies/").json()}
    assert told["special_support"]["landed"] == {"hits": None, "of": None, "value": None, "hidden": True}
    assert not told["reward_support"]["landed"]["hidden"], "nothing tells of nobody"
    assert head.get("indicators/policies/", period=f"{timezone.localdate():%Y-%m}").status_code == 400
