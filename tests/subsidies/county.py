"""A county at work on applications: one person for each power, a couple who apply, and the days that go by."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from backend.cases.models import Person
from backend.org.codes import load_codes
from backend.org.models import User
from backend.subsidies.models import Application
from backend.subsidies.shipped import load_standards
from tests import factories
from tests.api.caller import Caller, results
from tests.steps.office import Office
from workflows import services

VILLAGE_FOUND = {
    "home_checked_on": "2026-01-05", "participants": 7, "recused": 1, "votes_for": 6, "votes_against": 1,
    "agrees": "yes", "opinion": "入户看过，情况属实",
}  # fmt: skip
TOWN_FOUND = {"no_conflict": True, "agrees": "yes", "opinion": "材料一致"}
COUNTY_FOUND = {
    "no_conflict": True, "cross_checks": ["registry", "death"], "determination": "not_needed", "agrees": "yes",
    "opinion": "比对一致",
}  # fmt: skip
DEAD = {"state": "dead", "ever": 1, "living": 0, "certificate": "死亡证明 12 号", "certificate_on": "2015-06-01"}


class County:
    """People of every desk, and 孙桂兰 with her husband in 赵庄村 (where the township doubles)."""

    def __init__(self) -> None:
        load_codes()
        load_standards()
        self.office = Office(timezone.now())
        self.village, self.caseworker, self.supervisor = (
            self.office.village, self.office.caseworker, self.office.supervisor,
        )  # fmt: skip
        place, county = factories.village(), factories.region("120114000000")
        self.committee = factories.user("committee", role="committee", unit=place, name="赵评议")
        self.county = factories.user("county", role="county", unit=county, name="钱审核")
        self.auditor = factories.user("auditor", role="auditor", unit=county)
        wife = {"name": "孙桂兰", "sex": "2", "birth_date": date(1960, 5, 1), "is_head": True}
        husband = {"name": "李大山", "sex": "1", "birth_date": date(1958, 3, 1), "relation": "10"}
        self.family = factories.family(members=[wife, husband], hukou_kind="farm")
        self.wife: Person = self.family.persons.get(sex="2")
        self.husband: Person = self.family.persons.get(sex="1")

    def post(self, by: User | None = None, *, children: dict[str, Any] | None = None, **changes: Any) -> Any:
        said = {
            "kind": "special_support", "family": str(self.family.pk), "person": str(self.wife.pk),
            "spouse": str(self.husband.pk), "channel": "proxy", "assisted_by": "邻居", "account": "6222 0000 1111 2222",
            "declared_on": timezone.localdate().isoformat(), "papers": ["form", "identity"],
            "children": {**DEAD, **(children or {})}, **changes,
        }  # fmt: skip
        return Caller(by or self.village).post("subsidy-applications/", said)

    def applied(self, **changes: Any) -> Application:
        response = self.post(**changes)
        assert response.status_code == 201, response.content
        return Application.objects.get(pk=response.json()["id"])

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        item = next(iter(results(Caller(user).get("work-items/", doable="true", step=step))))
        return Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})

    def done(self, user: User, step: str, answers: dict[str, Any]) -> None:
        response = self.do(user, step, answers)
        assert response.status_code == 200, response.content

    def pass_days(self, row: Application, days: int = 8) -> None:
        assert row.instance_id is not None
        services.wake(instance_id=row.instance_id, now=timezone.now() + timedelta(days=days))

    def before_village(self, **changes: Any) -> Application:
        row = self.applied(**changes)
        self.done(self.caseworker, "check_materials", {"materials": "complete"})
        return row

    def before_county(self, **changes: Any) -> Application:
        row = self.before_village(**changes)
        self.done(self.committee, "village_review", VILLAGE_FOUND)
        self.pass_days(row)
        self.done(self.supervisor, "township_review", TOWN_FOUND)
        self.pass_days(row)
        return row

    def before_decision(self, determination: str = "not_needed", **changes: Any) -> Application:
        row = self.before_county(**changes)
        self.done(self.county, "county_review", {**COUNTY_FOUND, "determination": determination})
        self.pass_days(row)
        row.refresh_from_db()
        return row
