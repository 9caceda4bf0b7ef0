"""Access tickets (P16, F22, D32): what is closed opens for a named person, a purpose and some hours, and every look
is kept and checked by somebody else (未成年人网络保护条例 36)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.models import Family, Person
from backend.org import parameters
from backend.org.codes import load_codes
from backend.org.models import User
from backend.rights.models import AccessTicket, AccessUse
from tests import factories
from tests.api.caller import Caller, assert_problem, results
from tests.kept import kept
from tests.steps.office import Office
from workflows import services
from workflows.models import Instance, WorkItem

pytestmark = pytest.mark.django_db

WHY = "核对留守儿童走访记录"
ID = "120114201501153528"
GRANT = {"decision": "grant"}


class Township:
    """A family with a child and an adult, the people of the township, and an auditor of the county."""

    def __init__(self) -> None:
        load_codes()
        self.office = Office(timezone.now())
        self.caseworker, self.supervisor = self.office.caseworker, self.office.supervisor
        self.village = self.office.village
        self.county = factories.region("120114000000")
        self.auditor = factories.user("auditor", role="auditor", unit=self.county, name="刘科")
        self.family: Family = factories.family(
            label="张桂芬",
            members=[
                {"name": "张桂芬", "is_head": True, "birth_date": date(1955, 1, 1), "health": "41", "self_care": 2},
                {"name": "张小满", "birth_date": timezone.localdate().replace(day=1) - timedelta(days=9 * 366)},
            ],
        )
        self.child: Person = self.family.persons.get(name="张小满")
        self.adult: Person = self.family.persons.get(name="张桂芬")
        self.child.certificate = ID
        self.child.save()

    def ask(self, by: User | None = None, **asked: Any) -> Any:
        said = {"family": str(self.family.pk), "subject": "minor", "purpose": "audit", "reason": WHY, "hours": 4}
        return Caller(by or self.auditor).post("access-tickets/", {**said, **asked})

    def asked(self, by: User | None = None, **asked: Any) -> dict[str, Any]:
        response = self.ask(by, **asked)
        assert response.status_code == 201, response.content
        row: dict[str, Any] = response.json()
        return row

    def look(self, person: Person, field: str, by: User | None = None) -> Any:
        return Caller(by or self.auditor).post(f"persons/{person.pk}/reveal/", {"field": field, "reason": WHY})

    def item(self, user: User, step: str) -> dict[str, Any] | None:
        return next(iter(results(Caller(user).get("work-items/", doable="true", step=step))), None)

    def done(self, user: User, step: str, answers: dict[str, Any]) -> None:
        item = self.item(user, step)
        assert item is not None, step
        response = Caller(user).post(f"work-items/{item['id']}/complete/", {"answers": answers})
        assert response.status_code == 200, response.content

    def pass_by(self, hours: int) -> None:
        """Let the ticket's time go by: the clock stands still, its times move."""
        AccessTicket.objects.update(
            from_at=timezone.now() - timedelta(hours=hours), to_at=timezone.now() - timedelta(minutes=1)
        )

    def wake(self) -> None:
        instance = Instance.objects.get(process__key="access_ticket")
        assert services.wake(instance_id=instance.pk, now=timezone.now() + timedelta(hours=9))


@kept
def town() -> Township:
    return Township()


def test_a_childs_file_opens_by_a_ticket_for_its_hours_and_the_use_is_checked(town: Township) -> None:
    masked = Caller(town.auditor).get(f"persons/{town.child.pk}/").json()
    assert (masked["name"], masked["birth_date"], masked["certificate_tail"]) == ("张*满", None, "")
    assert {"name", "birth_date", "self_care"} <= set(masked["closed"])
    assert_problem(town.look(town.child, "name"), 403, "ticket_needed")
    taken = town.asked()
    assert (taken["state"], taken["own"], taken["office"]["name"]) == ("asked", True, "大黄堡镇")
    assert_problem(town.look(town.child, "name"), 403, "ticket_pending")
    town.done(town.supervisor, "decide_access", {**GRANT, "hours": 2})
    seen = Caller(town.auditor).get(f"access-tickets/{taken['id']}/").json()
    assert (seen["state"], seen["hours"], seen["decided_by"]) == ("open", 2, "老王")
    assert town.look(town.child, "name").json()["value"] == "张小满"
    assert town.look(town.child, "certificate").json()["value"] == ID
    assert Caller(town.auditor).get(f"persons/{town.child.pk}/").json()["name"] == "张*满"
    told = Event.objects.filter(action="person.revealed").latest("seq")
    assert (told.actor, told.data["ticket"], told.reason) == ("刘科", taken["number"], WHY)
    assert [use["field"] for use in Caller(town.supervisor).get(f"access-tickets/{taken['id']}/").json()["uses"]] == [
        "name", "certificate",
    ]  # fmt: skip
    town.pass_by(2)  # no job has run
    assert_problem(town.look(town.child, "name"), 403, "ticket_needed")
    assert AccessUse.objects.count() == 2
    town.wake()
    town.done(town.supervisor, "review_in_office", {"review": "in_order"})
    row = AccessTicket.objects.get()
    assert (row.review, row.reviewed_label) == ("in_order", "老王")
    assert Instance.objects.get(process__key="access_ticket").outcome == "in_order"


def test_whoever_asks_neither_decides_nor_checks(town: Township) -> None:
    """Four eyes: by the inbox, by the verb, and by the database."""
    factories.member(town.auditor, "supervisor", factories.town())
    other = factories.user("second", role="supervisor", name="王副")
    taken = town.asked(town.village, subject="health", purpose="care")
    assert town.item(town.auditor, "decide_access") is not None
    factories.member(town.village, "supervisor", factories.town())
    item = WorkItem.objects.get(process="access_ticket")
    assert town.item(town.village, "decide_access") is None
    assert_problem(Caller(town.village).post(f"work-items/{item.pk}/complete/", {"answers": GRANT}), 404, "not_found")
    town.done(other, "decide_access", GRANT)
    row = AccessTicket.objects.get(pk=taken["id"])
    for change in ({"decided_by": row.asked_by_id}, {"reviewed_by": row.asked_by_id}, {"decided_by": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccessTicket.objects.update(**change)


def test_a_ticket_opens_its_class_of_its_person_to_its_asker_only(town: Township) -> None:
    taken = town.asked(subject="health", person=str(town.adult.pk))
    town.done(town.supervisor, "decide_access", GRANT)
    assert town.look(town.adult, "health").json()["value"] == "41"
    assert town.look(town.adult, "self_care").json()["value"] == "2"
    assert_problem(town.look(town.adult, "certificate"), 403, "ticket_needed")
    assert_problem(town.look(town.child, "health"), 403, "ticket_needed")  # a minor's health is a minor's
    assert_problem(town.look(town.adult, "health", town.village), 403, "ticket_needed")
    other = factories.user("second", role="auditor", unit=town.county, name="邻座")
    assert_problem(town.look(town.adult, "health", other), 403, "ticket_needed")
    assert_problem(Caller(other).get(f"access-tickets/{taken['id']}/"), 404, "not_found")
    assert results(Caller(other).get("access-tickets/")) == []
    assert len(results(Caller(town.supervisor).get("access-tickets/", open="true"))) == 1


@pytest.mark.parametrize(
    ("relation", "is_closed"), [("20", True), ("41", True), ("97", True), ("02", False), ("51", False)]
)
def test_whose_age_is_unknown_is_a_minor_unless_head_spouse_or_forebear(
    town: Township, relation: str, is_closed: bool
) -> None:
    """A child without a birth date is one who was not asked about, not one who is grown up."""
    Person.objects.filter(pk=town.child.pk).update(birth_date=None, relation=relation)
    shown = Caller(town.auditor).get(f"persons/{town.child.pk}/").json()
    assert (shown["name"], "name" in shown["closed"]) == (("张*满", True) if is_closed else ("张小满", False))
    town.asked(subject="health", person=str(town.child.pk))
    town.done(town.supervisor, "decide_access", GRANT)
    assert town.look(town.child, "health").status_code == (403 if is_closed else 200)
    town.child.refresh_from_db()
    assert town.child.history_label(timezone.localdate()) == ("张*" if is_closed else "张小满")


def test_the_own_office_needs_none(town: Township) -> None:
    """What caseworkers could see they still see, and a ticket they ask for would have nothing to open."""
    assert Caller(town.caseworker).get(f"persons/{town.child.pk}/").json()["closed"] == []
    assert Caller(town.village).get(f"persons/{town.child.pk}/").json()["name"] == "张小满"
    assert town.look(town.child, "certificate", town.caseworker).json()["value"] == ID
    assert_problem(town.ask(town.caseworker), 403, "not_allowed")
    assert not AccessUse.objects.exists()


def test_where_there_is_a_data_protection_officer_that_one_checks(town: Township) -> None:
    """P-8: who opened child files yesterday, and why."""
    dpo = factories.user("dpo", role="dpo", unit=town.county, name="孙工")
    town.asked()
    town.done(town.supervisor, "decide_access", GRANT)
    town.look(town.child, "birth_date")
    town.pass_by(4)
    town.wake()
    assert town.item(town.supervisor, "review_in_office") is None
    item = town.item(dpo, "review_use")
    assert item is not None
    form = Caller(dpo).get(f"work-items/{item['id']}/form/").content.decode()
    assert ("张*满" in form, "张小满" in form) == (True, False)
    found = {"review": "not_in_order", "note": "与督查无关"}
    town.done(dpo, "review_use", found)
    row = AccessTicket.objects.get()
    assert (row.review, row.review_note, row.reviewed_label) == ("not_in_order", "与督查无关", "孙工")
    said = Caller(town.caseworker).get("events/", family=str(town.family.pk), about="reads").content.decode()
    assert "not in order" in said
    assert "与督查无关" not in said


def test_given_back_it_opens_nothing_and_unused_it_is_not_checked(town: Township) -> None:
    taken = town.asked()
    town.done(town.supervisor, "decide_access", GRANT)
    assert_problem(Caller(town.village).post(f"access-tickets/{taken['id']}/close/"), 404, "not_found")
    closed = Caller(town.auditor).post(f"access-tickets/{taken['id']}/close/")
    assert closed.json()["state"] == "over"
    assert_problem(town.look(town.child, "name"), 403, "ticket_needed")
    assert_problem(Caller(town.supervisor).post(f"access-tickets/{taken['id']}/close/"), 409, "ticket_over")
    town.wake()
    assert Instance.objects.get(process__key="access_ticket").outcome == "unused"


@pytest.mark.parametrize(
    ("decided", "outcome", "state"),
    [({"decision": "refuse", "reason": "用途不明"}, "refused", "refused"), (None, "lapsed", "lapsed")],
)
def test_refused_or_not_decided_in_time_it_opens_nothing(
    town: Township, decided: dict[str, Any] | None, outcome: str, state: str
) -> None:
    taken = town.asked()
    if decided:
        town.done(town.supervisor, "decide_access", decided)
    else:
        town.pass_by(4)
        town.wake()
    shown = Caller(town.auditor).get(f"access-tickets/{taken['id']}/").json()
    assert (shown["state"], Instance.objects.get(process__key="access_ticket").outcome) == (state, outcome)
    assert_problem(town.look(town.child, "name"), 403, "ticket_needed")


def test_statistics_need_no_names(town: Township) -> None:
    """D32 leaves nothing to decide; what was judged stands in the history."""
    taken = town.asked(purpose="statistics")
    assert (taken["state"], taken["ruled_out"]) == ("refused", "no_names_needed")
    made = Event.objects.get(action="decision.made").data
    assert (made["table"], made["rules"]) == ("access", ["no_names"])
    assert made["version"]
    assert made["sealed_inputs"]
    assert not WorkItem.objects.filter(process="access_ticket").exists()


def test_what_is_refused(town: Township) -> None:
    elsewhere = factories.family(label="别家", members=[{"name": "别人"}]).persons.get()
    assert_problem(town.ask(hours=9), 422, "ticket_too_long", "/hours")
    parameters.set_parameter(
        key="access_ticket.hours", value=2, from_date=timezone.localdate(), path=factories.town().path
    )
    assert_problem(town.ask(hours=3), 422, "ticket_too_long", "/hours")
    assert_problem(town.ask(hours=2, purpose="curiosity"), 422, "ticket_incomplete", "/purpose")
    assert_problem(town.ask(hours=2, person=str(elsewhere.pk)), 422, "ticket_incomplete", "/person")
    late = (timezone.now() + timedelta(days=8)).isoformat()
    assert_problem(town.ask(hours=2, from_at=late), 422, "ticket_incomplete", "/from_at")
    assert town.ask(hours=2, reason="").status_code == 400
    far = factories.user("far", role="auditor", unit=factories.town(factories.OTHER_TOWN))
    assert town.ask(far).status_code == 400  # a family that one does not see
    assert not AccessTicket.objects.exists()
    town.asked(hours=2)
    refused = town.item(town.supervisor, "decide_access")
    assert refused is not None
    more = Caller(town.supervisor).post(f"work-items/{refused['id']}/complete/", {"answers": {**GRANT, "hours": 4}})
    assert_problem(more, 422, "ticket_too_long", "/answers/hours")
