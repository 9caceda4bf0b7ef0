"""The catalogue (P05): a unit sets an entry anew from a day on; nothing that was in force is ever changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.services.models import Entry, PlanItem
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.services.planning import Planning

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@kept
def office() -> Planning:
    return Planning()


def version(office: Planning, **changes: Any) -> dict[str, Any]:
    """The family doctor by another department from tomorrow on."""
    return {
        "code": "family_doctor", "kind": "item", "name": "家庭医生", "name_en": "Family doctor", "need": "health",
        "measure": "papers", "frequency": "yearly", "department": "disabled", "days": 10, "shares": ["name"],
        "unit": str(factories.town().pk), "from_date": (TODAY + timedelta(days=1)).isoformat(),
        "source": "镇办〔2026〕3号", **changes,
    }  # fmt: skip


def duty(caller: Caller, day: Any) -> str:
    """Whose duty the family doctor is on that day."""
    rows = caller.get("service-catalogue/offered/", unit=str(factories.town().pk), day=day.isoformat()).json()
    return str(next(row["department"] for row in rows if row["code"] == "family_doctor"))


def test_from_its_day_on_and_never_before(office: Planning) -> None:
    caller, tomorrow = Caller(office.supervisor), TODAY + timedelta(days=1)
    shipped = Entry.objects.filter(code="family_doctor").values().get()
    office.run("family_doctor")
    made = caller.post("service-catalogue/", version(office))
    assert made.status_code == 201, made.content
    assert made.json()["unit"]["name"] == factories.town().name
    assert (duty(caller, TODAY), duty(caller, tomorrow)) == ("culture_health", "disabled")
    assert Entry.objects.filter(code="family_doctor", path="").values().get() == shipped
    assert PlanItem.objects.get().entry.pk == shipped["id"]
    told = Event.objects.get(action="catalogue.changed")
    assert (told.reason, told.data["unit_name"]) == ("镇办〔2026〕3号", factories.town().name)
    assert_problem(caller.post("service-catalogue/", version(office)), 409, "version_exists")
    past = version(office, from_date=(TODAY - timedelta(days=1)).isoformat())
    assert_problem(caller.post("service-catalogue/", past), 422, "version_past", "/from_date")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "card"),
        ("department", "navy"),
        ("measure", "kisses"),
        ("shares", ["diagnosis"]),
        ("contents", [{"entry": "escort", "quantity": 1}]),
        ("months", 3),
    ],
)
def test_what_does_not_fit(office: Planning, field: str, value: Any) -> None:
    response = Caller(office.supervisor).post("service-catalogue/", version(office, **{field: value}))
    assert_problem(response, 422, "bad_entry", f"/{field}")


def test_a_package_holds_services_that_are_offered(office: Planning) -> None:
    caller = Caller(office.supervisor)
    said = version(
        office, code="package_winter", kind="package", name="冬季服务包", name_en="Winter package", department="",
        shares=[], need="", measure="", printed_name="便民服务包", contents=[{"entry": "escort", "quantity": 2}],
    )  # fmt: skip
    for wrong in ([], [{"entry": "gold", "quantity": 1}], [{"entry": "package_moss", "quantity": 1}]):
        response = caller.post("service-catalogue/", {**said, "contents": wrong})
        assert_problem(response, 422, "bad_entry", "/contents")
    assert_problem(caller.post("service-catalogue/", {**said, "printed_name": ""}), 422, "bad_entry", "/printed_name")
    assert caller.post("service-catalogue/", said).status_code == 201
    assert Event.objects.filter(action="catalogue.added").count() == 1


def test_ended_the_wider_area_holds_again(office: Planning) -> None:
    caller, tomorrow = Caller(office.supervisor), TODAY + timedelta(days=1)
    pk = caller.post("service-catalogue/", version(office)).json()["id"]
    said = {"to_date": (tomorrow + timedelta(days=30)).isoformat(), "reason": "试点结束"}
    early = {**said, "to_date": TODAY.isoformat()}
    assert_problem(caller.post(f"service-catalogue/{pk}/end/", early), 422, "version_past", "/to_date")
    assert caller.post(f"service-catalogue/{pk}/end/", said).status_code == 200
    assert duty(caller, tomorrow + timedelta(days=29)) == "disabled"
    assert duty(caller, tomorrow + timedelta(days=30)) == "culture_health"
    assert_problem(caller.post(f"service-catalogue/{pk}/end/", said), 409, "not_offered")


def test_only_for_one_s_own_area(office: Planning) -> None:
    """Neither what is set for everywhere, nor another township, nor by whoever composes the plans."""
    caller, shipped = Caller(office.supervisor), Entry.objects.get(code="family_doctor")
    said = {"to_date": TODAY.isoformat(), "reason": "不用了"}
    assert_problem(caller.post(f"service-catalogue/{shipped.pk}/end/", said), 403, "not_allowed")
    other = factories.town(factories.OTHER_TOWN)
    strange = caller.post("service-catalogue/", version(office, unit=str(other.pk)))
    assert strange.status_code in {400, 403}
    assert Caller(office.caseworker).post("service-catalogue/", version(office)).status_code == 403
