"""Assessment by targets (P15): agreed by two, drawn by a stranger, called back by another, checked elsewhere."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from backend.assessment import checks, figures, rules
from backend.assessment.models import Assessment, Evidence, MonthlyFigure, row_of
from backend.audit.models import Event
from backend.inspection.models import SampleRow
from backend.inspection.samples import draw_again, look_at
from backend.org.access import SYSTEM
from backend.org.codes import load_codes
from backend.org.models import Deputy, Membership, User
from backend.org.parameters import load_parameters
from backend.reporting.months import Month
from backend.visits.models import Visit
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.steps.office import deploy_shipped
from tests.web.visitor import text, visitor
from workflows import assessments, services

pytestmark = pytest.mark.django_db

COUNTY = "120114000000"
CLEAN = {"note": "抽查属实", "falsified": False, "misused": False, "report_missed": False}
LAST_MONTH = Month.of(Month.of(timezone.localdate()).first - timedelta(days=1))


class County:
    """A county that assesses a township, and another township that checks it."""

    def __init__(self) -> None:
        load_codes()
        load_parameters()
        deploy_shipped(timezone.now())
        self.unit = factories.region(COUNTY)
        self.town = factories.town()
        self.other = factories.town("120114123000")
        self.county = factories.user("county", role="county", unit=self.unit)
        self.county2 = factories.user("county2", role="county", unit=self.unit)
        self.head = factories.user("head", role="head", unit=self.town)
        self.leading = factories.user("leading", role="leading_group", unit=self.town)
        self.checker = factories.user("checker", role="leading_group", unit=self.other)
        self.auditor = factories.user("auditor", role="auditor", unit=self.unit)
        self.auditor2 = factories.user("auditor2", role="auditor", unit=self.unit)
        self.visitor = factories.user("visitor", role="caseworker")
        self.case = factories.case(factories.family(created_at=timezone.now() - timedelta(days=60)))
        self.visit = self._visit()
        self.year = timezone.localdate().year

    def _visit(self) -> Visit:
        """One of last month, made by the caseworker."""
        day = LAST_MONTH.first + timedelta(days=3)
        at = timezone.make_aware(datetime.combine(day, time(10)))
        return factories.visit(
            factories.pairing(self.case, factories.helper()), state="done", planned_for=day, started_at=at,
            due_at=at + timedelta(days=1), recorded_at=at, recorded_by=self.visitor,
        )  # fmt: skip

    def begin(self) -> Assessment:
        said = {"unit": str(self.town.pk), "year": self.year}
        response = Caller(self.county).post("assessments/", said)
        assert response.status_code == 201, response.content
        return Assessment.objects.get(pk=response.json()["id"])

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        item = next(iter(results(Caller(user).get("work-items/", doable="true", step=step))))
        return Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})

    def done(self, user: User, step: str, **answers: Any) -> None:
        response = self.do(user, step, answers)
        assert response.status_code == 200, response.content

    def pass_until(self, row: Assessment, key: str) -> None:
        assert row.instance_id is not None
        day = rules.date_of(key, path=self.town.path, year=self.year, day=timezone.localdate())
        ahead = max(1, (day - timezone.localdate()).days + 2)
        services.wake(instance_id=row.instance_id, now=timezone.now() + timedelta(days=ahead))

    def signed(self) -> Assessment:
        row = self.begin()
        self.done(self.county, "draw_up_agreement", targets_checked=True)
        self.done(self.head, "sign_agreement", signature="sign")
        self.pass_until(row, "inspect_from")
        return row

    def sampled(self) -> Assessment:
        row = self.signed()
        self.done(self.auditor, "draw_samples", visits=5, files=5)
        row.refresh_from_db()
        return row

    def call(self, row: Assessment, by: User, **said: Any) -> Any:
        body = {"place": 1, "answer": "confirmed", "satisfied": True, **said}
        return Caller(by).post(f"assessments/{row.pk}/call-back/", body)

    def inspected(self, **found: Any) -> Assessment:
        row = self.sampled()
        assert self.call(row, self.auditor).status_code == 200
        assert row.files_sample is not None
        for each in row.files_sample.rows.all():
            look_at(row=each, note="", actor=factories.actor(self.auditor), now=timezone.now())
        self.done(self.auditor, "inspect_unit", **{**CLEAN, **found})
        self.pass_until(row, "score_from")
        row.refresh_from_db()
        return row

    def handed_in(self, **found: Any) -> Assessment:
        row = self.inspected(**found)
        for line in row.lines.all():
            checks.self_score(
                assessment=row_of(row.pk), indicator=line.indicator, points=Decimal(line.weight), note="",
                actor=factories.actor(self.leading), now=timezone.now(),
            )  # fmt: skip
        self.done(self.leading, "score_self", statement="按计划完成")
        row.refresh_from_db()
        return row

    def checked(self, **found: Any) -> Assessment:
        row = self.handed_in(**found)
        self.done(self.checker, "cross_check", opinion="属实", no_interest=True)
        row.refresh_from_db()
        return row


@kept
def county() -> County:
    return County()


def test_a_year_from_agreement_to_archive(county: County) -> None:
    """P15, G5: begun, agreed, inspected, scored, checked elsewhere, signed by a third, told, archived."""
    row = county.checked()
    assert row.checker == county.other
    assert row.state == "deciding"
    shown = Caller(county.head).get(f"assessments/{row.pk}/").json()
    visits = next(line for line in shown["lines"] if line["indicator"] == "visit_rate")
    assert (visits["hidden"], visits["value"], visits["points"]) == (True, None, "10.00")  # one visit tells of a family
    assert (shown["calls"], shown["visits_sample"]) == ([], None)
    assert row.score is not None
    county.done(county.county, "decide_result", decision="as_calculated")
    county.done(county.head, "answer_result", reply="accept")
    row.refresh_from_db()
    assert row.state == "archived"
    assert row.result in {"excellent", "pass", "fail"}
    assert Event.objects.filter(object_id=row.pk, action="assessment.scored").get().data["tables"] != [""]


def test_once_a_year_and_townships_only(county: County) -> None:
    county.begin()
    again = Caller(county.county).post("assessments/", {"unit": str(county.town.pk), "year": county.year})
    assert_problem(again, 409, "assessed_already")
    own = Caller(county.county).post("assessments/", {"unit": str(county.unit.pk), "year": county.year})
    assert_problem(own, 422, "not_a_township")


def test_targets_until_drawn_up_and_never_for_what_families_may_refuse(county: County) -> None:
    """Finding 7: no weight for pairings; S5: a number as target; weights add up to 100."""
    row, caller = county.begin(), Caller(county.county)
    path = f"assessments/{row.pk}/targets/"
    refused = caller.post(path, {"indicator": "consented_pairs", "target": "100", "weight": 10})
    assert_problem(refused, 422, "bad_line")
    told = caller.post(path, {"indicator": "preconception_checks", "target": "320", "weight": 5})
    assert told.status_code == 200
    assert_problem(county.do(county.county, "draw_up_agreement", {"targets_checked": True}), 409, "weights")
    assert caller.post(path, {"indicator": "satisfaction", "target": "90", "weight": 5}).status_code == 200
    county.done(county.county, "draw_up_agreement", targets_checked=True)
    assert_problem(
        caller.post(path, {"indicator": "satisfaction", "target": "1", "weight": 5}), 409, "agreement_signed"
    )
    county.done(county.head, "sign_agreement", signature="return", reason="过高")
    assert caller.post(path, {"indicator": "satisfaction", "target": "85", "weight": 5}).status_code == 200


def test_who_is_sampled_draws_no_sample(county: County) -> None:
    """Section 3.0: sample and be sampled; a deputy of an auditor from the township counts as the person they are."""
    county.signed()
    factories.member(county.auditor2, "caseworker", county.town)
    Membership.objects.filter(user=county.auditor2, role="auditor").delete()
    Deputy.objects.create(absent=county.auditor, deputy=county.auditor2, from_date=timezone.localdate())
    refused = county.do(county.auditor2, "draw_samples", {"visits": 5, "files": 5})
    assert_problem(refused, 403, "own_place")


def test_samples_can_be_drawn_again_and_stay_unseen(county: County) -> None:
    row = county.sampled()
    assert row.visits_sample is not None
    assert draw_again(row.visits_sample).is_same
    supervisor = factories.user("supervisor", role="supervisor")
    for user in (county.head, county.leading, supervisor):
        assert Caller(user).get(f"assessments/{row.pk}/").json()["visits_sample"] is None
        assert Caller(user).get(f"samples/{row.visits_sample_id}/").status_code in {403, 404}
    assert Caller(county.auditor).get(f"assessments/{row.pk}/").json()["visits_sample"] == str(row.visits_sample_id)


def test_a_call_back_by_somebody_else_and_once(county: County) -> None:
    row = county.sampled()
    Visit.objects.filter(pk=county.visit.pk).update(recorded_by=county.auditor)
    assert_problem(county.call(row, county.auditor), 403, "same_caller")
    assert_problem(county.call(row, factories.deputy(county.auditor)), 403, "same_caller")
    with pytest.raises(IntegrityError), transaction.atomic():
        row.call_backs.create(
            row=SampleRow.objects.get(sample=row.visits_sample_id), answer="confirmed", called_label="",
            recorded_by_id=county.auditor.pk, called_by=county.auditor,
        )  # fmt: skip
    assert county.call(row, county.auditor2, answer="declined").status_code == 200
    assert row.call_backs.get().satisfied is None  # E5: who would rather not say counts for nothing
    assert_problem(county.call(row, county.auditor2), 409, "called_back_already")


def test_nothing_drawn_is_left_out(county: County) -> None:
    county.sampled()
    assert_problem(county.do(county.auditor, "inspect_unit", CLEAN), 409, "rows_left")


def test_evidence_is_kept_encrypted_with_its_digest(county: County) -> None:
    row, file = county.inspected(), b"photocopy"
    path = f"assessments/{row.pk}/evidence/"

    def send(by: User, data: bytes = file) -> Any:
        body = {"indicator": "visit_rate", "file": SimpleUploadedFile("证明.pdf", data)}
        return Caller(by).http.post(f"/api/{path}", body, format="multipart")

    sent = send(county.leading)
    assert sent.status_code == 201, sent.content
    kept = Evidence.objects.get()
    assert file not in bytes(kept.content)
    assert sent.json()["digest"] == kept.digest
    assert_problem(send(county.leading), 409, "sent_already")
    assert send(county.head).status_code == 403
    opened = Caller(county.auditor).get(f"assessment-evidence/{kept.pk}/")
    assert opened.content == file
    assert Event.objects.filter(action="assessment.evidence_opened").count() == 1
    assert Caller(county.head).get(f"assessment-evidence/{kept.pk}/").status_code == 403
    assert_problem(county.do(county.leading, "score_self", {"statement": "好"}), 409, "lines_left")


def test_another_township_checks_and_only_then(county: County) -> None:
    """Cross-check by another township, never the own; whoever scored does not check."""
    row = county.handed_in()
    assert Caller(county.checker).get(f"assessments/{row.pk}/").status_code == 200
    assert_problem(
        Caller(county.checker).post(
            f"assessments/{row.pk}/check/", {"indicator": "visit_rate", "points": "99", "note": "多"}
        ),
        422,
        "bad_points",
    )
    changed = {"indicator": "visit_rate", "points": "3", "note": "两次无记录"}
    assert Caller(county.leading).post(f"assessments/{row.pk}/check/", changed).status_code in {403, 409}
    assert Caller(county.checker).post(f"assessments/{row.pk}/check/", changed).status_code == 200
    county.done(county.checker, "cross_check", opinion="两处不符", no_interest=True)
    assert Caller(county.checker).get(f"assessments/{row.pk}/").status_code == 404
    row.refresh_from_db()
    with pytest.raises(IntegrityError), transaction.atomic():
        Assessment.objects.filter(pk=row.pk).update(checked_by=row.self_scored_by)
    with pytest.raises(IntegrityError), transaction.atomic():
        Assessment.objects.filter(pk=row.pk).update(checker=row.unit)


def test_a_veto_is_advice_until_somebody_confirms_it(county: County) -> None:
    """D30, G19: proven falsification; a named person says whether it holds."""
    row = county.checked(falsified=True)
    assert (row.veto_reasons, row.is_vetoed) == (["falsified"], False)
    county.done(county.auditor, "confirm_veto", veto_holds="yes", reason="查无其事")
    county.done(county.county, "decide_result", decision="as_calculated")
    row.refresh_from_db()
    assert (row.result, row.veto_confirmed_by) == ("veto", county.auditor)
    with pytest.raises(IntegrityError), transaction.atomic():
        Assessment.objects.filter(pk=row.pk).update(veto_confirmed_by=None)


def test_another_score_needs_two_signatures_and_an_appeal_a_third_person(county: County) -> None:
    row = county.checked()
    county.done(county.county, "decide_result", decision="as_calculated")
    county.done(county.head, "answer_result", reply="appeal", text="漏算")
    county.done(county.auditor, "decide_appeal", appeal="upheld", answer="确有漏算")
    county.done(county.county2, "decide_result", decision="override", score=97, reason="补算")
    row.refresh_from_db()
    assert (row.state, row.second_by) == ("deciding", None)
    county.done(county.auditor, "sign_second", second="agree", reason="无误")
    row.refresh_from_db()
    assert (row.result, row.override, row.state) == ("excellent", Decimal("97.00"), "told")
    with pytest.raises(IntegrityError), transaction.atomic():
        Assessment.objects.filter(pk=row.pk).update(second_by=row.decided_by)
    with pytest.raises(IntegrityError), transaction.atomic():
        Assessment.objects.filter(pk=row.pk).update(appeal_decided_by=row.decided_by)
    assert row.appeal_until is not None
    assert "漏算" not in str(list(Event.objects.filter(object_id=row.pk).values_list("data", flat=True)))


def test_a_reported_month_stays_and_is_only_supplemented(county: County) -> None:
    assert figures.freeze(unit=county.town, month=LAST_MONTH, actor=SYSTEM, now=timezone.now()) > 0
    assert figures.freeze(unit=county.town, month=LAST_MONTH, actor=SYSTEM, now=timezone.now()) == 0
    Visit.objects.filter(pk=county.visit.pk).update(state="not_met")
    args: dict[str, Any] = {"unit": county.town, "month": LAST_MONTH, "actor": SYSTEM, "now": timezone.now()}
    assert figures.supplement(reason="补录", **args) == 1
    with pytest.raises(figures.NothingChanged):
        figures.supplement(reason="再补", **args)
    told = figures.latest(county.town, LAST_MONTH)["visit_rate"]
    assert (told[0], told[1].hits, told[1].of) == (1, 0, 1)
    with pytest.raises(DatabaseError), transaction.atomic():
        MonthlyFigure.objects.filter(supplement=0).update(hits=9)


def test_a_supplement_says_who_why_and_what_was_told_before(county: County) -> None:
    year, caller = LAST_MONTH.first.year, Caller(county.county)
    body = {"unit": str(county.town.pk), "month": LAST_MONTH.first.isoformat(), "reason": "补录走访"}
    assert_problem(caller.post("indicators/supplements/", body), 409, "figures_not_reported")
    figures.freeze(unit=county.town, month=LAST_MONTH, actor=SYSTEM, now=timezone.now())
    assert_problem(caller.post("indicators/supplements/", body), 409, "figures_unchanged")
    assert_problem(caller.post("indicators/supplements/", {**body, "reason": ""}), 400, "invalid", "/reason")
    assert Caller(county.head).post("indicators/supplements/", body).status_code == 403
    Visit.objects.filter(pk=county.visit.pk).update(state="not_met")
    told = caller.post("indicators/supplements/", body)
    assert told.status_code == 201, told.content
    query: dict[str, Any] = {"unit": str(county.town.pk), "year": year}
    supervisor = factories.user(role="supervisor")
    [row] = Caller(supervisor).get("indicators/supplements/", **query).json()["supplements"]
    assert (row["indicator"], row["number"], row["reason"]) == ("visit_rate", 1, "补录走访")
    assert row["by"].startswith(county.county.name)
    assert (row["before"]["hits"], row["now"]["hits"]) == (1, 0)
    [hidden] = told.json()["supplements"]
    assert hidden["before"]["hidden"], "the county may not open the cases: one visit would tell of a family"
    event = Event.objects.get(action="figures.supplemented")
    assert (event.reason, event.data["number"]) == ("补录走访", 1)
    assert "补录走访" in text(visitor(supervisor).get("/indicators/supplements/", query))
    sent = visitor(county.county).post(f"/indicators/supplements/?unit={county.town.pk}", {**body, "key": "s-1"})
    assert sent.status_code == 409, "nothing has changed since"
    bad = Caller(supervisor).get("indicators/supplements/", **{**query, "year": "x"})
    assert_problem(bad, 400, "invalid")


def test_a_year_begins_by_itself_where_somebody_could_sign(county: County) -> None:
    january = timezone.make_aware(datetime.combine(date(county.year, 1, 6), time(5)))
    assert assessments.turn(january) == 1
    assert assessments.turn(january) == 0
    row = Assessment.objects.get()
    assert (row.unit, row.year) == (county.town, county.year)
    assert isinstance(row.instance_id, UUID)
