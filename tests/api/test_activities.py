"""Activities (P12): approved by somebody else, places under a lock, names with the organiser only, effect recorded."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.activities.models import Activity, HourClaim, SignUp
from backend.audit.models import Event
from backend.ledger.models import Appropriation
from backend.org.codes import load_codes
from backend.org.models import User
from backend.org.parameters import set_parameter
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.steps.office import Office
from workflows import services
from workflows.models import Instance

pytestmark = pytest.mark.django_db

RECORD = {"attended": 2, "headcount_source": "sign_in", "spent": 480, "photos": "none", "effect": "会量血压了"}
CHILD = "小杰"


class Town:
    """A township and a village where activities are held."""

    def __init__(self) -> None:
        load_codes()
        self.office = Office(timezone.now())
        self.caseworker, self.supervisor = self.office.caseworker, self.office.supervisor
        self.village = self.office.village
        self.begin = timezone.now() + timedelta(days=20)

    def post(self, by: User | None = None, **changes: Any) -> Any:
        unit = factories.village() if (by or self.caseworker) == self.village else factories.town()
        begin: datetime = changes.pop("begin", self.begin)
        plan = {
            "title": "冬季老年人保健", "kind": "lecture", "theme": "health", "unit": str(unit.pk), "groups": ["elders"],
            "starts_at": begin.isoformat(), "ends_at": (begin + timedelta(hours=2)).isoformat(),
            "sign_up_until": (begin - timedelta(days=1)).isoformat(), "expected": 80, "budget": "800.00",
            "risk": "村医在场", "places": 2, "place": "村委会二楼", **changes,
        }  # fmt: skip
        return Caller(by or self.caseworker).post("activities/", plan)

    def proposed(self, by: User | None = None, **changes: Any) -> dict[str, Any]:
        response = self.post(by, **changes)
        assert response.status_code == 201, response.content
        row: dict[str, Any] = response.json()
        return row

    def published(self, by: User | None = None, **changes: Any) -> dict[str, Any]:
        row = self.proposed(by, **changes)
        assert self.do(self.supervisor, "approve_at_township", {"approval": "approve"}).status_code == 200
        return row

    def items(self, user: User) -> list[str]:
        return [each["step"] for each in results(Caller(user).get("work-items/", doable="true"))]

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        item = next(iter(results(Caller(user).get("work-items/", doable="true", step=step))))
        return Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})

    def sign_up(self, row: dict[str, Any], name: str, by: User | None = None, **said: Any) -> Any:
        said = {"activity": row["id"], "name": name, **said}
        return Caller(by or self.caseworker).post("sign-ups/", said)

    def held(self, row: dict[str, Any]) -> None:
        """Its day goes by."""
        Activity.objects.filter(pk=row["id"]).update(
            sign_up_until=timezone.now() - timedelta(hours=4),
            starts_at=timezone.now() - timedelta(hours=3),
            ends_at=timezone.now() - timedelta(hours=1),
        )
        instance = Instance.objects.get(process__key="activity_site")
        for _times in range(2):
            services.wake(instance_id=instance.pk, now=self.begin + timedelta(hours=3))


@kept
def town() -> Town:
    return Town()


def test_whoever_proposes_never_approves(town: Town) -> None:
    row = town.proposed()
    assert (row["state"], row["level"], row["level_reason"]) == ("proposed", "township", "crowd")
    assert town.items(town.supervisor) == ["approve_at_township"]
    assert len(results(Caller(town.supervisor).get("work-items/", q=row["number"]))) == 1
    factories.member(town.caseworker, "supervisor", factories.town())
    assert town.items(town.caseworker) == []


def test_a_village_decides_on_small_ones_only_where_somebody_else_can(town: Town) -> None:
    row = town.proposed(town.village, expected=30, budget="300")
    assert (row["level"], row["level_reason"]) == ("township", "nobody_else")
    other = factories.user("village2", role="village", name="张专干")
    row = town.proposed(town.village, expected=30, budget="300")
    assert (row["level"], row["level_reason"]) == ("village", "small")
    assert town.items(town.village) == []
    assert town.do(other, "approve_in_village", {"approval": "approve"}).status_code == 200
    assert Activity.objects.get(pk=row["id"]).state == "published"


def test_a_late_proposal_needs_a_reason(town: Town) -> None:
    soon = timezone.now() + timedelta(days=14)
    assert_problem(town.post(begin=soon), 422, "proposed_late", "/late_reason")
    assert town.post(begin=soon, late_reason="医院临时定的时间").status_code == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "dance"), ("theme", ""), ("groups", ["cats"]), ("place", ""), ("occasion", "nope"), ("part", 2)],
)
def test_a_plan_that_does_not_fit(town: Town, field: str, value: Any) -> None:
    assert town.post(**{field: value}).status_code in {400, 422}


def test_the_last_place_and_the_waiting_list(town: Town) -> None:
    row = town.published()
    states = [town.sign_up(row, name).json()["state"] for name in ("张三", "李四", "王五")]
    assert states == ["placed", "placed", "waiting"]
    first = SignUp.objects.earliest("id")
    assert Caller(town.caseworker).post(f"sign-ups/{first.pk}/withdraw/").status_code == 200
    assert [each.state for each in SignUp.objects.order_by("id")] == ["withdrawn", "placed", "placed"]
    counted = Caller(town.supervisor).get(f"activities/{row['id']}/counts/").json()
    assert (counted["placed"], counted["waiting"]) == (2, 0)


def test_a_child_only_with_the_guardian_s_consent(town: Town) -> None:
    """E29: a child signs up with the guardian named."""
    row = town.published()
    assert_problem(town.sign_up(row, CHILD, minor=True), 422, "guardian_missing", "/guardian")
    today = timezone.localdate()
    tomorrow = (today + timedelta(days=1)).isoformat()
    refused = town.sign_up(row, CHILD, minor=True, guardian="奶奶", guardian_consented_on=tomorrow)
    assert_problem(refused, 422, "guardian_missing", "/guardian_consented_on")
    agreed = town.sign_up(row, CHILD, minor=True, guardian="奶奶", guardian_consented_on=today.isoformat())
    assert agreed.status_code == 201


def test_nobody_but_the_organiser_reads_names(town: Town) -> None:
    row = town.published(town.village, minors=True)
    said = {"minor": True, "guardian": "奶奶", "guardian_consented_on": timezone.localdate().isoformat()}
    made = town.sign_up(row, CHILD, town.village, **said)
    assert made.status_code == 201
    assert town.sign_up(row, "别人", town.caseworker).status_code == 403
    assert [each["name"] for each in results(Caller(town.village).get("sign-ups/"))] == [CHILD]
    assert results(Caller(town.caseworker).get("sign-ups/")) == []
    assert Caller(town.caseworker).get(f"sign-ups/{made.json()['id']}/").status_code == 404
    assert Caller(town.supervisor).get("sign-ups/").status_code == 403
    assert Caller(town.supervisor).get(f"activities/{row['id']}/counts/").json()["placed"] == 1
    told = Event.objects.filter(action__startswith="activity.")
    assert told.exists()
    assert not any(CHILD in event.body or "奶奶" in event.body for event in told)


def test_held_with_the_hours_of_who_helped(town: Town) -> None:
    row = town.published()
    helper = factories.helper()
    guest, volunteer = town.sign_up(row, "张三").json(), town.sign_up(row, "李向阳", helper=str(helper.pk)).json()
    early = Caller(town.caseworker).post(f"sign-ups/{guest['id']}/mark/", {"attended": True})
    assert_problem(early, 409, "not_over")
    town.held(row)
    for each in (guest, volunteer):
        marked = Caller(town.caseworker).post(f"sign-ups/{each['id']}/mark/", {"attended": True})
        assert marked.json()["state"] == "attended"
    item = results(Caller(town.caseworker).get("work-items/", step="record_at_township"))[0]
    form = Caller(town.caseworker).get(f"work-items/{item['id']}/form/").json()
    assert (form["values"]["attended"], form["values"]["headcount_source"]) == (1, "sign_in")
    wrong = town.do(town.caseworker, "record_at_township", {**RECORD, "attended_minors": 3})
    assert_problem(wrong, 422, "record_implausible", "/answers/attended_minors")
    assert town.do(town.caseworker, "record_at_township", RECORD).status_code == 200
    kept = Activity.objects.get(pk=row["id"])
    assert (kept.state, kept.attended, kept.over_budget) == ("held", 2, False)
    claim = HourClaim.objects.get()
    assert (claim.helper_id, claim.claimed, claim.evidence) == (helper.pk, 4, "leader")


@pytest.mark.parametrize(
    ("plan", "papers", "obstacle"),
    [
        ({"outdoors": True}, {"insured_until": None}, "not_insured"),
        ({"minors": True}, {"check_until": None}, "not_checked"),
        ({}, {"status": "ended"}, "not_in_service"),
    ],
)
def test_a_volunteer_without_papers_does_not_help(
    town: Town, plan: dict[str, Any], papers: dict[str, Any], obstacle: str
) -> None:
    row, helper = town.proposed(**plan), factories.helper()
    Activity.objects.filter(pk=row["id"]).update(state=Activity.State.PUBLISHED)
    type(helper).objects.filter(pk=helper.pk).update(**papers)
    told = assert_problem(town.sign_up(row, "李向阳", helper=str(helper.pk)), 422, "unfit_volunteer", "/helper")
    assert [each["code"] for each in told["errors"]] == [obstacle]
    assert not SignUp.objects.exists()
    type(helper).objects.filter(pk=helper.pk).update(**{**dict.fromkeys(papers, date(2099, 1, 1)), "status": "active"})
    assert town.sign_up(row, "李向阳", helper=str(helper.pk)).status_code == 201


def test_a_record_that_is_late_is_told_to_the_supervisor(town: Town) -> None:
    """Once, and nobody while there is time."""
    row = town.published()
    town.held(row)
    late = Reminder.objects.filter(key=f"activity:{row['id']}:record_overdue")
    assert not late.exists()
    instance = Instance.objects.get(process__key="activity_site")
    assert instance.wake_at is not None
    services.wake(instance_id=instance.pk, now=instance.wake_at + timedelta(minutes=1))
    told = late.get()
    assert (told.role, told.unit_id, told.page) == ("supervisor", factories.town().pk, f"/activities/{row['id']}/")


def test_more_spent_than_approved_is_looked_at_by_somebody_else(town: Town) -> None:
    row = town.published()
    town.held(row)
    town.do(town.caseworker, "record_at_township", {**RECORD, "spent": 801})
    assert Activity.objects.get().state == "closed"
    town.do(town.supervisor, "check_record", {"check": "return", "reason": "缺发票"})
    town.do(town.caseworker, "record_at_township", {**RECORD, "spent": 800.5})
    town.do(town.supervisor, "check_record", {"check": "confirm"})
    assert Activity.objects.get().state == "held"


@pytest.fixture
def budget(town: Town) -> None:
    """Of the year in which the activity would be held: 1,000 yuan to tell people things."""
    Appropriation.objects.create(
        unit=factories.town(), year=timezone.localdate(town.begin).year, use="publicity", amount="1000.00",
        document="镇财〔2026〕1号", proposed_by=town.caseworker.pk, proposed_label="甲", decided_by=town.supervisor.pk,
        decided_label="乙", decided_at=timezone.now(), state="agreed",
    )  # fmt: skip


def approve(town: Town, **more: str) -> Any:
    return town.do(town.supervisor, "approve_at_township", {"approval": "approve", **more})


def test_what_the_budget_does_not_hold_is_signed_for_before_it_is_published(town: Town, budget: None) -> None:
    town.published()  # 800 of 1,000
    row = town.proposed(budget="200.01")
    item = next(iter(results(Caller(town.supervisor).get("work-items/", doable="true", step="approve_at_township"))))
    form = Caller(town.supervisor).get(f"work-items/{item['id']}/form/").json()
    assert form["facts"]["budget_left"] == "200.00"
    assert_problem(approve(town), 409, "over_budget")
    assert Activity.objects.get(pk=row["id"]).state == "proposed"
    assert approve(town, over_reason="镇长办公会同意追加").status_code == 200
    told = Event.objects.get(action="budget.exceeded", object_id=row["id"])
    assert (told.reason, told.data["left"], told.data["amount"]) == ("镇长办公会同意追加", "200.00", "200.01")


def test_what_the_budget_holds_is_approved_without_a_word(town: Town, budget: None) -> None:
    town.published()
    town.proposed(budget="200.00")
    town.proposed(town.village, kind="training", budget="0")
    assert approve(town).status_code == 200


def test_what_will_not_be_held_leaves_its_money_to_others(town: Town, budget: None) -> None:
    row = town.published()
    Activity.objects.filter(pk=row["id"]).update(state="cancelled")
    town.proposed(budget="1000.00")
    assert approve(town).status_code == 200


def test_where_nothing_more_may_be_spent_no_reason_helps(town: Town, budget: None) -> None:
    set_parameter(key="budget.over", value="refuse", from_date=factories.LONG_AGO)
    town.proposed(budget="1000.01")
    assert_problem(approve(town, over_reason="急用"), 409, "budget_spent")


def test_photographs_need_everybody_s_consent(town: Town) -> None:
    row = town.published()
    town.held(row)
    kept = {**RECORD, "photos": "consented", "photos_kept": "镇档案柜"}
    assert_problem(town.do(town.caseworker, "record_at_township", kept), 422, "bad_answers", "/answers/photo_consent")
    assert town.do(town.caseworker, "record_at_township", {**kept, "photo_consent": True}).status_code == 200
    assert Activity.objects.get(pk=row["id"]).photos == "consented"


def test_refused_and_returned_tell_why(town: Town) -> None:
    town.proposed()
    assert town.do(town.supervisor, "approve_at_township", {"approval": "return"}).status_code == 422
    town.do(town.supervisor, "approve_at_township", {"approval": "return", "reason": "写明预案"})
    assert Activity.objects.get().returned == "写明预案"
    plan = {"expected": 30, "budget": 30000, "minors": False, "outdoors": False, "risk": "备急救箱"}
    town.do(town.caseworker, "revise_at_township", plan)
    assert Activity.objects.get().level == "leading_group"
    refusal = {"approval": "refuse", "minutes": "2026年第3号", "reason": "先压缩经费"}
    assert town.do(town.supervisor, "record_group_decision", refusal).status_code == 200
    assert Activity.objects.get().state == "refused"


def test_cancelled_once(town: Town) -> None:
    row = town.published()
    caller = Caller(town.caseworker)
    assert caller.post(f"activities/{row['id']}/cancel/", {"reason": "暴雨"}).json()["state"] == "cancelled"
    assert_problem(caller.post(f"activities/{row['id']}/cancel/", {"reason": "暴雨"}), 409, "not_to_come")
    assert_problem(town.sign_up(row, "张三"), 409, "no_sign_up")
    assert Instance.objects.get(process__key="activity_site").state == "done"


def test_merged_the_list_goes_along(town: Town) -> None:
    one, other = town.published(), town.published(title="秋季保健", places=1)
    for name in ("张三", "李四"):
        town.sign_up(one, name)
    caller = Caller(town.caseworker)
    itself = caller.post(f"activities/{one['id']}/merge/", {"into": one["id"], "reason": "人少"})
    assert_problem(itself, 422, "no_merge_target", "/into")
    merged = caller.post(f"activities/{one['id']}/merge/", {"into": other["id"], "reason": "人少"}).json()
    assert (merged["state"], merged["merged_into"]) == ("merged", other["id"])
    assert [each["state"] for each in results(caller.get("sign-ups/", activity=other["id"]))] == ["placed", "waiting"]
