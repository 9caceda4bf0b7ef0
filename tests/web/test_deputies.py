"""Deputies and absences: a supervisor appoints among colleagues, sees what falls to whom, and ends it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.org.codes import load_codes
from backend.org.models import Deputy
from tests import factories
from tests.kept import kept
from tests.web.visitor import statements, text, visitor
from tests.workflows.stage import Stage
from workflows import services

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TODAY = timezone.localdate(NOW)


@kept
def stage() -> Stage:
    load_codes()
    made = Stage()
    made.start(NOW - timedelta(days=30))
    services.claim(item=made.item("take_note"), user=made.village, now=NOW)
    return made


@pytest.fixture
def here(stage: Stage) -> Client:
    return visitor(stage.supervisor)


def stand_in(stage: Stage, first: int, last: int | None, reason: str = "病假") -> Deputy:
    """For the village worker, from and to so many days from today."""
    return Deputy.objects.create(
        absent=stage.village,
        deputy=stage.caseworker,
        from_date=TODAY + timedelta(days=first),
        to_date=None if last is None else TODAY + timedelta(days=last),
        reason=reason,
    )


def test_from_the_appointment_to_its_end(here: Client, stage: Stage) -> None:
    assert "Nobody is absent today." in text(here.get("/deputies/"))
    form = text(here.get("/deputies/new/", {"absent": str(stage.village.pk)}))
    assert f'value="{stage.village.pk}" checked' in form
    told = {"absent": str(stage.village.pk), "deputy": str(stage.caseworker.pk), "from_date": TODAY.isoformat(),
            "reason": "产假"}  # fmt: skip
    assert here.post("/deputies/new/", told).status_code == 302
    said = text(here.get("/deputies/"))
    assert "caseworker stands in for village." in said
    assert "产假" in said
    assert f'<a href="/workload/{stage.village.pk}/">1 open</a>' in said
    assert "1 of them overdue" in said
    end = f"/deputies/{Deputy.objects.get().pk}/end/"
    assert "stands in for village since" in text(here.get(end))
    assert here.post(end, {"to_date": ""}).status_code == 400
    assert here.post(end, {"to_date": TODAY.isoformat()}).status_code == 302
    assert "Nobody is absent today." in text(here.get("/deputies/"))


def test_now_coming_and_past_stand_apart(here: Client, stage: Stage) -> None:
    for first, last, reason in ((-9, -2, "以前"), (-1, None, "现在"), (3, 5, "以后")):
        stand_in(stage, first, last, reason)
    said = text(here.get("/deputies/"))
    places = [said.index(each) for each in ("Absent today", "现在", "To come", "以后", "In the past", "以前")]
    assert places == sorted(places)
    assert said.count(f'href="/deputies/{Deputy.objects.get(reason="现在").pk}/end/"') == 1
    assert str(Deputy.objects.get(reason="以前").pk) not in said


def test_a_refusal_keeps_what_was_typed(here: Client, stage: Stage) -> None:
    stand_in(stage, -1, None)
    told = {"absent": str(stage.village.pk), "deputy": str(stage.caseworker.pk), "from_date": TODAY.isoformat(),
            "reason": "再来一次"}  # fmt: skip
    again = here.post("/deputies/new/", told)
    assert again.status_code == 409
    said = again.content.decode()
    assert "some of these days already" in said
    assert "再来一次" in said
    assert f'value="{stage.caseworker.pk}" checked' in said
    own = here.post("/deputies/new/", {**told, "deputy": str(stage.supervisor.pk)})
    assert own.status_code == 403
    assert 'data-code="own_deputy"' in own.content.decode()
    assert here.post("/deputies/new/", {}).status_code == 400


def test_only_colleagues_are_offered(here: Client, stage: Stage) -> None:
    factories.user("volunteer", role="helper")
    found = "/deputies/colleagues/"
    assert f'value="{stage.village.pk}"' in text(here.get(found, {"absent_q": "village"}))
    for strange in ("volunteer", "stranger"):
        assert "Nothing is found." in text(here.get(found, {"deputy_q": strange}))


def test_only_supervisors_and_only_their_own(stage: Stage) -> None:
    row = stand_in(stage, -1, None)
    for path in ("/deputies/", "/deputies/new/", f"/deputies/{row.pk}/end/", "/deputies/colleagues/"):
        assert visitor(stage.caseworker).get(path).status_code == 403
    other = visitor(factories.user("far", role="supervisor", unit=factories.town(factories.OTHER_TOWN)))
    assert other.get(f"/deputies/{row.pk}/end/").status_code == 404
    assert "病假" not in text(other.get("/deputies/"))


def test_as_many_statements_for_any_number_of_absences(here: Client, stage: Stage) -> None:
    stand_in(stage, -1, None)
    before = statements(here, "/deputies/")
    for place in range(5):
        Deputy.objects.create(
            absent=factories.user(f"more{place}", role="village"), deputy=stage.caseworker, from_date=TODAY, reason="假"
        )
    assert statements(here, "/deputies/") == before


def own(stage: Stage, first: int, last: int, **more: str) -> dict[str, str]:
    """The form of a caseworker who is away from and to so many days from today."""
    days = {"from_date": TODAY + timedelta(days=first), "to_date": TODAY + timedelta(days=last)}
    given = {"deputy": str(stage.colleague.pk), "reason": "年休假"}
    return given | {name: day.isoformat() for name, day in days.items()} | more


def test_own_days_away_are_recorded_and_end_when_one_is_back(stage: Stage) -> None:
    me = visitor(stage.caseworker)
    first = text(me.get("/deputies/own/"))
    assert "No days away are recorded." in first
    assert 'href="/deputies/own/"' in first  # in the menu of the account
    assert me.post("/deputies/own/", own(stage, 0, 5)).status_code == 302
    assert me.post("/deputies/own/", own(stage, 9, 12)).status_code == 302
    said = text(me.get("/deputies/own/"))
    assert "Recorded: colleague stands in for you." in said
    assert said.index("Take it back") < said.index("I am back today")
    now, coming = Deputy.objects.order_by("from_date")
    for row in (now, coming):
        back = {"from_date": row.from_date.isoformat()}
        assert me.post(f"/deputies/own/{row.pk}/back/", back).status_code == 302
    said = text(me.get("/deputies/own/"))
    assert "Noted: your work is yours alone again." in said
    assert [row.to_date for row in Deputy.objects.order_by("from_date")] == [TODAY, coming.from_date]
    assert "No days away are recorded." in said


def test_own_days_refused_keep_what_was_typed(stage: Stage) -> None:
    me = visitor(stage.caseworker)
    for wrong in (own(stage, 3, 1), own(stage, -1, 1), own(stage, 0, 5, deputy=str(stage.village.pk)), {}):
        again = me.post("/deputies/own/", wrong)
        assert again.status_code in {400, 422}
        assert wrong.get("reason", "") in again.content.decode()
    assert not Deputy.objects.exists()
    said = text(visitor(stage.village).get("/deputies/own/"))
    assert "Nobody else does your work at your place." in said


def test_own_days_are_the_offices_and_each_the_own(stage: Stage) -> None:
    assert visitor(factories.user("guest", role="helper")).get("/deputies/own/").status_code == 403
    row = stand_in(stage, -1, None)
    assert "病假" not in text(visitor(stage.caseworker).get("/deputies/own/"))
    back = f"/deputies/own/{row.pk}/back/"
    assert visitor(stage.caseworker).post(back, {}).status_code == 404
    assert visitor(stage.village).post(back, {"from_date": "x"}).status_code == 302
    assert Deputy.objects.get().to_date is None
