"""Health services (P08): voluntary, one person at a time, results stay away, no list of names whatever one asks."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.models import Case, Person
from backend.core.small_numbers import told
from backend.health.models import HealthConsent, HealthCount, HealthService
from backend.health.rota import villages_invited
from backend.org import parameters
from backend.org.codes import load_codes
from backend.org.models import Unit, User
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.steps.office import Office
from workflows import services
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db

NAME = "欧阳小满"
AGREED = {"consent": "agreed", "items": ["keep", "hospital", "company"], "given_by": "self", "proof": "signature"}
GRANTED = {"decision": "grant", "told": True}
CAME = {"attended": True, "returned": True, "follow_up": False}


class Town:
    """A family with a wife, the office, a designated hospital and another partner unit with their liaisons."""

    def __init__(self) -> None:
        load_codes()
        self.office = Office(timezone.now())
        self.caseworker, self.village = self.office.caseworker, self.office.village
        self.supervisor = self.office.supervisor
        self.hospital = factories.partner("YY-01", "镇卫生院", sort="hospital")
        self.liaison = factories.user("hospital", role="liaison", unit=self.hospital, name="卫生院联络员")
        self.soldiers = factories.user("soldiers", role="liaison", unit=factories.partner(), name="部队联络员")
        self.auditor = factories.user("auditor", role="auditor", unit=factories.town(), name="刘科")
        self.case: Case = factories.case(
            factories.family(members=[{"name": "户主", "is_head": True}, {"name": NAME, "relation": "10", "sex": "2"}])
        )
        self.person = Person.objects.get(name=NAME)

    def post(self, kind: str = "pre_conception", by: User | None = None, **asked: Any) -> Any:
        body = {"person": str(self.person.pk), "kind": kind, "residence_months": 30, "planning": True, **asked}
        body.setdefault("hospital", str(self.hospital.pk))
        return Caller(by or self.village).post("health-services/", body)

    def asked(self, kind: str = "pre_conception", **asked: Any) -> HealthService:
        response = self.post(kind, **asked)
        assert response.status_code == 201, response.content
        return HealthService.objects.get(number=response.json()["number"])

    def item(self, user: User, step: str) -> WorkItem:
        return WorkItem.objects.doable_by(user).get(step=step)

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        return Caller(user).post(f"work-items/{self.item(user, step).pk}/complete/", {"answers": answers})

    def done(self, user: User, step: str, answers: dict[str, Any]) -> None:
        response = self.do(user, step, answers)
        assert response.status_code == 200, response.content

    def granted(self, kind: str = "pre_conception", **asked: Any) -> HealthService:
        row = self.asked(kind, **asked)
        self.done(self.caseworker, "explain_and_ask", {**AGREED, "given_on": timezone.localdate().isoformat()})
        self.done(self.caseworker, "confirm_eligibility", GRANTED)
        row.refresh_from_db()
        return row

    def appointed(self, row: HealthService) -> None:
        """A time in three days, which then lies behind."""
        moment = timezone.now() + timedelta(days=3)
        self.done(self.liaison, "agree_appointment", {"appointment_at": moment.isoformat()})
        HealthService.objects.filter(pk=row.pk).update(appointment_at=timezone.now() - timedelta(hours=1))

    def form(self, user: User, step: str) -> dict[str, Any]:
        item = WorkItem.objects.get(step=step, state="open")
        response = Caller(user).get(f"work-items/{item.pk}/form/")
        assert response.status_code == 200, response.content
        found: dict[str, Any] = response.json()
        return found


@kept
def town() -> Town:
    return Town()


def test_from_the_village_to_the_hospital_and_back(town: Town) -> None:
    """W12: asked for, explained, agreed to, decided, vouched for, a time, attended; its use is a bare number."""
    row = town.granted()
    assert (row.voucher, row.decided_label) == ("check", "陈姐")
    assert row.expires_at is not None
    assert timezone.localdate(row.expires_at) == timezone.localdate() + timedelta(days=180)
    item = town.item(town.liaison, "agree_appointment")
    assert timezone.localdate(item.due_at) == timezone.localdate() + timedelta(days=15)
    town.appointed(row)
    town.done(town.liaison, "report_attendance", CAME)
    row.refresh_from_db()
    assert (row.attended, row.returned, row.follow_up, row.outcome) == (True, True, False, "attended")
    assert Instance.objects.get(process__key="health_service").outcome == "attended"
    [count] = HealthCount.objects.all()
    assert (count.what, count.number, count.site.name) == ("pre_conception", 1, "大黄堡镇")
    consent = HealthConsent.objects.get()
    assert (consent.items, consent.given_by) == (["company", "hospital", "keep"], "self")
    [shown] = results(Caller(town.caseworker).get("health-services/", person=str(town.person.pk)))
    assert (shown["number"], shown["kind"], shown["outcome"]) == (row.number, "pre_conception", "attended")


def test_the_hospital_is_told_a_number_and_what_to_arrange_and_can_write_no_result(town: Town) -> None:
    row = town.granted()
    form = town.form(town.liaison, "agree_appointment")
    assert {fact["name"] for fact in form["told"]} == {"health_number", "health_kind", "health_valid_until"}
    assert row.number in str(form["told"])
    caller = Caller(town.liaison)
    [item] = results(caller.get("work-items/", q=row.number))
    assert (item["case"], item["family"]) == ({"id": None, "number": row.number}, None)
    pages = [caller.get(path).content.decode() for path in ("work-items/", "persons/", "families/", "events/")]
    pages.append(caller.get(f"work-items/{item['id']}/course/").content.decode())
    assert not [page for page in [*pages, str(form)] if NAME in page or str(town.person.pk) in page]
    town.appointed(row)
    fields = town.form(town.liaison, "report_attendance")["schema"]["properties"]
    assert {field["type"] for field in fields.values()} == {"boolean"}
    wrong = town.do(town.liaison, "report_attendance", {**CAME, "note": "结果异常"})
    assert_problem(wrong, 422, "bad_answers")
    assert not [field.name for field in HealthService._meta.get_fields() if "result" in field.name]
    assert Caller(town.soldiers).get(f"work-items/{item['id']}/").status_code == 404


def test_nobody_came_another_time_and_follow_up(town: Town) -> None:
    row = town.granted()
    town.appointed(row)
    town.done(town.liaison, "report_attendance", {"attended": False})
    town.appointed(row)
    town.done(town.liaison, "report_attendance", {"attended": True, "returned": False})
    town.done(town.liaison, "report_return", {"returned": True, "follow_up": True})
    town.done(town.caseworker, "offer_counselling", {"counselling": "done"})
    row.refresh_from_db()
    assert (row.counselling, row.outcome) == ("done", "attended")
    assert HealthCount.objects.get().number == 1


def test_attendance_is_not_reported_before_the_appointment(town: Town) -> None:
    town.granted()
    past = {"appointment_at": (timezone.now() - timedelta(days=1)).isoformat()}
    assert_problem(town.do(town.liaison, "agree_appointment", past), 422, "wrong_day", "/answers/appointment_at")
    late = {"appointment_at": (timezone.now() + timedelta(days=200)).isoformat()}
    assert_problem(town.do(town.liaison, "agree_appointment", late), 422, "wrong_day", "/answers/appointment_at")
    moment = timezone.now() + timedelta(days=3)
    town.done(town.liaison, "agree_appointment", {"appointment_at": moment.isoformat()})
    assert_problem(town.do(town.liaison, "report_attendance", CAME), 422, "wrong_day", "/answers/attended")


def test_the_voucher_runs_out(town: Town) -> None:
    row = town.granted()
    [instance] = Instance.objects.filter(process__key="health_service")
    assert row.expires_at is not None
    services.wake(instance_id=instance.pk, now=row.expires_at + timedelta(minutes=1))
    row.refresh_from_db()
    assert row.outcome == "expired"
    assert not WorkItem.objects.filter(process="health_service", state="open").exists()
    assert not HealthCount.objects.exists()


@pytest.mark.parametrize("when", ["asked", "under_way", "over"])
def test_who_declines_leaves_no_trace(town: Town, when: str) -> None:
    """No reason, no name, no kind; counted nowhere (P08) – however late; what was used before stays a bare number."""
    if when == "asked":
        row = town.asked()
        town.done(town.caseworker, "explain_and_ask", {"consent": "declined"})
    else:
        row = town.granted(company=True)
        if when == "over":
            town.appointed(row)
            town.done(town.village, "arrange_company", {"company_by": "village"})
            town.done(town.liaison, "report_attendance", CAME)
        assert Caller(town.caseworker).post(f"health-services/{row.pk}/decline/").status_code == 204
    row.refresh_from_db()
    assert (row.person_id, row.kind, row.hospital_id, row.planning, row.voucher, row.outcome) == (
        None, "", None, False, "", "declined",
    )  # fmt: skip
    assert (row.attended, row.residence_months, row.company_by) == (False, 0, "")
    assert not HealthConsent.objects.exists()
    assert not WorkItem.objects.filter(process="health_service", state="open").exists()
    assert sum(HealthCount.objects.values_list("number", flat=True)) == (1 if when == "over" else 0)
    assert results(Caller(town.caseworker).get("health-services/", person=str(town.person.pk))) == []
    again = Caller(town.caseworker).post(f"health-services/{row.pk}/decline/")
    assert_problem(again, 409, "already_forgotten")


def test_without_a_part_of_the_consent_there_is_no_service(town: Town) -> None:
    """F03: separate consent; the hospital is told nothing that was not agreed to."""
    town.asked()
    answers = {**AGREED, "given_on": timezone.localdate().isoformat()}
    for items in (["keep"], ["hospital"]):
        refused = town.do(town.caseworker, "explain_and_ask", {**answers, "items": items})
        assert_problem(refused, 422, "consent_missing", "/answers/items")
    future = {**answers, "given_on": (timezone.localdate() + timedelta(days=1)).isoformat()}
    assert_problem(town.do(town.caseworker, "explain_and_ask", future), 422, "wrong_day", "/answers/given_on")
    assert not HealthConsent.objects.exists()


def test_a_person_signs_and_says_why_it_differs_from_the_advice(town: Town) -> None:
    town.asked(residence_months=5)
    town.done(town.caseworker, "explain_and_ask", {**AGREED, "given_on": timezone.localdate().isoformat()})
    form = town.form(town.caseworker, "confirm_eligibility")
    assert form["values"] == {"decision": "not_eligible"}
    assert "has not lived here long enough" in str(form["told"])
    wrong = town.do(town.caseworker, "confirm_eligibility", GRANTED)
    assert_problem(wrong, 422, "override_reason_missing", "/answers/override_reason")
    town.done(town.caseworker, "confirm_eligibility", {**GRANTED, "override_reason": "papers_shown"})
    row = HealthService.objects.get()
    assert (row.voucher, row.override_reason) == ("check", "papers_shown")


def test_infertility_goes_by_the_green_channel_and_is_looked_at_after_six_months(town: Town) -> None:
    """J13."""
    row = town.granted("infertility")
    assert row.green == 1
    town.appointed(row)
    town.done(town.liaison, "report_attendance", CAME)
    [instance] = Instance.objects.filter(process__key="health_service")
    assert instance.wake_at is not None
    assert timezone.localdate(instance.wake_at) == timezone.localdate() + timedelta(days=182)
    services.wake(instance_id=instance.pk, now=instance.wake_at)
    town.done(town.caseworker, "review_plan", {"review": "finished", "discount": True})
    row.refresh_from_db()
    assert (row.outcome, row.discount) == ("treated", True)


def test_folic_acid_is_brought_by_the_village_worker_month_by_month(town: Town) -> None:
    """J11: by person and bottle, six times at most."""
    parameters.set_parameter(
        key="health.rules", value={**parameters.definitions()["health.rules"].value, "supply_months": 2},
        from_date=factories.LONG_AGO, path=factories.town().path,
    )  # fmt: skip
    row = town.granted("folic_acid", hospital=None)
    town.done(town.village, "hand_out", {"supply": "given", "bottles": 2})
    [instance] = Instance.objects.filter(process__key="health_service")
    assert instance.wake_at is not None
    services.wake(instance_id=instance.pk, now=instance.wake_at)
    town.done(town.village, "hand_out", {"supply": "given", "bottles": 1})
    row.refresh_from_db()
    assert (row.handed_out, row.outcome, [each.bottles for each in row.supplies.order_by("id")]) == (
        2, "treated", [2, 1],
    )  # fmt: skip
    assert HealthCount.objects.get().number == 1


def test_a_special_family_is_accompanied(town: Town) -> None:
    """2a: priority window, company; whoever keeps company learns whom and when, not why."""
    town.person.family.categories = ["bereaved"]
    town.person.family.save()
    row = town.granted("hospital_visit", company=True)
    assert (row.voucher, row.green) == ("card", 2)
    town.appointed(row)
    told_of = town.form(town.village, "arrange_company")["told"]
    assert NAME in str(told_of)
    town.done(town.village, "arrange_company", {"company_by": "volunteer"})
    town.done(town.liaison, "report_attendance", CAME)
    row.refresh_from_db()
    assert (row.company_by, row.outcome) == ("volunteer", "attended")


@pytest.mark.parametrize(
    ("kind", "wrong", "right"),
    [("child_file", {"doctor": "一队"}, {"link": "ETDA-0042"}),
     ("doctor_contract", {"doctor": "一队", "contract_from": "2026-01-01", "contract_to": "2025-01-01"},
      {"doctor": "一队", "contract_from": "2026-01-01", "contract_to": "2027-01-01"})],
)  # fmt: skip
def test_only_a_number_or_a_contracts_days_are_entered(
    town: Town, kind: str, wrong: dict[str, str], right: dict[str, str]
) -> None:
    row = town.granted(kind, hospital=None)
    assert town.do(town.caseworker, "enter_record", wrong).status_code == 422
    town.done(town.caseworker, "enter_record", right)
    row.refresh_from_db()
    assert row.outcome == "registered"
    assert row.link or row.contract_to


def test_a_hospital_of_the_area_that_answers(town: Town) -> None:
    other = factories.partner("YY-09", "外地医院", parent=factories.town(factories.OTHER_TOWN), sort="hospital")
    for hospital in (None, str(other.pk), str(factories.partner().pk)):
        assert_problem(town.post(hospital=hospital), 422, "hospital_needed", "/hospital")
    answered = Caller(town.village).get("health-services/hospitals/", person=str(town.person.pk)).json()
    assert [each["name"] for each in answered["results"]] == ["镇卫生院"]


# --- leaks


def test_there_is_no_list_of_names_whatever_one_asks(town: Town) -> None:
    """List, filters, search, counts, history, events, exports, diagram: nobody learns who asked for what."""
    row = town.granted()
    town.appointed(row)
    for user in (town.caseworker, town.supervisor, town.auditor):
        caller = Caller(user)
        items = results(caller.get("work-items/", process="health_service", state="any"))
        assert items
        assert not [item for item in items if item["family"] or (item["case"] or {}).get("id")]
        assert {item["title"] for item in items}.isdisjoint({"pre_conception", "check before a pregnancy"})
        for query in ({"q": NAME}, {"family": str(town.case.family_id)}, {"case": str(town.case.pk)}):
            assert results(caller.get("work-items/", process="health_service", state="any", **query)) == [], query
        pages = [
            caller.get(path).content.decode()
            for path in (
                "events/", f"cases/{town.case.pk}/history/", f"cases/{town.case.pk}/diagram/",
                f"families/{town.case.family_id}/history/", f"families/{town.case.family_id}/",
                f"persons/{town.person.pk}/",
            )
        ]  # fmt: skip
        for item in items:
            pages.append(caller.get(f"work-items/{item['id']}/").content.decode())
            pages.append(caller.get(f"work-items/{item['id']}/course/").content.decode())
        assert not [page for page in pages[1:] if row.number in page and NAME in page]
        assert not [page for page in pages if "pre_conception" in page]
    with ZipFile(BytesIO(Caller(town.supervisor).get(f"cases/{town.case.pk}/export/").content)) as exported:
        whole = "".join(exported.read(name).decode(errors="replace") for name in exported.namelist())
    assert row.number not in whole
    assert "health_service" not in whole


def test_history_names_no_person_and_no_service(town: Town) -> None:
    town.granted()
    Caller(town.caseworker).get("health-services/", person=str(town.person.pk))
    told_of = Event.objects.filter(action__startswith="health")
    assert {"health_service.asked", "health_service.agreed", "health_file.read"} <= set(
        told_of.values_list("action", flat=True)
    )
    names = {NAME, str(town.person.pk), str(town.case.family_id), "pre_conception", "孕"}
    about = Event.objects.filter(case_id__isnull=True, family_id__isnull=True)
    assert set(told_of) <= set(about)
    assert not [event for event in told_of if any(name in event.body for name in names)]
    items = Event.objects.filter(object_kind__in=["work_item", "instance"], data__isnull=False, case_id__isnull=True)
    assert not [event for event in items if any(name in event.body for name in names - {"pre_conception"})]
    answers = [event.data["answers"] for event in items.filter(action="work_item.completed")]
    assert answers
    assert not any(answers)


def test_one_person_at_a_time_and_reading_is_noted(town: Town) -> None:
    row = town.granted()
    caller = Caller(town.caseworker)
    assert_problem(caller.get("health-services/"), 400, "invalid", "?person")
    for name in ("kind", "unit", "q", "page_size", "family"):
        wrong = caller.get("health-services/", person=str(town.person.pk), **{name: "x"})
        assert_problem(wrong, 400, "invalid", f"?{name}")
    before = Event.objects.filter(action="health_file.read").count()
    assert caller.get(f"health-services/{row.pk}/").status_code == 200
    town.asked("child_file")
    town.form(town.caseworker, "explain_and_ask")
    assert Event.objects.filter(action="health_file.read").count() == before + 2
    stranger = factories.user(role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    assert Caller(stranger).get("health-services/", person=str(town.person.pk)).status_code == 404
    assert Caller(stranger).get(f"health-services/{row.pk}/").status_code == 404


@pytest.mark.parametrize("who", ["village", "supervisor", "auditor", "liaison"])
def test_other_roles_are_refused_and_that_is_an_event(town: Town, who: str) -> None:
    row = town.granted()
    user: User = getattr(town, who)
    for path in (f"health-services/?person={town.person.pk}", f"health-services/{row.pk}/"):
        assert_problem(Caller(user).get(path), 403, "not_allowed")
    refused = Event.objects.filter(action="health_file.refused", actor_id=user.pk)
    assert refused.count() == 2
    assert not [event for event in refused if NAME in event.body or str(town.person.pk) in event.body]


def test_who_looks_on_is_told_nothing_beside_the_form(town: Town) -> None:
    """Supervisors and auditors see that work waits and since when, not whose it is."""
    town.asked()
    for user in (town.supervisor, town.auditor):
        form = town.form(user, "explain_and_ask")
        assert (form["told"], form["facts"], form["values"]) == ([], {}, {})
    both = factories.user("both", role="supervisor", name="两头")
    factories.member(both, "caseworker", factories.town(factories.OTHER_TOWN))
    assert town.form(both, "explain_and_ask")["told"] == []
    assert NAME in str(town.form(town.caseworker, "explain_and_ask")["told"])


def test_asking_twice_tells_a_village_worker_nothing(town: Town) -> None:
    """Else anybody could find out about anybody by asking."""
    first, second = town.post(), town.post()
    assert (first.status_code, second.status_code) == (201, 201)
    assert set(first.json()) == {"number"}
    item = WorkItem.objects.filter(step="explain_and_ask").latest("id")
    told_of = Caller(town.caseworker).get(f"work-items/{item.pk}/form/").json()["told"]
    assert {"label": "Under way already", "text": "yes"}.items() <= next(
        fact for fact in told_of if fact["name"] == "health_under_way"
    ).items()


# --- anonymous counters


@pytest.mark.parametrize(
    ("sites", "total", "shown"),
    [({"甲": 5}, 5, {"甲": 5}), ({"甲": 4}, None, {"甲": None}), ({}, None, {}),
     # one small site beside a large one: the total would give it away, so the large one is kept back as well
     ({"甲": 10, "乙": 3}, 13, {"甲": None, "乙": None}),
     ({"甲": 10, "乙": 3, "丙": 6}, 19, {"甲": 10, "乙": None, "丙": None}),
     ({"甲": 10, "乙": 3, "丙": 2}, 15, {"甲": 10, "乙": None, "丙": None}),
     ({"甲": 10, "乙": 0, "丙": 1}, 11, {"甲": None, "乙": None, "丙": None}),
     ({"甲": 4, "乙": 5, "丙": 5}, 14, {"甲": None, "乙": None, "丙": None}),
     ({"甲": 2, "乙": 2}, None, {"甲": None, "乙": None}), ({"甲": 8, "乙": 7}, 15, {"甲": 8, "乙": 7})],
)  # fmt: skip
def test_no_figure_can_be_worked_out_by_subtraction(
    sites: dict[str, int], total: int | None, shown: dict[str, int | None]
) -> None:
    """E32: nothing below five, also not as the rest of what is told."""
    found = told(sites, smallest=5)
    assert (found.total, found.cells) == (total, shown)


def test_counts_are_entered_by_site_and_told_when_the_month_is_closed(town: Town) -> None:
    village, place = Caller(town.village), factories.village()
    last = timezone.localdate().replace(day=1) - timedelta(days=20)
    body = {"site": str(place.pk), "day": timezone.localdate().isoformat(), "what": "supply", "number": 6}
    assert village.post("health-counts/", body).status_code == 204
    assert village.post("health-counts/", {**body, "number": -1}).status_code == 204
    assert_problem(village.post("health-counts/", {**body, "number": -6}), 422, "bad_count", "/number")
    assert_problem(village.post("health-counts/", {**body, "what": "womens_check"}), 422, "bad_count", "/what")
    assert_problem(village.post("health-counts/", {**body, "day": "2025-01-01"}), 409, "month_closed")
    other = factories.village("120114122202")
    assert village.post("health-counts/", {**body, "site": str(other.pk)}).status_code == 400
    reader, town_unit = Caller(town.supervisor), factories.town()
    query = {"unit": str(town_unit.pk), "month": f"{timezone.localdate():%Y-%m}"}
    assert reader.get("health-counts/", **query).json()["results"] == []
    HealthCount.objects.update(month=date(last.year - 1, last.month, 1))
    shown = reader.get("health-counts/", **{**query, "month": f"{last.year - 1}-{last.month:02}"}).json()
    assert [(each["label"], each["total"]) for each in shown["results"]] == [("supplies taken", 5)]
    assert shown["results"][0]["sites"] == [{"site": place.name, "number": 5}]


def test_figures_are_asked_for_one_township_and_one_month(town: Town) -> None:
    """No sums over townships or months: the difference of two of them would tell a third."""
    reader, town_unit = Caller(town.supervisor), factories.town()
    query = {"unit": str(town_unit.pk), "month": "2026-01"}
    for name in ("from", "until", "year", "what", "site"):
        assert_problem(reader.get("health-counts/", **{**query, name: "x"}), 400, "invalid", f"?{name}")
    county = Unit.objects.get(code="120114000000")
    for unit in (county, factories.village(), factories.town(factories.OTHER_TOWN)):
        assert reader.get("health-counts/", **{**query, "unit": str(unit.pk)}).status_code in {400, 404}
    assert_problem(reader.get("health-counts/", **{**query, "month": "2126-01"}), 400, "invalid", "?month")
    assert Caller(town.village).get("health-counts/", **query).status_code == 403


def test_every_village_has_its_turn_once_in_three_years(town: Town) -> None:
    """G26: villages are invited, never women."""
    town_unit = factories.town()
    villages = [factories.village(f"1201141222{number:02}") for number in range(1, 8)]
    invited = [villages_invited(town_unit, year, every=3) for year in (2026, 2027, 2028)]
    assert sorted(unit.code for each in invited for unit in each) == sorted(unit.code for unit in villages)
