"""Festival condolence (P09, D21): quiet manners first, one gift per family, two persons, lasting goods, totals only."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.audit.models import Event
from backend.benefits import gifts
from backend.benefits.models import Condolence, Gift, Lot
from backend.cases import families
from backend.cases.models import Family, Person
from backend.jobs.condolences import turn
from backend.org import calendar, parameters
from backend.org.access import SYSTEM
from backend.org.codes import load_codes
from backend.org.models import Unit, User
from backend.reminders.models import Reminder
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from workflows import condolences, deaths, deployment, services
from workflows.models import Instance, Process, WorkItem
from workflows.steps.festival_condolence import judge_of

pytestmark = pytest.mark.django_db

GOODS = ["大米10公斤", "食用油5升"]
PLAN = {"budget": 5000, "special": 500, "hardship": 400, "mother": 300, "elder": 200, "goods": "、".join(GOODS)}
SIGNED = {"result": "delivered", "received_by": "self", "receipt": "signature"}
AGREED = Family.Willingness.AGREED


_deployed: list[Process] = []


def deploy() -> None:
    """Both processes; checked once, afterwards the same rows again (checking takes most of a second)."""
    if _deployed:
        Process.objects.bulk_create(_deployed)
        return
    for key in ("festival_condolence", "condolence_delivery"):
        files = deployment.bundle(settings.BPMN_FOLDER, key)
        deployment.deploy(key=key, files=files, actor=SYSTEM, now=timezone.now())
    _deployed.extend(Process.objects.all())


class Township:
    """Two villages, families of every kind, and the people who prepare the Spring Festival."""

    def __init__(self) -> None:
        load_codes()
        parameters.load_parameters()
        deploy()
        self.caseworker = factories.user("caseworker", role="caseworker", name="陈姐")
        self.colleague = factories.user("colleague", role="caseworker", name="小周")
        self.supervisor = factories.user("supervisor", role="supervisor", name="老王")
        self.village = factories.user("village", role="village", name="李专干")
        self.town, self.place = factories.town(), factories.village()
        self.elsewhere = factories.village("120114122202")
        today = timezone.localdate()
        self.lost_on = today - timedelta(days=400)
        self.bereaved = self.family("孙家", categories=["bereaved", "hardship"])
        self.poor = self.family("李家", categories=["hardship"])
        self.mourning = self.family("周家", categories=["empty_nest"])
        self.caller = self.family("吴家", categories=["empty_nest"], willingness=Family.Willingness.PHONE)
        self.refusing = self.family("郑家", categories=["hardship"], willingness=Family.Willingness.REFUSED)
        self.dead = self.family("王家", categories=["hardship"])
        self.ordinary = self.family("冯家", categories=["ordinary"])
        self.die(self.bereaved, "孙小军", self.lost_on)
        self.die(self.mourning, "周老汉", today - timedelta(days=30))
        self.die(self.dead, "王老汉", today - timedelta(days=30), alone=True)
        self.festival_on = calendar.next_after("spring_festival", today)
        assert self.festival_on is not None

    def family(self, label: str, **fields: Any) -> Family:
        fields = {"willingness": AGREED, "unit": self.place, "status": Family.Status.REGISTERED, **fields}
        return factories.family(label=label, **fields)

    def die(self, family: Family, name: str, day: date, *, alone: bool = False) -> None:
        """Somebody of the family dies; those left live on."""
        person = factories.person(family, name=name)
        if not alone:
            factories.person(family, name=f"{name}的家人")
        else:
            family.persons.exclude(pk=person.pk).delete()
        families.record_death(person=person, died_on=day, actor=factories.actor(), now=timezone.now())

    # --- moves

    def begin(self, **asked: Any) -> dict[str, Any]:
        body = {"unit": str(self.town.pk), "festival": "spring_festival", "festival_on": str(self.festival_on), **asked}
        response = Caller(self.caseworker).post("condolences/", body)
        assert response.status_code == 201, response.content
        row: dict[str, Any] = response.json()
        return row

    def do(self, user: User, step: str, answers: dict[str, Any]) -> Any:
        item = WorkItem.objects.get(step=step, state="open")
        with transaction.atomic():
            return Caller(user).post(f"work-items/{item.pk}/complete/", {"answers": answers})

    def done(self, user: User, step: str, answers: dict[str, Any]) -> None:
        response = self.do(user, step, answers)
        assert response.status_code == 200, response.content

    def listed(self) -> Condolence:
        """Planned and approved: the list is there."""
        self.begin()
        self.done(self.caseworker, "plan_condolence", PLAN)
        self.done(self.supervisor, "approve_plan", {"approval": "approve"})
        return self.row()

    def locked(self) -> Condolence:
        self.listed()
        self.done(self.caseworker, "check_list", {"checked": True})
        self.done(self.supervisor, "lock_list", {"list_lock": "lock"})
        return self.row()

    def under_way(self) -> Condolence:
        """Goods there, visits planned, the village at work."""
        row = self.locked()
        self.stock(row)
        assert Caller(self.caseworker).post(f"condolences/{row.pk}/visits/").status_code == 200
        self.done(self.caseworker, "plan_visits", {"ready": True})
        condolences.start_villages(condolence_id=row.pk, now=timezone.now())
        return self.row()

    def stock(self, row: Condolence, quantity: int = 10) -> None:
        for item in GOODS:
            body = {"item": item, "number": "L1", "quantity": quantity, "expires_on": "2099-01-01"}
            response = Caller(self.caseworker).post(f"condolences/{row.pk}/lots/", body)
            assert response.status_code == 201, response.content

    def record(self, *rows: dict[str, Any], user: User | None = None) -> Any:
        day = timezone.localdate().isoformat()
        told = [{"delivered_on": day, **row, "gift": str(row["gift"])} for row in rows]
        return Caller(user or self.village).post("gifts/record/", {"rows": told})

    def row(self) -> Condolence:
        return Condolence.objects.latest("id")

    def gift(self, family: Family) -> Gift:
        return Gift.objects.get(family=family)


@kept
def town() -> Township:
    return Township()


def test_the_list_minds_who_is_gone_grieves_or_wants_no_visit(town: Township) -> None:
    """Nobody dead or gone is on it, not even as left out; who grieves is visited quietly; amounts by group."""
    town.listed()
    rows = {row.family.label: row for row in Gift.objects.select_related("family")}
    assert set(rows) == {"孙家", "李家", "周家", "吴家", "郑家"}
    told = {
        name: (row.exclusion, row.group, row.money, row.manner, row.visitor_kind, row.no_photo)
        for name, row in rows.items()
    }
    assert told == {
        "孙家": ("", "special", 500, "quiet", "leader", True),
        "李家": ("", "hardship", 400, "usual", "village", True),
        "周家": ("", "elder", 200, "quiet", "leader", True),  # tier A since the death
        "吴家": ("", "elder", 200, "phone", "village", True),
        "郑家": ("refused", "", 0, "", "", True),
    }
    assert rows["孙家"].avoid_days == [town.lost_on.strftime("%m-%d")]
    assert rows["孙家"].goods == GOODS
    assert (rows["李家"].rule, len(rows["李家"].table_version)) == ("hardship_usual", 16)


def test_a_family_gets_one_gift_for_a_festival_across_programmes(town: Township) -> None:
    """E12: the database holds it; a second campaign of another programme tells why."""
    town.listed()
    other = factories.programme()
    factories.case(town.poor)
    town.begin(programme=other.code)
    second = Condolence.objects.latest("id")
    judge = judge_of(Instance.objects.latest("id").process)
    gifts.draft_list(condolence=second, judge=judge, actor=factories.actor(), now=timezone.now())
    assert {(row.family_id, row.exclusion) for row in second.gifts.all()} == {(town.poor.pk, "has_gift")}
    assert_problem(Caller(town.caseworker).post("condolences/", {
        "unit": str(town.town.pk), "festival": "spring_festival", "festival_on": str(town.festival_on),
    }), 409, "condolence_held")  # fmt: skip


def test_planner_approver_and_locker_are_different_people(town: Township) -> None:
    town.begin()
    factories.member(town.caseworker, "supervisor")
    town.done(town.caseworker, "plan_condolence", PLAN)
    assert_problem(town.do(town.caseworker, "approve_plan", {"approval": "approve"}), 403, "four_eyes")
    town.done(town.supervisor, "approve_plan", {"approval": "approve"})
    town.done(town.caseworker, "check_list", {"checked": True})
    assert_problem(town.do(town.caseworker, "lock_list", {"list_lock": "lock"}), 403, "four_eyes")


def test_a_list_over_budget_is_not_locked(town: Township) -> None:
    town.begin()
    town.done(town.caseworker, "plan_condolence", {**PLAN, "budget": 1299})
    town.done(town.supervisor, "approve_plan", {"approval": "approve"})
    town.done(town.caseworker, "check_list", {"checked": True})
    problem = assert_problem(town.do(town.supervisor, "lock_list", {"list_lock": "lock"}), 422, "over_budget")
    assert "1300" in problem["detail"]


def test_a_frozen_list_changes_with_a_reason_and_a_second_person(town: Township) -> None:
    """E12: from the freeze on, what is added or taken off has a reason and somebody else."""
    row = town.locked()
    caseworker = Caller(town.caseworker)
    body = {"family": str(town.ordinary.pk), "group": "hardship", "reason": "家里遭了火灾"}
    added = caseworker.post(f"condolences/{row.pk}/families/", body).json()
    assert (added["exclusion"], added["pending"], added["manner"]) == ("pending", "add", "usual")
    for own in (caseworker, Caller(factories.deputy(town.caseworker))):
        assert_problem(own.post(f"gifts/{added['id']}/agree/"), 403, "second_person_needed")
    agreed = Caller(town.supervisor).post(f"gifts/{added['id']}/agree/").json()
    assert (agreed["exclusion"], agreed["pending"], agreed["money"], agreed["rule"]) == ("", "", 400, "by_hand")
    gone = town.gift(town.poor)
    assert_problem(caseworker.post(f"gifts/{gone.pk}/remove/", {}), 400, "invalid", "/reason")
    assert caseworker.post(f"gifts/{gone.pk}/remove/", {"reason": "重复"}).json()["pending"] == "remove"
    assert Caller(town.colleague).post(f"gifts/{gone.pk}/agree/").json()["exclusion"] == "removed"
    asked = Event.objects.get(action="gift.addition_asked")
    assert (asked.reason, asked.family_id, asked.actor) == ("家里遭了火灾", town.ordinary.pk, "陈姐")


def test_nobody_is_put_on_the_list_who_refuses_or_is_gone(town: Township) -> None:
    row = town.listed()
    for family in (town.refusing, town.dead):
        body = {"family": str(family.pk), "group": "hardship", "reason": "想慰问"}
        response = Caller(town.caseworker).post(f"condolences/{row.pk}/families/", body)
        assert_problem(response, 409, "not_for_this_family")
    body = {"family": str(town.poor.pk), "group": "hardship", "reason": "再加一份"}
    assert_problem(Caller(town.caseworker).post(f"condolences/{row.pk}/families/", body), 409, "gift_taken", "/family")


def test_who_dies_after_the_list_was_made_gets_no_greeting(town: Township) -> None:
    """E2: taken off by the night's job, the goods back in stock, and no delivery can be recorded."""
    row = town.under_way()
    gift = town.gift(town.poor)
    for person in town.poor.persons.all():
        families.record_death(person=person, died_on=timezone.localdate(), actor=factories.actor(), now=timezone.now())
    assert_problem(town.record({"gift": gift.pk, **SIGNED}), 422, "bad_delivery", "/rows/0/gift")
    out = sum(Lot.objects.values_list("out", flat=True))
    assert condolences.leave_out_gone(timezone.now()) == 1
    gift.refresh_from_db()
    assert (gift.exclusion, gift.lots) == ("gone", [])
    assert sum(Lot.objects.values_list("out", flat=True)) == out - 2
    assert row.state == "delivering"


def die(person: Person, day: date) -> None:
    """As the village records it."""
    deaths.record_death(person=person, died_on=day, actor=factories.actor(), now=timezone.now())


def test_who_is_bereaved_after_the_list_was_made_is_visited_quietly(town: Township) -> None:
    """E2, D21: from the death on, without photographs, never on the day of loss; what was signed stays, as it is for
    whom nobody died; the history tells it."""
    factories.person(town.poor, name="李老伴", relation="12", birth_date=date(1952, 1, 1))
    town.under_way()
    day = (timezone.localdate() - timedelta(days=31)).replace(day=10)
    before, others = town.gift(town.poor), Gift.objects.exclude(family=town.poor).order_by("pk")
    assert (before.manner, before.visitor_kind) == ("usual", "village")
    untouched = list(others.values())
    a_year_later = datetime.combine(day.replace(year=day.year + 1), time(9), tzinfo=timezone.get_default_timezone())
    Gift.objects.filter(pk=before.pk).update(planned_at=a_year_later, no_photo=False)
    die(town.poor.persons.get(is_head=True), day)
    gift = town.gift(town.poor)
    assert (gift.manner, gift.visitor_kind, gift.no_photo, gift.rule) == ("quiet", "leader", True, "hardship_mourning")
    assert (gift.avoid_days, gift.planned_at) == ([day.strftime("%m-%d")], None)
    assert (gift.group, gift.money, gift.goods, gift.lots) == (before.group, before.money, before.goods, before.lots)
    assert list(others.values()) == untouched
    told = Event.objects.get(action="gift.judged_again")
    assert (told.family_id, told.data) == (town.poor.pk, {"calendar_day": "spring_festival"})
    assert condolences.judge_again(timezone.now()) == 0


def test_when_the_last_of_a_family_dies_its_gift_is_off_the_list_at_once(town: Township) -> None:
    town.under_way()
    die(town.poor.persons.get(), timezone.localdate())
    assert (town.gift(town.poor).exclusion, town.gift(town.poor).lots) == ("gone", [])


def test_every_night_the_lists_are_held_against_the_file(town: Township) -> None:
    """D21: who wants the telephone only since then is not visited; whom somebody added by hand stays on the list."""
    row = town.listed()
    body = {"family": str(town.ordinary.pk), "group": "hardship", "reason": "家里遭了火灾"}
    assert Caller(town.caseworker).post(f"condolences/{row.pk}/families/", body).status_code == 201
    Family.objects.filter(pk=town.poor.pk).update(willingness=Family.Willingness.PHONE)
    Family.objects.filter(pk=town.mourning.pk).update(categories=["ordinary"])
    factories.person(town.ordinary, name="冯老汉")
    families.record_death(
        person=town.ordinary.persons.get(name="冯老汉"), died_on=timezone.localdate(), actor=factories.actor(),
        now=timezone.now(),
    )  # fmt: skip
    turn(0)
    told = {each.family.label: (each.exclusion, each.manner, each.money) for each in Gift.objects.listed()}
    assert told == {
        "孙家": ("", "quiet", 500), "李家": ("", "phone", 400), "周家": ("", "quiet", 200), "吴家": ("", "phone", 200),
        "冯家": ("", "quiet", 400),
    }  # fmt: skip
    assert town.gift(town.ordinary).rule == "by_hand"


def test_visits_keep_to_capacity_and_to_no_day_of_loss(town: Township) -> None:
    """E12: routes by village, so many visits in half a day."""
    row = town.locked()
    assert row.deliver_from is not None
    Gift.objects.filter(family=town.bereaved).update(avoid_days=[row.deliver_from.strftime("%m-%d")])
    value = {"per_half_day": 1, "morning_from": 9, "afternoon_from": 14}
    parameters.set_parameter(key="condolence.visits", value=value, path=town.town.path, from_date=timezone.localdate())
    assert Caller(town.caseworker).post(f"condolences/{row.pk}/visits/").json() == {"planned": 4}
    planned = [timezone.localtime(each) for each in Gift.objects.listed().values_list("planned_at", flat=True) if each]
    assert len(set(planned)) == 4
    assert {each.hour for each in planned} == {9, 14}
    at = town.gift(town.bereaved).planned_at
    assert at is not None
    assert timezone.localdate(at) == row.deliver_from + timedelta(days=1)


def test_goods_that_do_not_last_or_do_not_suffice_hold_everything_up(town: Township) -> None:
    row = town.locked()
    caseworker = Caller(town.caseworker)
    lots = f"condolences/{row.pk}/lots/"
    old = {"item": GOODS[0], "number": "L0", "quantity": 9, "expires_on": str(row.festival_on - timedelta(days=1))}
    assert_problem(caseworker.post(lots, old), 422, "goods_expired", "/expires_on")
    assert_problem(caseworker.post(lots, {**old, "item": "白酒"}), 422, "goods_not_planned", "/item")
    assert_problem(town.do(town.caseworker, "plan_visits", {"ready": True}), 409, "visits_not_planned")
    caseworker.post(f"condolences/{row.pk}/visits/")
    town.stock(row, quantity=3)
    problem = assert_problem(town.do(town.caseworker, "plan_visits", {"ready": True}), 409, "stock_short")
    assert GOODS[0] in problem["detail"]
    assert not Lot.objects.exclude(out=0).exists()


def test_from_the_villages_item_to_totals_without_names(town: Township) -> None:
    row = town.under_way()
    assert set(WorkItem.objects.filter(state="open").values_list("step", "unit_id")) == {
        ("deliver_gifts", town.place.pk),
    }
    assert_problem(town.do(town.village, "deliver_gifts", {"done": True}), 409, "gifts_unsettled")
    rows = [town.gift(each) for each in (town.bereaved, town.poor, town.mourning, town.caller)]
    answer = town.record(
        {"gift": rows[0].pk, **SIGNED, "receipt": "voice"},
        {"gift": rows[1].pk, **SIGNED, "received_by": "proxy", "proxy": "邻居老刘"},
        {"gift": rows[2].pk, "result": "refused"},
        {"gift": rows[3].pk, "result": "undelivered", "reason": "hospital"},
    )
    assert answer.json() == {"recorded": 4}
    town.done(town.village, "deliver_gifts", {"done": True})
    assert_problem(town.do(town.village, "settle_undelivered", {"done": True}), 409, "gifts_unsettled")
    assert town.record({"gift": rows[3].pk, "result": "returned"}).status_code == 200
    town.done(town.village, "settle_undelivered", {"done": True})
    assert sum(Lot.objects.values_list("out", flat=True)) == 4
    instance = Instance.objects.get(process__key="festival_condolence")
    assert instance.wake_at is not None
    services.wake(instance_id=instance.pk, now=instance.wake_at)
    town.done(town.caseworker, "close_accounts", {"settled": True, "thanks": True})
    town.done(town.supervisor, "confirm_accounts", {"accounts": "confirm"})
    told = Caller(town.supervisor).get(f"condolences/{row.pk}/").json()
    assert (told["state"], told["statement"]) == ("closed", {"families": None, "sum": None})  # fewer than five
    assert told["villages"] == [ANY]
    figures = {key: told["villages"][0][key] for key in ("families", "delivered", "refused", "returned", "paid")}
    assert figures == {"families": 4, "delivered": 2, "refused": 1, "returned": 1, "paid": 900}
    closed = Event.objects.get(action="condolence.closed")
    assert closed.data == {"calendar_day": "spring_festival", "families": 2, "sum": 900}
    assert set(Event.objects.filter(action__startswith="gift.", data__has_key="group")) == set()


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({**SIGNED, "delivered_on": None}, "delivered_on"),
        ({**SIGNED, "delivered_on": "2199-01-01"}, "delivered_on"),
        ({**SIGNED, "receipt": "stamp"}, "received_by"),
        ({**SIGNED, "received_by": "proxy"}, "proxy"),
        ({**SIGNED, "photo_agreed": True}, "photo_agreed"),
        ({"result": "undelivered"}, "reason"),
        ({"result": "returned"}, "result"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_whole(town: Township, row: dict[str, Any], field: str) -> None:
    town.under_way()
    good, bad = town.gift(town.poor), town.gift(town.bereaved)
    answer = town.record({"gift": good.pk, **SIGNED}, {"gift": bad.pk, **row})
    assert_problem(answer, 422, "bad_delivery", f"/rows/1/{field}")
    good.refresh_from_db()
    assert good.state == "listed"


def test_a_village_sees_and_records_its_own_only(town: Township) -> None:
    far = town.family("远家", unit=town.elsewhere, categories=["hardship"])
    row = town.under_way()
    gift = town.gift(far)
    village = Caller(town.village)
    assert far.label not in {each["family"]["label"] for each in results(village.get("gifts/"))}
    assert village.get(f"gifts/{gift.pk}/").status_code == 404
    assert_problem(town.record({"gift": gift.pk, **SIGNED}), 422, "bad_delivery", "/rows")
    [figures] = village.get(f"condolences/{row.pk}/").json()["villages"]
    assert figures["name"] == town.place.name


def test_900_deliveries_take_as_many_statements_as_two(town: Township) -> None:
    """E12: the list, its page and a bulk record; written directly, for what counts is their number."""
    row = town.under_way()

    def more(number: int) -> list[Gift]:
        made = [
            Family(unit=town.place, number=f"S{number}-{each}", label=f"户{each}", status="registered")
            for each in range(number)
        ]
        Family.objects.bulk_create(made)
        rows = [
            Gift(condolence=row, festival=row.festival, year=row.festival_on.year, family=each, unit=town.place,
                 unit_path=town.place.path, group="elder", money=200) for each in made
        ]  # fmt: skip
        return Gift.objects.bulk_create(rows)

    def cost(rows: list[Gift]) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert town.record(*({"gift": each.pk, **SIGNED} for each in rows)).status_code == 200
        return len(captured)

    few, many = more(2), more(150)
    assert cost(many) <= cost(few) + 1
    village = Caller(town.village)
    assert village.statements("gifts/", condolence=str(row.pk), page_size="200") <= 2
    assert village.statements(f"condolences/{row.pk}/") <= 5


def test_campaigns_begin_by_themselves_when_a_festival_is_near(town: Township) -> None:
    """45 days before the Spring Festival, once; a township that holds none has zero days."""
    assert town.festival_on is not None
    noon = datetime.combine(town.festival_on, time(12), tzinfo=timezone.get_default_timezone())
    condolences.start_due(noon - timedelta(days=46))
    held = Condolence.objects.filter(festival="spring_festival")
    assert not held.exists()
    Condolence.objects.all().delete()
    assert condolences.start_due(noon - timedelta(days=45)) >= 1
    assert held.get().unit_id == town.town.pk
    assert condolences.start_due(noon - timedelta(days=44)) == 0
    nothing = dict.fromkeys(parameters.definitions()["condolence.lead_days"].value, 0)
    parameters.set_parameter(key="condolence.lead_days", value=nothing, path=town.town.path, from_date=date(2020, 1, 1))
    Condolence.objects.all().delete()
    assert condolences.start_due(noon - timedelta(days=45)) == 0


def test_whoever_is_late_hears_it(town: Township) -> None:
    """The list not locked on its day, the eve with gifts left: by the outbox, not by name."""
    town.under_way()
    for instance in Instance.objects.filter(process__key="condolence_delivery"):
        assert instance.wake_at is not None
        services.wake(instance_id=instance.pk, now=instance.wake_at)
    told = Event.objects.get(action="condolence.eve_passed")
    assert told.data == {"calendar_day": "spring_festival", "families": 4}
    heard = Reminder.objects.get(kind="condolence.eve_passed")
    assert town.bereaved.label not in f"{heard.label}{heard.page}"


def test_a_festival_that_is_none_or_over_is_refused(town: Township) -> None:
    caseworker = Caller(town.caseworker)
    body = {"unit": str(town.town.pk), "festival": "spring_festival", "festival_on": "2027-02-07"}
    assert_problem(caseworker.post("condolences/", body), 422, "no_such_festival", "/festival")
    assert Unit.objects.filter(pk=town.town.pk).exists()
    stranger = Caller(factories.user("far", role="caseworker", unit=factories.town(factories.OTHER_TOWN)))
    assert stranger.post("condolences/", body).status_code in {400, 403, 422}
